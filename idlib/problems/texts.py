"""Sentences to classify: GLUE and others by their hub names, from a folder, or embedded.

A task named "sst2" comes from ``IDLIB_DATA/glue/SST-2`` where that folder is, else from the
Hugging Face hub through `datasets`. "docstrings" needs neither: the first lines of the public
docstrings of packages that are installed anyway, to be told apart by package.

Behind a name may stand "-n19200", a part of the training examples, and behind that of SST-2
"-held3000": so many of the training *sentences* join the 872 of the test, and no phrase of theirs
is left to learn from (`idlib.problems.sentences`).
"""

import csv
import functools
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from ..errors import IdlibError, needing
from .docstrings import PACKAGES, docstrings
from .sentences import held_out

__all__ = [
    "SOURCES",
    "Source",
    "TextTask",
    "Texts",
    "is_text",
    "load_text",
    "source_of",
]


@dataclass(frozen=True)
class Source:
    """Where a task is found, and how it is scored.

    Args:
        hub: the arguments of `datasets.load_dataset`.
        columns: of the one or two texts of an example.
        splits: names of the training and test split on the hub.
        folder: under ``IDLIB_DATA/glue``, with ``train.tsv`` and a file for the test.
        classes: names of the labels, in the order of their numbers.
        metric: "accuracy", or "matthews" (Matthews' correlation).
        f1: whether GLUE reports F1 beside accuracy.
        tsv: columns of the texts and of the label in the folder's files.
    """

    hub: tuple[str, ...]
    columns: tuple[str, ...]
    classes: tuple[str, ...]
    folder: str = ""
    splits: tuple[str, str] = ("train", "validation")
    metric: str = "accuracy"
    f1: bool = False
    tsv: tuple[str, ...] = ()


GLUE = "nyu-mll/glue"
PAIR = ("sentence1", "sentence2")
QUESTIONS = ("question1", "question2")
NLI = ("entailment", "neutral", "contradiction")
ROUNDS = ("train_r1+train_r2+train_r3", "dev_r1+dev_r2+dev_r3")
YES = ("not a paraphrase", "paraphrase")
SENTENCES = "sst2"  # the one whose training data are phrases of sentences
#: All tasks of texts, by name.
SOURCES = {
    "sst2": Source((GLUE, "sst2"), ("sentence",), ("negative", "positive"), "SST-2"),
    "mrpc": Source(
        (GLUE, "mrpc"), PAIR, YES, "MRPC", f1=True, tsv=("#1 String", "#2 String", "Quality")
    ),
    "qqp": Source(
        (GLUE, "qqp"), QUESTIONS, YES, "QQP", f1=True, tsv=(*QUESTIONS, "is_duplicate")
    ),
    "qqp-sample": Source(
        (), QUESTIONS, YES, "QQP-sample", f1=True, tsv=(*QUESTIONS, "is_duplicate")
    ),
    "rte": Source((GLUE, "rte"), PAIR, ("entailment", "not_entailment"), "RTE"),
    "cola": Source(
        (GLUE, "cola"), ("sentence",), ("unacceptable", "acceptable"), "CoLA", metric="matthews"
    ),
    "mnli": Source(
        (GLUE, "mnli"), PAIR, NLI, "MNLI", ("train", "validation_matched"),
        tsv=(*PAIR, "gold_label"),
    ),
    "anli": Source(("facebook/anli",), ("premise", "hypothesis"), NLI, splits=ROUNDS),
    "yelp": Source(
        ("fancyzhx/yelp_polarity",), ("text",), ("negative", "positive"), splits=("train", "test")
    ),
    "docstrings": Source((), ("text",), tuple(PACKAGES)),
}  # fmt: skip


class Texts(Dataset):
    """Examples of one or two texts each, with the numbers of their classes."""

    def __init__(self, texts: Sequence[tuple[str, ...]], labels: Sequence[int]):
        self.texts, self.labels = list(texts), list(labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[tuple[str, ...], int]:
        return self.texts[i], self.labels[i]

    def identity(self) -> bytes:
        """What tells these texts from others, for `idlib.engine.data.fingerprint`."""
        return repr((self.texts, self.labels)).encode()

    def first(self, n: int) -> "Texts":
        """n of them, drawn at random, always the same."""
        return self.part(np.random.default_rng(0).permutation(len(self))[:n])

    def part(self, picked: Iterable[int]) -> "Texts":
        """Those at the given places, in that order."""
        picked = list(picked)
        return Texts([self.texts[i] for i in picked], [self.labels[i] for i in picked])


@dataclass(frozen=True, eq=False)
class TextTask:
    """Texts to classify.

    Args:
        name: as it was asked for.
        train: examples to learn from.
        test: examples for the score (GLUE's development set, whose labels are public).
        classes: names of the labels.
        metric: "accuracy" or "matthews".
        f1: whether F1 is reported beside it.
        source: where the data came from.
    """

    name: str
    train: Texts
    test: Texts
    classes: tuple[str, ...]
    metric: str
    f1: bool
    source: str

    @property
    def majority(self) -> float:
        """The accuracy of always answering with the test set's commonest label."""
        return max(Counter(self.test.labels).values()) / len(self.test)

    def __str__(self) -> str:
        return (
            f"{self.name}: {len(self.train):,} training and {len(self.test):,} test examples, "
            f"commonest label {self.majority:.1%}, from {self.source}"
        )


def is_text(name: str) -> bool:
    """Whether a task of this name is made of texts, whatever is learned of them."""
    return _parsed(name.partition("+")[0])[0] in SOURCES


def source_of(name: str) -> Source:
    """Where the task of that name is found; raises `IdlibError` if there is none."""
    base, _, held = _parsed(name)
    if base not in SOURCES or (held and base != SENTENCES):
        raise IdlibError(
            f"task {name!r} was asked for, expected one of {', '.join(SOURCES)}, and behind it "
            "nothing or -n600 (or another number) for a part of the training examples; behind "
            f"{SENTENCES!r}, too, -held3000 for sentences of the training data in the test."
        )
    return SOURCES[base]


def _parsed(name: str) -> tuple[str, str, str]:
    """The source's name, and how many examples are trained on and held out, "" if none says."""
    base, dash, held = name.rpartition("-held")
    if not (dash and held.isdecimal()):
        base, held = name, ""
    part = re.search(r"-n(\d+)$", base)
    return (base[: part.start()], part[1], held) if part else (base, "", held)


@functools.cache
def load_text(name: str) -> TextTask:
    """A task of texts: a key of `SOURCES`; "sst2-n19200" takes 19,200 training examples of it,
    and "sst2-n19200-held3000" has 3,000 of the training sentences in the test.

    Raises:
        IdlibError: if there is no such task, or its data can't be had or read.
    """
    source = source_of(name)
    base, n, held = _parsed(name)
    if n:
        whole = load_text(f"{base}-held{held}" if held else base)
        if not 1 <= int(n) <= len(whole.train):
            raise IdlibError(
                f"{name!r} was asked for, and there are {len(whole.train):,} examples to train."
            )
        return replace(whole, name=name, train=whole.train.first(int(n)))
    if base == "docstrings":
        rows = docstrings()
        n_train = len(rows) * 3 // 4
        train, test = (Texts(*zip(*part, strict=True)) for part in (rows[:n_train], rows[n_train:]))
        where = "docstrings of installed packages (embedded)"
    elif folder := _folder(source):
        train, test = (_read(folder, source, part) for part in ("train", "dev"))
        where = f"IDLIB_DATA ({folder})"
    else:
        train, test = _download(base, source)
        where = " ".join(source.hub)
    if held:
        train, test = _held_out(name, train, test, int(held))
    return TextTask(name, train, test, source.classes, source.metric, source.f1, where)


def _held_out(name: str, train: Texts, test: Texts, n: int) -> tuple[Texts, Texts]:
    """Has n sentences of the training data join the test, and takes their phrases away."""
    held, left = held_out([text for (text,) in train.texts], train.labels, n)
    if not n or len(held) < n or not left:
        raise IdlibError(
            f"{name!r} was asked for, and {len(held):,} sentences can be held out: take another "
            "number."
        )
    joined = train.part(held)
    return train.part(left), Texts([*test.texts, *joined.texts], [*test.labels, *joined.labels])


def _folder(source: Source) -> Path | None:
    if not (os.environ.get("IDLIB_DATA") and source.folder):
        return None
    folder = Path(os.environ["IDLIB_DATA"]) / "glue" / source.folder
    return folder if folder.is_dir() else None


def _read(folder: Path, source: Source, part: str) -> Texts:
    """Reads a file of GLUE's: tab-separated, no quoting, and each with columns of its own."""
    paths = [folder / f"{part}.tsv", folder / f"{part}_matched.tsv"]
    path = next((p for p in paths if p.is_file()), None)
    if path is None:
        raise IdlibError(f"{folder} holds no {part}.tsv: put GLUE's file there.")
    columns = source.tsv or (*source.columns, "label")
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            if source.folder == "CoLA":  # the one without a header
                names = ("source", "label", "mark", "sentence")
                read = [*csv.DictReader(lines, names, delimiter="\t", quoting=csv.QUOTE_NONE)]
            else:
                read = [*csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)]
        rows = [[row[c] for c in columns] for row in read]
        good = [row for row in rows if None not in row]
        labels = [_number(row[-1], source.classes) for row in good]
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise IdlibError(
            f"{path} can't be read ({type(error).__name__}: {error}): expected the columns "
            f"{columns} of GLUE's file."
        ) from error
    if not rows:
        raise IdlibError(f"{path} holds no examples: put GLUE's file there.")
    if len(good) < 0.99 * len(rows):
        raise IdlibError(f"{path}: {len(rows) - len(good)} of {len(rows)} lines lack a column.")
    return Texts([tuple(text.strip() for text in row[:-1]) for row in good], labels)


def _number(label: str, classes: Sequence[str]) -> int:
    number = int(label) if label.isdigit() else None
    if label in classes:
        number = classes.index(label)
    if number is None or number >= len(classes):
        raise ValueError(f"label {label!r} with the classes {classes}")
    return number


def _download(name: str, source: Source) -> tuple[Texts, Texts]:
    here = f" or put GLUE's files in IDLIB_DATA/glue/{source.folder}" if source.folder else ""
    if not source.hub:
        raise IdlibError(f"{name!r} is no data set of the hub's:{here.removeprefix(' or')}.")
    with needing("language", f"The download of {name!r}"):
        from datasets import load_dataset

    try:
        parts = [load_dataset(*source.hub, split=split) for split in source.splits]
    except Exception as error:  # whatever goes wrong out there
        raise IdlibError(
            f"{name!r} could not be downloaded ({type(error).__name__}: {error}): go online{here}, "
            "or take 'docstrings', which needs no network."
        ) from error
    rows = [[tuple(row[c] for c in source.columns) for row in part] for part in parts]
    train, test = (Texts(r, part["label"]) for r, part in zip(rows, parts, strict=True))
    return train, test
