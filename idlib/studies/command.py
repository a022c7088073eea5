"""``python -m idlib record``: makes the missing runs of a study, or lists all studies."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..engine.config import Run, RunConfig
from ..engine.rates import Rates
from ..errors import IdlibError
from .baselines import BASELINES
from .bounds import BOUNDS
from .bytes import BYTES, PRUNED
from .catalogue import STUDIES
from .reading import cells_of, full_model, store_of
from .record import made, record_study
from .results import Cell
from .study import BOTH_PER_TENSOR, Part, Protocol, Study
from .tables import Table
from .tuned import TUNED

__all__ = ["ALL", "Status", "listing", "record", "status", "table1"]

#: Studies of runs, and of rows worked out from runs, by name.
ALL: dict[str, Study | Table] = {**STUDIES, **{t.name: t for t in (BYTES, PRUNED, BOUNDS, TUNED)}}


def record(
    name: str, jobs: int = 1, path: str | Path | None = None, dask: str | None = None
) -> None:
    """Makes the missing runs of a study, and before them those of the full models that its searches
    are held against.

    Args:
        name: a key of `ALL`.
        jobs: processes, one thread each.
        path: the file to complete, which then holds the full models too; the package's own if None.
        dask: see `idlib.engine.sweeps.sweep`.
    """
    study = ALL[name]
    if isinstance(study, Table):
        study.record(path)
        print(f"{name}: all {len(study.held(path)):,} rows are there")
        return
    needed = {(b.task, b.model) for part in study.parts if part.share for b in part.bases()}
    needed |= {(b[0], m) for b in needed for part in study.parts for m in part.also}
    full: dict[tuple[str, str], list[Run]] = {}
    if study is not BASELINES and needed:
        _, full = record_study(
            BASELINES, _nothing, path, jobs, dask, only=lambda task, model: (task, model) in needed
        )
    store, _ = record_study(
        study, lambda task, model: full.get((task, model), []), path, jobs, dask
    )
    print(f"{name}: all {len(store):,} runs are in {store.path}")


def _nothing(task: str, model: str) -> list[Run]:
    return []


@dataclass(frozen=True)
class Status:
    """What the file of a study holds.

    Args:
        rows: runs, or rows of a table.
        hours: that its runs took; None for a table.
        missing: what it asks for and the file lacks; a search may ask for more when these are
            there.
        unasked: what the file holds, and nobody asks for; not known where something is missing.
    """

    rows: int
    hours: float | None
    missing: tuple
    unasked: tuple


def status(name: str) -> Status:
    """What the package's own file of a study holds, and lacks.

    Args:
        name: a key of `ALL`.
    """
    study = ALL[name]
    if isinstance(study, Table):
        rows = len(study.held())
        try:
            return Status(rows, None, tuple(study.missing()), tuple(study.unasked()))
        except IdlibError:  # what it is worked out from is not recorded
            return Status(rows, None, (name,), ())
    store, asked, missing = store_of(name), set(), []

    def find(configs: list[RunConfig]) -> list[Run]:
        runs = [store.get(config) for config in configs]
        asked.update(run.config for run in runs if run)
        missing.extend(c for c, run in zip(configs, runs, strict=True) if run is None)
        if None in runs:
            raise LookupError
        return [run for run in runs if run]

    for part in _one_by_one(study):
        try:
            made(part, find, full_model, store.facts)
        except LookupError:
            continue
        except IdlibError:  # of what it needs beforehand, a header or a full model
            missing.append(part)
    hours = sum(run.seconds for run in store) / 3600
    unasked = () if missing else tuple(r.config for r in store if r.config not in asked)
    return Status(len(store), hours, tuple(missing), unasked)


def _one_by_one(study: Study) -> Iterator[Part]:
    """Its cells, each as a part, so that a missing run of one does not hide those of another."""
    for part in study.parts:
        for task in part.tasks:
            for model in part.models:
                for method in part.methods:
                    yield replace(part, tasks=(task,), models=(model,), methods=(method,))


def listing() -> str:
    """What each study asks, how many runs it holds, how long they took, how many are missing."""
    lines = []
    for name, study in ALL.items():
        s = status(name)
        held = f"{s.rows:,} rows" if s.hours is None else f"{s.rows:,} runs, {s.hours:.1f} hours"
        gone = f", at least {len(s.missing)} missing" if s.missing else ""
        lines += [
            f"{name}: {held}{gone}",
            *textwrap.wrap(study.question, 90, initial_indent="    "),
        ]
    return "\n".join(lines)


def table1(
    model: str,
    task: str,
    epochs: int = 5,
    path: str | Path | None = None,
    jobs: int = 1,
    dask: str | None = None,
) -> list[Cell]:
    """Two cells of Table 1 of Aghajanyan et al. (2021): d90 under DID and SAID, searched among 100
    dimensions from 10 to 10,000, four learning rates at each of three of them.

    Args:
        model: a hub name such as "roberta-base", or a folder.
        task: a name for `idlib.problems.texts.load_text`, such as "mrpc".
        epochs: passes over the training data.
        path: the file of runs.
        jobs: processes, one thread each.
        dask: see `idlib.engine.sweeps.sweep`.
    """
    rates = Rates(
        lrs=(1e-3, 3e-3, 1e-2, 3e-2),
        full_lrs=(1e-5, 3e-5, 1e-4, 3e-4),
        pilots=(30, 300, 3000),
        scaled=True,
    )
    protocol = Protocol(epochs, batch_size=32, seeds=(0, 1), rates=rates)
    ds = tuple(sorted({round(10 * 1000 ** (k / 99)) for k in range(100)}))
    study = Study(
        f"table1 --model {model} --task {task} --epochs {epochs}",
        f"What is d90 of {model} on {task}, under DID and SAID?",
        (
            Part("full", (task,), (model,), protocol=protocol),
            Part("searched", (task,), (model,), ds, protocol, BOTH_PER_TENSOR, share=0.9),
        ),
    )
    store, _ = record_study(study, _nothing, path, jobs, dask)
    return [c for c in cells_of(study, store, _nothing) if c.part == "searched"]
