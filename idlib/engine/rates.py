"""How learning rates are chosen: on a validation split, at a few dimensions called pilots.

The same protocol serves `idlib.intrinsic_dimension`, the recorded studies and the exercises.
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..errors import IdlibError
from .config import Run, RunConfig
from .search import nearest, rate_at

__all__ = ["Chooser", "Rates"]

NEAR = 0.51  # decades: a rate is trusted that far from the d at which it was chosen


@dataclass(frozen=True)
class Rates:
    """Which learning rates are tried, and where.

    At each pilot every rate trains a run on nine tenths of the training data, and the one with
    the best mean score on the last tenth is taken, of equals the one with the smaller loss. Any
    other d takes the rate of the nearest pilot.

    Args:
        lrs: to choose from in a subspace; a single one is taken as it is.
        full_lrs: the same for the full model.
        pilots: dimensions at which a rate is chosen.
        tried_for: the d that `lrs` are meant for, from which they are scaled to each pilot by
            `idlib.engine.search.rate_at`; None tries them as they are.
        scaled: whether the rate chosen at a pilot is scaled for another d in the same way.
        rated_by: with how many of the seeds a rate is chosen, by their mean score.
        careful: whether a rate is passed over if the next larger one collapsed, to within 0.01
            of the commonest label. A rate at the edge of what is stable does well with one
            seed and collapses with another.
        rechecked: whether the rate is chosen once more at the d found, where that lies more than
            half a decade from all pilots, and the search repeated if it is another. Runs at
            the old rate no longer count then (`Chooser.in_force`).
    """

    lrs: tuple[float, ...] = (0.03, 0.1, 0.3)
    full_lrs: tuple[float, ...] = (3e-4, 1e-3, 3e-3)
    pilots: tuple[int, ...] = (13, 128, 1280, 12_800, 128_000)
    tried_for: int | None = None
    scaled: bool = False
    rated_by: int = 1
    careful: bool = False
    rechecked: bool = False


@dataclass
class Chooser:
    """The rates chosen so far, by one protocol.

    Args:
        rates: the protocol.
        seeds: of the scored runs; a rate is chosen with the first of them.
        make: makes runs, or finds them.
        chance: the score of a collapsed run on validation data, by task; where it is unknown no
            rate is passed over.
    """

    rates: Rates
    seeds: Sequence[int]
    make: Callable[[list[RunConfig]], list[Run]]
    chance: Mapping[str, float] = field(default_factory=dict)
    chosen: dict[tuple, dict[int | None, float]] = field(default_factory=dict)  # rate by d

    def choose(self, cells: Sequence[RunConfig]) -> None:
        """Chooses the rate of configurations at pilots, at another d, or of the full model."""
        waiting = []
        for cell in cells:
            known, tried = self._known(cell), self._tried(cell)
            if len(tried) == 1:
                if cell.d in (None, *self.rates.pilots) or not known:
                    known.setdefault(cell.d, tried[0])
            elif cell.d not in known:
                waiting.append(cell)
        scored: dict[RunConfig, dict[float, list[Run]]] = {}
        for run in self.make([pilot for cell in waiting for pilot in self._pilots(cell)]):
            rates = scored.setdefault(like(run.config), {})
            rates.setdefault(run.config.lr, []).append(run)
        for cell, rates in scored.items():
            best, known = self._best_of(cell, rates), self._known(cell)
            # Where the rate is the one that the nearest pilot gives, it is not rounded twice.
            if cell.d in self.rates.pilots or not known or best != self.of(cell):
                known[cell.d] = best

    def of(self, config: RunConfig) -> float:
        """The rate for a configuration: that of the nearest d at which one was chosen."""
        known = self._known(config)
        if config.d is None:
            return known[None]
        at = nearest(filter(None, known), config.d)
        return rate_at(config.d, known[at], at) if self.rates.scaled else known[at]

    def pilot(self, d: int, d_max: int) -> int:
        """The pilot nearest to d, and at most `d_max`."""
        return min(nearest(self.rates.pilots, d), d_max)

    def far(self, d: int) -> bool:
        """Whether d lies more than half a decade from all pilots."""
        return all(abs(math.log10(d / pilot)) > NEAR for pilot in self.rates.pilots)

    def in_force(self, runs: Sequence[Run]) -> list[Run]:
        """Those of the scored runs whose rate was not replaced by a later choice nearer to it."""
        if not self.rates.rechecked:
            return list(runs)
        return [r for r in runs if math.isclose(r.config.lr, self.of(r.config), rel_tol=0.02)]

    def _known(self, config: RunConfig) -> dict[int | None, float]:
        """The rates chosen for configurations like this one, by d."""
        key = (config.task, config.model, config.projection, config.normalize,
               config.structure_aware, config.epochs, config.batch_size)  # fmt: skip
        return self.chosen.setdefault((*key, config.d is None), {})

    def _tried(self, cell: RunConfig) -> Sequence[float]:
        rates = self.rates
        if cell.d is None:
            return rates.full_lrs
        if rates.tried_for:
            return [rate_at(cell.d, lr, rates.tried_for) for lr in rates.lrs]
        if cell.d in rates.pilots or not rates.scaled:
            return rates.lrs
        pilot = nearest(rates.pilots, cell.d)
        return [rate_at(cell.d, lr, pilot) for lr in rates.lrs]

    def _pilots(self, cell: RunConfig) -> list[RunConfig]:
        scored_on = "validation" if cell.scored_on == "test" else cell.scored_on
        return [
            replace(cell, lr=lr, scored_on=scored_on, seed=seed, decide=())
            for seed in self.seeds[: self.rates.rated_by]
            for lr in self._tried(cell)
        ]

    def _best_of(self, cell: RunConfig, rates: Mapping[float, Sequence[Run]]) -> float:
        finished = {
            lr: runs for lr, runs in rates.items() if any(r.score is not None for r in runs)
        }
        if not finished:
            where = f"d = {cell.d:,}" if cell.d else "the full model"
            first = next(iter(rates.values()))[0]
            raise IdlibError(
                f"Every learning rate of {[*rates]} fails with {where}: {first.message}. Pass "
                "smaller ones, or check the data."
            )
        careful = self.rates.careful and cell.d is not None
        floor = self.chance.get(cell.task, -math.inf) + 0.01 if careful else -math.inf
        safe = _safe({lr: _quality(runs)[0] for lr, runs in rates.items()}, floor)
        good = [lr for lr in safe if lr in finished] or finished
        return max(good, key=lambda lr: _quality(rates[lr]))


def like(config: RunConfig) -> RunConfig:
    """What runs share that differ in rate, seed and what they are scored on."""
    return replace(config, lr=0.0, seed=0, scored_on="", decide=())


def _safe(scores: dict[float, float], floor: float) -> list[float]:
    """The rates whose next larger one scores above the floor; all, if there is none.

    >>> _safe({0.01: 0.64, 0.03: 0.68, 0.1: 0.73, 0.3: 0.55}, floor=0.56)
    [0.01, 0.03]
    """
    rates = sorted(scores)
    above = [*(scores[lr] for lr in rates[1:]), math.inf]
    safe = [lr for lr, next_ in zip(rates, above, strict=True) if min(scores[lr], next_) > floor]
    return safe or rates


def _quality(runs: Sequence[Run]) -> tuple[float, float]:
    """The mean score, and then the mean loss, with its sign turned."""
    losses = [run.loss if math.isfinite(run.loss) else math.inf for run in runs]
    return statistics.fmean(run.score or 0.0 for run in runs), -statistics.fmean(losses)
