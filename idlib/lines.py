"""Accuracy against d for the laboratory's questions, measured now or recorded.

`python -m idlib record laboratory` takes some minutes on one core, and goes on where it
was when it is started again.
"""

import functools
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .data import fingerprint, load
from .dimension import Estimate, d90
from .errors import IdlibError
from .laboratory import make_run, problem_of
from .recorded import FOLDER
from .runs import build
from .store import Run, RunConfig, RunStore
from .sweeps import sweep
from .training import accuracy

__all__ = ["PLAN", "STUDENT", "Line", "line", "provenance", "record_lines", "recorded_lines"]

PATH = FOLDER / "laboratory.jsonl"
STUDENT = "fc-20-1"
ADAM = (0.1, 0.3, 1.0, 3.0)
FULL = {"ds": (None,), "lrs": (1e-3, 3e-3, 1e-2), "seeds": (0, 1, 2, 3, 4)}
FIVE = {"ds": (80, 120, 160, 200, 240), "lrs": ADAM[:3], "seeds": (0, 1, 2, 3, 4), "rated_by": 3}
THREE = {"ds": (20, 40, 80), "lrs": ADAM, "seeds": (0, 1, 2)}
WHOLE = {"ds": (40, 80), "lrs": (0.3, 1.0), "seeds": (0, 1, 2), "rated_by": 1}  # slow
TARGETS = {
    "labels": "digits",
    "teacher's outputs, T = 4": "digits+distill4",
    "the same, student at T = 1": "digits+teacher4",
}
PLAN = {  # by question and label, what `line` is called with
    "full": {label: {"task": task, "model": STUDENT, **FULL} for label, task in TARGETS.items()},
    "targets": {label: {"task": task, "model": STUDENT, **FIVE} for label, task in TARGETS.items()},
    "starts": {
        "He": {"model": STUDENT, **THREE},
        "orthogonal": {"model": f"{STUDENT}+orthogonal", **THREE},
        "rank 2": {"model": f"{STUDENT}+rank2", **THREE},
        "10 full steps": {"model": f"{STUDENT}+warm10", **THREE},
    },
    "optimisers": {
        "Adam": {"model": STUDENT, **THREE},
        "SGD with momentum": {"model": f"{STUDENT}+sgd", **THREE, "lrs": (0.1, 0.3, 1.0)},
        "L-BFGS, full batch": {"model": f"{STUDENT}+lbfgs", **WHOLE, "batch_size": 2000},
        "Adam, 120 passes": {"model": STUDENT, **WHOLE, "epochs": 120},
    },
}


@dataclass(frozen=True)
class Line:
    """What `line` found.

    Args:
        lrs: for each d the learning rate, chosen on a validation split.
        start: test accuracy with theta_d = 0, each seed.
        scores: for each d the test accuracy of each seed; d = None is the full network.
        train_scores: the same on the training images.
        runs: all of them.
    """

    lrs: dict[int | None, float]
    start: tuple[float, ...]
    scores: dict[int | None, list[float]]
    train_scores: dict[int | None, list[float]]
    runs: tuple[Run, ...]

    def d90(self, threshold: float) -> Estimate:
        """The smallest d whose accuracy reaches the threshold, seed by seed."""
        return d90(self.runs, threshold)


def line(
    task: str,
    model: str,
    ds: Sequence[int | None],
    lrs: Sequence[float] = (0.1, 0.3),
    epochs: int = 10,
    seeds: Sequence[int] = (0, 1, 2),
    store: RunStore | None = None,
    batch_size: int = 128,
    rated_by: int = 1,
    make: Callable[..., Run] = make_run,
) -> Line:
    """Accuracy against d of a network on a task, both named as `idlib.laboratory.problem_of`
    reads them.

    Args:
        task: for instance "digits+teacher4".
        model: for instance "fc-20-1+warm10".
        ds: dimensions; None trains the full network.
        lrs: learning rates to choose from at each d, on a validation split.
        epochs: passes over the training data.
        seeds: of the initial weights, P and the order of the data.
        store: keeps the runs; in memory if None.
        batch_size: examples in a step.
        rated_by: with how many of the seeds a rate is chosen, by their mean score.
        make: makes a run.
    """
    store = RunStore() if store is None else store
    base = RunConfig(task, model, None, lrs[0], 0, "hashed", epochs=epochs, batch_size=batch_size)
    chosen = dict.fromkeys(ds, lrs[0])
    if len(lrs) > 1:
        pilots = [
            replace(base, d=d, lr=lr, seed=seed, scored_on="validation")
            for d in ds for lr in lrs for seed in seeds[:rated_by]
        ]  # fmt: skip
        tried = sweep(pilots, store, make=make)
        chosen = {d: _best([r for r in tried if r.config.d == d], lrs) for d in ds}
    configs = [replace(base, d=d, lr=chosen[d], seed=seed) for d in ds for seed in seeds]
    runs = sweep(configs, store, make=make)
    at = {d: [r for r in runs if r.config.d == d] for d in ds}
    problem = problem_of(base)
    starts = (build(replace(base, seed=seed), problem.model_fn) for seed in seeds)
    return Line(
        chosen,
        tuple(accuracy(model, problem.test_set) for model in starts),
        {d: [r.score or 0.0 for r in rs] for d, rs in at.items()},
        {d: [r.train_score or 0.0 for r in rs] for d, rs in at.items()},
        tuple(runs),
    )


def _best(runs: Sequence[Run], lrs: Sequence[float]) -> float:
    """The rate with the best mean score, and of equals the smallest."""
    scores = {lr: [r.score or 0.0 for r in runs if r.config.lr == lr] for lr in lrs}
    return max(sorted(lrs), key=lambda lr: statistics.fmean(scores[lr]))


def record_lines(path: str | Path | None = None) -> None:
    """Makes the runs of `PLAN` that are missing in the file, the package's own if None."""
    digits = load("digits")
    data = {"digits": [fingerprint(digits.train), fingerprint(digits.test)]}
    store = RunStore(path or PATH, {"command": "python -m idlib record laboratory", "data": data})
    for question, lines in PLAN.items():
        for label in lines:
            print(f"{question}: {label}", flush=True)
            _planned(question, label, store, make_run)


@functools.cache
def recorded_lines(question: str) -> dict[str, Line]:
    """The recorded lines of a question, by label.

    Args:
        question: a key of `PLAN`.

    Raises:
        IdlibError: if there is no such question, or a run is missing.
    """
    if question not in PLAN:
        raise IdlibError(f"lines for {question!r} were asked for, expected one of {[*PLAN]}.")
    store = RunStore()  # in memory: a sweep holds the lock of a file, and this only reads
    for run in RunStore(PATH):
        store.add(run)
    return {label: _planned(question, label, store, _missing) for label in PLAN[question]}


def _planned(question: str, label: str, store: RunStore, make: Callable[..., Run]) -> Line:
    plan = {"task": "digits", "epochs": 12, "rated_by": 2, **PLAN[question][label]}
    return line(store=store, make=make, **plan)


def _missing(config: RunConfig, keep_theta_d: bool = False) -> Run:
    raise IdlibError(f"{config} is not recorded: python -m idlib record laboratory makes it.")


def provenance() -> str:
    """A line for figures: data, hardware, date."""
    last = RunStore(PATH).sessions[-1]
    return f"Recorded on digits, {last['hardware']}, {last['date'][:10]}"
