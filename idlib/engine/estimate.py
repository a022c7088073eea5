r"""d90 from finished runs: the smallest d that reaches a goal, seed by seed, with an interval.

Three goals are in use and give different numbers. With f the full model's score and z what is had
for nothing (the score at d = 0, or that of always giving the commonest label, whichever is higher):

.. math:: \text{relative: } 0.9\,f \qquad \text{absolute: } 0.9 \qquad
    \text{gain: } z + 0.9\,(f - z)

References:
    | Measuring the Intrinsic Dimension of Objective Landscapes (Li et al., 2018), section 2,
      https://arxiv.org/abs/1804.08838: relative; the released figures of MNIST: absolute
    | Learning to Reason in 13 Parameters (2026), https://arxiv.org/abs/2602.04118: gain
"""

import functools
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import IdlibError
from .config import Run

__all__ = ["DEFINITIONS", "SHARE", "Estimate", "Goal", "bracket", "d90", "goal_of", "interval"]

SHARE = 0.9  # of the full model's score, of what it gains, or of everything
DEFINITIONS = ("relative", "absolute", "gain")
DRAWS = 1000  # of the bootstrap
LEVEL = 0.95


@dataclass(frozen=True)
class Goal:
    """The score to reach, ``base + share * f``, where f is the mean of the full model's scores.

    Args:
        base: what does not depend on the full model.
        share: of the full model's score.
    """

    base: float
    share: float = 0.0

    def score(self, full: float) -> float:
        """The score to reach, given the full model's."""
        return self.base + self.share * full


def goal_of(definition: str | float, floor: float = 0.0, absolute: float = SHARE) -> Goal:
    """The goal that a definition sets.

    Args:
        definition: "relative", "absolute" or "gain"; or a score.
        floor: z, what is had for nothing; "gain" counts from there.
        absolute: the score that "absolute" asks for.

    >>> round(goal_of("gain", floor=0.5).score(0.9), 2)
    0.86

    Raises:
        IdlibError: if there is no such definition.
    """
    if not isinstance(definition, str):
        return Goal(definition)
    if definition not in DEFINITIONS:
        raise IdlibError(
            f"definition {definition!r} was given, expected one of {', '.join(DEFINITIONS)}, or a "
            "score."
        )
    goals = {
        "relative": Goal(0.0, SHARE),
        "absolute": Goal(absolute),
        "gain": Goal((1 - SHARE) * floor, SHARE),
    }
    return goals[definition]


@dataclass(frozen=True)
class Estimate:
    """d90 under one definition.

    Args:
        threshold: the score to reach.
        per_seed: for each seed the smallest d tried that reached it, None where none did.
        note: why there is no answer, where there is none.
        between: for each seed where its scores cross the threshold, see `d90`.
        interval: of `value`, see `interval`; its upper end is infinite where too many of the draws
            reach the threshold nowhere. None where it was not worked out.
    """

    threshold: float
    per_seed: tuple[int | None, ...]
    note: str = ""
    between: tuple[float | None, ...] = ()
    interval: tuple[float, float] | None = None

    @property
    def d(self) -> int | None:
        """The median over the seeds of `per_seed`, for an even number of them the upper of the two
        in the middle; None if some seed never reached the threshold."""
        reached = self._reached
        if self.note or not reached or len(reached) < len(self.per_seed):
            return None
        return statistics.median_high(reached)

    @property
    def value(self) -> float | None:
        """The median over the seeds of `between`, for an even number of them the geometric mean of
        the two in the middle; None where `d` is."""
        if self.d is None:
            return None
        return math.exp(statistics.median(math.log(d) for d in self.between if d))

    @property
    def _reached(self) -> list[int]:
        return [d for d in self.per_seed if d is not None]

    @property
    def _ends(self) -> str:
        low, high = self.interval or (math.nan, math.nan)
        return f"{low:,.0f} upwards" if math.isinf(high) else f"{low:,.0f} to {high:,.0f}"

    def short(self) -> str:
        """`value` with its interval, for a table; "none" where there is none."""
        if self.value is None:
            return "none"
        return f"{self.value:,.0f}" + (f" ({self._ends})" if self.interval else "")

    def __str__(self) -> str:
        if self.d is None:
            return f"none at score {self.threshold:.3f}: {self.note}"
        low, high = min(self._reached), max(self._reached)
        spread = f"{low:,} to {high:,} over {len(self.per_seed)} seeds"
        if len(self.per_seed) == 1:
            spread = "1 seed"
        grid = f"{self.d:,} ({spread}) at score {self.threshold:.3f}"
        if self.interval is None:
            return grid
        return f"{self.value:,.0f}, {LEVEL:.0%} interval {self._ends}; on the grid {grid}"


def d90(runs: Iterable[Run], threshold: float) -> Estimate:
    """The smallest d among finished `runs` whose score reaches `threshold`, seed by seed.

    Of two runs with the same d and seed the later one counts: its learning rate was chosen
    nearer to that d. Between that d and the next smaller one that was tried, the score is taken
    to be linear in log d; where one of the two runs ended early, or no smaller d was tried, it is
    left at the d that was tried.
    """
    curves = _curves(runs)
    per_seed, between = [], []
    for curve in curves:
        scores = np.array([_score(run) for run in curve])[:, None]
        where, crossing = _crossings(curve, scores, np.array([threshold]))
        reached = where[0] < len(curve)
        per_seed.append(curve[where[0]].config.d if reached else None)
        between.append(float(np.exp(crossing[0])) if reached else None)
    missing = per_seed.count(None)
    note = f"not reached by {missing} of {len(per_seed)} seeds" if missing else ""
    return Estimate(threshold, tuple(per_seed), note, tuple(between))


def bracket(runs: Iterable[Run], threshold: float) -> list[Run]:
    """The runs on both sides of the threshold: for each seed that of the smallest d that reaches
    it, and that of the next smaller d that was tried."""
    found = []
    for curve in _curves(runs):
        at = next((i for i, run in enumerate(curve) if _score(run) >= threshold), None)
        found += [] if at is None else curve[max(0, at - 1) : at + 1]
    return found


def interval(
    runs: Iterable[Run], goal: Goal, full: Sequence[Run] = (), tested_on: int | None = None
) -> tuple[float, float] | None:
    """Where d90 would lie with other seeds and other test examples, in 95 of 100 draws.

    The seeds, and in the same draw the test examples, are drawn again with replacement 1,000 times
    (a bootstrap), d90 is found in each draw as by `Estimate.value`, and the 2.5 and 97.5 %
    quantiles are given. With three seeds the interval hardly says more than their range.

    Args:
        runs: in subspaces, as for `d90`.
        goal: the score to reach.
        full: the runs of the full model, where the goal depends on them.
        tested_on: number of test examples, for runs that do not say which they had right. Then
            their scores are moved as a share of so many is, all in the same direction, which
            errs on the side of a wider interval. None draws only seeds.

    Returns:
        Both ends, in numbers; None if there are no runs.
    """
    curves = _curves(runs)
    if not curves:
        return None
    rng = np.random.default_rng(0)
    everything = [run for curve in curves for run in curve]
    scores = _drawn([*everything, *full], tested_on, rng)  # (runs, draws)
    thresholds = np.full(DRAWS, goal.base)
    if goal.share:
        fulls = scores[len(everything) :]
        thresholds += goal.share * _picked(fulls, rng).mean(axis=0)
    crossings, start = [], 0
    for curve in curves:
        own = scores[start : start + len(curve)]
        crossings.append(_crossings(curve, own, thresholds)[1])
        start += len(curve)
    found = np.median(_picked(np.stack(crossings), rng), axis=0)
    ends = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="inverted_cdf")
    return float(np.exp(ends[0])), float(np.exp(ends[1]))


def _curves(runs: Iterable[Run]) -> list[list[Run]]:
    """The runs in a subspace of each seed, by d; the later of two at one d."""
    seeds: dict[int, dict[int, Run]] = {}
    for run in runs:
        if run.config.d is not None:
            seeds.setdefault(run.config.seed, {})[run.config.d] = run
    return [[curve[d] for d in sorted(curve)] for _, curve in sorted(seeds.items())]


def _score(run: Run) -> float:
    return -math.inf if run.score is None else run.score


def _crossings(
    curve: Sequence[Run], scores: np.ndarray, thresholds: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """In each draw the place of the first run that reaches the threshold, ``len(curve)`` if none
    does, and the logarithm of the d where the scores cross it; shapes (draws,)."""
    reached = scores >= thresholds  # (runs, draws)
    first = np.where(reached.any(axis=0), reached.argmax(axis=0), len(curve))
    logs = np.log([*(run.config.d or 0 for run in curve), math.inf])
    at = logs[first]
    whole = np.array([run.status == "finished" for run in curve] + [False])
    inside = (first > 0) & whole[first] & whole[first - 1]
    draw, high = inside.nonzero()[0], first[inside]
    low = scores[high - 1, draw]
    share = (thresholds[draw] - low) / (scores[high, draw] - low)
    at[inside] = logs[high - 1] + share * (logs[high] - logs[high - 1])
    return first, at


def _drawn(runs: Sequence[Run], tested_on: int | None, rng: np.random.Generator) -> np.ndarray:
    """The scores of all runs on test examples drawn again, shape (runs, draws)."""
    scores = np.array([_score(run) for run in runs])
    right = [run.right for run in runs if run.right is not None]
    if len(right) == len(runs) and len({len(r) for r in right}) == 1:
        bits = np.stack([r.numpy() for r in right]).astype(np.float32)
        return bits @ _examples(bits.shape[1])
    if tested_on is None:
        return np.repeat(scores[:, None], DRAWS, axis=1)
    spread = np.sqrt(np.clip(scores * (1 - scores), 0, None) / tested_on)
    return scores[:, None] + np.nan_to_num(spread)[:, None] * rng.standard_normal(DRAWS)


@functools.lru_cache(maxsize=2)
def _examples(n: int) -> np.ndarray:
    """How often each of n examples is drawn, as a share of all; shape (n, draws)."""
    rng = np.random.default_rng(n)
    draws = [np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(DRAWS)]
    return (np.stack(draws, axis=1) / n).astype(np.float32)


def _picked(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """In each draw as many rows as there are, drawn with replacement; (rows, draws)."""
    return np.take_along_axis(rows, rng.integers(len(rows), size=rows.shape), axis=0)
