"""What is dragged in a picture, by pointer and by keyboard, on a page without a kernel."""

import re

import pytest

from idlib import widgets

from .moves import explorers, unmoved

SAID = ".idlib-say"
ALTS = "e => [...e.querySelectorAll('[role=img]')].map(i => i.ariaLabel)"


@pytest.fixture(scope="module")
def tab(browser):
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def shown(tab, tmp_path):
    """Shows an explorer alone on a page, at a width; returns its element."""
    raised = []

    def complain(error):
        raised.append(str(error))

    def show(explorer, width: int = 1280):
        tab.set_viewport_size({"width": width, "height": 800})
        path = tmp_path / "page.html"
        head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        path.write_text(f"<!doctype html>{head}{explorer.to_html()}", encoding="utf-8")
        tab.goto(path.as_uri())
        (element,) = explorers(tab)
        return element

    tab.on("pageerror", complain)
    yield show
    tab.remove_listener("pageerror", complain)
    assert raised == []


def drag(element, handle: str, right: float, down: float) -> None:
    """From the middle of a handle, by so many pixels."""
    box, mouse = element.locator(handle).bounding_box(), element.page.mouse
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    mouse.move(x, y)
    mouse.down()
    mouse.move(x + right / 2, y + down / 2)
    mouse.move(x + right, y + down)
    mouse.up()


def pair(words: str) -> list[float]:
    return [float(x) for x in re.search(r"\(([-\d.]+), ([-\d.]+)\)", words).groups()]


def distances(words: str) -> list[float]:
    return [float(x) for x in re.findall(r"<b>([\d.]+)</b>", words)]


@pytest.mark.parametrize(
    "explorer",
    [widgets.SteeredPoint, *(
        lambda e=e, d=d: widgets.Meetings(equations=e, d=d) for e in (1, 2) for d in (1, 2)
    )],
    ids=["steer", "line meets plane", "plane meets plane", "line misses line", "plane meets line"],
)  # fmt: skip
def test_the_browser_says_and_draws_what_python_does(shown, explorer):
    explorer = explorer()
    view, element = explorer.view(**explorer.start), shown(explorer)
    assert element.locator(SAID).inner_html() in view
    assert element.evaluate(ALTS) == re.findall('aria-label="([^"]*)"', view)
    assert unmoved(element) == []


@pytest.mark.parametrize("width", [1280, 390])
def test_the_point_follows_the_pointer_and_descent_ends_nearest(shown, width):
    explorer = widgets.SteeredPoint()
    element = shown(explorer, width)
    before = pair(element.locator(SAID).inner_text())
    drag(element, ".idlib-grip", 60, 40)
    dot = element.locator(".idlib-now").first.bounding_box()
    held = element.locator(".idlib-grip").bounding_box()
    middles = [[b["x"] + b["width"] / 2, b["y"] + b["height"] / 2] for b in (dot, held)]
    assert middles[0] == pytest.approx(middles[1], abs=1)
    words = element.locator(SAID).inner_html()
    after = pair(words)
    assert after[0] > before[0] + 0.1 and after[1] < before[1] - 0.1
    theta = explorer.path(after) @ explorer.P.T
    far = (theta - explorer.target).norm(dim=1)
    assert distances(words) == pytest.approx([float(far[0]), float(far[-1])], abs=0.02)
    drag(element, ".idlib-grip", 3000, 3000)
    assert pair(element.locator(SAID).inner_text()) == [2.2, -0.4], "it stays in the picture"


def test_keys_move_as_the_pointer_does_and_shift_moves_less(shown):
    element = shown(widgets.SteeredPoint())
    grip = element.locator(".idlib-grip")
    places = [pair(element.locator(SAID).inner_text())]
    for key in ("ArrowRight", "ArrowDown", "Shift+ArrowLeft"):
        grip.press(key)
        places.append(pair(element.locator(SAID).inner_text()))
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = places
    assert x1 > x0 and y1 == y0 and x2 == x1 and y2 < y1 and y3 == y2
    assert 0 < x2 - x3 < (x1 - x0) / 3


def test_a_line_can_be_brought_near_to_the_solutions_and_a_plane_always_meets_them(shown):
    element = shown(widgets.Meetings(equations=2, d=1))
    misses = []
    for _ in range(12):
        misses.append(float(re.search(r"by (\d+\.\d+)", element.locator(SAID).inner_text())[1]))
        drag(element, ".idlib-grip", 0, -14)
    assert min(misses) < misses[0] - 0.3 and min(misses) > 0
    element.get_by_label("a plane, d = 2").check()
    for right in (-50, 30, 80):
        drag(element, ".idlib-grip", right, 20)
        assert "meets" in element.locator(SAID).inner_text()


def test_turning_the_view_changes_the_picture_and_not_what_is_true(shown):
    element = shown(widgets.Meetings(equations=1, d=1))
    said, alts = element.locator(SAID).inner_text(), element.evaluate(ALTS)
    drawn = element.locator(".idlib-solutions").get_attribute("d")
    element.locator(".idlib-turn").press("ArrowRight")
    assert element.locator(SAID).inner_text() == said
    assert element.evaluate(ALTS) != alts
    assert element.locator(".idlib-solutions").get_attribute("d") != drawn
