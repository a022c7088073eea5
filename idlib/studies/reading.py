"""The one reader of recorded runs: for notebooks, plots and tables.

A *cell* is one model on one task by one method. What it holds is found by going through its study
as a recording would, on the runs of the file: so a cell shows what the study asks for, at the
learning rates that it chose, and nothing else.
"""

import functools
from collections.abc import Iterable, Sequence

from ..engine.config import Run, RunConfig
from ..engine.store import RunStore
from ..errors import IdlibError
from ..problems.names import build_named
from ..subspace import Subspace
from .catalogue import STUDIES
from .record import FOLDER, Made, made
from .results import Cell
from .study import Method, Part, Study

__all__ = [
    "cell",
    "cells",
    "cells_of",
    "full_model",
    "provenance",
    "replay",
    "store_of",
]


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
        IdlibError: if there is no such study, part or method, or a run is not recorded.
    """
    if study is not None and study not in STUDIES:
        raise IdlibError(f"study {study!r} was asked for, expected one of {[*STUDIES]}.")
    known = {part.name for s in STUDIES.values() if study in (None, s.name) for part in s.parts}
    for what, given, names in (
        ("part", part, known),
        ("method", method, ("DID", "SAID")),
        ("normalize", normalize, ("global", "per-tensor")),
    ):
        if given is not None and given not in names:
            raise IdlibError(f"{what} {given!r} was asked for, expected one of {sorted(names)}.")
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


def full_model(task: str, model: str, study: str | None = None) -> list[Run]:
    """The recorded runs of the full model, scored; empty if it is not recorded. Of all studies that
    train it in full, `study` counts, else the first."""
    for one in sorted(STUDIES.values(), key=lambda s: s.name != study):
        for part in one.parts:
            if not part.ds and task in part.tasks and model in part.models:
                found = (c for c in _recorded(one.name, part.name) if c.task == task)
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

    Where models were trained in full, these are the runs.
    """
    shown = list(shown)
    if not any(c.sessions for c in shown):
        raise IdlibError("There are no cells with runs: ask for some.")
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
    full = functools.partial(full_model, study=study)
    return tuple(_cells(study, found, store_of(study), full))


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
    same = [(c.epochs, c.batch_size, c.scored_on) for c in (base, *(r.config for r in whole))]
    if len(set(same)) > 1:
        whole = ()  # trained or scored otherwise, it is no baseline
    sessions = [store.session_of(r) for r in runs]
    return Cell(
        study, part.name, base.task, base.model, method, store.facts["task", base.task], whole,
        tuple(runs), tuple(tried.values()), tuple({id(s): s for s in sessions}.values()),
    )  # fmt: skip


def _kind(config: RunConfig) -> tuple:
    return config.task, config.model, config.normalize, config.structure_aware, config.d is None
