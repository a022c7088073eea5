"""Explorers in JupyterLab: alive while the notebook is new, the next day, and where nobody trusts
the notebook."""

import html
import re
import shutil

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from idlib import widgets

from .conftest import CLOSE, KERNEL, OPEN, RUN_ALL
from .guesses import FORM, SAYS_IT_WAITS, make_guesses
from .moves import explorers

NAME = "explorers.ipynb"
IMPORTS = "from idlib import widgets\nfrom idlib.lessons.toy import compute as toy"
PANEL = "window.jupyterapp.shell.currentWidget"
CALLS = (
    "widgets.SumsByD(toy.SumProblem(), d=9)",
    "widgets.SumsByGroups()",
)


GUESSED = """from idlib import widgets
number, which, drawn = (widgets.predict(f"mnist/{name}") for name in ("fc", "lenet", "curve"))
|||number|||which|||drawn|||
drawn.show(widgets.RecordedCurves(("mnist",), models=("fc",)), also=[number])|||
with number.show():
    print("what was printed")|||
number.reveal(fc=700)|||
which.reveal(fc=700, lenet=300)|||
drawn.reveal({10: 0.1, 1000: 0.9}, low=0.1, high=0.9)"""


@pytest.fixture(scope="module")
def saved(run_all, home):
    """A page, and what was seen in it of a notebook with explorers and predictions: when it was
    new, after the guesses, with its kernel ended, the next day, and when another kernel ran it."""
    sources = (IMPORTS, *CALLS, *GUESSED.split("|||"))
    cells = [new_code_cell(source.strip()) for source in sources]
    python = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    nbformat.write(new_notebook(cells=cells, metadata=python), home / NAME)
    moved, guesses = {}, {}
    with run_all(NAME) as page:
        moved["new"] = looks(page)
        guesses["before"] = guessed(page)
        make_guesses(page)
        page.locator(".idlib-waits").first.wait_for(state="detached")
        guesses["after"] = guessed(page)
        drawing = page.locator(".idlib-revealed .idlib-explorer svg[role=img]").first.inner_html()
        page.evaluate(f"() => {KERNEL}.shutdown()")  # ended before the file is opened again
        moved["without a kernel"] = looks(page)
    page.evaluate(OPEN, NAME)
    page.locator(".idlib-revealed").first.wait_for()
    guesses["next day"] = guessed(page)
    moved["next day"] = looks(page)
    errors = page.get_by_text("Error displaying widget").count()
    page.evaluate(f"() => {{ {PANEL}.content.activeCellIndex = {1 + len(CALLS)}; }}")
    page.evaluate(RUN_ALL.replace("run-all-cells", "run-all-below"))  # the predictions
    page.wait_for_function("window.allRan", polling=200)
    assert page.ask("print(drawn is number)") == "False\n"
    guesses["again"], forms = guessed(page), page.locator(FORM).count()
    page.evaluate(CLOSE)
    return page, moved, guesses, drawing, errors, forms


def looks(page) -> list[tuple[list[str], list[str]]]:
    """The alternative texts of each explorer, before and after a key is pressed."""
    return [look(page, number) for number in range(len(CALLS))]


def look(page, number: int) -> tuple[str, str]:
    """The alternative texts of an explorer, before and after a key is pressed."""
    explorer = page.locator(".idlib-explorer").nth(number)
    pictures = explorer.locator("[role=img]")
    pictures.first.wait_for()
    texts = "all => all.map(e => e.ariaLabel)"
    before = pictures.evaluate_all(texts)
    explorer.locator("input[type=range]").first.press("ArrowRight")
    return before, pictures.evaluate_all(texts)


def guessed(page) -> list[tuple[str, str]]:
    """What waits for a guess, or is revealed: its class, and what it says."""
    places = page.locator(".idlib-waits, .idlib-revealed").all()
    said = [p.inner_text() or p.evaluate(SAYS_IT_WAITS) for p in places]
    return [(p.get_attribute("class").split()[0], s) for p, s in zip(places, said, strict=True)]


@pytest.mark.parametrize("when", ["new", "without a kernel"])
def test_it_moves_with_and_without_its_kernel(saved, when):
    _, moved, *_ = saved
    for before, now in moved[when]:
        assert before != now


def test_the_next_day_it_still_moves(saved):
    _, moved, *_, errors, _ = saved
    for before, now in moved["next day"]:
        assert before != now
    assert errors == 0


def test_untrusted_it_shows_its_first_view(saved, home):
    page, *_ = saved
    other = home / "from_elsewhere.ipynb"
    shutil.copy(home / NAME, other)
    notebook = nbformat.read(other, as_version=4)
    del notebook.cells[1 + len(CALLS) :]
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


def test_before_a_guess_nothing_is_seen_of_the_answer(saved):
    _, _, guesses, *_ = saved
    what = ("picture", "output", "answer", "answer", "answer")
    waits = [("idlib-waits", f"The {one} waits for your guess above.") for one in what]
    assert guesses["before"] == waits


def test_after_it_all_is_open_and_the_next_day_it_still_is(saved):
    _, _, guesses, drawing, errors, forms = saved
    after, next_day, again = (guesses[when] for when in ("after", "next day", "again"))
    texts = [text for _, text in after]
    assert [kind for kind, _ in after] == ["idlib-revealed"] * 5
    assert "what was printed" in texts[1]
    assert texts[2].startswith("Your guess: 17. The answer: 700.")
    assert "The answer: about a third as many." in texts[3]
    assert re.search(r"(?s)the dotted curve\. .*Your curve is off by 0\.\d\d", texts[4])
    assert drawing.count("stroke-dasharray") > 2  # the curve, the number, a threshold
    assert "Your guess: 17 (the dotted line)." in texts[0]
    assert "Your guess: the dotted curve." in texts[0]
    assert next_day[1:] == after[1:] == again[1:]  # of the first, what is spoken comes and goes
    assert all(day[0][0] == "idlib-revealed" for day in (next_day, again))
    assert errors == forms == 0


SAID = """e => [e.querySelector('.idlib-say').innerHTML,
    ...[...e.querySelectorAll('[role=img]')].map(p => p.ariaLabel)]"""
PLACES = ((0, 9, 4, 6, 1), (1, 3, 0, 0, 4), (0, 0, 6, 2, 3), (1, 12, 2, 4, 0))


@pytest.fixture(scope="module")
def bounds(browser, tmp_path_factory):
    explorer = widgets.OccamBound()
    path = tmp_path_factory.mktemp("bounds") / "page.html"
    path.write_text(f'<!DOCTYPE html><meta charset="utf-8">{explorer.to_html()}')
    page = browser.new_page()
    page.goto(path.as_uri())
    yield explorer, explorers(page)[0]
    page.close()


def moved(bounds, places):
    """The explorer at these places, and Python's view of their values."""
    explorer, element = bounds
    element.locator("input[type=radio]").nth(places[0]).check()
    for slider, place in zip(element.locator("input[type=range]").all(), places[1:], strict=True):
        slider.fill(str(place))
    values = next(values for at, values in explorer.values() if at == places)
    return element, explorer.view(**values)


@pytest.mark.parametrize("places", PLACES)
def test_bounds_in_python_and_in_the_browser_say_the_same(bounds, places):
    element, page = moved(bounds, places)
    said, *alts = element.evaluate(SAID)
    assert f'<p class="idlib-say">{said}</p>' in page
    assert [html.escape(alt) for alt in alts] == re.findall('aria-label="([^"]+)"', page)


@pytest.mark.parametrize("places", PLACES)
def test_bounds_in_python_and_in_the_browser_draw_the_same(bounds, places):
    """The points of the lines, in units of the picture; matplotlib clips what is far off."""
    element, page = moved(bounds, places)
    here = element.locator(".idlib-moves path").evaluate_all(
        "all => all.map(path => path.getAttribute('d'))"
    )
    there = re.findall(r"<path d=\"([^\"]+)\" clip-path", page.partition("idlib-moves")[2])
    lines = [numbers(d) for d in there if d.count("L") > 4]
    drawn = [numbers(d) for d in here if d.count("L") > 4]
    assert len(lines) == len(drawn) == 4
    for ours, pythons in zip(drawn, lines, strict=True):
        inside = pythons[:, 1] > 0
        assert np.allclose(ours[inside], pythons[inside], atol=0.02)


def numbers(path: str) -> np.ndarray:
    """The points of a path of straight lines."""
    return np.array(re.findall(r"-?[\d.]+(?:e-?\d+)?", path), float).reshape(-1, 2)
