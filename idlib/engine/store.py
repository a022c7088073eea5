"""Finished runs, kept in a file that only ever grows.

One JSON object a line: ``{"session": …}`` says by whom and on what the runs below it were made,
``{"about": "task", …}`` what is to be known of data (or of a model), and ``{"config": …, "status":
…, "score": …}`` is a run. A killed process loses at most the runs under way; the half-written line
that it may leave is cut off by the next one that writes.
Reading needs no permission; whoever writes holds a lock, the file of the same name with
``.lock`` behind it, so that two sweeps on one file take turns.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import IdlibError, no_write_to
from .config import Run, RunConfig, from_json, to_json
from .lines import free_name, is_whole, session

__all__ = ["RunStore"]


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
        try:
            with no_write_to(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
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
            self._look()
            if self.path and not self._announced:
                self.sessions.append(session(self.about))
                self._append(self.path, {"session": self.sessions[-1]})
                self._announced = True
            self._know(run)
            if self.path:
                self._append(self.path, to_json(run))

    def describe(self, kind: str, name: str, facts: dict) -> None:
        """Keeps what is to be known of a task or a model, in the file before this returns.

        Args:
            kind: "task" or "model".
            name: of it.
            facts: numbers and words; nothing is written if they are known already.
        """
        with self.writing():
            self._look()
            if self.facts.get((kind, name)) == facts:
                return
            self.facts[kind, name] = facts
            if self.path:
                self._append(self.path, {"about": kind, "name": name, **facts})

    def _look(self) -> None:
        """Takes in what has happened to the file since it was last read."""
        if self.path and not self.path.exists():  # it was deleted
            self._size, self._announced = 0, False
            self.facts.clear()
        elif self.path and self.path.stat().st_size != self._size:
            self._read()  # somebody else wrote, or left half a line

    def agree(self, kind: str, name: str, facts: dict) -> None:
        """Refuses a file whose runs are of other data, or of another model, under the same name.

        Args:
            kind: "task" or "model".
            name: of it.
            facts: what is to be known of it here.
        """
        known = self.facts.get((kind, name))
        if known and known != facts:
            raise IdlibError(
                f"{self.path} was recorded with {kind} {name!r} as {known}, and here it is "
                f"{facts}: take the same data and versions, or record into another file."
            )

    def _append(self, path: Path, record: dict) -> None:
        with no_write_to(path), path.open("a+b") as file:
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
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise IdlibError(f"{self.path} can't be read ({error}): choose another.") from error
        lines = content.splitlines(keepends=True)
        if lines and not is_whole(lines[-1]):
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
                aside = free_name(self.path)
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
        elif "about" in record:
            self.facts[record.pop("about"), record.pop("name")] = record
        else:
            self._know(from_json(record))

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
