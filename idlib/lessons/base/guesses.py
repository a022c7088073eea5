"""Guesses that readers have made, kept so that they outlive a kernel.

Each guess is a file of its own, ``FOLDER/LESSON/NAME/READER.json``, written whole or not at all, so
that any number of kernels and readers write at the same time. FOLDER lies in the user's cache, not
beside the notebook, which may be read only, has copies, and is under version control. A class
shares a folder by naming it in ``IDLIB_GUESSES``; READER tells users and machines apart, and names
nobody.
"""

import hashlib
import json
import os
import platform
import secrets
from pathlib import Path
from typing import Any

from ...errors import no_write_to

__all__ = ["everyone", "folder", "forget", "keep", "kept"]


def folder() -> Path:
    """Where guesses are kept."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("IDLIB_GUESSES") or Path(cache, "idlib", "guesses"))


def keep(name: str, guess: Any) -> None:
    """Keeps a guess; takes the place of an earlier one.

    Args:
        name: of the prediction, such as "mnist/fc".
        guess: a number, a text, numbers, or None if the reader skipped the question.

    Raises:
        IdlibError: if the folder can't be written to.
    """
    path = folder() / name / f"{_reader()}.json"
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    with no_write_to(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({"guess": guess}), encoding="utf-8")
        os.replace(part, path)


def kept(name: str) -> dict[str, Any]:
    """This reader's guess, as ``{"guess": ...}``; empty if none is kept, or none can be read."""
    return _read(folder() / name / f"{_reader()}.json")


def everyone(name: str) -> list[Any]:
    """The guesses of all readers who share the folder, in no order of theirs."""
    found = [_read(path) for path in sorted((folder() / name).glob("*.json"))]
    return [entry["guess"] for entry in found if "guess" in entry]


def forget(name: str = "") -> None:
    """Forgets this reader's guess on a prediction, on those of a lesson, or on all.

    Args:
        name: such as "mnist/fc" or "mnist"; all if empty.
    """
    for path in (folder() / name).rglob(f"{_reader()}.json"):
        with no_write_to(path):
            path.unlink(missing_ok=True)


def _reader() -> str:
    """The name of this reader's files, in which nobody is named."""
    hub = os.environ.get("JUPYTERHUB_USER")
    who = f"{hub or platform.node()} {Path.home()}"
    return hashlib.blake2b(who.encode(), digest_size=8).hexdigest()


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and "guess" in found else {}
