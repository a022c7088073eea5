"""Recorded tables: rows worked out from recorded runs, in a file of their own.

A line ``{"session": …}`` says who made the rows below it, of which data; each other line is a row.
A killed process leaves the rows that were finished.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from tqdm import tqdm

from ..engine.lines import read_lines, session, write_lines
from ..errors import IdlibError, no_write_to
from .record import FOLDER

__all__ = ["Table"]


@dataclass(frozen=True)
class Table:
    """A study whose results are rows.

    Args:
        name: of the study and its file.
        question: in a sentence.
        key: names of the columns that tell the groups of rows apart.
        asked: the keys of all groups, in the order in which they are made.
        rows: from a key to the rows of its group.
        data: what the file says of the data.
    """

    name: str
    question: str
    key: tuple[str, ...]
    asked: Callable[[], Sequence[tuple]]
    rows: Callable[[tuple], Iterable[dict]]
    data: Callable[[], dict]

    @property
    def path(self) -> Path:
        """The file that comes with the package."""
        return FOLDER / f"{self.name}.jsonl"

    def record(self, path: str | Path | None = None) -> None:
        """Makes the groups that are missing in the file, the package's own if `path` is None."""
        path = Path(path or self.path)
        with no_write_to(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            lines = read_lines(path)
            made = set(self._keys(lines))
            missing = [key for key in self.asked() if key not in made]
            if not missing:
                return
            data = self.data()
            now = session({"command": f"python -m idlib record {self.name}", "data": data})
            before = _sessions(lines)
            for one in before:
                if any(
                    data.get(task, prints) != prints for task, prints in one.get("data", {}).items()
                ):
                    raise IdlibError(
                        f"{path} was recorded with other data, {one['data']}, than those here, "
                        f"{data}: take the same, or another file with --path."
                    )
            if not before or {**before[-1], "date": now["date"]} != now:
                lines.append({"session": now})
            for key in tqdm(missing, unit="group"):
                lines += self.rows(key)
                write_lines(path, lines)

    def read(self) -> list[dict]:
        """All rows of the package's own file."""
        rows = self.held()
        if not rows:
            raise IdlibError(
                f"{self.path} is missing: python -m idlib record {self.name} makes it."
            )
        return rows

    def held(self, path: str | Path | None = None) -> list[dict]:
        """The rows of a file, the package's own if `path` is None; none if there is no file."""
        return _rows(read_lines(Path(path or self.path)))

    def missing(self) -> list[tuple]:
        """The keys of the groups that the package's own file lacks."""
        made = set(self._keys(read_lines(self.path)))
        return [key for key in self.asked() if key not in made]

    def unasked(self) -> list[tuple]:
        """The keys of the groups that it holds, and that nobody asks for."""
        asked = set(self.asked())
        return [key for key in dict.fromkeys(self._keys(read_lines(self.path))) if key not in asked]

    def provenance(self, data: str = "") -> str:
        """A line for figures: data, seeds, hardware, date."""
        about = _sessions(read_lines(self.path))
        hardware = " and ".join(dict.fromkeys(one["hardware"] for one in about))
        dates = " and ".join(dict.fromkeys(one["date"][:10] for one in about))
        on = f" on {data}" if data else ""
        return f"Recorded{on}, 1 seed, {hardware}, {dates}"

    def _keys(self, lines: Sequence[dict]) -> list[tuple]:
        rows = _rows(lines)
        if any(name not in row for row in rows for name in self.key):
            raise IdlibError(f"The file holds no rows of {self.name}: choose another with --path.")
        return [tuple(row[name] for name in self.key) for row in rows]


def _sessions(lines: Sequence[dict]) -> list[dict]:
    return [line["session"] for line in lines if "session" in line]


def _rows(lines: Sequence[dict]) -> list[dict]:
    return [line for line in lines if "session" not in line]
