"""How fast the projections are: ``python -m idlib bench``.

Times are set against something measured in the same run: a subspace's training step against
the full model's, a projection alone against reading and writing a vector of D numbers once.
All variants take turns in every round, so that a busy moment hits all of them alike, and each
reports the fastest of its calls: other programs can only slow a call down.
"""

import math
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest

import torch
import torch.nn.functional as F
from torch import nn

from .models import MODELS
from .projection_base import check_integer
from .projections import make_projection
from .subspace import Subspace

__all__ = [
    "Cost",
    "StepTime",
    "fastest",
    "main",
    "projection_costs",
    "step_times",
    "table",
    "using_threads",
]

D_LARGE = 22_713_216  # parameters of all-MiniLM-L6-v2
BATCH = 128
STEP_GOALS = {  # at most so many steps of the full model; None: shown for comparison
    "fc": {"hashed": 1.2, "fastfood": 1.75, "fastfood-global": 3.0, "sparse": None},
    "lenet": {
        "hashed": 1.2,
        "fastfood": 1.2,
        "fastfood-global": None,
        "sparse": None,
        "dense": None,
    },
}
COST_GOALS = {"hashed": (60, None), "fastfood": (100, 90)}  # at D_LARGE: ms, and MB of state


@dataclass(frozen=True)
class StepTime:
    """The time of a training step: forward, backward and Adam on a batch of 128 images.

    Args:
        model: a name in `idlib.models.MODELS`.
        projection: a name in `idlib.projections.PROJECTIONS`; None for the full model.
        ms: milliseconds.
        ratio: the same in steps of the full model.
    """

    model: str
    projection: str | None
    ms: float
    ratio: float


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


def step_times(
    model: str, projections: Iterable[str], d: int = 750, rounds: int = 100
) -> list[StepTime]:
    """The time of a training step: the full model's first, then its subspaces'."""
    steps = {None: _step(MODELS[model]())}
    steps |= {name: _step(Subspace(MODELS[model](), d, name)) for name in projections}
    ms = fastest(steps, rounds)
    return [StepTime(model, name, t, t / ms[None]) for name, t in ms.items()]


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


def main(threads: int = 2, quick: bool = False) -> None:
    """Prints both tables; `quick` shows in seconds that all works, with times of little worth."""
    rounds, D = (1, 100_000) if quick else (100, D_LARGE)
    print(f"torch {torch.__version__}, threads: {threads}, d = 750. Each time is the fastest of")
    print("many calls, for which all variants take turns. A goal is the most that is wanted.")
    with using_threads(threads):
        print("\nTraining step (forward, backward, Adam) on a batch of 128, over the full model's")
        times = [t for m, goals in STEP_GOALS.items() for t in step_times(m, goals, rounds=rounds)]
        print(_step_table(times))
        print(f"\nProjection alone at D = {D:,}; goals at D = {D_LARGE:,}; the floor is to read")
        print("and write each of D numbers once")
        print(_cost_table(projection_costs(COST_GOALS, D, rounds=max(1, rounds // 5))))


def _step_table(times: Sequence[StepTime]) -> str:
    rows = [("step of", "ms", "ratio", "goal")]
    for t in times:
        goal = STEP_GOALS[t.model].get(t.projection)
        name = f"{t.model} {t.projection or '(full model)'}"
        rows.append((name, f"{t.ms:.2f}", f"{t.ratio:.2f}", f"{goal:.2f}" if goal else ""))
    return table(rows)


def _cost_table(costs: Sequence[Cost]) -> str:
    rows = [("projection", "P x, ms", "P'y, ms", "both, ms", "goal", "floors", "state, MB", "goal")]
    rows.append(("(floor)", "", "", f"{costs[0].floor_ms:.1f}", "", "1.0"))
    for c in costs:
        ms, megabytes = COST_GOALS[c.projection]
        times = (f"{c.forward_ms:.1f}", f"{c.adjoint_ms:.1f}", f"{c.ms:.1f}", str(ms))
        floors, state = f"{c.ms / c.floor_ms:.1f}", f"{c.state_bytes / 1e6:.1f}"
        rows.append((c.projection, *times, floors, state, str(megabytes or "")))
    return table(rows)


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


@contextmanager
def using_threads(count: int) -> Iterator[None]:
    """Has torch use `count` threads for a while, at least one."""
    before = torch.get_num_threads()
    torch.set_num_threads(check_integer("threads", count, low=1))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Text in columns, names to the left and numbers to the right, with a rule below the head."""
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    lines = []
    for name, *numbers in rows:
        cells = [name.ljust(widths[0]), *map(str.rjust, numbers, widths[1:])]
        lines.append("  ".join(cells).rstrip())
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
