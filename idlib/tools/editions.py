"""Editions of the notebooks, from the same source: ``python -m idlib edition student FOLDER``.

For students: without any output, so that nothing is seen before its cell is run, and no answer
before it is guessed. For teachers: with all outputs, answers and solutions unfolded. Both run.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from ..errors import IdlibError, needing, no_write_to
from .notebooks import read

with needing("course", "What makes editions"):
    import nbformat
    from nbformat import NotebookNode

__all__ = ["EDITIONS", "make_edition"]

FOLD = "<details>"


def student(notebook: NotebookNode) -> None:
    """Takes all outputs away."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def teacher(notebook: NotebookNode) -> None:
    """Unfolds all that is folded, in texts and outputs."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace(FOLD, "<details open>")
        for data in (output.get("data", {}) for output in cell.get("outputs", [])):
            if "text/html" in data:
                data["text/html"] = data["text/html"].replace(FOLD, "<details open>")


EDITIONS = {"student": student, "teacher": teacher}


def make_edition(
    kind: str, notebooks: Iterable[str | os.PathLike], folder: str | os.PathLike
) -> list[Path]:
    """Writes an edition of notebooks, under their names.

    Args:
        kind: "student" or "teacher".
        notebooks: with their outputs stored.
        folder: where they go; made if it is not there.

    Returns:
        The files written.

    Raises:
        IdlibError: if a file is no notebook, if the folder is that of the notebooks, or if a
            teacher's notebook has no outputs to unfold.
    """
    written = []
    for path in map(Path, notebooks):
        target = Path(folder, path.name)
        if target.resolve() == path.resolve():
            raise IdlibError(f"{folder} holds the notebooks themselves: name another folder.")
        _, notebook = read(path)
        if kind == "teacher" and not any(cell.get("outputs") for cell in notebook.cells):
            raise IdlibError(f"{path} has no outputs: python -m idlib notebooks --run {path}")
        EDITIONS[kind](notebook)
        with no_write_to(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(nbformat.v4.writes(notebook) + "\n", encoding="utf-8")
        written.append(target)
    return written
