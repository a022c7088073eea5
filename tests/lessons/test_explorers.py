"""Explorers: what lies in a cell's HTML, and figures as SVG."""

import base64
import json
import re
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import numpy as np
import pytest

from idlib import IdlibError, widgets
from idlib.lessons.base import explorers
from idlib.lessons.base.explorers import (
    Drag,
    Explorer,
    choice,
    say,
    slider,
    table,
    with_todays_front,
)
from idlib.lessons.base.plots import figure, panels
from idlib.lessons.base.svg import Stage, to_svg

SVG = "{http://www.w3.org/2000/svg}"


def explorer(**more):
    controls = {
        "kind": choice("kind of thing", {"small": 10, "large": 1000}, 10),
        "d": slider("d", lambda kind: [kind, 2 * kind, 3 * kind], 20),
    }
    return Explorer(controls, lambda kind, d: f"<p>of {kind}</p>\n{say(f'd = {d}')}", **more)


def packed(page: str) -> dict:
    data = re.search(r'parentElement, "([^"]+)"', page)[1]
    return json.loads(zlib.decompress(base64.b64decode(data)))


def test_every_view_is_in_the_page_as_python_makes_it():
    shown = explorer()
    found = packed(shown.to_html())
    made = {",".join(map(str, places)): shown.view(**v) for places, v in shown.values()}
    assert {
        at: "\n".join(found["lines"][i] for i in ids) for at, ids in found["views"].items()
    } == made
    assert len(made) == 6 and "d = 3000" in made["1,2"]


def test_labels_follow_the_first_control_where_they_depend_on_it():
    kind, d = packed(explorer().to_html())["controls"]
    assert kind == {
        "label": "kind of thing",
        "kind": "buttons",
        "labels": [["small", "large"]],
        "start": 0,
    }
    assert d["labels"] == [["10", "20", "30"], ["1,000", "2,000", "3,000"]] and d["start"] == 1


def test_a_long_choice_is_a_menu():
    assert choice("x", ["a" * 30, "b" * 31], "a" * 30).kind == "menu"


def test_with_a_formula_one_view_is_made():
    page = explorer(formula="(view, places) => 1").to_html()
    assert list(packed(page)["views"]) == [""] and "(view, places) => 1)" in page


def test_a_start_that_cannot_be_chosen_is_refused():
    with pytest.raises(IdlibError, match="d = 5 was given, expected one of 1, 2"):
        Explorer({"d": slider("d", [1, 2], 5)}, str)


def test_the_first_view_stands_there_without_scripts():
    """JupyterLab drops styles, scripts and SVG where it trusts nobody."""
    fig, _ = figure(2, 2)
    drawn = Explorer({"x": slider("x", [1, 2], 1)}, lambda x: to_svg(fig, [f'at "{x}"']))
    page = re.sub(r"<(style|script)>.*?</\1>", "", drawn.to_html(), flags=re.S)
    (picture,) = re.findall(r'<img alt="at &quot;1&quot;"[^>]*base64,([^"]+)"', page)
    assert ET.fromstring(base64.b64decode(picture)).tag == f"{SVG}svg"
    assert "<svg" not in page and "Static picture" in page


def test_a_table_scrolls_by_itself():
    page = table(["a", "b"], [["1", "2"]])
    assert page.startswith('<div class="idlib-table">') and "<td>2</td>" in page


def parsed(page: str) -> ET.Element:
    return ET.fromstring(page)


def test_a_panel_becomes_a_picture_with_its_words():
    fig, (left, right) = panels((3.0, 4.0), 2.0)
    left.set_title("left")
    right.set_title("right")
    first, second = parsed(to_svg(fig, ["one", 'two "2" < 3'])).findall(f"{SVG}svg")
    assert [p.get("aria-label") for p in (first, second)] == ["one", 'two "2" < 3']
    assert [p.get("width") for p in (first, second)] == ["300", "400"]
    texts = [{t.text for t in p.iter(f"{SVG}text")} for p in (first, second)]
    assert "left" in texts[0] and "right" in texts[1] and "left" not in texts[1]


def test_words_are_missing():
    with pytest.raises(IdlibError, match="1 alternative texts were given, expected 2"):
        to_svg(panels((3, 3), 2)[0], ["one"])


def test_black_and_white_are_the_pages_and_colours_stay():
    fig, ax = figure(2, 2)
    ax.plot([0, 1], color="black")
    ax.plot([1, 0], color="#0072B2")
    page = to_svg(fig, ["a"])
    assert "#000000" not in page and "#ffffff" not in page
    assert "stroke: currentColor" in page and "stroke: #0072b2" in page


def test_what_moves_lies_over_what_stays_as_if_all_of_it_were_drawn():
    def drawn(mark):
        fig, (ax,) = panels([3.0], 2.0)
        ax.plot([1, 2, 3])
        ax.set(xlim=(0, 4), ylim=(0, 4))
        mark(ax)
        return fig

    stage = Stage(drawn(lambda ax: None))
    marks = [lambda ax, x=x: ax.plot([x], [x], "D", color="red") for x in (1, 2, 1)]
    seen = [stage.to_svg(["a"], mark) for mark in marks]
    assert seen[0] == seen[2] != seen[1]
    for mark, page in zip(marks, seen, strict=False):
        places = [
            sorted((u.get("x"), u.get("y")) for u in parsed(p).iter(f"{SVG}use"))
            for p in (page, to_svg(drawn(mark), ["a"]))
        ]
        assert places[0] == places[1]


def test_a_stage_says_where_its_axes_are():
    fig, (ax,) = panels([3.0], 2.0)
    ax.set(xscale="log", xlim=(1, 1000), ylim=(-2, 6))
    page = Stage(fig).to_svg(["a"], lambda ax: ax.plot([100], [2], "o"))
    moves = next(g for g in parsed(page).iter(f"{SVG}g") if g.get("class") == "idlib-moves")
    x0, xs, y0, ys, *_ = map(float, moves.get("data-axes").split())
    (use,) = moves.iter(f"{SVG}use")
    assert np.allclose([x0 + 2 * xs, y0 + 2 * ys], [float(use.get(k)) for k in "xy"], atol=0.02)


def test_a_stored_explorer_gets_the_script_of_today_and_keeps_its_views():
    page = explorer().to_html()
    old = page.replace("const labels", "const former").replace("gap: 4px", "gap: 5px")
    assert old != page and with_todays_front(old) == with_todays_front(page) == page


def test_what_is_dragged_needs_a_formula_to_move_it():
    dragged = Explorer({"x": Drag("x", (0.0, 1.0))}, lambda x: f"{x}", formula="() => 1")
    assert packed(dragged.to_html())["controls"] == [
        {"label": "x", "start": [0.0, 1.0], "panel": 0, "grip": "", "kind": "drag", "labels": [[]]}
    ]
    with pytest.raises(IdlibError, match="can be dragged: its values can't be listed"):
        list(dragged.values())


@pytest.mark.parametrize("name", ["FastfoodSteps", "RandomAngles"])
def test_every_setting_draws_another_picture_with_words(name):
    shown = getattr(widgets, name)()
    seen = [shown.view(**values) for _, values in shown.values()]
    assert all(len(re.findall(r'aria-label="[^"]{30,}"', view)) == 2 for view in seen)
    assert len(set(seen)) == len(seen) > 5


def test_all_explorers_together_need_little_javascript():
    lessons = Path(explorers.__file__).parents[1]
    lines = [line for p in lessons.rglob("*.js") for line in p.read_text("utf-8").splitlines()]
    assert 100 < len(lines) <= 500
    assert max(map(len, lines)) <= 140
