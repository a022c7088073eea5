"""Recorded results: what they are, how they are made again, how they are read.

``python -m idlib record mnist`` makes all runs of an experiment that its file does not hold
yet. The learning rate of each point is the one that did best on the validation split, at the
nearest of three dimensions; the test data are only ever scored.
"""

import functools
import math
from dataclasses import dataclass, replace
from pathlib import Path

from .data import fingerprint, load
from .errors import IdlibError
from .runs import sweep
from .store import RunConfig, RunStore

__all__ = ["EXPERIMENTS", "Experiment", "record", "recorded"]

FOLDER = Path(__file__).parent / "recorded"


@dataclass(frozen=True)
class Experiment:
    """Score against d for some networks on some tasks.

    Args:
        tasks: names for `idlib.data.load`.
        models: names in `idlib.models.MODELS`.
        ds: dimensions.
        pilots: dimensions at which the learning rate is chosen.
        lrs: learning rates to choose from, in a subspace.
        full_lrs: the same for the full model.
        seeds: seeds of the scored runs; the learning rate is chosen with the first.
        epochs: passes over the training data.
    """

    tasks: tuple[str, ...]
    models: tuple[str, ...]
    ds: tuple[int, ...]
    pilots: tuple[int, ...]
    lrs: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0)
    full_lrs: tuple[float, ...] = (3e-4, 1e-3, 3e-3, 1e-2)
    seeds: tuple[int, ...] = (0, 1, 2)
    epochs: int = 5


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
}


def record(name: str, jobs: int = 1, path: str | Path | None = None) -> RunStore:
    """Makes the missing runs of an experiment.

    Args:
        name: a key of `EXPERIMENTS`.
        jobs: processes, one thread each.
        path: the file to complete; the package's own if None.
    """
    experiment = _experiment(name)
    data = {}
    for task in experiment.tasks:
        print(load(task))
        data[task] = [fingerprint(load(task).train), fingerprint(load(task).test)]
    about = {"command": f"python -m idlib record {name} --jobs {jobs}", "data": data}
    store = RunStore(path or FOLDER / f"{name}.jsonl", about)
    pilots = [
        RunConfig(task, model, d, lr, experiment.seeds[0], epochs=experiment.epochs)
        for task in experiment.tasks
        for model in experiment.models
        for d in (None, *experiment.pilots)
        for lr in (experiment.full_lrs if d is None else experiment.lrs)
    ]
    pilots = [replace(config, scored_on="validation") for config in pilots]
    best: dict[tuple, float] = {}
    for run in sorted(sweep(pilots, store, jobs), key=lambda run: run.score or 0.0):
        c = run.config
        best[c.task, c.model, c.d] = c.lr  # the last one scored highest
    grid = [
        RunConfig(
            task,
            model,
            d,
            best[task, model, d and min(experiment.pilots, key=lambda p: abs(math.log(p / d)))],
            seed,
            epochs=experiment.epochs,
        )
        for seed in experiment.seeds
        for task in experiment.tasks
        for model in experiment.models
        for d in (None, *experiment.ds)
    ]
    sweep(grid, store, jobs, keep_theta_d=lambda c: c.seed == experiment.seeds[0])
    return store


@functools.cache
def recorded(name: str) -> RunStore:
    """The recorded runs of an experiment, as shipped with the package."""
    _experiment(name)
    return RunStore(FOLDER / f"{name}.jsonl")


def _experiment(name: str) -> Experiment:
    if name not in EXPERIMENTS:
        raise IdlibError(f"experiment {name!r} was asked for, expected one of {list(EXPERIMENTS)}.")
    return EXPERIMENTS[name]
