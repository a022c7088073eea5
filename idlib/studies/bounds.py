"""Training beside test accuracy of networks that are a seed and d numbers (notebook 11).

The subspaces are those of recorded runs that kept theta_d, drawn again; those with labels
learned by heart kept none and are trained again, as they were. Nothing else is trained: it takes
about forty minutes, most of them for the language models.
"""

import functools
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import torch

from ..engine.config import Run
from ..engine.data import sample
from ..problems.files import quantise, to_bytes
from ..problems.names import facts_of, problem_of, run_named
from .memorising import MEMORISING, NS, SHARES, task_name
from .reading import cell, cells, replay
from .results import Cell
from .tables import Table

__all__ = ["BOUNDS", "IN_FULL", "Replay", "replays"]

SAMPLED = (  # studies and parts
    ("mnist", "curves"),
    ("digits", "curves"),
    ("methods", "small-docstrings"),
    ("methods", "small-sst2"),
    ("methods", "minilm-sst2"),
)
IN_FULL = SAMPLED[2:]  # rounded, on all training examples
BITS = (6, 4)


@dataclass(frozen=True)
class Replay:
    """A recorded subspace, drawn again and scored.

    Args:
        study: the one its run belongs to.
        part: of the study.
        task: of the run.
        model: of the run.
        structure_aware: of the run.
        d: of the run.
        bits: of each number: 32 as it was trained, fewer by `idlib.problems.files.quantise`.
        bytes: of its file (see `idlib.problems.files.to_bytes`, which knows no lambdas: then None).
        m: examples it was trained on.
        n: of them, those that it was scored on: all, or a sample.
        train_score: accuracy on these n.
        score: test accuracy.
    """

    study: str
    part: str
    task: str
    model: str
    structure_aware: bool | str
    d: int
    bits: int
    bytes: int | None
    m: int
    n: int
    train_score: float
    score: float


@functools.cache
def replays() -> tuple[Replay, ...]:
    """All that were recorded."""
    return tuple(Replay(**row) for row in BOUNDS.read())


KEY = ("study", "part", "task", "model", "structure_aware", "d")


def _runs() -> Iterator[tuple[tuple, Cell, Run]]:
    """Those with theta_d, and those whose training accuracy just reached 0.9; with their keys."""
    for n in NS:
        for percent in SHARES:
            c = cell("memorising", task=task_name(n, percent))
            d = c.d90(MEMORISING.parts[0].scores[0]).per_seed[0]
            yield from _keyed(c, [r for r in c.runs if (r.config.d, r.config.seed) == (d, 0)])
    for study, part in SAMPLED:
        for c in cells(study, part):
            yield from _keyed(c, [r for r in c.runs if r.theta_d is not None])


def _keyed(c: Cell, runs: list[Run]) -> Iterator[tuple[tuple, Cell, Run]]:
    for r in runs:
        aware = c.method.structure_aware
        yield (c.study, c.part, c.task, c.model, aware, r.config.d), c, r


def _rows(key: tuple) -> Iterator[dict]:
    c, run = next((c, r) for k, c, r in _runs() if k == key)
    problem = problem_of(run.config)
    if run.theta_d is None:
        run = run_named(run.config, keep_theta_d=True)
    aware = bool(c.method.structure_aware)
    every = run.config.scored_on == "train" or ((c.study, c.part) in IN_FULL and not aware)
    for bits in (32, *BITS) if every else (32,):
        theta_d = run.theta_d
        if bits < 32:
            q, spacing = quantise(theta_d, bits)
            theta_d = (spacing * q).float()
        model = replay(replace(run, theta_d=theta_d)).merged()
        train = problem.train_set if bits < 32 else sample(problem.train_set)
        with torch.random.fork_rng():
            scores = [round(problem.score(model, part), 5) for part in (train, problem.test_set)]
        size = None if aware else len(to_bytes(run, bits))
        yield asdict(Replay(*key, bits, size, len(problem.train_set), len(train), *scores))


def _data() -> dict:
    tasks = sorted({c.task for _, c, _ in _runs()})
    return {task: facts_of(task)["data"] for task in tasks}


BOUNDS = Table(
    "bounds",
    "What do d numbers score on the examples they were trained on?",
    key=KEY,
    asked=lambda: [key for key, _, _ in _runs()],
    rows=_rows,
    data=_data,
)
