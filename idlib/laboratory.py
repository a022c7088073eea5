"""Small experiments on the digits for open questions: what a network learns from, where it
starts, and what trains it.

What is special about a run stands in its names: behind the task what it learns from, behind the
model how it starts and which optimiser trains it (`problem_of`).

References:
    | Distilling the Knowledge in a Neural Network (Hinton, Vinyals, Dean, 2015),
      https://arxiv.org/abs/1503.02531
    | How Many Degrees of Freedom Do We Need to Train Deep Networks: A Loss Landscape Perspective
      (Larsen, Fort, Becker, Ganguli, 2022), https://arxiv.org/abs/2107.05802
"""

import functools
import re
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import LBFGS, SGD, Adam, RMSprop
from torch.utils.data import TensorDataset

from .data import load
from .errors import IdlibError
from .models import network
from .runs import Problem, build, data_of
from .store import Run, RunConfig
from .training import train

__all__ = [
    "OPTIMIZERS",
    "make_run",
    "problem_of",
    "teacher",
    "with_targets",
]

OPTIMIZERS = {
    "adam": Adam,
    "sgd": functools.partial(SGD, momentum=0.9),
    "rmsprop": RMSprop,
    "lbfgs": functools.partial(LBFGS, line_search_fn="strong_wolfe"),  # wants all data in a batch
}
FULL_LR = 3e-3  # of Adam on all parameters: the teacher's, and a warm start's
TEACHER_EPOCHS = 4


def make_run(config: RunConfig, keep_theta_d: bool = False) -> Run:
    """The run of a configuration of this laboratory, on one thread, for `idlib.sweeps.sweep`."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return problem_of(config)(config, keep_theta_d)
    finally:
        torch.set_num_threads(threads)


def problem_of(config: RunConfig) -> Problem:
    """What the names of a configuration stand for.

    Args:
        config: its task is a name for `idlib.data.load`, and behind it "+teacher4" if the
            targets are the teacher's probabilities at temperature 4, "+distill4" if the
            student's outputs are taken at that temperature as well, as Hinton et al. do, or
            "+smooth4" if they are the labels with as much doubt, spread evenly. Its model is a
            name for `idlib.models.network`, and behind it a key of `OPTIMIZERS` other than
            Adam, such as "+sgd"; "+rank2" or "+orthogonal" for weight matrices of that rank, or
            full rank, whose singular values are equal; and "+warm10" for a theta_0 after 10
            steps of Adam on all parameters, with the same targets.

    Raises:
        IdlibError: if a name can't be read.
    """
    base, _, targets = config.task.partition("+")
    name, *changes = config.model.split("+")
    task = load(base)
    train_set = with_targets(task.train, targets) if targets else task.train
    loss_fn = F.cross_entropy
    if match := re.fullmatch(r"distill([1-9]\d*)", targets):
        loss_fn = functools.partial(_cooled, int(match[1]))
    model_fn, optimizer_fn = network(name), Adam
    for change in changes:
        if change in OPTIMIZERS:
            optimizer_fn = OPTIMIZERS[change]
        elif change == "orthogonal":
            model_fn = functools.partial(_even, None, model_fn)
        elif match := re.fullmatch(r"rank([1-9]\d*)", change):
            model_fn = functools.partial(_even, int(match[1]), model_fn)
        elif match := re.fullmatch(r"warm(\d+)", change):
            model_fn = functools.partial(_warm, config, int(match[1]), model_fn, train_set, loss_fn)
        else:
            expected = ", ".join(f"+{name}" for name in OPTIMIZERS)
            raise IdlibError(
                f"{config.model!r} was given, expected {expected}, +orthogonal, +rank2 or +warm10."
            )
    return Problem(model_fn, train_set, task.test, optimizer_fn=optimizer_fn, loss_fn=loss_fn)


def _cooled(temperature: int, outputs: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of the outputs at a temperature, scaled so that gradients keep their size."""
    return temperature**2 * F.cross_entropy(outputs / temperature, targets)


@torch.no_grad()
def _even(rank: int | None, model_fn: Callable[[], nn.Module]) -> nn.Module:
    """The network with equal singular values in each weight matrix, zero beyond the rank; their
    directions and the matrix's norm are kept."""
    model = model_fn()
    for p in (p for p in model.parameters() if p.ndim > 1):
        u, _, vh = torch.linalg.svd(p.flatten(1), full_matrices=False)
        even = (u[:, :rank] @ vh[:rank]).view_as(p)
        p.copy_(even * (p.norm() / even.norm()))
    return model


def _warm(
    config: RunConfig,
    steps: int,
    model_fn: Callable[[], nn.Module],
    train_set: TensorDataset,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
) -> nn.Module:
    """The network after that many steps on all its parameters."""
    model = model_fn()
    if steps:
        seen, _ = data_of(config, train_set, train_set)
        epochs = -(-steps * config.batch_size // len(seen))
        train(
            model, seen, FULL_LR, epochs + 1, config.batch_size, config.seed, loss_fn,
            lambda step: step.step >= steps,
        )  # fmt: skip
    return model


@functools.lru_cache(maxsize=8)
def with_targets(dataset: TensorDataset, targets: str) -> TensorDataset:
    r"""The same inputs with probabilities (n, classes) in place of labels.

    Args:
        dataset: digits.
        targets: "teacher4" or "distill4": what the teacher gives at temperature 4,
            :math:`\mathrm{softmax}(z / 4)`; "smooth4": to the label the mean probability that
            the teacher at temperature 4 gives to a label, and the rest in equal parts to the
            other classes.

    Raises:
        IdlibError: if `targets` is neither.
    """
    match = re.fullmatch(r"(teacher|distill|smooth)([1-9]\d*)", targets)
    if not match:
        raise IdlibError(
            f"targets {targets!r} were given, expected 'teacher4', 'distill4' or 'smooth4'."
        )
    inputs, labels = dataset.tensors
    model = teacher()  # before no_grad: it may have to be trained
    with torch.no_grad():
        p = F.softmax(model(inputs) / int(match[2]), dim=1)
    if match[1] == "smooth":
        sure = float(p.gather(1, labels[:, None]).mean())
        p = torch.full_like(p, (1 - sure) / (p.shape[1] - 1))
        p.scatter_(1, labels[:, None], sure)
    return TensorDataset(inputs, p)


@functools.cache
def teacher() -> nn.Module:
    """LeNet, trained in full on the digits' training images."""
    config = RunConfig("digits", "lenet", None, FULL_LR, epochs=TEACHER_EPOCHS)
    model = build(config)
    train(model, load("digits").train, config.lr, config.epochs, config.batch_size, config.seed)
    return model.eval()
