"""Files of one JSON object a line, and what they say of those who wrote them."""

import json
import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import torch

from ..errors import IdlibError, no_write_to

__all__ = ["free_name", "is_whole", "read_lines", "session", "write_lines"]


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
    half = path.with_suffix(".part")
    with no_write_to(path):
        path.parent.mkdir(parents=True, exist_ok=True)
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


def is_whole(line: bytes) -> bool:
    """Whether a line was written to its end; an editor may have taken the line break."""
    if line.endswith(b"\n"):
        return True
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def free_name(path: Path) -> Path:
    """A name beside `path` for a file that is put aside."""
    n = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{n}")).exists():
        n += 1
    return aside
