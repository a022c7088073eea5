"""Editions: for students nothing is seen beforehand, for teachers everything."""

import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from idlib import IdlibError
from idlib.tools.editions import EDITIONS, make_edition
from idlib.tools.notebooks import run

FOLDER = Path(__file__).parents[2] / "notebooks"
FILES = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("kind", EDITIONS)
def test_both_have_the_same_cells_as_their_source(kind, tmp_path):
    for path, written in zip(FILES, make_edition(kind, FILES, tmp_path), strict=True):
        cells, own = (nbformat.read(p, as_version=4).cells for p in (path, written))
        assert written == tmp_path / path.name
        assert [c.id for c in cells] == [c.id for c in own]
        code = [[c.source for c in some if c.cell_type == "code"] for some in (cells, own)]
        assert code[0] == code[1]


def test_students_see_no_output(tmp_path):
    for path in make_edition("student", FILES, tmp_path):
        cells = nbformat.read(path, as_version=4).cells
        assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
        assert any("<details>" in cell.source for cell in cells) or path.stem[:2] == "00"


def test_teachers_see_all_answers_and_solutions(tmp_path):
    for path in make_edition("teacher", FILES, tmp_path):
        text = path.read_text(encoding="utf-8")
        assert "<details>" not in text
        if path.stem[:2] != "00":
            assert "<details open><summary>Solution</summary>" in text
            assert "<details open><summary>Show the answer</summary>" in text


def test_an_edition_runs(tmp_path):
    cells = [
        new_markdown_cell("<details><summary>Solution</summary>x</details>"),
        new_code_cell('from idlib import widgets\nguess = widgets.predict("toy/ten")\nguess',
                      outputs=[new_output("display_data", {"text/html": "<p>old</p>"})]),
        new_code_cell("guess.reveal()"),
    ]  # fmt: skip
    path = tmp_path / "a.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    notebook = new_notebook()  # both, one behind the other, so that one kernel does
    for kind in EDITIONS:
        (written,) = make_edition(kind, [path], tmp_path / kind)
        notebook.cells += nbformat.read(written, as_version=4).cells
    for i, cell in enumerate(notebook.cells):
        cell.id = f"cell-{i}"
    run(notebook, tmp_path)
    assert len(notebook.cells) == 3 * len(EDITIONS)
    for cell in notebook.cells[2::3]:
        assert "The answer: <b>10</b>" in cell.outputs[0].data["text/html"]


def test_the_source_is_not_written_over_and_empty_notebooks_are_told(tmp_path):
    with pytest.raises(IdlibError, match="holds the notebooks themselves"):
        make_edition("student", FILES[:1], FOLDER)
    path = tmp_path / FILES[0].name
    shutil.copy(make_edition("student", FILES[:1], tmp_path / "s")[0], path)
    with pytest.raises(IdlibError, match=r"has no outputs: python -m idlib notebooks --run"):
        make_edition("teacher", [path], tmp_path / "t")
