"""Does a low d90 go with good generalisation? Recorded tasks and models, and recorded bounds."""

import functools
import re
import statistics
from collections.abc import Iterator
from dataclasses import dataclass

from .dimension import d90
from .errors import IdlibError
from .experiments import EXPERIMENTS
from .filesizes import FileSize
from .recorded import FOLDER, recorded, settled
from .replays import Replay, replays
from .store import Run
from .texts import is_text
from .theory import complexity, kl_bound, relative_gap

__all__ = ["GROUPS", "MNIST", "Bound", "Cell", "bound_of", "cells"]

GROUPS = {  # label of each kind of data, by the first part of the task's name
    "mnist": "MNIST",
    "digits": "digits",
    "sst2": "SST-2",
    "docstrings": "docstrings",
    "qqp": "QQP",
    "mrpc": "MRPC",
}
MRPC = 3668  # training pairs
MNIST = 60_000  # training images, on all of which `idlib.filesizes` scored each file


@dataclass(frozen=True)
class Bound:
    """A recorded network's bound on its error, by terms (see `idlib.theory`).

    Args:
        d: numbers trained; None for the full network.
        bits: of each number.
        file: bits of the file.
        m: training examples.
        error: training error on all of them, of the network that the file holds.
        complexity: what Hoeffding's form adds to it.
        kl: the bound by Chernoff's form.
        test: test error.
    """

    d: int | None
    bits: int
    file: int
    m: int
    error: float
    complexity: float
    kl: float
    test: float

    @property
    def hoeffding(self) -> float:
        """The bound by Hoeffding's form, 1 or more if it says nothing."""
        return self.error + self.complexity


def bound_of(size: FileSize | Replay, m: int | None = None, delta: float = 0.05) -> Bound:
    """The bound that a recorded file gives.

    Args:
        size: with the training error on *all* examples, and the bytes of its file.
        m: training examples, as recorded if None; another number supposes the same error on
            so many.
        delta: the probability with which the bound may fail.

    Raises:
        IdlibError: if only a sample of the training examples was scored, or there is no file.
    """
    trained_on = size.m if isinstance(size, Replay) else MNIST
    if isinstance(size, Replay) and (size.n < size.m or size.bytes is None):
        raise IdlibError(
            f"{size} was given, expected all {size.m} training examples scored, and a file: take "
            "one of less than 32 bits."
        )
    m, file = m or trained_on, 8 * size.bytes
    error = round(1 - size.train_score, 6)  # scores have five places
    terms = complexity(file, m, delta), kl_bound(error, file, m, delta)
    return Bound(size.d, size.bits, file, m, error, *terms, round(1 - size.score, 6))


@dataclass(frozen=True)
class Cell:
    """A task and a model, one point of the scatter plots.

    Args:
        experiment: the one that the runs belong to.
        task: its name.
        model: its name.
        method: "DID" or "SAID".
        m: training examples; None if it is not known.
        d90: at 0.9 times the full model's score, the median over the seeds.
        full: test accuracy of the full model, the mean over the seeds.
        train: training accuracy in the subspace of d90; None if it is not known.
        test: test accuracy of the same runs.
    """

    experiment: str
    task: str
    model: str
    method: str
    m: int | None
    d90: int
    full: float
    train: float | None
    test: float | None

    @property
    def group(self) -> str:
        """A value of `GROUPS`."""
        return GROUPS[self.task.split("-")[0]]

    @property
    def language(self) -> bool:
        """Whether the task is made of texts."""
        return is_text(self.task)

    @property
    def gap(self) -> float | None:
        """The relative generalisation gap in the subspace of d90; None if it is not known."""
        return None if self.train is None else relative_gap(self.train, self.test)


@functools.cache
def cells() -> tuple[Cell, ...]:
    """All tasks and models whose recorded runs have a d90 in every seed, and tried a smaller d.

    Experiments whose file is not there are left out. A task and model that two of them share,
    with the same method and normalisation, counts once: the first that `EXPERIMENTS` names.
    """
    found: dict[tuple, Cell] = {}
    for name in EXPERIMENTS:
        if (FOLDER / f"{name}.jsonl").exists():
            for key, cell in _cells(name):
                found.setdefault(key, cell)
    return tuple(found.values())


def _cells(name: str) -> Iterator[tuple[tuple, Cell]]:
    full: dict[tuple, list[float]] = {}
    inside: dict[tuple, list[Run]] = {}
    for r in recorded(name):
        c = r.config
        if c.scored_on == "test" and c.d is None and r.score is not None:
            full.setdefault((c.task, c.model), []).append(r.score)
        elif c.d:
            key = (c.task, c.model, c.normalize, c.structure_aware)
            inside.setdefault(key, []).append(r)
    for key, runs in inside.items():
        task, model, _, aware = key
        if (task, model) not in full:
            continue
        score, runs = statistics.fmean(full[task, model]), settled(name, runs)
        d = d90(runs, 0.9 * score).d
        if d is not None and d > min(r.config.d for r in runs):  # else it may be smaller still
            method = "SAID" if aware else "DID"
            pair = _train_and_test(name, [r for r in runs if r.config.d == d])
            yield key, Cell(name, task, model, method, _examples(task), d, score, *pair)


def _examples(task: str) -> int | None:
    known = {r.task: r.m for r in replays()} | {"mrpc": MRPC}
    named = re.search(r"-n(\d+)", task)
    return known.get(task) or (int(named[1]) if named else None)


def _train_and_test(name: str, runs: list[Run]) -> tuple[float | None, float | None]:
    """Training and test accuracy, as the runs carry them; else from the replay of one seed."""
    scored = [(r.train_score, r.score) for r in runs if r.train_score is not None]
    c = runs[0].config
    key = (name, c.task, c.model, c.structure_aware, c.d, 32)
    for r in replays():
        if (r.experiment, r.task, r.model, r.structure_aware, r.d, r.bits) == key and not scored:
            scored = [(r.train_score, r.score)]
    if not scored:
        return None, None
    train, test = zip(*scored, strict=True)
    return statistics.fmean(train), statistics.fmean(test)
