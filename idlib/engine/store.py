"""Finished runs, kept in a file that only ever grows.

One JSON object a line: ``{"session": …}`` says by whom and on what the runs below it were made,
``{"task": …}`` and ``{"model": …}`` what is to be known of data and networks, ``{"config": …,
"status": …, "score": …}`` is a run. A killed process loses at most the runs under way; the
half-written line that it may leave is cut off by the next one that writes.
Reading needs no permission; whoever writes holds a lock, the file of the same name with
``.lock`` behind it, so that two sweeps on one file take turns.
"""

import base64
import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock, Timeout
from torch import Tensor

from ..errors import IdlibError, check_integer

__all__ = ["Run", "RunConfig", "RunStore", "read_lines", "session", "write_lines"]


@dataclass(frozen=True)
class RunConfig:
    """All that decides the outcome of a run.

    Args:
        task: name of the data.
        model: name of the network.
        d: dimension of the subspace; None trains the full model.
        lr: learning rate at the start.
        seed: initial weights, projection and order of the data.
        projection: a name in `idlib.projections.PROJECTIONS`.
        normalize: "global" or "per-tensor".
        epochs: passes over the training data.
        batch_size: examples in a step.
        scored_on: "test": trained on all training data and scored on the test data;
            "validation": trained on 90 % of the training data and scored on the rest;
            "train": trained and scored on all training data.
        decide: thresholds. A run that has any ends once its score lies clearly above all of
            them, or so far below all that it won't reach one (see `idlib.engine.runs.decided`).
        structure_aware: see `idlib.Subspace`; no mapping.

    What only matters in a subspace (`projection`, `normalize`, `structure_aware`) is at its default
    where d is None, so that a full model has one configuration.
    """

    task: str
    model: str
    d: int | None
    lr: float
    seed: int = 0
    projection: str = "fastfood"
    normalize: str = "global"
    epochs: int = 5
    batch_size: int = 128
    scored_on: str = "test"
    decide: tuple[float, ...] = ()
    structure_aware: bool | str = False

    def __post_init__(self) -> None:
        for name in ("d", "seed", "epochs", "batch_size"):  # NumPy's integers too
            if (value := getattr(self, name)) is not None:
                low = 0 if name == "seed" else 1
                object.__setattr__(self, name, check_integer(name, value, low))
        object.__setattr__(self, "lr", float(self.lr))
        if self.d is None:
            for field in fields(self):
                if field.name in ("projection", "normalize", "structure_aware"):
                    object.__setattr__(self, field.name, field.default)


@dataclass(frozen=True)
class Run:
    """A run and its outcome.

    Args:
        config: what was run.
        status: "finished"; "decided", ended early by the thresholds of its configuration;
            "stopped" by hand; or "diverged".
        score: from 0 to 1 (Matthews' correlation from -1), at its end; None if it was stopped
            or diverged.
        loss: training loss of the last step.
        steps: steps made.
        seconds: time taken by training.
        D: number of parameters of the full model.
        message: the reason, if diverged.
        theta_d: the d trained numbers, where they were kept.
        train_score: the same score on (a sample of) the examples it was trained on, for runs
            scored on the test data.
        part: of a study, for which it was made.
    """

    config: RunConfig
    status: str
    score: float | None
    loss: float
    steps: int
    seconds: float
    D: int
    message: str = ""
    theta_d: Tensor | None = None
    train_score: float | None = None
    part: str = ""


class RunStore:
    """The finished runs in a JSONL file, or in memory if `path` is None.

    Args:
        path: the file, made with the first run.
        about: what the file should say of the session that makes new runs, beside the date,
            versions and hardware: the command, the data.

    Raises:
        IdlibError: if a line in the middle of the file can't be read. The file is then kept
            aside under a new name, and the lines that could be read are saved. A file in which no
            run could be read is left as it is.
    """

    def __init__(self, path: str | os.PathLike | None = None, about: dict | None = None):
        self.path = None if path is None else Path(path)
        if self.path and self.path.is_dir():
            raise IdlibError(f"{path} is a folder, expected a file, such as {path}/runs.jsonl.")
        self.about = about or {}
        self.sessions: list[dict] = []
        self.facts: dict[tuple[str, str], dict] = {}  # of tasks and models, by kind and name
        self._runs: dict[RunConfig, Run] = {}
        self._made_in: dict[RunConfig, dict] = {}  # sessions
        self._whole: dict[RunConfig, Run] = {}  # the runs that were not ended early
        self._early: dict[RunConfig, list[Run]] = {}  # those that were
        self._lock = None if path is None else FileLock(f"{path}.lock")
        self._size = 0  # of the part of the file that is known here
        self._announced = False
        self._read()

    def __iter__(self) -> Iterator[Run]:
        return iter(self._runs.values())

    def __len__(self) -> int:
        return len(self._runs)

    def get(self, config: RunConfig) -> Run | None:
        """The finished run of this configuration, or None.

        A run that went on to its last step answers whatever thresholds it was to decide; one that
        ended early answers for others too, if its score lies on the same side of them, and not
        much nearer to them than to its own.
        """
        anyhow = replace(config, decide=())
        run = self._runs.get(config) or self._whole.get(anyhow)
        if run is None and config.decide:
            early = self._early.get(anyhow, ())
            run = next((r for r in early if _settles(r, config.decide)), None)
        return run

    def session_of(self, run: Run) -> dict:
        """The session in which a run of a file was made: date, versions, hardware, command."""
        return self._made_in[run.config]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Holds the file for this process, with all runs in it that others have made.

        Waits, and says so, while another process holds it. May be nested.
        """
        if self.path is None or self._lock is None or self._lock.is_locked:
            yield
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            print(
                f"Waiting for another process that writes {self.path} (and holds "
                f"{self._lock.lock_file}) to end.",
                file=sys.stderr,
                flush=True,
            )
            self._lock.acquire()
        try:
            self._read()
            yield
        finally:
            self._lock.release()

    def add(self, run: Run) -> None:
        """Keeps a run, in the file before this returns."""
        with self.writing():
            if self.path and not self.path.exists():  # it was deleted
                self._size, self._announced = 0, False
            elif self.path and self.path.stat().st_size != self._size:
                self._read()  # somebody else wrote, or left half a line
            if self.path and not self._announced:
                self.sessions.append(session(self.about))
                self._append(self.path, {"session": self.sessions[-1]})
                self._announced = True
            self._know(run)
            if self.path:
                self._append(self.path, _to_json(run))

    def describe(self, kind: str, name: str, facts: dict) -> None:
        """Keeps what is to be known of a task or a model, in the file before this returns.

        Args:
            kind: "task" or "model".
            name: of it.
            facts: numbers and words; nothing is written if they are known already.
        """
        with self.writing():
            if self.facts.get((kind, name)) == facts:
                return
            self.facts[kind, name] = facts
            if self.path:
                self._append(self.path, {kind: name, **facts})

    def _append(self, path: Path, record: dict) -> None:
        with path.open("a+b") as file:
            if file.tell() > self._size:  # a line that was never finished
                file.truncate(self._size)
            file.seek(max(0, self._size - 1))
            if file.read(1) not in (b"", b"\n"):
                file.write(b"\n")
            file.write(json.dumps(record).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
            self._size = file.tell()

    def _read(self) -> None:
        """Takes in the whole lines that have come to the file since it was last read."""
        if self.path is None or self._lock is None or not self.path.exists():
            return
        content = self.path.read_bytes()
        lines = content.splitlines(keepends=True)
        if lines and not _is_whole(lines[-1]):
            lines.pop()
        if sum(map(len, lines)) == self._size:
            return
        self._size, self._announced = sum(map(len, lines)), False
        self.sessions, self.facts = [], {}
        self._runs, self._made_in, self._whole, self._early = {}, {}, {}, {}
        good, bad = [], []
        for number, line in enumerate(lines, start=1):
            try:
                self._take(json.loads(line))
                good.append(line)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                bad.append((number, error))
        if bad and not self._runs:
            raise IdlibError(
                f"{self.path} is no file of runs (line {bad[0][0]}: {bad[0][1]}), and was left as "
                "it is: choose another path."
            )
        if bad:
            with self._lock:
                aside = _free_name(self.path)
                self.path.rename(aside)
                self.path.write_bytes(b"".join(good))
            number, fault = bad[0]
            raise IdlibError(
                f"{self.path}: line {number} can't be read ({fault}). The file was kept as "
                f"{aside}, its {len(good)} good lines of {len(lines)} are in {self.path}: "
                "start again to go on with them."
            )

    def _take(self, record: dict) -> None:
        if "session" in record:
            self.sessions.append(record["session"])
        elif "config" not in record and (kind := next(iter(record))) in ("task", "model"):
            self.facts[kind, record.pop(kind)] = record
        else:
            self._know(_from_json(record))

    def _know(self, run: Run) -> None:
        self._runs[run.config] = run
        self._made_in[run.config] = self.sessions[-1] if self.sessions else {}
        if run.status == "finished":
            self._whole[replace(run.config, decide=())] = run
        elif run.status == "decided":
            self._early.setdefault(replace(run.config, decide=()), []).append(run)


def _settles(run: Run, thresholds: tuple[float, ...]) -> bool:
    """Whether a run that ended early tells of other thresholds, too, on which side it lies: at
    least half of the distance from its own must be left."""
    own = run.config.decide
    if run.score is None:
        return False
    if run.score >= max(own):
        return run.score - max(thresholds) >= (run.score - max(own)) / 2
    return min(thresholds) - run.score >= (min(own) - run.score) / 2


def _to_json(run: Run) -> dict:
    record = dict(vars(run))
    record["config"] = asdict(run.config)
    for name in ("decide", "structure_aware"):
        if not record["config"][name]:
            del record["config"][name]
    record["loss"] = round(run.loss, 6) if np.isfinite(run.loss) else None
    record["seconds"] = round(run.seconds, 3)
    if run.theta_d is None:
        del record["theta_d"]
    else:
        numbers = run.theta_d.detach().cpu().numpy().astype("<f4")
        record["theta_d"] = base64.b64encode(numbers.tobytes()).decode()
    for name in ("message", "train_score", "part"):
        if record[name] in ("", None):
            del record[name]
    return record


def _from_json(record: dict) -> Run:
    record = dict(record)
    config = record["config"]
    record["config"] = RunConfig(**config | {"decide": tuple(config.get("decide", ()))})
    record["loss"] = float("nan") if record["loss"] is None else record["loss"]
    if "theta_d" in record:
        numbers = np.frombuffer(base64.b64decode(record["theta_d"]), "<f4")
        record["theta_d"] = torch.from_numpy(numbers.astype(np.float32))
    return Run(**record)


def read_lines(path: Path) -> list[dict]:
    """The records of a file with one on each line, the first of them a session's; none if there
    is no such file.

    Raises:
        IdlibError: if it is something else.
    """
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        lines = [json.loads(line) for line in text.splitlines()]
        if lines and "session" not in lines[0]:
            raise ValueError("it does not begin with a session")
    except (ValueError, TypeError) as error:
        raise IdlibError(
            f"{path} is no file of records ({error}), and was left as it is: choose another path."
        ) from error
    return lines


def write_lines(path: Path, lines: Iterable[dict]) -> None:
    """Writes the file that `read_lines` reads, all at once: a killed process leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".part")
    half.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    os.replace(half, path)


def session(about: dict) -> dict:
    """What a file says of those who add to it: `about`, the date, versions and hardware."""
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return {
        **about,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "idlib": version("idlib"),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "hardware": f"{platform.machine()}, {os.cpu_count()} cores{gpu}",
    }


def _is_whole(line: bytes) -> bool:
    """Whether a line was written to its end; an editor may have taken the line break."""
    if line.endswith(b"\n"):
        return True
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _free_name(path: Path) -> Path:
    n = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{n}")).exists():
        n += 1
    return aside
