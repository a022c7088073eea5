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
def predicted(run_all, home):
    """A notebook with predictions, run; its page before and after the guesses, and after its
    kernel has ended and another has run it."""
    cells = [new_code_cell(source.strip()) for source in GUESSED.split("|||")]
    python = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    nbformat.write(new_notebook(cells=cells, metadata=python), home / "guesses.ipynb")

    def seen(page):
        places = page.locator(".idlib-waits, .idlib-revealed").all()
        said = [p.inner_text() or p.evaluate(SAYS_IT_WAITS) for p in places]
        return [(p.get_attribute("class").split()[0], s) for p, s in zip(places, said, strict=True)]

    with run_all("guesses.ipynb") as page:
        before = seen(page)
        make_guesses(page)
        page.locator(".idlib-waits").first.wait_for(state="detached")
        after = seen(page)
        drawing = page.locator(".idlib-explorer svg[role=img]").first.inner_html()
        page.evaluate(f"() => {KERNEL}.shutdown()")  # ended before the file is opened again
    page.evaluate(OPEN, "guesses.ipynb")
    page.locator(".idlib-revealed").first.wait_for()
    next_day = seen(page)
    errors = page.get_by_text("Error displaying widget").count()
    page.evaluate(RUN_ALL)
    page.wait_for_function("window.allRan", polling=200)
    again, forms = seen(page), page.locator(FORM).count()
    page.evaluate(CLOSE)
    return before, after, next_day, again, errors, forms, drawing


def test_before_a_guess_nothing_is_seen_of_the_answer(predicted):
    before, *_ = predicted
    what = ("picture", "output", "answer", "answer", "answer")
    assert before == [("idlib-waits", f"The {one} waits for your guess above.") for one in what]


def test_after_it_all_is_open_and_the_next_day_it_still_is(predicted):
    _, after, next_day, again, errors, forms, drawing = predicted
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
