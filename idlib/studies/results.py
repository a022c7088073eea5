"""What was recorded of one model on one task by one method, and its d90."""

import functools
import statistics
from dataclasses import dataclass, replace

from ..engine.config import Run
from ..engine.estimate import Estimate, Goal, d90, goal_of, interval
from ..errors import IdlibError
from .study import Method

__all__ = ["Cell", "relative_gap"]

USELESS = "not informative"


@dataclass(frozen=True, eq=False)
class Cell:
    """What was recorded of a model on a task by a method.

    Args:
        study: its name.
        part: of the study.
        task: its name.
        model: its name.
        method: how theta_d moved the parameters.
        facts: of the task: numbers of training and test examples, metric, share of the commonest
            label, fingerprints of the data.
        full: the scored runs of the full model, one a seed.
        runs: the scored runs in a subspace, at the rates in force, by d and seed; those of the
            model itself where the study trains it in full.
        tried: the runs by which learning rates were chosen, and those at rates that were replaced.
        sessions: when, and on what, the scored runs were made.
    """

    study: str
    part: str
    task: str
    model: str
    method: Method
    facts: dict
    full: tuple[Run, ...]
    runs: tuple[Run, ...]
    tried: tuple[Run, ...]
    sessions: tuple[dict, ...]

    @property
    def D(self) -> int:
        """Parameters of the full model."""
        return (self.full or self.runs)[0].D

    @property
    def baseline(self) -> float:
        """The full model's score, the mean over the seeds.

        Raises:
            IdlibError: if no full model of it was recorded.
        """
        if not self.full:
            raise IdlibError(f"{self.task} {self.model} has no full model: name a score instead.")
        return statistics.fmean(r.score for r in self.full)

    @property
    def train(self) -> float | None:
        """The full model's score on (a sample of) its training data, likewise; None if unknown."""
        seen = [r.train_score for r in self.full if r.train_score is not None]
        return statistics.fmean(seen) if seen else None

    @property
    def gap(self) -> float | None:
        """The full model's `relative_gap`; None if `train` is."""
        return None if self.train is None else relative_gap(self.train, self.baseline)

    @property
    def majority(self) -> float:
        """The score of always giving the commonest label; 0 under Matthews' correlation."""
        return 0.0 if self.facts["metric"] == "matthews" else self.facts["majority"]

    @functools.cached_property
    def scores(self) -> dict[int, list[float]]:
        """For each d the scores of all seeds."""
        found: dict[int, list[float]] = {}
        for r in self.runs:
            if r.config.d is not None and r.score is not None:
                found.setdefault(r.config.d, []).append(r.score)
        return found

    @functools.cached_property
    def train_scores(self) -> dict[int, list[float]]:
        """The same on (a sample of) the training data."""
        found: dict[int, list[float]] = {}
        for r in self.runs:
            if r.config.d is not None and r.train_score is not None:
                found.setdefault(r.config.d, []).append(r.train_score)
        return found

    @functools.cached_property
    def first_seed(self) -> dict[int, Run]:
        """For each d the run that kept its theta_d."""
        return {r.config.d: r for r in self.runs if r.theta_d is not None}

    @functools.cached_property
    def rates(self) -> dict[int | None, float]:
        """The learning rate of the scored runs at each d; that of the model trained in full by
        None."""
        return {r.config.d: r.config.lr for r in self.runs}

    @functools.cached_property
    def rated(self) -> dict[int | None, dict[float, list[float]]]:
        """For each d at which a rate was chosen, in the order of the choices, the validation scores
        of all seeds at each rate; 0 where a run diverged."""
        found: dict[int | None, dict[float, list[float]]] = {}
        for r in self.tried:
            if r.config.scored_on == "validation":
                rates = found.setdefault(r.config.d, {})
                rates.setdefault(r.config.lr, []).append(r.score or 0.0)
        return found

    @property
    def floor(self) -> float:
        """What is had for nothing: the score of always giving the commonest label, or the full
        model's before its first step (the mean over the seeds), whichever is higher."""
        starts = [r.start for r in self.full if r.start is not None]
        return max(self.majority, statistics.fmean(starts) if starts else self.majority)

    def threshold(self, definition: str | float = "relative") -> float:
        """The score that d90 is about.

        Args:
            definition: "relative", 0.9 times the baseline; "absolute", 0.9; "gain", the floor and
                0.9 times what the baseline lies above it; or a score.
        """
        goal = self._goal(definition)
        return goal.score(self.baseline) if goal.share else goal.base

    def d90(self, definition: str | float = "relative") -> Estimate:
        """The smallest d that reaches the threshold, seed by seed, and where the scores cross it,
        with an interval.

        Args:
            definition: see `threshold`.
        """
        if definition not in self._estimates:
            self._estimates[definition] = self._estimate(definition)
        return self._estimates[definition]

    def _goal(self, definition: str | float) -> Goal:
        return goal_of(definition, self.floor if definition == "gain" else 0.0)

    def _estimate(self, definition: str | float) -> Estimate:
        threshold = self.threshold(definition)
        tested = all(r.config.scored_on == "test" for r in (*self.runs[:1], *self.full[:1]))
        if tested and threshold <= self.majority:
            note = f"not informative, the commonest label scores {self.majority:.3f}"
            return Estimate(threshold, (), note)
        found = d90(self.runs, threshold)
        count = self.facts.get("test") if tested and self.facts["metric"] == "accuracy" else None
        ends = interval(self.runs, self._goal(definition), self.full, count)
        return replace(found, interval=None if found.d is None else ends)

    @functools.cached_property
    def _estimates(self) -> dict[str | float, Estimate]:
        return {}

    def told(self, definition: str | float = "relative") -> str:
        """d90 in a few words, for a table: its value with its interval. "≤" stands before it where
        no smaller d was tried, "none" for it where some seed reached the threshold at no d, and
        "not informative" where always giving the commonest label reaches it."""
        found = self.d90(definition)
        if found.d is None:
            return USELESS if found.threshold <= self.majority else "none"
        return "≤ " * (found.d == min(self.scores)) + found.short()


def relative_gap(train: float, test: float) -> float:
    """The relative generalisation gap ``(train - test) / (1 - test)`` of two accuracies.

    1 says that all errors are on new examples only, 0 that there are as many on the old ones.

    >>> relative_gap(0.875, 0.75)
    0.5

    References:
        | Aghajanyan et al. (2021), section 5.3
    """
    for name, value in (("train", train), ("test", test)):
        if not 0 <= value <= 1:
            raise IdlibError(f"{name} = {value} was given, expected a share from 0 to 1.")
    if test == 1:
        raise IdlibError("test = 1 was given: without test errors there is no relative gap.")
    return (train - test) / (1 - test)
