"""How long a call takes, beside others of the same run.

All variants take turns in every round, so that a busy moment hits all of them alike, and each
reports the fastest of its calls: other programs can only slow a call down.
"""

import math
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from ...errors import check_integer
from ...problems.networks import MODELS
from ...projections import make_projection
from ...subspace import Subspace

__all__ = ["Cost", "StepTime", "fastest", "projection_costs", "step_times", "using_threads"]

BATCH = 128


@dataclass(frozen=True)
class Cost:
    """What a projection takes by itself.

    Args:
        projection: a name in `idlib.projections.PROJECTIONS`.
        D: number of rows.
        d: number of columns.
        forward_ms: milliseconds for P x.
        adjoint_ms: milliseconds for P' y.
        state_bytes: memory of the drawn factors.
        floor_ms: milliseconds to read and write a vector of D numbers once, ``y.add_(1)``.
    """

    projection: str
    D: int
    d: int
    forward_ms: float
    adjoint_ms: float
    state_bytes: int
    floor_ms: float

    @property
    def ms(self) -> float:
        """Milliseconds for P x and P' y, which a training step needs once each."""
        return self.forward_ms + self.adjoint_ms


def projection_costs(
    projections: Iterable[str], D: int, d: int = 750, rounds: int = 10
) -> list[Cost]:
    """What each projection takes at one size."""
    x, y = torch.ones(d), torch.ones(D)
    drawn = {name: make_projection(name, D, d) for name in projections}
    calls = {"floor": lambda: y.add_(1)}
    for name, P in drawn.items():
        calls[name, "forward"] = lambda P=P: P(x)
        calls[name, "adjoint"] = lambda P=P: P.adjoint(y)
    ms = fastest(calls, rounds)
    return [
        Cost(
            name, D, d, ms[name, "forward"], ms[name, "adjoint"], P.state_bytes(), ms["floor"]
        )
        for name, P in drawn.items()
    ]  # fmt: skip


@dataclass(frozen=True)
class StepTime:
    """The time of a training step: forward, backward and Adam on a batch of 128 images.

    Args:
        model: a name in `idlib.problems.networks.MODELS`.
        projection: a name in `idlib.projections.PROJECTIONS`; None for the full model.
        ms: milliseconds.
        ratio: the same in steps of the full model.
    """

    model: str
    projection: str | None
    ms: float
    ratio: float


def step_times(
    model: str, projections: Iterable[str], d: int = 750, rounds: int = 100
) -> list[StepTime]:
    """The time of a training step: the full model's first, then its subspaces'."""
    steps = {None: _step(MODELS[model]())}
    steps |= {name: _step(Subspace(MODELS[model](), d, name)) for name in projections}
    ms = fastest(steps, rounds)
    return [StepTime(model, name, t, t / ms[None]) for name, t in ms.items()]


def fastest(
    calls: Mapping[Hashable, Callable[[], object]], rounds: int, repeats: int = 3
) -> dict[Hashable, float]:
    """Milliseconds of the fastest call of each, which take turns for `rounds` rounds.

    In its turn each is called `repeats` times, so that it finds its own data in the processor's
    caches, as it does in training. One more round comes first and is not counted.
    """
    best = dict.fromkeys(calls, math.inf)
    for counted in [False] + [True] * rounds:
        for name, call in calls.items():
            for _ in range(repeats):
                start = time.perf_counter()
                call()
                ms = 1000 * (time.perf_counter() - start)
                best[name] = min(best[name], ms if counted else math.inf)
    return best


@contextmanager
def using_threads(count: int) -> Iterator[None]:
    """Has torch use `count` threads for a while, at least one."""
    before = torch.get_num_threads()
    torch.set_num_threads(check_integer("threads", count, low=1))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _step(model: nn.Module) -> Callable[[], None]:
    """A training step of `model` on fixed images."""
    x = torch.randn(BATCH, 1, 28, 28)
    labels = torch.arange(BATCH) % 10
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad])

    def step():
        loss = F.cross_entropy(model(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step
