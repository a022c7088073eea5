"""Explorers in JupyterLab: alive while the notebook is new, the next day, and where nobody trusts
the notebook."""

import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from .conftest import CLOSE, KERNEL, OPEN

NAME = "explorers.ipynb"
CALLS = (
    "widgets.SumsByD(toy.SumProblem(), d=9)",
    "widgets.SumsByGroups()",
)


@pytest.fixture(scope="module")
def saved(run_all, home):
    """A notebook with explorers, run and saved, its kernel ended; and what was seen meanwhile."""
    imports = "from idlib import widgets\nfrom idlib.lessons.toy import compute as toy"
    cells = [new_code_cell(source) for source in (imports, *CALLS)]
    python = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    nbformat.write(new_notebook(cells=cells, metadata=python), home / NAME)
    with run_all(NAME) as page:
        seen = [look(page, n) for n in range(len(CALLS))]
        page.evaluate(f"() => {KERNEL}.shutdown()")
        after = [look(page, n) for n in range(len(CALLS))]
    return page, seen, after


def look(page, number: int) -> tuple[str, str]:
    """The alternative texts of an explorer, before and after a key is pressed."""
    explorer = page.locator(".idlib-explorer").nth(number)
    pictures = explorer.locator("[role=img]")
    pictures.first.wait_for()
    texts = "all => all.map(e => e.ariaLabel)"
    before = pictures.evaluate_all(texts)
    explorer.locator("input[type=range]").first.press("ArrowRight")
    return before, pictures.evaluate_all(texts)


def test_it_moves_with_and_without_its_kernel(saved):
    _, seen, after = saved
    for before, now in seen + after:
        assert before != now


def test_the_next_day_it_still_moves(saved):
    page, *_ = saved
    page.evaluate(OPEN, NAME)
    for number in range(len(CALLS)):
        before, now = look(page, number)
        assert before != now
    assert page.get_by_text("Error displaying widget").count() == 0
    page.evaluate(CLOSE)


def test_untrusted_it_shows_its_first_view(saved, home):
    page, *_ = saved
    other = home / "from_elsewhere.ipynb"
    shutil.copy(home / NAME, other)
    notebook = nbformat.read(other, as_version=4)
    notebook.cells[0].source += "\n"
    nbformat.write(notebook, other)
    page.evaluate(OPEN, other.name)
    pictures = page.locator(".jp-OutputArea-output img")
    pictures.first.wait_for()
    assert page.locator(".idlib-explorer input").count() == 0
    for picture in pictures.all():
        assert picture.evaluate("i => i.complete && i.naturalWidth > 100")
        assert len(picture.get_attribute("alt")) > 20
    assert pictures.count() >= len(CALLS)
    assert page.get_by_text("Static picture").count() == len(CALLS)
    assert page.get_by_text("Error displaying widget").count() == 0
    page.evaluate(CLOSE)
