"""The one reader of recorded runs: for notebooks, plots and tables.

A *cell* is one model on one task by one method. What it holds is found by going through its study
as a recording would, on the runs of the file: so a cell shows what the study asks for, at the
learning rates that it chose, and nothing else.
"""

import functools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..dimension import Estimate, d90
from ..engine.store import Run, RunConfig, RunStore
from ..errors import IdlibError
from ..problems.names import build_named
from ..subspace import Subspace
from .catalogue import STUDIES
from .record import FOLDER, Made, made
from .study import Method, Part, Study

__all__ = [
    "Cell",
    "cell",
    "cells",
    "cells_of",
    "full_model",
    "provenance",
    "relative_gap",
    "replay",
    "store_of",
]

SHARE = 0.9  # of the full model's score, or of everything
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
        tried: the runs by which learning rates were chosen.
        sessions: when, and on what, full and scored runs were made.
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
        """The full model's score, the mean over the seeds."""
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

    def threshold(self, definition: str | float = "relative") -> float:
        """The score that d90 is about.

        Args:
            definition: "relative", 0.9 times the baseline; "absolute", 0.9; or a score.
        """
        if isinstance(definition, str):
            if definition not in ("relative", "absolute"):
                raise IdlibError(
                    f"definition {definition!r} was given, expected relative, absolute or a score."
                )
            return SHARE * self.baseline if definition == "relative" else SHARE
        return definition

    def d90(self, definition: str | float = "relative") -> Estimate:
        """The smallest d that reaches the threshold, seed by seed.

        Args:
            definition: see `threshold`.
        """
        threshold = self.threshold(definition)
        scored_on = (self.runs or self.full)[0].config.scored_on
        if scored_on == "test" and threshold <= self.majority:
            note = f"says nothing, the commonest label scores {self.majority:.3f}"
            return Estimate(threshold, (), note)
        return d90(self.runs, threshold)

    def mean_d90(self, definition: str | float = "relative") -> float | None:
        """The mean of `d90` over the seeds; None where it is."""
        found = self.d90(definition)
        return None if found.d is None else statistics.fmean(found.per_seed)

    def told(self, definition: str | float = "relative") -> str:
        """d90 in a word or two, for a table: a number is the median over the seeds. "≤" stands
        before it where no smaller d was tried, "none" for it where some seed reached the threshold
        at no d, and "not informative" where always giving the commonest label reaches it."""
        found = self.d90(definition)
        if found.d is None:
            return USELESS if found.threshold <= self.majority else "none"
        return "≤ " * (found.d == min(self.scores)) + f"{found.d:,}"


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


def cells(
    study: str | None = None,
    part: str | None = None,
    task: str | None = None,
    model: str | None = None,
    method: str | None = None,
    normalize: str | None = None,
) -> list[Cell]:
    """The recorded cells that fit, in the order of the studies.

    Args:
        study: its name; any if None, as for all that follow.
        part: of a study.
        task: its name.
        model: its name.
        method: "DID" or "SAID".
        normalize: "global" or "per-tensor".

    Raises:
        IdlibError: if there is no such study, or a run of theirs is not recorded.
    """
    if study is not None and study not in STUDIES:
        raise IdlibError(f"study {study!r} was asked for, expected one of {[*STUDIES]}.")
    asked = [STUDIES[study]] if study else STUDIES.values()
    return [
        c
        for s in asked
        for p in s.parts
        if part in (None, p.name)
        and (task is None or task in p.tasks)
        and (model is None or model in p.models)
        for c in _recorded(s.name, p.name)
        if (task in (None, c.task) and model in (None, c.model))
        and method in (None, c.method.name)
        and normalize in (None, c.method.normalize)
    ]


def cell(study: str, part: str | None = None, task: str | None = None, **asked) -> Cell:
    """The one recorded cell that fits, see `cells`.

    Raises:
        IdlibError: if none fits, or several do.
    """
    found = cells(study, part, task, **asked)
    if len(found) != 1:
        which = {"study": study, "part": part, "task": task, **asked}
        raise IdlibError(
            f"{len(found)} recorded cells fit { {k: v for k, v in which.items() if v} }, expected "
            "one: name task, model, method and normalize."
        )
    return found[0]


def full_model(task: str, model: str) -> list[Run]:
    """The recorded runs of the full model, scored; empty if it is not recorded. Of all studies that
    train it in full, the first counts."""
    for study in STUDIES.values():
        for part in study.parts:
            if not part.ds and task in part.tasks and model in part.models:
                found = (c for c in _recorded(study.name, part.name) if c.task == task)
                return [run for c in found if c.model == model for run in c.runs]
    return []


def cells_of(study: Study, store: RunStore, full=full_model) -> list[Cell]:
    """The cells of a study whose runs lie in a store of one's own.

    Args:
        study: what was recorded.
        store: its runs.
        full: the scored runs of a full model that the study does not train itself.
    """
    own: dict[tuple[str, str], list[Run]] = {}
    found = []
    for part in study.parts:
        of_part = _cells(study.name, part, store, lambda t, m: own.get((t, m)) or full(t, m))
        for c in of_part if not part.ds else ():
            own[c.task, c.model] = list(c.runs)
        found += of_part
    return found


def replay(run: Run) -> Subspace:
    """The trained subspace of a recorded run, built again from a seed and its d numbers.

    Raises:
        IdlibError: if the run did not keep its theta_d (the first seed's runs do).
    """
    if run.theta_d is None:
        raise IdlibError(f"{run.config} was recorded without theta_d: take the first seed's run.")
    subspace = build_named(run.config)
    subspace.theta_d.data.copy_(run.theta_d)
    return subspace


def provenance(shown: Iterable[Cell]) -> str:
    """A line for figures: data, seeds, hardware and date of the runs of some cells.

    Full models count where nothing else was run.
    """
    shown = list(shown)
    if not shown:
        raise IdlibError("There are no cells: ask for some.")
    data = " and ".join(sorted({c.task.split("-")[0].partition("+")[0] for c in shown}))
    counts = [len({r.config.seed for r in c.runs or c.full}) for c in shown]
    few, many = min(counts), max(counts)
    seeds = f"{few} to {many}" if few < many else f"{many}"
    sessions = [session for c in shown for session in c.sessions]
    hardware = " and ".join(dict.fromkeys(session["hardware"] for session in sessions))
    date = max(session["date"] for session in sessions)[:10]
    return f"Recorded on {data}, {seeds} seed{'s' * (many > 1)}, {hardware}, {date}"


@functools.cache
def store_of(study: str) -> RunStore:
    """The recorded runs of a study, as shipped with the package."""
    return RunStore(FOLDER / f"{study}.jsonl")


@functools.cache
def _recorded(study: str, part: str) -> tuple[Cell, ...]:
    (found,) = (p for p in STUDIES[study].parts if p.name == part)
    return tuple(_cells(study, found, store_of(study), full_model))


def _cells(study: str, part: Part, store: RunStore, full) -> list[Cell]:
    asked: list[Run] = []

    def find(configs: Sequence[RunConfig]) -> list[Run]:
        runs = [store.get(config) for config in configs]
        if None in runs:
            raise IdlibError(
                f"{configs[runs.index(None)]} is not recorded: python -m idlib record {study} "
                "makes it."
            )
        asked.extend(runs)
        return runs

    found = made(part, find, full, store.facts)
    return [_cell(study, part, base, store, found, asked, full) for base in part.bases()]


def _cell(
    study: str, part: Part, base: RunConfig, store: RunStore, found: Made, asked: list[Run], full
) -> Cell:
    method = Method(base.normalize, base.structure_aware)

    def own(runs: Iterable[Run]) -> list[Run]:
        return [r for r in runs if _kind(r.config) == _kind(base)]

    runs = sorted(own(found.runs), key=lambda r: (r.config.d or 0, r.config.seed))
    scored = {r.config for r in runs}
    tried = {r.config: r for r in own(asked) if r.config not in scored}
    whole = tuple(full(base.task, base.model)) if part.ds else tuple(runs)
    if whole and whole[0].config.epochs != base.epochs:
        whole = ()  # trained for longer or shorter, it is no baseline
    sessions = [store.session_of(r) for r in runs]
    return Cell(
        study, part.name, base.task, base.model, method, store.facts["task", base.task], whole,
        tuple(runs), tuple(tried.values()), tuple({id(s): s for s in sessions}.values()),
    )  # fmt: skip


def _kind(config: RunConfig) -> tuple:
    return config.task, config.model, config.normalize, config.structure_aware, config.d is None
