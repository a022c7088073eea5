"""Does a low d90 go with good generalisation? Recorded cells, data sets of which one thing was
changed, and bounds of recorded files."""

import functools
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...errors import IdlibError
from ...problems.texts import is_text
from ...studies.bounds import Replay, replays
from ...studies.bytes import FileSize
from ...studies.memorising import NS, SHARES, task_name
from ...studies.reading import cell, cells
from ...studies.results import Cell, relative_gap
from .theory import complexity, kl_bound

__all__ = [
    "KINDS",
    "Bound",
    "bound_of",
    "by_kind",
    "by_labels",
    "cells_with_d90",
    "examples_of",
    "gap_inside",
    "groups_of",
    "kind_of",
]

KINDS = {  # label of each kind of data, by the first part of the task's name
    "mnist": "MNIST",
    "digits": "digits",
    "sst2": "SST-2",
    "docstrings": "docstrings",
    "qqp": "QQP",
    "mrpc": "MRPC",
}
# Studies of other questions, whose cells would count the same networks twice.
ASIDE = ("questions", "informed", "reward", "random_start", "layers", "decoder", "paired")
GUESSING = 0.9  # the error of any network on a new random label


@dataclass(frozen=True)
class Bound:
    """A recorded network's bound on its error, by terms (see `idlib.lessons.bounds.theory`).

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
    if isinstance(size, Replay) and (size.n < size.m or size.bytes is None):
        raise IdlibError(
            f"{size} was given, expected all {size.m} training examples scored, and a file: take "
            "one of less than 32 bits."
        )
    m, file = m or examples_of(size), 8 * size.bytes
    error = round(1 - size.train_score, 6)  # scores have five places
    terms = complexity(file, m, delta), kl_bound(error, file, m, delta)
    return Bound(size.d, size.bits, file, m, error, *terms, round(1 - size.score, 6))


def examples_of(size: FileSize | Replay) -> int:
    """The number of training examples of a recorded file's network."""
    if isinstance(size, Replay):
        return size.m
    return cell("mnist", task="mnist", model=size.model).facts["train"]


@functools.cache
def cells_with_d90() -> tuple[Cell, ...]:
    """All recorded cells that have a d90 in every seed, and for which a smaller d was tried.

    What two parts share, task, model and method, counts once: the first. The networks of `ASIDE`
    are left out: they are made for one question each.
    """
    found: dict[tuple, Cell] = {}
    for c in cells():
        compared = c.scores and c.full and c.runs[0].config.scored_on == "test"
        if compared and c.study not in ASIDE and (c.d90().d or 0) > min(c.scores):
            found.setdefault((c.task, c.model, c.method), c)
    return tuple(found.values())


def kind_of(c: Cell) -> str:
    """The data of a cell, a value of `KINDS`."""
    return KINDS[c.task.split("-")[0]]


def groups_of(shown: Iterable[Cell]) -> dict[str, list[Cell]]:
    """Parts of the cells that are more alike than the whole, by label.

    Args:
        shown: cells of any kind.
    """
    shown = list(shown)

    def own(c: Cell) -> bool:
        return c.model.startswith("roberta")

    tests: dict[str, Callable[[Cell], bool]] = {
        "texts": lambda c: is_text(c.task),
        "texts but our own on QQP": lambda c: (
            is_text(c.task) and not (kind_of(c) == "QQP" and own(c))
        ),
        "images": lambda c: not is_text(c.task),
        "the networks on MNIST alone": lambda c: c.task == "mnist",
        "SST-2 alone": lambda c: kind_of(c) == "SST-2",
        "docstrings alone": lambda c: kind_of(c) == "docstrings",
        "QQP alone": lambda c: kind_of(c) == "QQP",
        "SST-2, our own family alone": lambda c: kind_of(c) == "SST-2" and own(c),
    }
    return {label: [c for c in shown if test(c)] for label, test in tests.items()}


def by_kind(
    shown: Iterable[Cell], x: Callable[[Cell], float], y: Callable[[Cell], float | None]
) -> dict[str, list[tuple[float, float]]]:
    """Points (x, y) of cells by their kind of data; those without a y are left out."""
    found: dict[str, list[tuple[float, float]]] = {}
    for c in shown:
        value = y(c)
        if value is not None:
            found.setdefault(kind_of(c), []).append((x(c), value))
    return found


def gap_inside(c: Cell) -> float | None:
    """The `relative_gap` in the subspace of d90: of its runs where they carry their training
    accuracy, else of the replay of one seed; None if neither is recorded."""
    d = c.d90().d
    pairs = [(r.train_score, r.score) for r in c.runs if r.config.d == d]
    if any(train is None for train, _ in pairs):
        key = (c.study, c.part, c.task, c.model, c.method.structure_aware, d, 32)
        pairs = [
            (r.train_score, r.score)
            for r in replays()
            if (r.study, r.part, r.task, r.model, r.structure_aware, r.d, r.bits) == key
        ]
    if not pairs:
        return None
    train, test = (statistics.fmean(scores) for scores in zip(*pairs, strict=True))
    return relative_gap(train, test)


def by_labels(bits: int = 6) -> dict[int, dict[int, tuple[float, float]]]:
    """For each per cent of shuffled labels and each number m of images, d / m and the gap: the
    error on new examples of the same kind less the training error.

    Args:
        bits: of each of the d numbers, as recorded.
    """
    found: dict[int, dict[int, tuple[float, float]]] = {}
    for percent in SHARES:
        for n in NS:
            bounds = (
                bound_of(r) for r in replays() if (r.task, r.bits) == (task_name(n, percent), bits)
            )
            for b in bounds:  # at most one; its test error is that on true labels
                error = b.test + (GUESSING - b.test) * percent / 100
                found.setdefault(percent, {})[n] = (b.d or 0) / b.m, error - b.error
    return found
