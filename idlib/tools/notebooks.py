"""Notebooks as they are committed: outputs kept, widget state and traces of a session dropped.

``python -m idlib notebooks notebooks/*.ipynb`` cleans notebooks, with ``--run`` after running
them. Widget state makes a notebook unreadable on the web; the static picture that our widgets
carry beside it stays.
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from ..errors import IdlibError, needing, no_write_to

with needing("course", "What cleans and runs notebooks"):
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from nbformat import NotebookNode

    from ..lessons.base.explorers import with_todays_front

__all__ = ["clean", "read", "run", "tidy"]

WIDGET = "application/vnd.jupyter.widget-view+json"
SCRIPT = "application/javascript"
TIMEOUT = 300  # seconds for a cell


def tidy(
    files: Iterable[str | os.PathLike], execute: bool = False, check: bool = False
) -> list[Path]:
    """Cleans notebook files in place.

    Args:
        files: the notebooks.
        execute: run them first.
        check: write nothing.

    Returns:
        The files that changed, or would change.

    Raises:
        IdlibError: if a file is no notebook, or a cell raises.
    """
    changed = []
    for path in map(Path, files):
        before, notebook = read(path)
        clean(notebook)
        if execute:
            try:
                run(notebook, path.parent)
            except CellExecutionError as error:
                raise IdlibError(
                    f"{path} was left as it is: a cell raises {error.ename}: {error.evalue}"
                ) from error
        after = nbformat.v4.writes(clean(notebook)) + "\n"
        if after != before:
            changed.append(path)
            if not check:
                with no_write_to(path):
                    path.write_text(after, encoding="utf-8")
    return changed


def run(notebook: NotebookNode, folder: Path) -> None:
    """Runs all cells, working in `folder`, on the embedded digits; keeps the outputs."""
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=TIMEOUT,
        resources={"metadata": {"path": str(folder)}},
        coalesce_streams=True,
        record_timing=False,
        store_widget_state=False,
    )
    with TemporaryDirectory() as nobody:  # whose guesses open nothing
        client.execute(env={**os.environ, "IDLIB_DATA": "embedded", "IDLIB_GUESSES": nobody})


def clean(notebook: NotebookNode) -> NotebookNode:
    """Drops, in place, what differs from session to session, and has explorers move by the script
    of today; returns the notebook."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = NotebookNode(kernelspec=kernel, language_info={"name": "python"})
    notebook.nbformat_minor = 5
    ids = set()
    for number, cell in enumerate(notebook.cells):
        if cell.get("id") in ids | {None}:
            content = f"{number} {cell.source}".encode()
            cell.id = hashlib.blake2b(content, digest_size=4).hexdigest()
        ids.add(cell.id)
        cell.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k == "tags" and v})
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _keep(output)]
            for data in (output.get("data", {}) for output in cell.outputs):
                if 'class="idlib-explorer"' in data.get("text/html", ""):
                    data["text/html"] = with_todays_front(data["text/html"])
    return notebook


def read(path: str | os.PathLike) -> tuple[str, NotebookNode]:
    """The text of a notebook file, and the notebook.

    Raises:
        IdlibError: if it is no notebook.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        notebook = nbformat.v4.reads(text)
        nbformat.validate(clean(nbformat.v4.reads(text)))
    except (OSError, ValueError, AttributeError, nbformat.ValidationError) as error:
        raise IdlibError(
            f"{path} can't be read as a notebook of format 4 ({error}): pass .ipynb, saved in "
            "JupyterLab."
        ) from error
    return text, notebook


def _keep(output: NotebookNode) -> bool:
    """Drops what is alive from an output; whether anything but its name is left."""
    data = output.get("data", {})
    alive = [kind for kind in (WIDGET, SCRIPT) if data.pop(kind, None) is not None]
    return not alive or bool(set(data) - {"text/plain"})
