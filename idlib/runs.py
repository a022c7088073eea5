"""One run: what a configuration describes, trained and scored."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.utils.data import Dataset, Subset

from .data import load
from .errors import IdlibError
from .models import network
from .store import Run, RunConfig
from .subspace import Subspace
from .texts import is_text, source_of
from .training import DRAWING, Step, accuracy, evaluating, in_memory, train

__all__ = [
    "Problem",
    "build",
    "data_of",
    "decided",
    "is_check",
    "problem_named",
    "run",
    "run_by_name",
    "sample",
    "split",
]

VALIDATION_SHARE = 0.1
SAMPLE = 2000  # training examples scored at the end of a run
CHECKS = 10  # a run that may end early is looked at after each tenth of its steps
# Before a run is given up: share of the steps made. What a score is expected to gain at most,
# times the share of steps to go; and to lose at most.
PATIENCE, CLIMB, SLIP = 0.4, 0.2, 0.02
TEXT_SLIP = 0.03


def run(
    config: RunConfig,
    model_fn: Callable[[], nn.Module],
    train_set: Dataset,
    test_set: Dataset,
    score: Callable[[nn.Module, Dataset], float] = accuracy,
    on_step: Callable[[Step], bool | None] | None = None,
    keep_theta_d: bool = False,
    device: str = "cpu",
    optimizer_fn: Callable[..., Optimizer] = Adam,
    loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
) -> Run:
    """Makes the run that `config` describes; its names of task and model are only labels here.

    Args:
        config: what to run.
        model_fn: makes the model; called with torch's generator seeded by ``config.seed``.
        train_set: training data, of which a validation part is set apart if asked for.
        test_set: test data.
        score: from a model, in evaluation mode, and a data set to a number from 0 to 1.
        on_step: see `idlib.training.train`.
        keep_theta_d: whether the run carries its d numbers.
        device: where the model is trained.
        optimizer_fn: see `idlib.training.train`; as little in `config` as the data are.
        loss_fn: the same.
    """
    train_set, scored_set = data_of(config, train_set, test_set)
    model = build(config, model_fn).to(device)
    result: float | None = None

    def evaluate(dataset: Dataset = scored_set) -> float:
        scored = model.merged() if config.d else model
        with DRAWING, torch.random.fork_rng(), evaluating(scored):
            return float(score(scored, dataset))

    def hook(step: Step) -> bool:
        nonlocal result
        if on_step and on_step(step):
            return True
        if config.decide and is_check(step.step, step.steps):
            now = evaluate()
            if decided(now, step.step / step.steps, config):
                result = now
        return result is not None

    start = time.perf_counter()
    history = train(
        model, train_set, config.lr, config.epochs, config.batch_size, config.seed,
        loss_fn, hook, optimizer_fn,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    status = "decided" if result is not None else history.status
    if status == "finished":
        result = evaluate()
    on_train = config.scored_on == "test" and result is not None
    D = model.D if config.d else sum(p.numel() for p in model.parameters() if p.requires_grad)
    theta_d = model.theta_d.detach().cpu().clone() if keep_theta_d and config.d else None
    return Run(
        config, status, result, history.loss, history.steps, seconds, D, history.message, theta_d,
        evaluate(sample(train_set)) if on_train else None,
    )  # fmt: skip


def data_of(config: RunConfig, train_set: Dataset, test_set: Dataset) -> tuple[Dataset, Dataset]:
    """What a run trains on, and what it is scored on."""
    parts = {
        "test": lambda: (train_set, test_set),
        "train": lambda: (train_set, train_set),
        "validation": lambda: split(train_set),
    }
    if config.scored_on not in parts:
        raise IdlibError(f"scored_on={config.scored_on!r} was given, expected one of {[*parts]}.")
    return parts[config.scored_on]()


def sample(dataset: Dataset) -> Dataset:
    """At most `SAMPLE` of the examples, drawn at random, always the same."""
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(0))
    return _part(dataset, order[:SAMPLE])


def is_check(step: int, steps: int) -> bool:
    """Whether a run that may end early is looked at after this step: nine or ten times in all,
    more often if there are few steps."""
    return step < steps and step % max(1, steps // CHECKS) == 0


def decided(score: float, share: float, config: RunConfig) -> bool:
    """Whether a run need not go on to tell which thresholds it reaches.

    It need not once its score lies clearly above all of them, or, on images, after four tenths
    of its steps so far below all of them that it won't climb there. In 51 runs of both networks
    on digits and MNIST, at rates of 0.1 and 0.3, the test score gained at most 0.12 after four
    tenths and lost at most 0.02 after a check at which it was above 0.85; on texts, four runs
    lost up to 0.02. A run on texts is never given up: a language model starts late, and seven
    runs gained 0.08 to 0.17 after half of their steps. Nor is a training score: labels are
    learned by heart until the last step.

    Args:
        score: now.
        share: of the steps made, from 0 to 1.
        config: with the thresholds to reach, ``config.decide``.
    """
    thresholds, text = config.decide, is_text(config.task)
    if score >= max(thresholds) + (TEXT_SLIP if text else SLIP):
        return True
    if text or config.scored_on == "train":
        return False
    return share >= PATIENCE and score < min(thresholds) - CLIMB * (1 - share)


def build(config: RunConfig, model_fn: Callable[[], nn.Module] | None = None) -> nn.Module:
    """The untrained model, or subspace, that `config` describes."""
    model_fn = model_fn or model_named(config.task, config.model)
    with DRAWING, torch.random.fork_rng():
        torch.manual_seed(config.seed)
        model = model_fn()
    if config.d is None:
        return model
    return Subspace(
        model, config.d, config.projection, config.seed, config.normalize, config.structure_aware
    )


def split(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """A fixed 90 % for training, and the rest for choosing the learning rate."""
    n = len(dataset)
    held = max(1, round(VALIDATION_SHARE * n))
    if n < 2:
        raise IdlibError(f"The training set has {n} examples: at least 2 are needed.")
    order = torch.randperm(n, generator=torch.Generator().manual_seed(0))
    return _part(dataset, order[held:]), _part(dataset, order[:held])


def _part(dataset: Dataset, index: Tensor) -> Dataset:
    if not in_memory(dataset):
        return Subset(dataset, index.tolist())
    picked = copy.copy(dataset)  # of the same class
    picked.tensors = tuple(t[index] for t in dataset.tensors)
    return picked


@dataclass(frozen=True, eq=False)
class Problem:
    """A model and data that have no names; called with a configuration, it makes the run."""

    model_fn: Callable[[], nn.Module]
    train_set: Dataset
    test_set: Dataset
    score: Callable[[nn.Module, Dataset], float] = accuracy
    device: str = "cpu"
    optimizer_fn: Callable[..., Optimizer] = Adam
    loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy

    def __call__(self, config: RunConfig, keep_theta_d: bool = False) -> Run:
        return run(
            config,
            self.model_fn,
            self.train_set,
            self.test_set,
            self.score,
            keep_theta_d=keep_theta_d,
            device=self.device,
            optimizer_fn=self.optimizer_fn,
            loss_fn=self.loss_fn,
        )


def run_by_name(config: RunConfig, keep_theta_d: bool = False) -> Run:
    """Makes a run whose task and model are found by name, on one thread of the CPU, or on a GPU
    if it is a language model and there is one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return problem_named(config.task, config.model)(config, keep_theta_d)
    finally:
        torch.set_num_threads(threads)


def model_named(task_name: str, model_name: str) -> Callable[[], nn.Module]:
    """What makes the network of that name, for tasks of images or texts."""
    if is_text(task_name):
        from .language import classifier  # transformers takes seconds to import

        return classifier(model_name, len(source_of(task_name).classes))
    return network(model_name)


def problem_named(task_name: str, model_name: str) -> Problem:
    """A network on a task, both by name; tasks are those of `idlib.data` and `idlib.texts`."""
    if is_text(task_name):
        from .language import text_problem

        return text_problem(task_name, model_name)
    task = load(task_name)
    return Problem(network(model_name), task.train, task.test)
