"""The search for d90: few runs instead of a grid of them."""

import math
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace

from .config import Run, RunConfig

__all__ = ["bisect", "nearest", "rate_at", "search"]


def search(
    cells: Sequence[tuple[RunConfig, Sequence[int], Sequence[float]]],
    first: float,
    stride: int,
    make: Callable[[list[RunConfig]], list[Run]],
) -> list[Run]:
    """Makes the runs that tell the smallest d of `ds` that reaches each threshold.

    The cells are searched side by side: each round makes the next run of all of them, so that
    several processes have work, and so that the runs of one store serve all thresholds. A run
    ends early once it is clear which thresholds it reaches.

    Args:
        cells: configurations whose d is to be found, such as one for each seed; each with the
            dimensions to choose from, in ascending order, and the scores to reach.
        first: about which d to start with.
        stride: the first step, in places of the dimensions; it doubles until the threshold is
            bracketed.
        make: makes runs, or finds them.

    Returns:
        The runs asked for; one that serves several thresholds may stand there twice.
    """
    searches = [
        _cell(config, ds, thresholds, ds.index(nearest(ds, first)), stride)
        for config, ds, thresholds in cells
        if thresholds
    ]
    waiting = {s: next(s) for s in searches}
    made: list[Run] = []
    while waiting:
        runs = make(list(waiting.values()))
        made += runs
        for s, run in zip(list(waiting), runs, strict=True):
            try:
                waiting[s] = s.send(run)
            except StopIteration:
                del waiting[s]
    return made


def _cell(
    cell: RunConfig, ds: Sequence[int], thresholds: Sequence[float], start: int, stride: int
) -> Generator[RunConfig, Run, None]:
    """Asks for one run after another, until every threshold is bracketed."""
    for threshold in thresholds:
        steps = bisect(start, stride, len(ds))
        i = next(steps)
        while True:
            run = yield replace(cell, d=ds[i], decide=tuple(thresholds))
            try:
                i = steps.send(run.score is not None and run.score >= threshold)
            except StopIteration as end:
                start, stride = (start if end.value is None else end.value), 1
                break


def bisect(start: int, stride: int, n: int) -> Generator[int, bool, int | None]:
    """The smallest index below `n` that passes, where all above one that passes pass too.

    Yields an index and is sent whether it passes: strides double away from `start` until the
    change is bracketed, then halve. Returns None if the last index does not pass.
    """
    low, high = -1, n  # the largest known to fail, the smallest known to pass
    i = start
    while high - low > 1:
        if (yield i):
            high = i
            i = max(low + 1, i - stride) if low < 0 else (low + high) // 2
        else:
            low = i
            i = min(n - 1, i + stride) if high == n else (low + high) // 2
        stride *= 2 if low < 0 or high == n else 1
        if low == n - 1:
            return None
    return high


def nearest(ds: Iterable[int], d: float) -> int:
    """The value in `ds` whose ratio to `d` is closest to one."""
    return min(ds, key=lambda value: abs(math.log(value / d)))


def rate_at(d: int, lr: float, chosen_at: int) -> float:
    """The learning rate for `d`, given the one that was chosen at another dimension.

    A step of Adam's moves each of d numbers by about the rate, and so theta^D, by columns of
    length one, by about lr sqrt(d): that length is kept.

    >>> rate_at(512, 0.1, chosen_at=128)
    0.05
    """
    return float(f"{lr * math.sqrt(chosen_at / d):.3g}")
