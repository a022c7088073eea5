r"""A P that knows something of the task: its columns are found by training, not drawn.

What they are found from is the projection's name in a configuration:

- "gradients": gradients at :math:`\theta_0`, each the mean of 16 training examples;
- "path": one full training run from :math:`\theta_0`, the way that it has come at 64 places (the
  lottery subspace of Larsen et al.);
- "early": the first 40 steps of that run alone;
- "solutions": the ways to the ends of 16 full runs from this :math:`\theta_0`, each with the data
  in another order;
- "strangers": the ways of 16 full runs that started elsewhere, each from its own start.

Of these vectors of length D the first d principal directions (about zero, not about their mean)
are the columns of P: the d orthonormal vectors whose span leaves least of them outside. Nothing
but what a run trains on is looked at, so that rates are chosen and scores are taken on others.

References:
    | How Many Degrees of Freedom Do We Need to Train Deep Networks: A Loss Landscape Perspective
      (Larsen, Fort, Becker, Ganguli, 2022), https://arxiv.org/abs/2107.05802
    | The Universal Weight Subspace Hypothesis (2025), https://arxiv.org/abs/2512.05117
"""

import functools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..engine.config import RunConfig
from ..engine.runs import Problem, build, data_of
from ..engine.training import Step, train
from ..errors import IdlibError
from ..projections import Given
from ..subspace import Subspace
from .starts import FULL_LR
from .texts import is_text

__all__ = ["CHOSEN", "chosen", "directions", "paid", "principal", "vectors"]

PLACES = 64  # along a path
EARLY = 40  # steps, each a place
GRADIENTS = 256
EXAMPLES = 16  # of a gradient
OTHERS = 16  # solutions
FIRST = 1000  # the seed of the first of them
TEXT_LR = 1e-3  # of Adam on all parameters of a language model


def chosen(columns: Tensor, config: RunConfig, model_fn: Callable[[], nn.Module]) -> Subspace:
    """The model in the span of the first d of some columns.

    Args:
        columns: shape (D, at least d).
        config: says d, and what the columns are called.
        model_fn: makes the model.

    Raises:
        IdlibError: if there are fewer columns than d.
    """
    if (config.d or 1) > columns.shape[1]:
        raise IdlibError(
            f"{columns.shape[1]} directions are known from {config.projection!r}, and d = "
            f"{config.d} was given: take a d of at most so many."
        )
    subspace = Subspace(model_fn(), config.d or 1, "hashed")
    subspace.projection = Given(columns[:, : config.d], config.projection)
    return subspace


def directions(config: RunConfig, problem: Problem) -> Tensor:
    """The `principal` directions of `vectors`, as columns."""
    return principal(vectors(config, problem))


def principal(rows: Tensor) -> Tensor:
    """Orthonormal columns that span the rows (n, D), the ones that hold most of them first."""
    _, sizes, columns = torch.linalg.svd(rows, full_matrices=False)
    kept = columns[: int((sizes > 1e-5 * sizes[0]).sum())]
    return F.normalize(kept, dim=1).T.contiguous()  # of millions of numbers, not quite of length 1


def vectors(config: RunConfig, problem: Problem) -> Tensor:
    """What directions are found from, shape (n, D).

    Args:
        config: of a run in the subspace; d and the learning rate are not looked at.
        problem: what its names stand for, as if P were drawn.
    """
    return torch.stack(list(CHOSEN[config.projection](config, problem)))


def paid(config: RunConfig, examples: int) -> int:
    """How many steps on all D parameters were made before P and theta_0 were there, or how many
    gradients of a batch worked out; 0 where P is drawn and the start is not warm.

    Args:
        config: of a run.
        examples: that it trains on.
    """
    steps = config.epochs * math.ceil(examples / config.batch_size)
    prices = {
        "gradients": math.ceil(GRADIENTS * EXAMPLES / config.batch_size),
        "path": steps,
        "early": EARLY,
        "solutions": OTHERS * steps,
        "strangers": OTHERS * steps,
    }
    warm = config.model.partition("+warm")[2]
    return prices.get(config.projection, 0) + int(warm or 0)


def _gradients(config: RunConfig, problem: Problem) -> Iterator[Tensor]:
    found: list[Tensor] = []

    def keep(step: Step) -> bool:
        found.append(_flat([p.grad for p in step.model.parameters() if p.grad is not None]))
        return len(found) == GRADIENTS

    model = _start(config, problem)
    _train(replace(config, batch_size=EXAMPLES), problem, model, 0.0, keep)  # stays where it is
    yield from found


def _path(config: RunConfig, problem: Problem, early: bool = False) -> Iterator[Tensor]:
    model = _start(config, problem)
    start = _flat(model.parameters())
    found: list[Tensor] = []

    def keep(step: Step) -> bool:
        if early or step.step * PLACES // step.steps > len(found):
            found.append(_flat(step.model.parameters()) - start)
        return early and step.step == EARLY

    _train(config, problem, model, _full_lr(config), keep)
    yield from found


def _solutions(config: RunConfig, problem: Problem, elsewhere: bool = False) -> Iterator[Tensor]:
    first = FIRST + OTHERS * config.seed
    for seed in range(first, first + OTHERS):
        other = replace(config, seed=seed)
        model = _start(other if elsewhere else config, problem)
        start = _flat(model.parameters())
        _train(other, problem, model, _full_lr(config))
        yield _flat(model.parameters()) - start


#: By name, what gives the vectors.
CHOSEN: dict[str, Callable[[RunConfig, Problem], Iterator[Tensor]]] = {
    "gradients": _gradients,
    "path": _path,
    "early": functools.partial(_path, early=True),
    "solutions": _solutions,
    "strangers": functools.partial(_solutions, elsewhere=True),
}


def _start(config: RunConfig, problem: Problem) -> nn.Module:
    return build(replace(config, d=None), problem.model_fn)


def _full_lr(config: RunConfig) -> float:
    return TEXT_LR if is_text(config.task) else FULL_LR


def _train(
    config: RunConfig,
    problem: Problem,
    model: nn.Module,
    lr: float,
    on_step: Callable[[Step], bool | None] | None = None,
) -> None:
    seen, _ = data_of(config, problem.train_set, problem.test_set)
    train(model, seen, lr, config.epochs, config.batch_size, config.seed, problem.loss_fn, on_step)


def _flat(tensors: Iterable[Tensor]) -> Tensor:
    return torch.cat([t.detach().flatten() for t in tensors])
