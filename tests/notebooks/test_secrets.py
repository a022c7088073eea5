"""Nothing gives an answer away before it is revealed: not the source of a cell, nor what it
printed, nor an alternative text, nor a heading; folded, it may stand there."""

import html
import json
import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import idlib
from idlib.lessons import LESSONS
from idlib.lessons.base.questions import question

FILES = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
HOME = Path(idlib.__file__).parent / "lessons"
ASKS = re.compile(r"^(\w+) = widgets\.predict\(\"([\w/]+)\"\)$", re.M)
FOLDED = re.compile(r"<details>.*?</details>", re.S)
NOISE = re.compile(r"base64,[^\"']*|<style>.*?</style>|<script>.*?</script>", re.S)
HIDDEN = re.compile(r"\.(?:show|reveal)\(")


def spoilers(notebook) -> list[str]:
    """Where an answer stands before its reveal, or anywhere in a heading."""
    found, names = [], {}
    for cell in notebook.cells:
        names |= dict(ASKS.findall(cell.source)) if cell.cell_type == "code" else {}
    if missing := [n for n in names if place_of(notebook, n) is None]:
        return [f"{names[n]} is never revealed" for n in missing]
    headings = [h for c in notebook.cells for h in re.findall("^#+ .*$", c.source, re.M)
                if c.cell_type == "markdown"]  # fmt: skip
    for variable, name in names.items():
        place = place_of(notebook, variable)
        asked = next(i for i, c in enumerate(notebook.cells) if f'predict("{name}")' in c.source)
        answers = answer(notebook.cells[place])
        if not answers:
            found.append(f"{name}: its answer is not stored")
        for number, cell in enumerate(notebook.cells[: place + 1]):
            for what, text in texts(cell):
                for said in answers:
                    if says(text, said, name, number > asked):
                        found.append(f"{name}: {said!r} in the {what} of cell {number}")
        found += [f"{name}: the heading {h}" for h in headings for a in answers if says(h, a, name)]
    return found


def place_of(notebook, variable: str) -> int | None:
    """The cell in which a prediction is revealed."""
    reveal = re.compile(rf"\b{variable}\.reveal\(")
    places = [i for i, c in enumerate(notebook.cells) if reveal.search(c.source)]
    return places[0] if places else None


def answer(cell) -> list[str]:
    """The answer as it is stored, without what it is made of."""
    pages = [output.get("data", {}).get("text/html", "") for output in cell.get("outputs", [])]
    found = re.findall(r"The answer: <b>(.*?)</b>", "".join(pages))
    return [html.unescape(text) for text in found]


def texts(cell):
    """What can be read of a cell, but for what is folded."""
    yield "source", FOLDED.sub("", cell.source)
    for output in cell.get("outputs", []):
        page = output.get("text", "") + output.get("data", {}).get("text/html", "")
        yield "output", html.unescape(FOLDED.sub("", NOISE.sub("", page)))


def says(text: str, said: str, name: str, near: bool = False) -> bool:
    """Whether a text gives an answer away; the question itself lists the options.

    Args:
        text: of a cell.
        said: the answer.
        name: of the prediction.
        near: whether the text stands between the question and its answer.
    """
    asked = question(name)
    number = said.replace(",", "")
    if asked.options:
        options = "".join(f"<li>{option}</li>" for option in asked.options)
        text = text.replace(options, "").replace(html.escape(options), "")
        return bool(re.search(rf"(?<!\w){re.escape(said)}(?!\w)", text))
    if not number.isdecimal():
        return said in text
    text = text.replace(asked.question, "").replace(f"{int(number):,}", number)
    token = rf"(?<![\d.,^]){number}(?![\d,.]*\d)"
    if len(number) < 3:  # a small number means many things: as a d, a dimension or a share
        called = r"\bd(?:90)? ?(?:=|is|at) ?|\bdimension(?: is| of)? "
        share = rf"|{token} (?:%|per cent)" if near else ""
        token = rf"(?:{called})\**{token}{share}"
    return bool(re.search(token, text))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_answer_is_given_away(path):
    assert spoilers(nbformat.read(path, as_version=4)) == []


def test_each_prediction_is_asked_once_in_its_own_notebook():
    asked = []
    for path in FILES[1:]:  # notebook 00 asks beforehand what 03 answers
        code = "\n".join(c.source for c in nbformat.read(path, as_version=4).cells)
        names = [name for _, name in ASKS.findall(code)]
        assert len(names) == len(re.findall(r"\bpredict\(", code))
        assert {name.split("/")[0] for name in names} <= {LESSONS.get(path.stem[:2])}
        asked += names
    there = [
        f"{lesson}/{key}"
        for lesson in LESSONS.values()
        for key in json.loads((HOME / lesson / "predictions.json").read_text(encoding="utf-8"))
    ]
    assert sorted(asked) == sorted(there)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_waits_is_stored_folded(path):
    """Stored without a guess: whoever has no kernel unfolds it."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and HIDDEN.search(cell.source):
            (page,) = (o.data["text/html"] for o in cell.outputs if "idlib-waits" in str(o))
            outside = FOLDED.sub("", NOISE.sub("", page))
            assert re.sub("<.*?>", "", outside).strip() == ""
            assert "Your guess:" not in page


REVEALED = "<details><summary>Show the answer</summary><p>The answer: <b>{}</b>.</p></details>"


def lesson(name="mnist/fc", said="724"):
    """A notebook that keeps its secret."""
    return new_notebook(cells=[
        new_markdown_cell("# A title"),
        new_code_cell(f'guess = widgets.predict("{name}")\nguess'),
        new_code_cell("f(625)", outputs=[new_output("stream", text="750")]),
        new_code_cell("guess.reveal(fc=f())", outputs=[
            new_output("display_data", {"text/html": REVEALED.format(said)})
        ]),
        new_markdown_cell("It is 724, about a third as many."),
    ])  # fmt: skip


def test_an_answer_after_its_reveal_is_none_of_its_business():
    assert spoilers(lesson()) == []
    assert spoilers(lesson("mnist/lenet", "about a third as many")) == []


def _at(index, **fields):
    return lambda notebook: notebook.cells[index].update(fields)


SPOILT = [
    ("heading", _at(4, source="## Why 724 are enough")),
    ("the source of cell 0", _at(0, source="# A title\n\nWith d = 724 it works.")),
    ("the source of cell 3", _at(3, source="guess.reveal(724)")),
    ("the output of cell 2", _at(2, outputs=[new_output("stream", text="d90 724")])),
    ("the output of cell 2", _at(2, outputs=[
        new_output("display_data", {"text/html": '<img alt="it crosses 0.9 at 724">'})])),
    ("the source of cell 2", _at(2, source='alt = "a line at 724."')),
    ("never revealed", _at(3, source="guess.show(x)")),
    ("not stored", _at(3, outputs=[])),
]  # fmt: skip


@pytest.mark.parametrize(("where", "spoil"), SPOILT)
def test_a_spoiler_is_found(where, spoil):
    notebook = lesson()
    spoil(notebook)
    assert any(where in found for found in spoilers(notebook))


@pytest.mark.parametrize("text", ["dimension 10", "d = 10", "the dimension is **10**"])
def test_a_small_number_gives_away_what_it_is_called(text):
    assert says(text, "10", "toy/ten") and not says("10 groups, d = 100", "10", "toy/ten")


def test_an_option_gives_away_in_other_places_than_its_question():
    said = "about a third as many"
    assert says(f"It needs {said}.", said, "mnist/lenet")
    listed = "".join(f"<li>{option}</li>" for option in question("mnist/lenet").options)
    assert not says(f"<ul>{listed}</ul>", said, "mnist/lenet")
