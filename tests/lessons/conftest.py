"""The texts of notebooks, so that the numbers in them are held to what was recorded."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture
def prose() -> Callable[[str, str], str]:
    """A cell of a notebook, in one line, by the notebook's number and the cell's id."""

    def read(number: str, cell: str) -> str:
        (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        (source,) = ("".join(c["source"]) for c in cells if c["id"] == cell)
        return " ".join(source.split())

    return read
