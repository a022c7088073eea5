"""A reader in a real JupyterLab: opens each notebook, runs it all, and moves everything in it."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe

from .conftest import CLOSE_ONE, OPEN
from .guesses import FORM, SAYS_IT_WAITS, make_guesses
from .moves import explorers, unmoved

ROOT = Path(__file__).resolve().parents[2]
SECOND = 1000  # milliseconds
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
OURS = [[".jp-OutputArea-output"], [".jp-RenderedMarkdown"]]
NOT_OURS = [[".jp-InternalAnchorLink"]]  # JupyterLab's own, beside each heading
# Rules of axe-core that are never more than moderate, and take long on a page of this size.
MODERATE = {rule: {"enabled": False} for rule in ("heading-order", "landmark-unique", "region")}
ERRORS = ".jp-RenderedText[data-mime-type*='stderr'], .jp-mod-error, [data-mime-type*='error']"
BROKEN = re.compile("Error displaying widget|Loading widget")
REOPENED = {"00": (True, False), "03": (True,), "08": (True,), "14": (True,)}  # trusted or not
RAISED = re.compile(r"\b[A-Z]\w*(?:Error|Exception)\b: ")
STATE = "e => e.value ?? e.outerHTML"
DRAWN = "e => [...e.querySelectorAll('.widget-html-content')].map(x => x.innerHTML).join()"


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request, run_all):
    """The page of a notebook, all cells run."""
    with run_all(request.param.name) as page:
        yield page


@pytest.mark.runs_notebook
def test_it_runs_and_prints_what_is_stored(notebook, complaints):
    assert complaints(ROOT / "notebooks" / notebook.saved.name, notebook.saved) == []
    assert notebook.locator(ERRORS).all_inner_texts() == []
    assert notebook.raised == []


def test_everything_that_it_calls_is_shown(notebook):
    code = _code(notebook)
    for count, call in (
        (_is_live, r"Live\w+"),
        (lambda panel: panel.locator(FORM).count(), "predict"),
    ):
        shown = [panel for panel in _panels(notebook) if count(panel)]
        assert len(shown) == len(re.findall(rf"\bwidgets\.{call}\(", code)), call
    sliders = [e for p in _panels(notebook) for e in p.locator(".idlib-slider").all()]
    assert all(e.bounding_box()["height"] < 60 for e in sliders), "no style of explorers' on them"
    assert len(explorers(notebook)) == len(re.findall(r"\bwidgets\.(?!Live)[A-Z]\w*\(", code))


def test_nothing_is_given_away_before_a_guess(notebook):
    code = _code(notebook)
    waiting = notebook.locator(".idlib-waits")
    assert waiting.count() == len(re.findall(r"\.(?:show|reveal)\(", code))
    assert waiting.locator("details").filter(visible=True).count() == 0
    for place in waiting.all():
        assert place.inner_text() == ""
        assert re.fullmatch(r"The \w+ waits for your guess above\.", place.evaluate(SAYS_IT_WAITS))


def test_the_next_day_each_widget_has_something_in_its_place(notebook, home):
    """The file is opened again beside the notebook, with another kernel or where nobody trusts it:
    questions can be read, and it is said how the controls come back."""
    ways = REOPENED.get(notebook.saved.stem[:2])
    for trusted in ways or pytest.skip("others have all kinds of its widgets"):
        panels = len(_panels(notebook))
        saved = nbformat.read(notebook.saved, as_version=4)
        saved.cells[0].source += "" if trusted else "\n"
        nbformat.write(saved, home / "next_day.ipynb")
        notebook.evaluate(OPEN, "next_day.ipynb")
        again = notebook.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        asleep = again.locator(".idlib-asleep")
        notebook.wait_for_timeout(3 * SECOND)  # JupyterLab looks for what the widgets show
        assert asleep.filter(visible=True).count() == asleep.count() == panels
        hints = re.compile("Run this cell to guess|run the notebook to use the controls")
        assert asleep.filter(has_text=hints).count() == panels
        broken = again.locator(".jp-OutputArea-output", has_text=BROKEN)
        assert broken.filter(visible=True).count() == 0
        notebook.evaluate(CLOSE_ONE)
    assert notebook.raised == []


def test_its_forms_shut_nobody_out(notebook):
    forms = notebook.locator(FORM).all() or pytest.skip("it asks nothing")
    _shuts_nobody_out(notebook, forms, [[FORM]])


@pytest.fixture(scope="module")
def guessed(notebook):
    """The page with all guesses made."""
    make_guesses(notebook)
    notebook.locator(".idlib-waits").first.wait_for(state="detached")
    return notebook


def test_a_guess_is_kept_and_opens_what_waited_for_it(guessed):
    code = _code(guessed)
    names = re.findall(r"\bwidgets\.predict\(\"(.+?)\"\)", code)
    assert guessed.locator(FORM).count() == guessed.locator(".idlib-waits").count() == 0
    opened = guessed.locator(".idlib-revealed")
    assert opened.count() == len(re.findall(r"\.(?:show|reveal)\(", code))
    assert all(place.is_visible() for place in opened.all())
    said = guessed.locator(".idlib-revealed", has_text="The answer: ").all_inner_texts()
    assert len(said) == code.count(".reveal(") and all("Your guess: " in text for text in said)
    pictures = guessed.locator(".idlib-revealed", has_text="Your guess: ").count() - len(said)
    assert pictures == len(re.findall(r"^\w+\.show\((?!\))", code, re.M)), "not beside each picture"
    kept = "from idlib import widgets\nprint(all(widgets.predict(name).made for name in "
    assert guessed.ask(f"{kept}{names}))") == "True\n"
    assert guessed.raised == []


def test_what_was_opened_shuts_nobody_out(guessed):
    _shuts_nobody_out(guessed, _panels(guessed) + explorers(guessed), OURS)


def _shuts_nobody_out(notebook, panels, parts):
    """Every control has a name, and axe-core finds nothing serious in these parts."""
    for panel in panels:
        controls = r" *- (slider|combobox|radio|checkbox|button|textbox|spinbutton)\b"
        lines = panel.aria_snapshot().splitlines()
        assert [line for line in lines if re.match(rf'{controls}(?! ")', line)] == []
    parts = {"include": parts, "exclude": NOT_OURS}
    options = {"resultTypes": ["violations"], "rules": MODERATE}
    found = Axe().run(notebook, parts, options).response["violations"]
    serious = [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary']}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert serious == []


def test_training_starts_once_and_stops(guessed):
    for panel in _panels(guessed):
        if not _is_live(panel):
            continue
        train, stop = (_button_named(panel, name) for name in ("Train", "Stop"))
        train.dblclick()  # the second press comes before the first is answered
        _training(guessed, panel)
        stop.press("Enter")
        _stopped(guessed, panel)
        train.press("Enter")
        _training(guessed, panel)
        stop.click()
        _stopped(guessed, panel)


def test_explorers_move_by_keyboard(guessed):
    assert [name for explorer in explorers(guessed) for name in unmoved(explorer)] == []
    assert guessed.raised == []


def test_whatever_is_moved_answers(guessed):
    for panel in _panels(guessed):
        for kind, control in _controls(panel):
            name = control.evaluate("e => e.labels?.[0]?.innerText ?? e.innerText")
            if _is_live(panel) and kind == "button":
                continue  # see above
            element, look = (control, STATE) if _is_live(panel) else (panel, DRAWN)
            for how, move in MOVES[kind](control):
                what = f"{kind} {name!r}, moved by {how}"
                shown = element.evaluate(look)
                move()
                assert _changes(element, look, shown), f"nothing changed: {what}"
                assert not RAISED.search(panel.inner_text()), what
    assert guessed.ask("print('calm')") == "calm\n", "an exception in a thread"


def test_a_quiz_says_why(notebook):
    buttons = notebook.locator(".MCButton")
    if "widgets.quiz(" not in notebook.saved.read_text(encoding="utf-8"):
        pytest.skip("it has no quiz")
    buttons.first.click()
    notebook.locator(".Feedback", has_text=re.compile("^(Right|No)")).first.wait_for()
    assert notebook.raised == []


def _code(page) -> str:
    cells = json.loads(page.saved.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")


def _panels(page):
    return page.locator(".jp-OutputArea-output:has(.jupyter-widgets)").all()


def _button_named(panel, name: str):
    return panel.locator("button", has_text=re.compile(rf"^\s*{name}\s*$"))


def _is_live(panel) -> bool:
    return _button_named(panel, "Train").count() == 1


def _controls(panel) -> list:
    """Kind and locator of each control."""
    kinds = {
        "slider": "input[type=range], [role=slider]",
        "dropdown": "select",
        "radio": ".widget-radio-box",
        "button": "button",
    }
    return [(kind, c) for kind, css in kinds.items() for c in panel.locator(css).all()]


def _changes(element, look: str, shown: str) -> bool:
    """Waits until it looks otherwise than shown, and has stayed so for a moment."""
    page, before = element.page, shown
    for _ in range(100):
        page.wait_for_timeout(200)
        now = element.evaluate(look)
        if now != shown and now == before:
            return True
        before = now
    return False


def _slider(control):
    index, last = (int(control.evaluate(f"e => e.{name}")) for name in ("value", "max"))
    yield "keyboard", lambda: control.press("ArrowLeft" if index == last else "ArrowRight")
    box = control.bounding_box()
    x = box["width"] * (0.1 if index > last / 2 else 0.9)
    yield "mouse", lambda: control.click(position={"x": x, "y": box["height"] / 2})


def _dropdown(control):
    """Arrow keys on a closed menu belong to JupyterLab, on an open one to the menu."""
    index, count = (control.evaluate(f"e => e.{name}") for name in ("selectedIndex", "length"))
    there, back = ("ArrowUp", "ArrowDown") if index == count - 1 else ("ArrowDown", "ArrowUp")

    def choose(key):
        control.page.wait_for_timeout(300)  # the menu is no part of the page: nothing to wait for
        control.page.keyboard.press(key)
        control.page.keyboard.press("Enter")

    yield "keyboard", lambda: (control.press("Space"), choose(there))
    yield "mouse", lambda: (control.click(), choose(back))


def _button(control):
    yield "keyboard", lambda: control.press("Enter")
    yield "mouse", control.click


MOVES = {
    "slider": _slider, "dropdown": _dropdown, "button": _button,
}  # fmt: skip


def _trainers(page) -> int:
    threads = "[t for t in __import__('threading').enumerate() if t.name == 'training']"
    return int(page.ask(f"print(len({threads}))"))


def _training(page, panel) -> None:
    """One trainer is at work, and gets on."""
    status = panel.get_by_text(re.compile(r"step [\d,]+ of [\d,]+"))
    status.wait_for()
    assert _trainers(page) == 1
    steps = []
    for _ in range(120):  # half a minute: language models may take seconds for an evaluation
        steps.append(int(re.search(r"step ([\d,]+) of", status.inner_text())[1].replace(",", "")))
        if len(set(steps)) > 2:
            break
        page.wait_for_timeout(250)
    assert steps == sorted(steps) and steps[-1] > steps[0]


def _stopped(page, panel) -> None:
    """The status says so, within two steps of the press, and the trainer ends."""
    status = panel.get_by_text(re.compile("Stopped at step"))
    status.wait_for()
    numbers = re.search(r"at step ([\d,]+) \(pressed at step ([\d,]+)\)", status.inner_text())
    made, pressed = (int(n.replace(",", "")) for n in numbers.groups())
    assert 0 <= made - pressed <= 2
    for _ in range(40):
        if _trainers(page) == 0:
            return
        page.wait_for_timeout(250)
    pytest.fail("the trainer is still there ten seconds after it was stopped")
