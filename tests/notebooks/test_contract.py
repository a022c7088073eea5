"""Every notebook keeps the contract: a lesson with objectives, predictions, checked exercises,
what was measured, and nothing stored that a reader could trip over."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbval.plugin import find_comment_markers, find_metadata_tags

from idlib.tools.notebooks import WIDGET

FOLDER = Path(__file__).parents[2] / "notebooks"
FILES = sorted(FOLDER.glob("*.ipynb"))
START = "00_start_here"
FIELDS = ("Question", "Objectives", "Minutes", "Before this", "Downloads")
SECTIONS = ("What we measured", "Summary", "Where to go next")
CALLBACKS = re.compile(r"\.observe\(|\.on_click\(|\.on_submit\(|\binteract\w*\(|\bOutput\(")
SIZE = 600_000  # bytes


def problems(notebook, name: str) -> list[str]:
    """What breaks the contract; the notebook to start with is no lesson and has no exercises."""
    found = [*_header(notebook), *_code(notebook), *_outputs(notebook), *_links(notebook)]
    sections = SECTIONS[1:] if name == START else SECTIONS
    headings = re.findall(r"^## +(.+?) *$", _prose(notebook), re.M)
    if [h for h in headings if h in SECTIONS] != list(sections):
        found.append(f"sections {headings}, expected at the end {sections}")
    summary = _prose(notebook).partition("\n## Summary")[2].partition("\n## ")[0]
    if len(re.findall(r"^(?:[-*]|\d\.) ", summary, re.M)) != 3:
        found.append("a summary of three points, as a list")
    return found if name == START else found + _lesson(notebook)


def _header(notebook):
    """Title, question, objectives, minutes, what comes before, downloads."""
    prose = _prose(notebook)
    if len(re.findall(r"^# .", prose, re.M)) != 1 or not prose.startswith("# "):
        yield "one title, at the top"
    fields = dict(re.findall(r"^\*\*([\w ]+)\.\*\*(.*(?:\n(?!\*\*|#).*)*)", prose, re.M))
    for field in FIELDS:
        if not fields.get(field, "").strip():
            yield f"a line **{field}.**"
    question = fields.get("Question", "").strip()
    if question.count("?") != 1 or not question.endswith("?"):
        yield "the question in one sentence"
    if not 3 <= len(re.findall(r"^[-*] .", fields.get("Objectives", ""), re.M)) <= 5:
        yield "three to five objectives, as a list"
    if not minutes(notebook):
        yield "**Minutes.** N to read, M to run"


def minutes(notebook) -> tuple[int, int] | None:
    """To read and to run."""
    match = re.search(r"^\*\*Minutes\.\*\* (\d+) to read, (\d+) to run", _prose(notebook), re.M)
    return match and (int(match[1]), int(match[2]))


def _lesson(notebook) -> list[str]:
    """Predictions, exercises with solutions, outputs that nbval compares."""
    code = "\n".join(cell.source for cell in _cells(notebook, "code"))
    prose = _prose(notebook)
    solutions = re.findall(
        r"<details>\s*<summary>.*?solution.*?</summary>.*?</details>", prose, re.I | re.S
    )
    counts = {
        "two predictions, with widgets.predict": len(re.findall(r"\bwidgets\.predict\(", code)),
        "two exercises with idlib.checks": len(re.findall(r"\bchecks\.\w", code)),
        "two solutions folded in <details>": len(solutions),
        "a heading with Exercise": 2 * len(re.findall(r"^##+ .*Exercise", prose, re.M)),
        "a cell tagged nbval-check-output": 2 * sum(
            _options(cell).get("check", False) for cell in _cells(notebook, "code")
        ),
    }  # fmt: skip
    return [what for what, count in counts.items() if count < 2]


def _code(notebook):
    """Short cells, no callbacks, no exception declared, run once from top to bottom."""
    cells = _cells(notebook, "code")
    lengths = [len(cell.source.splitlines()) for cell in cells]
    if max(lengths, default=0) > 25:
        yield f"a code cell of {max(lengths)} lines, over 25"
    if 2 * sum(n > 10 for n in lengths) >= len(lengths) > 0:
        yield "most code cells have over 10 lines"
    if [cell.execution_count for cell in cells] != list(range(1, len(cells) + 1)):
        yield "cells were not run once from top to bottom: python -m idlib notebooks --run"
    for cell in cells:
        if CALLBACKS.search(cell.source):
            yield "callback code: it belongs into idlib.widgets"
        if _options(cell).keys() & {"skip", "check_exception"}:
            yield "a cell that is skipped or declares an exception: show errors by try and except"


def _outputs(notebook):
    """No widget state, no errors or warnings; pictures with words; no paths of a machine."""
    if "widgets" in notebook.metadata:
        yield "widget state is stored"
    if len(nbformat.writes(notebook).encode()) > SIZE:
        yield f"the file is over {SIZE} bytes"
    for output in (o for cell in _cells(notebook, "code") for o in cell.outputs):
        data = output.get("data", {})
        if WIDGET in data:
            yield "a widget view is stored"
        if output.output_type == "error":
            yield "an error is stored"
        if output.get("name") == "stderr" and "Warning" in output.text:
            yield f"a warning is stored: {output.text}"
        if any(key.startswith("image/") for key in data):
            yield "a picture without alternative text: show it by idlib.plots.picture"
        html = re.sub(r"base64,[^\"']*", "", data.get("text/html", ""))
        for tag in re.findall(r"<img\b[^>]*>", html):
            if not re.search(r"""\balt=(["'])\s*[^\s"']""", tag):
                yield f"a picture without alternative text: {tag[:80]}"
        if re.search(r"/(home|root|tmp|Users)/", output.get("text", "") + html):
            yield "a path of the machine is stored"


def _links(notebook):
    """Links to other notebooks lead somewhere; pictures in prose have words."""
    for target in re.findall(r"\]\(([^)#:]+\.ipynb)", _prose(notebook)):
        if not (FOLDER / target).is_file():
            yield f"a link to {target}, which isn't there"
    if re.search(r"!\[\s*\]\(", _prose(notebook)):
        yield "a picture without alternative text"


def _cells(notebook, kind):
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def _prose(notebook) -> str:
    return "\n\n".join(cell.source for cell in _cells(notebook, "markdown"))


def _options(cell) -> dict:
    return dict(find_metadata_tags(cell.metadata)) | dict(find_comment_markers(cell.source))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_contract(path):
    assert problems(nbformat.read(path, as_version=4), path.stem) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("map_of", ["notebooks/00_start_here.ipynb", "README.md"])
def test_the_maps_name_each_notebook_with_its_minutes(path, map_of):
    text = (FOLDER.parent / map_of).read_text(encoding="utf-8")
    rows = re.findall(rf"{path.name}\).*?\| *(\d+) *\|(?: *(\d+|–) *\|)? *(\d+) *\|", text)
    notebook = nbformat.read(path, as_version=4)
    assert [(int(read), int(run)) for read, _, run in rows] == [minutes(notebook)]
    stated = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    exercises = sum(map(int, re.findall(r"^### Exercise.*\((\d+) minutes", stated, re.M)))
    assert rows[0][1] in ("", str(exercises or "–"))


def lesson():
    """A notebook that keeps the contract, in as few words as that takes."""
    header = (
        "# Title\n\n**Question.** Why?\n\n**Objectives.** After it you can\n\n- a\n- b\n- c\n\n"
        "**Minutes.** 10 to read, 2 to run\n\n**Before this.** Nothing.\n\n**Downloads.** Nothing."
    )
    solution = "<details><summary>Solution</summary>\n\nSo.\n\n</details>"
    picture = new_output("display_data", {"text/html": '<img alt="a curve" src="data:,">'})
    code = ["widgets.predict(1)", "widgets.predict(2)", "checks.one(f)", "checks.two(f)"]
    cells = [
        new_markdown_cell(header),
        *(new_code_cell(c, execution_count=n, outputs=[]) for n, c in enumerate(code, start=1)),
        new_markdown_cell(f"## Exercises\n\n{solution}\n\n{solution}"),
        new_markdown_cell("## What we measured"),
        new_markdown_cell("## Summary\n\n- x\n- y\n- z\n\n## Where to go next"),
    ]
    cells[1].metadata.tags = ["nbval-check-output"]
    cells[2].outputs = [picture]
    return new_notebook(cells=cells)


def test_the_shortest_lesson_keeps_the_contract():
    assert problems(lesson(), "01") == []


def _replace(old, new):
    def change(notebook):
        for cell in notebook.cells:
            cell.source = cell.source.replace(old, new)

    return change


def _output(kind, data=None, **more):
    return lambda nb: nb.cells[1].outputs.append(new_output(kind, data, **more))


def _tag(tag):
    return lambda nb: nb.cells[3].metadata.update(tags=[tag])


BREACHES = [
    ("one title", _replace("# Title", "Title")),
    ("one title", _replace("## Summary", "# Summary")),
    ("Question", _replace("**Question.**", "Question:")),
    ("one sentence", _replace("Why?", "Because.")),
    ("three to five", _replace("- c\n", "")),
    ("three to five", _replace("- c\n", "- c\n- d\n- e\n- f\n")),
    ("Minutes", _replace("2 to run", "soon")),
    ("Before this", _replace(" Nothing.", "")),
    ("Downloads", _replace("**Downloads.** Nothing.", "")),
    ("predictions", _replace("widgets.predict(2)", "2")),
    ("idlib.checks", _replace("checks.one(f)", "1")),
    ("solutions", _replace("<details>", "")),
    ("Exercise", _replace("## Exercises", "")),
    ("nbval-check-output", lambda nb: nb.cells[1].metadata.clear()),
    ("sections", _replace("## What we measured", "")),
    ("sections", _replace("## Summary", "")),
    ("sections", _replace("## Where to go next", "")),
    ("three points", _replace("- z\n", "")),
    ("25", _replace("checks.one(f)", "checks.one(f)\n" * 26)),
    ("over 10", _replace("(f)", "(f)\n" * 11)),  # two cells of four
    ("top to bottom", lambda nb: nb.cells[1].update(execution_count=None)),
    ("top to bottom", lambda nb: nb.cells[1].update(execution_count=7)),
    ("callback", _replace("checks.one(f)", "checks.one(f); slider.observe(f)")),
    ("callback", _replace("checks.one(f)", "checks.one(f); button.on_click(f)")),
    ("declares", _tag("raises-exception")),
    ("declares", _tag("nbval-skip")),
    ("declares", _replace("checks.one(f)", "# NBVAL_RAISES_EXCEPTION\nchecks.one(f)")),
    ("widget state", lambda nb: nb.metadata.update(widgets={})),
    ("widget view", _output("display_data", {WIDGET: {}})),
    ("error", _output("error", ename="ValueError", evalue="", traceback=[])),
    ("warning", _output("stream", name="stderr", text="UserWarning: no")),
    ("alternative", _output("display_data", {"image/png": "aGVsbG8="})),
    ("alternative", _output("display_data", {"text/html": '<img alt="" src="">'})),
    ("alternative", _output("display_data", {"text/html": "<img src=''>"})),
    ("alternative", _replace("Nothing.", "![](a.png)")),
    ("machine", _output("stream", name="stdout", text="from /home/me/data")),
    ("bytes", _output("stream", name="stdout", text="x" * SIZE)),
    ("a link", _replace("Nothing.", "[next](99_nowhere.ipynb)")),
]


@pytest.mark.parametrize(("word", "breach"), BREACHES)
def test_a_breach_of_the_contract_is_found(word, breach):
    notebook = lesson()
    breach(notebook)
    assert any(word in problem for problem in problems(notebook, "01"))


def test_the_first_notebook_needs_no_exercises():
    notebook = lesson()
    _replace("## What we measured", "")(notebook)
    del notebook.cells[1:6]
    assert problems(notebook, START) == []
