"""The one grammar of names: what the task and the model of a configuration stand for.

A task of images is "mnist", "mnist10k" (a part of it), "digits" or "auto", and behind it

- changes to images or labels, "mnist-shuffled" or "digits-n500-random50", see
  `idlib.problems.variants.parse`;
- what is learned in place of labels: "+teacher4", a teacher's probabilities at temperature 4;
  "+distill4", the same with the student's outputs taken at that temperature as well, as Hinton et
  al. do; "+smooth4", labels with as much doubt, spread evenly;
- "+reward": the label is kept back, and a label drawn from the outputs is only said to be right or
  wrong (`idlib.problems.targets.reward_loss`).

A model for images is "fc", "lenet", "fc-WIDTH-DEPTH" or "linear" (`idlib.problems.networks`), and
behind it

- the optimiser, where it is not Adam: "+sgd", "+rmsprop" or "+lbfgs";
- where it starts: "+rank2" or "+orthogonal" for weight matrices of that rank, or full rank, whose
  singular values are equal; "+warm10" for a theta_0 after 10 steps of Adam on all parameters, with
  the same targets.

A task of control is "cartpole" or "pendulum" (`idlib.problems.environments`), and its model
"fc-WIDTH-DEPTH", trained by a policy gradient, or with "+es" behind it by evolution strategies
(`idlib.problems.policies`).

A task of texts is a key of `idlib.problems.texts.SOURCES`, and behind it perhaps "-n19200", a part
of the training examples, "-held3000", training sentences that join the test, and "+reward". A model
for texts is one of those that come with idlib, such as "roberta-4x128" or "roberta-4x128@2000" (a
checkpoint of its pretraining), a folder, a GGUF file, or a name on the hub, and behind it perhaps
"@layers=3", "@random", "@prompt=Review: {} It was|bad|great" and an adapter, "+lora-4"
(`idlib.problems.model_names`).

A projection is one of `idlib.projections.PROJECTIONS`, drawn from a seed; or "gradients", "path",
"early", "solutions" or "strangers", found by training (`idlib.problems.chosen`).
"""

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from ..engine.config import Run, RunConfig
from ..engine.data import commonest, fingerprint, validation
from ..engine.runs import Problem, build
from ..engine.store import RunStore
from ..engine.sweeps import sweep
from ..errors import IdlibError
from . import images
from .chosen import CHOSEN, chosen, directions
from .environments import ENVIRONMENTS
from .networks import network
from .policies import Control
from .starts import OPTIMIZERS, even, warm
from .targets import cooled_cross_entropy, reward_loss, with_targets
from .texts import SOURCES, TextTask, is_text, load_text, source_of
from .variants import Task, parse

__all__ = ["build_named", "facts_of", "load", "problem_of", "resolved", "run_named", "sweep_named"]


def load(name: str = "auto") -> Task | TextTask:
    """The task of that name, of images or of texts.

    Raises:
        IdlibError: if there is no such task, or its data can't be had or read.
    """
    return load_text(_text(name)[0]) if is_text(name) else images.load(_parsed(name)[0])


def problem_of(config: RunConfig) -> Problem:
    """What the names of a configuration stand for.

    Args:
        config: of it, only a warm start and a chosen P look at more than the two names.

    Raises:
        IdlibError: if a name can't be read, or what it stands for can't be had.
    """
    if config.d and config.projection in CHOSEN:
        problem = problem_of(replace(config, projection="hashed"))
        columns = _directions(replace(config, d=1, lr=0.0, decide=()))
        return replace(
            problem, model_fn=functools.partial(chosen, columns, config, problem.model_fn)
        )
    if is_text(config.task):
        from .language import text_problem  # transformers takes seconds to import

        text, rewarded = _text(config.task)
        problem = text_problem(text, config.model)
        return replace(problem, loss_fn=reward_loss) if rewarded else problem
    base, targets, temperature = _parsed(config.task)
    task = images.load(base)
    loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy
    train_set = task.train
    if targets == "reward":
        loss_fn = reward_loss
    elif targets:
        train_set = with_targets(task.train, targets)
    if targets.startswith("distill"):
        loss_fn = functools.partial(cooled_cross_entropy, temperature)
    name, *changes = config.model.split("+")
    model_fn: Callable[[], nn.Module] = network(name)
    optimizer_fn: Callable[..., Optimizer] = Adam
    for change in changes:
        if change in OPTIMIZERS:
            optimizer_fn = OPTIMIZERS[change]
        elif change == "orthogonal":
            model_fn = functools.partial(even, None, model_fn)
        elif match := re.fullmatch(r"rank([1-9]\d*)", change):
            model_fn = functools.partial(even, int(match[1]), model_fn)
        elif match := re.fullmatch(r"warm(\d+)", change):
            model_fn = functools.partial(warm, config, int(match[1]), model_fn, train_set, loss_fn)
        else:
            expected = ", ".join(f"+{name}" for name in OPTIMIZERS)
            raise IdlibError(
                f"{config.model!r} was given, expected {expected}, +orthogonal, +rank2 or +warm10."
            )
    return Problem(model_fn, train_set, task.test, loss_fn, optimizer_fn=optimizer_fn)


def build_named(config: RunConfig) -> nn.Module:
    """The untrained model, or subspace, that a configuration describes. No data are loaded unless
    the model depends on them (a warm start, a chosen P)."""
    if config.d and config.projection in CHOSEN:
        return build(config, problem_of(config).model_fn)
    if is_text(config.task):
        from .language import classifier  # transformers takes seconds to import

        classes = source_of(_text(config.task)[0]).classes
        return build(config, classifier(config.model, len(classes)))
    if config.task in ENVIRONMENTS:
        return Control.named(config.task, config.model).build(config)
    if "+" in config.model:
        return build(config, problem_of(config).model_fn)
    return build(config, network(config.model))


def run_named(config: RunConfig, keep_theta_d: bool = False) -> Run:
    """Makes a run whose task and model are found by name, on one thread of the CPU, or on a GPU
    if it is a language model and there is one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        if config.task in ENVIRONMENTS:
            return Control.named(config.task, config.model)(config, keep_theta_d)
        return problem_of(config)(config, keep_theta_d)
    finally:
        torch.set_num_threads(threads)


def sweep_named(
    configs: Iterable[RunConfig], store: RunStore, jobs: int = 1, **how: Any
) -> list[Run]:
    """`idlib.engine.sweeps.sweep` for configurations whose task and model go by name."""
    return sweep(configs, store, run_named, jobs, batched=_batched, **how)


def resolved(name: str) -> str:
    """The name of the data that a task's name stands for here: "auto" is MNIST or a part of it, as
    they are found, and a run is known by which it was."""
    base, plus, targets = name.partition("+")
    return (
        name if is_text(base) or base in ENVIRONMENTS else images.load(base).name + plus + targets
    )


def facts_of(name: str) -> dict:
    """What is to be known of a task's data, for the file of its runs: counts, the metric, the share
    of the commonest label in the test and the validation data, fingerprints."""
    if name in ENVIRONMENTS:
        return ENVIRONMENTS[name].facts()
    task = load(name)
    return {
        "train": len(task.train),
        "test": len(task.test),
        "metric": getattr(task, "metric", "accuracy"),
        "majority": round(commonest(task.test), 6),
        "validation_majority": round(commonest(validation(task.train)), 6),
        "data": [fingerprint(task.train), fingerprint(task.test)],
    }


def _batched(config: RunConfig) -> Problem | None:
    """The problem of runs that can be trained together: plain networks on images."""
    named = "+" in config.task + config.model or config.task in ENVIRONMENTS
    plain = not named and config.projection not in CHOSEN
    return problem_of(config) if plain and not is_text(config.task) else None


@functools.lru_cache(maxsize=1)  # gigabytes, of a language model
def _directions(config: RunConfig) -> Tensor:
    return directions(config, problem_of(replace(config, projection="hashed")))


def _text(task: str) -> tuple[str, bool]:
    """A task of texts: its name without targets, and whether it is learned from rewards."""
    base, plus, targets = task.partition("+")
    if plus and targets != "reward":
        raise IdlibError(
            f"{task!r} was asked for: texts are learned from labels, or behind the name '+reward'."
        )
    return base, bool(plus)


def _parsed(task: str) -> tuple[str, str, int]:
    """A task of images: its name without targets, the targets, "" if there are none, and their
    temperature."""
    base, plus, targets = task.partition("+")
    try:
        data, changes = parse(base)
    except IdlibError as error:
        raise IdlibError(
            f"{error} Tasks of texts are {', '.join(SOURCES)}; of control, "
            f"{', '.join(ENVIRONMENTS)}."
        ) from error
    if not plus or targets == "reward":
        return base, targets, 1
    match = re.fullmatch(r"(?:teacher|distill|smooth)([1-9]\d*)", targets)
    if not match:
        raise IdlibError(
            f"targets {targets!r} were given, expected 'reward', 'teacher4', 'distill4' "
            "or 'smooth4'."
        )
    if data != "digits" or {kind for kind, _ in changes} & {"shuffled", "side"}:
        raise IdlibError(f"{task!r} was asked for: the teacher has seen only digits as they are.")
    return base, targets, int(match[1])
