"""How a study is recorded: its missing runs are made, all others are found in its file.

A part is made by one function, `made`, which asks for runs through a `make` of its caller's:
recording makes those that are missing, reading (`idlib.studies.reading`) finds them all, and
`idlib.studies.command.status` counts. So what a file must hold is said once.
"""

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ..engine.config import Run, RunConfig
from ..engine.estimate import d90
from ..engine.rates import Chooser, like
from ..engine.search import search
from ..engine.store import RunStore
from ..errors import IdlibError
from ..problems.names import build_named, facts_of, sweep_named
from ..subspace.layers import chosen_layers
from .study import Part, Study

__all__ = ["FOLDER", "Made", "made", "record_part", "record_study"]

FOLDER = Path(__file__).parent / "data"  #: the files of all studies
STRIDE = 4  # the first step of a search, in places of the grid

Make = Callable[[list[RunConfig]], list[Run]]
Full = Callable[[str, str], list[Run]]  # from task and model to the full model's runs
Facts = Mapping[tuple[str, str], dict]


@dataclass(frozen=True, eq=False)
class Made:
    """The runs of a part.

    Args:
        runs: scored, at the rates in force.
        chooser: the rates.
    """

    runs: tuple[Run, ...]
    chooser: Chooser


def made(part: Part, make: Make, full: Full, facts: Facts) -> Made:
    """Makes the runs of a part, or finds them.

    Args:
        part: of a study.
        make: makes runs, or finds them.
        full: the scored runs of the full model of a task and a model.
        facts: of tasks and models, see `idlib.engine.store.RunStore.facts`.

    Raises:
        IdlibError: if a full model's score is needed and a run of it diverged or is missing, or
            nothing is known of a task or a model.
    """
    p = part.protocol
    for known in _needed_facts(part) - set(facts):
        raise IdlibError(f"Nothing is recorded of the {' '.join(known)}: record the study first.")
    chance = {task: _chance(facts["task", task], "validation_majority") for task in part.tasks}
    chooser = Chooser(p.rates, p.seeds, make, chance)
    bases = list(part.bases())

    def scored(configs: Sequence[RunConfig]) -> list[Run]:
        return make([replace(c, lr=chooser.of(c)) for c in configs])

    def seeded(base: RunConfig) -> list[RunConfig]:
        return [replace(base, seed=seed) for seed in p.seeds]

    if not part.ds:
        chooser.choose(bases)
        return Made(tuple(scored([c for base in bases for c in seeded(base)])), chooser)
    wanted = {base: _thresholds(part, base, full, facts) for base in bases}
    bases = [base for base in bases if wanted[base] or not part.searched]
    least = {base: _least(base, facts) for base in bases}
    for base, low in least.items():
        if low > min(max(part.ds), max(p.rates.pilots)):
            raise IdlibError(
                f"{part.name}: {base.model} has {low - 1} layers, and no d or no pilot is larger."
            )
    chooser.choose(
        [replace(base, d=d) for base in bases for d in p.rates.pilots if d >= least[base]]
    )
    if not part.searched:
        cells = [(c, base) for base in bases for c in seeded(base)]
        cells.sort(key=lambda cell: cell[0].seed)
        runs = scored([replace(c, d=d) for c, b in cells for d in part.ds if d >= least[b]])
        return Made(tuple(runs), chooser)
    cells = [
        (c, [d for d in part.ds if d >= least[base]], wanted[base])
        for base in bases
        for c in seeded(base)
    ]
    first = math.sqrt(p.rates.pilots[0] * p.rates.pilots[-1])
    runs = search(cells, first, STRIDE, scored)
    if p.rates.rechecked:
        chooser.choose(_far(part, wanted, runs, chooser))
        runs += search(cells, first, STRIDE, scored)
    once = {run.config: run for run in runs}.values()
    return Made(tuple(chooser.in_force(list(once))), chooser)


def _needed_facts(part: Part) -> set[tuple[str, str]]:
    aware = {("model", base.model) for base in part.bases() if base.structure_aware}
    return {("task", task) for task in part.tasks} | aware


def record_part(
    part: Part,
    store: RunStore,
    full: Full,
    jobs: int = 1,
    dask: str | None = None,
    tasks: Sequence[str] = (),
) -> Made:
    """Makes the missing runs of a part, and says what there is to be known of its tasks.

    Args:
        part: of a study.
        store: keeps the runs.
        full: see `made`.
        jobs: processes, one thread each.
        dask: see `idlib.engine.sweeps.sweep`.
        tasks: of the whole study, so that all of them are told of before the first run.
    """

    def find(configs: list[RunConfig]) -> list[Run]:
        runs = [store.get(config) for config in configs]
        if None in runs:
            raise LookupError
        return [run for run in runs if run]

    try:
        return made(part, find, full, store.facts)  # nothing is missing: no data are needed
    except (LookupError, IdlibError):
        pass
    for task in dict.fromkeys((*tasks, *part.tasks)):
        _describe(store, "task", task, facts_of)
    for base in part.bases():
        if base.structure_aware:
            _describe(store, "model", base.model, partial(_layers, base))
    first, most = part.protocol.seeds[0], part.protocol.keep_up_to

    def keep(config: RunConfig) -> bool:
        scored = config.scored_on == part.protocol.scored_on
        return scored and config.seed == first and (config.d or 0) <= most

    make = partial(
        sweep_named, store=store, jobs=jobs, keep_theta_d=keep, part=part.name, dask=dask
    )
    return made(part, make, full, store.facts)


def record_study(
    study: Study,
    full: Full,
    path: str | Path | None = None,
    jobs: int = 1,
    dask: str | None = None,
    only: Callable[[str, str], bool] = lambda task, model: True,
) -> tuple[RunStore, dict[tuple[str, str], list[Run]]]:
    """Makes the missing runs of a study.

    Args:
        study: what to record.
        full: the scored runs of a full model that the study does not train itself.
        path: the file to complete; the package's own if None.
        jobs: processes, one thread each.
        dask: see `idlib.engine.sweeps.sweep`.
        only: which of its tasks and models are recorded.

    Returns:
        The file's runs, and by task and model those of the full models among them.
    """
    about = {"command": f"python -m idlib record {study.name}"}
    store = RunStore(path or FOLDER / f"{study.name}.jsonl", about)
    own: dict[tuple[str, str], list[Run]] = {}

    def known(task: str, model: str) -> list[Run]:
        return own.get((task, model)) or full(task, model)

    parts = [cut for whole in study.parts for cut in _cut(whole, only)]
    tasks = [task for part in parts for task in part.tasks]
    for part in parts:
        runs = record_part(part, store, known, jobs, dask, tasks).runs
        for run in runs if not part.ds else ():
            own.setdefault((run.config.task, run.config.model), []).append(run)
    return store, own


def _cut(part: Part, only: Callable[[str, str], bool]) -> Iterable[Part]:
    """The part, or what is left of it, a task at a time where tasks keep different models."""
    kept = {task: tuple(m for m in part.models if only(task, m)) for task in part.tasks}
    if all(models == part.models for models in kept.values()):
        return [part]
    return [replace(part, tasks=(task,), models=models) for task, models in kept.items() if models]


def _describe(store: RunStore, kind: str, name: str, facts: Callable[[str], dict]) -> None:
    """Says what there is to be known; refuses a file whose runs are of other data."""
    found = facts(name)
    store.agree(kind, name, found)
    store.describe(kind, name, found)


def _layers(base: RunConfig, name: str) -> dict:
    """How many layers and tensors a model has."""
    model = build_named(replace(base, d=None))
    names = [n for n, p in model.named_parameters() if p.requires_grad]
    return {"layers": len(set(chosen_layers(names, True))), "tensors": len(names)}


def _least(base: RunConfig, facts: Facts) -> int:
    """The smallest d: one number more than there are layers with a scale."""
    if not base.structure_aware:
        return 1
    kind = "tensors" if base.structure_aware == "tensors" else "layers"
    return facts["model", base.model][kind] + 1


def _chance(facts: dict, which: str) -> float:
    """The score of always giving the commonest label; Matthews' correlation is 0 then."""
    return 0.0 if facts["metric"] == "matthews" else facts[which] or 0.0


def _thresholds(part: Part, base: RunConfig, full: Full, facts: Facts) -> tuple[float, ...]:
    """The scores to reach, but for those that the commonest label reaches."""
    found = []
    for model in (base.model, *part.also) if part.share else ():
        runs = full(base.task, model)
        if not runs:
            raise IdlibError(
                f"{base.task} {model}: no study trains the full model. Add it to "
                "idlib/studies/baselines.py."
            )
        if any(r.score is None for r in runs):
            raise IdlibError(
                f"{base.task} {model}: the full model {runs[0].message or 'diverged'}. Choose "
                "among smaller learning rates."
            )
        found.append(part.share * statistics.fmean(r.score for r in runs))
    floor = _chance(facts["task", base.task], "majority")
    return tuple(dict.fromkeys(t for t in (*found, *part.scores) if t > floor))


def _far(
    part: Part, wanted: Mapping[RunConfig, Sequence[float]], runs: Sequence[Run], chooser: Chooser
) -> list[RunConfig]:
    """Configurations at the d found, or at the largest if none was, far from all pilots."""
    cells = []
    for base, thresholds in wanted.items():
        own = [r for r in runs if like(replace(r.config, d=1)) == like(base)]
        for d in sorted({d90(own, t).d or part.ds[-1] for t in thresholds}):
            if chooser.far(d):
                cells.append(replace(base, d=d))
    return cells
