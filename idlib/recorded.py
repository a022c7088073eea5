"""Recorded results: what they are, how they are made again, how they are read.

``python -m idlib record mnist`` makes all runs of an experiment that its file does not hold
yet. The learning rate of each point is the one that did best on the validation split, at the
nearest of three dimensions; the test data are only ever scored.
"""

import functools
import math
import statistics
from dataclasses import dataclass, replace
from pathlib import Path

from .data import fingerprint, load
from .errors import IdlibError
from .runs import build
from .store import Run, RunConfig, RunStore
from .subspace import Subspace
from .sweeps import sweep

__all__ = [
    "EXPERIMENTS",
    "Curve",
    "Experiment",
    "curve",
    "provenance",
    "record",
    "recorded",
    "replay",
]

FOLDER = Path(__file__).parent / "recorded"


@dataclass(frozen=True)
class Experiment:
    """Score against d for some networks on some tasks.

    Args:
        tasks: names for `idlib.data.load`.
        models: names for `idlib.models.network`.
        ds: dimensions.
        pilots: dimensions at which the learning rate is chosen.
        lrs: learning rates to choose from, in a subspace.
        full_lrs: the same for the full model.
        seeds: seeds of the scored runs; the learning rate is chosen with the first.
        epochs: passes over the training data.
        projection: see `idlib.Subspace`.
        keep_theta_d: whether the first seed's runs carry their d numbers.
    """

    tasks: tuple[str, ...]
    models: tuple[str, ...]
    ds: tuple[int, ...]
    pilots: tuple[int, ...]
    lrs: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0)
    full_lrs: tuple[float, ...] = (3e-4, 1e-3, 3e-3, 1e-2)
    seeds: tuple[int, ...] = (0, 1, 2)
    epochs: int = 5
    projection: str = "fastfood"
    keep_theta_d: bool = True


EXPERIMENTS = {
    "mnist": Experiment(
        tasks=("mnist", "mnist-shuffled"),
        models=("fc", "lenet"),
        ds=(10, 25, 50, 100, 150, 200, 250, 300, 350, 400, 500, 625, 750, 875, 1000, 1400, 2000),
        pilots=(100, 400, 1400),
    ),
    "digits": Experiment(
        tasks=("digits", "digits-shuffled"),
        models=("fc", "lenet"),
        ds=(5, 10, 20, 30, 40, 50, 60, 75, 100, 125, 150, 200, 300, 400, 600, 800),
        pilots=(40, 100, 300),
        epochs=30,
    ),
    "blocks": Experiment(  # the steps between "mnist" and "mnist-shuffled", at one d
        tasks=("mnist-shuffled-2", "mnist-shuffled-4", "mnist-shuffled-7", "mnist-shuffled-14"),
        models=("fc", "lenet"),
        ds=(400,),
        pilots=(400,),
        lrs=(0.1, 1.0),
        full_lrs=(3e-3,),
        seeds=(0, 1),
    ),
    "model_size": Experiment(  # the 20 networks of Li et al., D from 39,760 to 959,610
        tasks=("mnist",),
        models=tuple(
            f"fc-{width}-{depth}" for depth in range(1, 6) for width in (50, 100, 200, 400)
        ),
        ds=(250, 325, 400, 475, 525, 575, 625, 675, 725, 775, 875, 1000, 1200),
        pilots=(600,),
        lrs=(0.1, 0.3, 1.0),
        full_lrs=(1e-3, 3e-3),
        seeds=(0, 1),
        epochs=3,
        projection="hashed",
        keep_theta_d=False,
    ),
}


def record(
    name: str, jobs: int = 1, path: str | Path | None = None, dask: str | None = None
) -> RunStore:
    """Makes the missing runs of an experiment.

    Args:
        name: a key of `EXPERIMENTS`.
        jobs: processes, one thread each.
        path: the file to complete; the package's own if None.
        dask: see `idlib.sweeps.sweep`.
    """
    experiment = _experiment(name)
    data = {}
    for task in experiment.tasks:
        print(load(task))
        data[task] = [fingerprint(load(task).train), fingerprint(load(task).test)]
    about = {"command": f"python -m idlib record {name} --jobs {jobs}", "data": data}
    store = RunStore(path or FOLDER / f"{name}.jsonl", about)
    pilots = [
        RunConfig(
            task, model, d, lr, experiment.seeds[0], experiment.projection, epochs=experiment.epochs
        )
        for task in experiment.tasks
        for model in experiment.models
        for d in (None, *experiment.pilots)
        for lr in (experiment.full_lrs if d is None else experiment.lrs)
    ]
    pilots = [replace(config, scored_on="validation") for config in pilots]
    best: dict[tuple, float] = {}
    for run in sorted(sweep(pilots, store, jobs, dask=dask), key=lambda run: run.score or 0.0):
        c = run.config
        best[c.task, c.model, c.d] = c.lr  # the last one scored highest
    grid = [
        RunConfig(
            task,
            model,
            d,
            best[task, model, d and min(experiment.pilots, key=lambda p: abs(math.log(p / d)))],
            seed,
            experiment.projection,
            epochs=experiment.epochs,
        )
        for seed in experiment.seeds
        for task in experiment.tasks
        for model in experiment.models
        for d in (None, *experiment.ds)
    ]
    keep = experiment.keep_theta_d
    first = experiment.seeds[0]
    sweep(grid, store, jobs, keep_theta_d=lambda c: keep and c.seed == first, dask=dask)
    return store


@functools.cache
def recorded(name: str) -> RunStore:
    """The recorded runs of an experiment, as shipped with the package."""
    _experiment(name)
    return RunStore(FOLDER / f"{name}.jsonl")


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
def curve(name: str, task: str, model: str) -> Curve:
    """The recorded curve of a network on a task, from the experiment called `name`."""
    runs = [
        r
        for r in recorded(name)
        if (r.config.task, r.config.model, r.config.scored_on) == (task, model, "test")
        and r.score is not None
    ]
    full = [r for r in runs if r.config.d is None]
    if not full:
        raise IdlibError(f"{name!r} holds no runs of {model!r} on {task!r}.")
    inside = sorted((r for r in runs if r.config.d), key=lambda r: (r.config.d, r.config.seed))
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


def provenance(store: RunStore) -> str:
    """A line for figures: data, seeds, hardware, date."""
    seeds = len({run.config.seed for run in store if run.config.scored_on == "test"})
    last = store.sessions[-1]
    data = " and ".join(sorted({task.split("-")[0] for s in store.sessions for task in s["data"]}))
    return f"Recorded on {data}, {seeds} seeds, {last['hardware']}, {last['date'][:10]}"


def _experiment(name: str) -> Experiment:
    if name not in EXPERIMENTS:
        raise IdlibError(f"experiment {name!r} was asked for, expected one of {list(EXPERIMENTS)}.")
    return EXPERIMENTS[name]
