"""Recorded results: what they are, how they are made again, how they are read.

``python -m idlib record mnist`` makes all runs of an experiment that its file does not hold
yet. The learning rate of each point is the one that did best on the validation split, at the
nearest dimension at which some were tried; the test data are only ever scored.
"""

import functools
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .data import commonest, fingerprint, load
from .dimension import d90
from .errors import IdlibError
from .experiments import Experiment, experiment_named
from .layers import chosen_layers
from .runs import build, split
from .search import nearest, rate_at, search
from .store import Run, RunConfig, RunStore
from .subspace import Subspace
from .sweeps import sweep
from .texts import is_text, load_text

__all__ = [
    "Curve",
    "curve",
    "full_model",
    "provenance",
    "record",
    "recorded",
    "replay",
    "settled",
]

FOLDER = Path(__file__).parent / "recorded"


def record(
    name: str,
    jobs: int = 1,
    path: str | Path | None = None,
    dask: str | None = None,
    experiment: Experiment | None = None,
) -> RunStore:
    """Makes the missing runs of an experiment.

    Args:
        name: a key of `idlib.experiments.EXPERIMENTS`.
        jobs: processes, one thread each.
        path: the file to complete; the package's own if None.
        dask: see `idlib.sweeps.sweep`.
        experiment: the runs to make; those of `name` if None.
    """
    experiment = experiment or experiment_named(name)
    data, majority, chance = {}, {}, {}
    for task_name in experiment.tasks:
        task = load_text(task_name) if is_text(task_name) else load(task_name)
        print(task, flush=True)
        data[task_name] = [fingerprint(task.train), fingerprint(task.test)]
        matthews = is_text(task_name) and task.metric == "matthews"
        majority[task_name] = 0.0 if matthews else task.majority
        chance[task_name] = 0.0 if matthews else commonest(split(task.train)[1])
    about = {"command": f"python -m idlib record {name} --jobs {jobs}", "data": data}
    store = RunStore(path or FOLDER / f"{name}.jsonl", about)
    rates = _Rates(experiment, chance, lambda configs: sweep(configs, store, jobs, dask=dask))

    def make(configs: Sequence[RunConfig]) -> list[Run]:
        configs = [replace(c, lr=rates.of(c)) for c in configs]
        first = experiment.seeds[0]
        most = experiment.keep_up_to
        return sweep(
            configs, store, jobs, lambda c: c.seed == first and (c.d or 0) <= most, dask=dask
        )

    def seeded(config: RunConfig) -> list[RunConfig]:
        config = replace(config, scored_on=experiment.scored_on)
        return [replace(config, seed=seed) for seed in experiment.seeds]

    bases = _bases(experiment)
    rates.choose([full_model(base) for base in bases])
    full = make([c for base in bases for c in seeded(full_model(base))])
    searched = bool(experiment.thresholds or experiment.share)
    wanted = {base: _thresholds(experiment, base, full, majority) for base in bases}
    bases = [base for base in bases if wanted[base] or not searched]
    least = {_unrated(base): _least(base) for base in bases}

    def allowed(base: RunConfig, ds: Sequence[int]) -> list[int]:
        return [d for d in ds if d >= least[_unrated(base)]]

    rates.choose([replace(base, d=d) for base in bases for d in allowed(base, experiment.pilots)])
    if not searched:
        by_seed = sorted((c for base in bases for c in seeded(base)), key=lambda c: c.seed)
        make([replace(c, d=d) for c in by_seed for d in allowed(c, experiment.ds)])
        return store
    cells = [(c, allowed(b, experiment.ds), wanted[b]) for b in bases for c in seeded(b)]
    first = math.sqrt(experiment.pilots[0] * experiment.pilots[-1])
    runs = search(cells, first, 4, make)
    if experiment.rechecked:
        rates.choose(_far(experiment, wanted, runs))
        search(cells, first, 4, make)
    return store


def _far(
    experiment: Experiment, wanted: dict[RunConfig, tuple[float, ...]], runs: Sequence[Run]
) -> list[RunConfig]:
    """Configurations at the d found, or at the largest if none was, where that lies more than
    half a decade from all pilots."""
    cells = []
    for base, thresholds in wanted.items():
        own = [r for r in runs if _unrated(replace(r.config, d=None)) == _unrated(base)]
        for d in sorted({d90(own, t).d or experiment.ds[-1] for t in thresholds}):
            if all(abs(math.log10(d / pilot)) > 0.51 for pilot in experiment.pilots):
                cells.append(replace(base, d=d))
    return cells


def _thresholds(
    experiment: Experiment, base: RunConfig, full: Sequence[Run], majority: dict[str, float]
) -> tuple[float, ...]:
    """The scores to reach, but for those that the commonest label reaches."""
    thresholds = experiment.thresholds
    if experiment.share:
        own = [r for r in full if _unrated(r.config) == _unrated(full_model(base))]
        if any(r.score is None for r in own):
            raise IdlibError(
                f"{base.task} {base.model}: the full model {own[0].message or 'diverged'}. "
                "Choose among smaller learning rates."
            )
        thresholds = (experiment.share * statistics.fmean(r.score for r in own), *thresholds)
    for threshold in thresholds:
        if threshold <= majority[base.task]:
            print(f"{base.task} {base.model}: {threshold:.3f} says nothing, the commonest "
                  f"label scores {majority[base.task]:.3f}", flush=True)  # fmt: skip
    return tuple(t for t in thresholds if t > majority[base.task])


def _bases(experiment: Experiment) -> list[RunConfig]:
    return [
        RunConfig(
            task, model, None, math.nan, experiment.seeds[0], experiment.projection, normalize,
            experiment.epochs, experiment.batch_size, structure_aware=structure_aware,
        )
        for task in experiment.tasks
        for model in experiment.models
        for normalize, structure_aware in experiment.methods
    ]  # fmt: skip


def _least(config: RunConfig) -> int:
    """The smallest d: one number more than there are layers with a scale."""
    if not config.structure_aware:
        return 1
    shapes = {name: p.shape for name, p in build(config).named_parameters() if p.requires_grad}
    return len(set(chosen_layers(shapes, config.structure_aware))) + 1


def full_model(config: RunConfig) -> RunConfig:
    """The configuration with the full model, for which no method of projecting matters."""
    return replace(config, d=None, normalize="global", structure_aware=False)


class _Rates:
    """Learning rates, chosen on the validation split."""

    def __init__(
        self,
        experiment: Experiment,
        chance: dict[str, float],
        make: Callable[[Sequence[RunConfig]], list[Run]],
    ) -> None:
        self.experiment, self.chance, self.make = experiment, chance, make
        self.best: dict[RunConfig, float] = {}

    def choose(self, cells: Sequence[RunConfig]) -> None:
        """Tries all learning rates on configurations of the full model, or at some d."""
        e = self.experiment
        for cell in cells:
            rates = self._tried(cell)
            if len(rates) == 1:
                self.best[_unrated(cell)] = rates[0]
        cells = [cell for cell in cells if _unrated(cell) not in self.best]
        scored_on = "validation" if e.scored_on == "test" else e.scored_on
        pilots = [
            replace(cell, lr=lr, scored_on=scored_on, seed=seed)
            for cell in cells
            for seed in (e.seeds[: e.rated_by] if cell.d else e.seeds[:1])
            for lr in self._tried(cell)
        ]
        scored: dict[RunConfig, dict[float, list[Run]]] = {}
        for run in self.make(pilots):
            rates = scored.setdefault(_unrated(run.config), {})
            rates.setdefault(run.config.lr, []).append(run)
        for cell, rates in scored.items():
            floor = self.chance[cell.task] + 0.01 if e.careful and cell.d else -math.inf
            safe = _safe({lr: _mean_score(runs)[0] for lr, runs in rates.items()}, floor)
            best = max(safe, key=lambda lr: _mean_score(rates[lr]))
            if cell.d in (None, *e.pilots) or best != self.of(cell):  # rounded, it would differ
                self.best[cell] = best

    def _tried(self, cell: RunConfig) -> Sequence[float]:
        e = self.experiment
        if cell.d is None:
            return e.full_lrs
        if cell.d in e.pilots or not e.scale_lr:
            return e.lrs
        pilot = nearest(e.pilots, cell.d)
        return [rate_at(cell.d, lr, pilot) for lr in e.lrs]

    def of(self, config: RunConfig) -> float:
        """The rate for a configuration: that of the nearest d at which one was chosen."""
        if config.d is None:
            return self.best[_unrated(full_model(config))]
        pilots = [c.d for c in self.best if c.d and replace(c, d=config.d) == _unrated(config)]
        pilot = nearest(pilots, config.d)
        lr = self.best[_unrated(replace(config, d=pilot))]
        if not self.experiment.scale_lr:
            return lr
        return rate_at(config.d, lr, pilot)


def _safe(scores: dict[float, float], floor: float) -> list[float]:
    """The rates whose next larger one scores above the floor; all, if there is none.

    >>> _safe({0.01: 0.64, 0.03: 0.68, 0.1: 0.73, 0.3: 0.55}, floor=0.56)
    [0.01, 0.03]
    """
    rates = sorted(scores)
    above = [*(scores[lr] for lr in rates[1:]), math.inf]
    safe = [lr for lr, next_ in zip(rates, above, strict=True) if min(scores[lr], next_) > floor]
    return safe or rates


def _mean_score(runs: Sequence[Run]) -> tuple[float, float]:
    """The mean score, and then the mean loss."""
    losses = [run.loss if math.isfinite(run.loss) else math.inf for run in runs]
    return statistics.fmean(run.score or 0.0 for run in runs), -statistics.fmean(losses)


def _unrated(config: RunConfig) -> RunConfig:
    """What runs share that differ in rate, seed and what they are scored on."""
    return replace(config, lr=0.0, seed=0, scored_on="", decide=())


@functools.cache
def recorded(name: str) -> RunStore:
    """The recorded runs of an experiment, as shipped with the package."""
    experiment_named(name)
    return RunStore(FOLDER / f"{name}.jsonl")


def settled(name: str, runs: Iterable[Run]) -> list[Run]:
    """The scored runs in a subspace that count, of one network on one task by one method.

    Where the learning rate was chosen again next to the threshold and came out otherwise, runs
    at the old one no longer count at those d to which the new choice is the nearest.

    Args:
        name: their experiment.
        runs: in the order in which they were made, with those on validation data.
    """
    runs = [r for r in runs if r.config.d]
    scored = [r for r in runs if r.config.scored_on != "validation"]
    if not experiment_named(name).rechecked:
        return scored
    pilots = {r.config.d for r in runs if r.config.scored_on == "validation"}

    def chosen(config: RunConfig) -> tuple[int, float]:
        """At which d, and the rate there."""
        pilot = nearest(pilots or {config.d}, config.d)
        return pilot, rate_at(pilot, config.lr, config.d)

    rates = [(r, *chosen(r.config)) for r in scored]
    in_force = {pilot: lr for _, pilot, lr in rates}  # the last one
    return [r for r, pilot, lr in rates if math.isclose(lr, in_force[pilot], rel_tol=0.02)]


@dataclass(frozen=True, eq=False)
class Curve:
    """The recorded runs of one network on one task.

    Args:
        task: its name.
        model: its name.
        D: parameters of the full model.
        baseline: the full model's score, the mean over the seeds.
        scores: for each d the scores of all seeds.
        first_seed: for each d the run that kept its theta_d.
        runs: all scored runs in a subspace.
    """

    task: str
    model: str
    D: int
    baseline: float
    scores: dict[int, list[float]]
    first_seed: dict[int, Run]
    runs: tuple[Run, ...]


@functools.cache
def curve(name: str, task: str, model: str, structure_aware: bool | str = False) -> Curve:
    """The recorded curve of a network on a task, from the experiment called `name`.

    Args:
        name: a key of `idlib.experiments.EXPERIMENTS`.
        task: one of its tasks.
        model: one of its models.
        structure_aware: which of its subspaces, see `idlib.Subspace`.
    """
    runs = [
        r
        for r in recorded(name)
        if (r.config.task, r.config.model, r.config.scored_on) == (task, model, "test")
        and r.score is not None
    ]
    full = [r for r in runs if r.config.d is None]
    if not full:
        raise IdlibError(f"{name!r} holds no runs of {model!r} on {task!r}.")
    inside = [r for r in runs if r.config.d and r.config.structure_aware == structure_aware]
    inside.sort(key=lambda r: (r.config.d, r.config.seed))
    scores: dict[int, list[float]] = {}
    for r in inside:
        scores.setdefault(r.config.d, []).append(r.score)
    first = {r.config.d: r for r in inside if r.theta_d is not None}
    baseline = statistics.fmean(r.score for r in full)
    return Curve(task, model, full[0].D, baseline, scores, first, tuple(inside))


def replay(run: Run) -> Subspace:
    """The trained subspace of a recorded run, built again from a seed and its d numbers.

    Raises:
        IdlibError: if the run did not keep its theta_d (the first seed's runs do).
    """
    if run.theta_d is None:
        raise IdlibError(f"{run.config} was recorded without theta_d: take the first seed's run.")
    subspace = build(run.config)
    subspace.theta_d.data.copy_(run.theta_d)
    return subspace


def provenance(*stores: RunStore, tasks: Sequence[str] = (), models: Sequence[str] = ()) -> str:
    """A line for figures: data, seeds, hardware and date of the runs in some stores.

    Args:
        stores: recorded runs; those scored on validation data are not counted.
        tasks: the names of those to count; all if there are none.
        models: the same for models, with whatever adapter.
    """
    shown = [
        (run.config, store.session_of(run))
        for store in stores
        for run in store
        if run.config.scored_on != "validation"
        and (not tasks or run.config.task in tasks)
        and (not models or run.config.model.partition("+")[0] in models)
    ]
    data = " and ".join(sorted({config.task.split("-")[0] for config, _ in shown}))
    of_each: dict[tuple[str, str], set[int]] = {}
    for config, _ in shown:
        of_each.setdefault((config.task, config.model), set()).add(config.seed)
    counts = [len(seeds) for seeds in of_each.values()]
    if not counts:
        raise IdlibError(f"None of the runs is on {tasks} with {models}: name others.")
    few, many = min(counts), max(counts)
    seeds = f"{few} to {many}" if few < many else f"{many}"
    hardware = " and ".join(dict.fromkeys(session["hardware"] for _, session in shown))
    date = max(session["date"] for _, session in shown)[:10]
    return f"Recorded on {data}, {seeds} seed{'s' * (many > 1)}, {hardware}, {date}"
