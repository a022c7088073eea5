import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from idlib import IdlibError
from idlib.tools.notebooks import WIDGET, clean, tidy

FILES = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def widget(**fallback):
    view = {"model_id": "1f2e", "version_major": 2, "version_minor": 0}
    return new_output("display_data", {WIDGET: view, "text/plain": "VBox()", **fallback})


def session():
    """A notebook as JupyterLab leaves it: widget state, timings, collapsed cells, versions."""
    code = new_code_cell(
        "show()",
        execution_count=3,
        metadata={
            "tags": ["nbval-check-output"],
            "collapsed": True,
            "execution": {"iopub.execute_input": "2025-01-01T00:00:00Z"},
            "vscode": {"languageId": "python"},
        },
        outputs=[
            new_output("stream", name="stdout", text="0.9\n"),
            widget(),
            widget(**{"text/html": '<img alt="a curve" src="">'}),
            widget(**{"image/png": "aGVsbG8="}),
        ],
    )
    metadata = {
        "widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"1f2e": {}}}},
        "kernelspec": {"display_name": "my env", "language": "python", "name": "my-env"},
        "language_info": {"name": "python", "version": "3.11.7"},
        "toc": {},
    }
    return new_notebook(cells=[new_markdown_cell("# A"), code], metadata=metadata)


def test_widget_state_goes_and_what_stands_in_for_it_stays():
    outputs = clean(session()).cells[1].outputs
    assert [set(output.get("data", {"text"})) for output in outputs] == [
        {"text"},
        {"text/plain", "text/html"},
        {"text/plain", "image/png"},
    ]


def test_traces_of_the_session_go():
    notebook = clean(session())
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec["name"] == "python3"
    assert notebook.metadata.language_info == {"name": "python"}
    assert notebook.cells[1].metadata == {"tags": ["nbval-check-output"]}
    assert notebook.cells[1].execution_count == 3


def test_cells_get_ids_that_stay_and_are_unique(tmp_path):
    def ids(name):
        notebook = session()
        notebook.cells[0].id = "kept"
        notebook.cells += [new_markdown_cell("same") for _ in range(3)]
        for cell in notebook.cells[1:]:
            del cell["id"]
        notebook.cells.append(new_markdown_cell("copy", id="kept"))
        path = tmp_path / name
        path.write_text(json.dumps(notebook))
        tidy([path])
        return [cell.id for cell in nbformat.read(path, as_version=4).cells]

    first = ids("first.ipynb")
    assert first == ids("second.ipynb")
    assert first[0] == "kept"
    assert len(set(first)) == len(first)


def test_cleaning_twice_is_cleaning_once(tmp_path):
    path = tmp_path / "a.ipynb"
    nbformat.write(session(), path)
    assert tidy([path], check=True) == [path]
    assert "widgets" in nbformat.read(path, as_version=4).metadata, "check writes nothing"
    assert tidy([path]) == [path]
    assert path.read_text().endswith("}\n")
    assert tidy([path]) == []


def test_running_fills_the_outputs_on_the_embedded_digits(tmp_path, monkeypatch):
    monkeypatch.setenv("IDLIB_DATA", "/no/such/folder")
    path = tmp_path / "a.ipynb"
    code = "import os\nprint(os.environ['IDLIB_DATA'], os.path.basename(os.getcwd()))"
    nbformat.write(new_notebook(cells=[new_code_cell(code)]), path)
    tidy([path], execute=True)
    cell = nbformat.read(path, as_version=4).cells[0]
    assert cell.outputs[0].text == f"embedded {tmp_path.name}\n"
    assert cell.execution_count == 1


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cells": [{"cell_type": "x"}]}'])
def test_a_file_that_is_no_notebook_is_named_and_left(tmp_path, text):
    path = tmp_path / "a.ipynb"
    path.write_text(text)
    with pytest.raises(IdlibError, match=r"a\.ipynb can't be read as a notebook"):
        tidy([path])
    assert path.read_text() == text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_committed_notebooks_are_clean(path):
    assert tidy([path], check=True) == [], f"run: python -m idlib notebooks notebooks/{path.name}"
