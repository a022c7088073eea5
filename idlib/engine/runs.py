"""One run: what a configuration describes, trained and scored on a problem. Knows no names."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.utils.data import Dataset

from ..errors import IdlibError
from ..subspace import Subspace
from .config import Run, RunConfig
from .data import count, sample, split
from .training import DRAWING, Step, accuracy, correct, evaluating, train

__all__ = [
    "IMAGES",
    "NEVER",
    "TOKENS",
    "Patience",
    "Problem",
    "build",
    "data_of",
    "decided",
    "is_check",
    "patience_with",
    "run",
    "scored_by",
]

CHECKS = 10  # a run that may end early is looked at after each tenth of its steps


@dataclass(frozen=True)
class Patience:
    """When a run may end early because it is clear which thresholds it reaches.

    Args:
        slip: what a score that lies above a threshold is expected to lose at most.
        climb: what a score is expected to gain at most, times the share of steps to go.
        share: of the steps that are made before a run is given up; None if it never is.
    """

    slip: float
    climb: float = 0.0
    share: float | None = None


#: With images. In 51 runs of FC and LeNet on digits and MNIST, at rates of 0.1 and 0.3, the test
#: score gained at most 0.12 after four tenths and lost at most 0.02 after a check at which it was
#: above 0.85.
IMAGES = Patience(slip=0.02, climb=0.2, share=0.4)
#: With texts. A language model starts late: seven runs gained 0.08 to 0.17 after half of their
#: steps, and four lost up to 0.02.
TOKENS = Patience(slip=0.03)
#: With scores of which nothing is known: no run ends early.
NEVER = Patience(slip=math.inf)


def patience_with(dataset: Dataset) -> Patience:
    """`TOKENS` for inputs that are whole numbers, as those of language models are, else `IMAGES`.

    Args:
        dataset: pairs of inputs and targets.
    """
    inputs = dataset[0][0] if count(dataset) else None
    tokens = isinstance(inputs, Tensor) and not (
        inputs.is_floating_point() or inputs.is_complex() or inputs.dtype == torch.uint8
    )
    return TOKENS if tokens else IMAGES


@dataclass(frozen=True, eq=False)
class Problem:
    """What is to be learned, by what; called with a configuration, it makes the run.

    Args:
        model_fn: makes the model; called with torch's generator seeded by the run's seed.
        train_set: pairs of inputs and targets, of which a validation part is set apart if a
            configuration asks for it.
        test_set: the same, for the score.
        loss_fn: from outputs and targets to a scalar.
        score: from a model, in evaluation mode, and a data set to a number; larger is better.
        metric: the score's name; "accuracy" is compared with always giving the commonest label.
        patience: when a run may end early; None for `patience_with` of the training data.
        optimizer_fn: see `idlib.engine.training.train`.
        device: where the model is trained.
    """

    model_fn: Callable[[], nn.Module]
    train_set: Dataset
    test_set: Dataset
    loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy
    score: Callable[[nn.Module, Dataset], float] = accuracy
    metric: str = "accuracy"
    patience: Patience | None = None
    optimizer_fn: Callable[..., Optimizer] = Adam
    device: str = "cpu"

    def __call__(self, config: RunConfig, keep_theta_d: bool = False) -> Run:
        return run(config, self, keep_theta_d=keep_theta_d)


def run(
    config: RunConfig,
    problem: Problem,
    on_step: Callable[[Step], bool | None] | None = None,
    keep_theta_d: bool = False,
) -> Run:
    """Makes the run that `config` describes; its names of task and model are only labels here.

    Args:
        config: what to run.
        problem: model, data, loss and score.
        on_step: see `idlib.engine.training.train`.
        keep_theta_d: whether the run carries its d numbers.
    """
    train_set, scored_set = data_of(config, problem.train_set, problem.test_set)
    patience = problem.patience or patience_with(train_set)
    model = build(config, problem.model_fn).to(problem.device)
    subspace = model if config.d and isinstance(model, Subspace) else None
    result: float | None = None
    right: Tensor | None = None

    def evaluate(dataset: Dataset = scored_set) -> tuple[float, Tensor | None]:
        scored = subspace.merged() if subspace else model
        with DRAWING, torch.random.fork_rng(), evaluating(scored):
            return scored_by(problem, scored, dataset)

    on_test = config.scored_on == "test"
    before = evaluate()[0] if on_test and not config.d else math.nan

    def hook(step: Step) -> bool:
        nonlocal result, right
        if on_step and on_step(step):
            return True
        if config.decide and patience != NEVER and is_check(step.step, step.steps):
            now, found = evaluate()
            if decided(now, step.step / step.steps, config, patience):
                result, right = now, found
        return result is not None

    start = time.perf_counter()
    history = train(
        model, train_set, config.lr, config.epochs, config.batch_size, config.seed,
        problem.loss_fn, hook, problem.optimizer_fn,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    status = "decided" if result is not None else history.status
    if status == "finished":
        result, right = evaluate()
    message = history.message
    if result is not None and math.isnan(result):
        status, result, message = "diverged", None, f"diverged: the score is {result}"
    on_test = on_test and result is not None
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    D = subspace.D if subspace else trained
    theta_d = subspace.theta_d.detach().cpu().clone() if keep_theta_d and subspace else None
    return Run(
        config, status, result, history.loss, history.steps, seconds, D, message, theta_d,
        evaluate(sample(train_set))[0] if on_test else None,
        before if math.isfinite(before) else None, right if on_test else None,
    )  # fmt: skip


def scored_by(problem: Problem, model: nn.Module, dataset: Dataset) -> tuple[float, Tensor | None]:
    """A model's score, and where that is accuracy of one label each, which examples are right."""
    if problem.score is not accuracy:
        return float(problem.score(model, dataset)), None
    right = correct(model, dataset)
    return right.double().mean().item(), right if right.ndim == 1 else None


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


def is_check(step: int, steps: int) -> bool:
    """Whether a run that may end early is looked at after this step: nine or ten times in all,
    more often if there are few steps."""
    return step < steps and step % max(1, steps // CHECKS) == 0


def decided(score: float, share: float, config: RunConfig, patience: Patience) -> bool:
    """Whether a run need not go on to tell which thresholds it reaches.

    It need not once its score lies clearly above all of them, or, where a run may be given up,
    so far below all of them that it won't climb there. A training score is never given up:
    labels are learned by heart until the last step.

    Args:
        score: now.
        share: of the steps made, from 0 to 1.
        config: with the thresholds to reach, ``config.decide``.
        patience: of the problem.
    """
    thresholds = config.decide
    if score >= max(thresholds) + patience.slip:
        return True
    if patience.share is None or config.scored_on == "train":
        return False
    return share >= patience.share and score < min(thresholds) - patience.climb * (1 - share)


def build(config: RunConfig, model_fn: Callable[[], nn.Module]) -> nn.Module:
    """The untrained model, or subspace, that `config` describes.

    Args:
        config: its names of task and model are not looked at.
        model_fn: makes the model, or a subspace with a P of its own, which stays as it is; called
            with torch's generator seeded by ``config.seed``.
    """
    if isinstance(model_fn, nn.Module) or not callable(model_fn):
        raise IdlibError(
            f"{type(model_fn).__name__} was given as what makes the model, expected a function: "
            "pass one that returns a new model, such as lambda: copy.deepcopy(model)."
        )
    with DRAWING, torch.random.fork_rng():
        torch.manual_seed(config.seed)
        model = model_fn()
    if not isinstance(model, nn.Module):
        raise IdlibError(
            f"model_fn returned {type(model).__name__}, expected a model, a torch.nn.Module."
        )
    if config.d is None or isinstance(model, Subspace):
        return model
    return Subspace(
        model, config.d, config.projection, config.seed, config.normalize, config.structure_aware
    )
