"""Recorded: training beside test accuracy of networks that are a seed and d numbers.

The subspaces are those of recorded runs that kept theta_d, drawn again; those with labels
learned by heart kept none and are trained again, as they were. Nothing else is trained:
`python -m idlib record generalisation` takes about forty minutes, most of them for the language
models, and goes on where it was when it is started again.
"""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch.utils.data import Dataset
from tqdm.auto import tqdm

from .compression import encode, quantise
from .data import fingerprint, load
from .memorising import NS, needed, task_name
from .recorded import FOLDER, recorded, replay
from .runs import problem_named, run_by_name, sample
from .store import Run, read_lines, session, write_lines
from .texts import is_text, load_text

__all__ = ["IN_FULL", "Replay", "record_replays", "replays"]

PATH = FOLDER / "generalisation.jsonl"
SAMPLED = ("mnist", "digits", "docstrings_small", "sst2_small", "sst2_minilm")
IN_FULL = ("docstrings_small", "sst2_small", "sst2_minilm")  # rounded, on all training examples
BITS = (6, 4)


@dataclass(frozen=True)
class Replay:
    """A recorded subspace, drawn again and scored.

    Args:
        experiment: the one its run belongs to.
        task: of the run.
        model: of the run.
        structure_aware: of the run.
        d: of the run.
        bits: of each number: 32 as it was trained, fewer by `idlib.compression.quantise`.
        bytes: of its file (see `idlib.compression.encode`, which knows no lambdas: then None).
        m: examples it was trained on.
        n: of them, those that it was scored on: all, or a sample.
        train_score: accuracy on these n.
        score: test accuracy.
    """

    experiment: str
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


def record_replays(path: str | Path | None = None) -> None:
    """Makes those that are missing in the file, the package's own if `path` is None."""
    path = Path(path or PATH)
    runs = list(_runs())
    lines = read_lines(path) or [{"session": _about([r for _, r in runs])}]
    made = {tuple(line[key] for key in KEY) for line in lines[1:]}
    for name, run in tqdm([(n, r) for n, r in runs if _key(n, r) not in made], unit="run"):
        lines += [asdict(r) for r in _scored(name, run)]
        write_lines(path, lines)


@functools.cache
def replays() -> tuple[Replay, ...]:
    """All that were recorded."""
    return tuple(Replay(**line) for line in read_lines(PATH)[1:])


def provenance() -> str:
    """A line for figures: hardware, date."""
    about = read_lines(PATH)[0]["session"]
    return f"Recorded, 1 seed, {about['hardware']}, {about['date'][:10]}"


KEY = ("experiment", "task", "model", "structure_aware", "d")


def _key(name: str, run: Run) -> tuple:
    c = run.config
    return name, c.task, c.model, c.structure_aware, c.d


def _about(runs: Sequence[Run]) -> dict:
    tasks = {}
    for name in sorted({r.config.task for r in runs}):
        task = load_text(name) if is_text(name) else load(name)
        tasks[name] = [fingerprint(task.train), fingerprint(task.test)]
    return session({"command": "python -m idlib record generalisation", "data": tasks})


def _runs() -> Iterator[tuple[str, Run]]:
    """Experiments and runs: with theta_d, or those whose training accuracy just reached 0.9."""
    for n in NS:
        for percent in (0, 100):
            task = task_name(n, percent)
            d, seed = needed(task).per_seed[0], 0
            yield from (
                ("memorising", r)
                for r in recorded("memorising")
                if (r.config.task, r.config.d, r.config.seed) == (task, d, seed) and r.config.decide
            )
    for name in SAMPLED:
        yield from ((name, r) for r in recorded(name) if r.theta_d is not None and _tested(r))


def _tested(run: Run) -> bool:
    return run.config.scored_on == "test" and run.score is not None


def _scored(name: str, run: Run) -> Iterator[Replay]:
    c = run.config
    problem = problem_named(c.task, c.model)
    if run.theta_d is None:
        run = run_by_name(c, keep_theta_d=True)
    every = run.config.scored_on == "train" or (name in IN_FULL and not c.structure_aware)
    for bits in (32, *BITS) if every else (32,):
        theta_d = run.theta_d
        if bits < 32:
            q, spacing = quantise(theta_d, bits)
            theta_d = (spacing * q).float()
        model = replay(replace(run, theta_d=theta_d)).merged()
        train: Dataset = problem.train_set if bits < 32 else sample(problem.train_set)
        with torch.random.fork_rng():
            scores = [round(problem.score(model, part), 5) for part in (train, problem.test_set)]
        yield Replay(
            name, c.task, c.model, c.structure_aware, c.d, bits,
            None if c.structure_aware else len(encode(run, bits)),
            len(problem.train_set), len(train), *scores,
        )  # fmt: skip
