"""Predictions answered as a reader does: by mouse, keyboard and pointer."""

import re

FORM = "[class*=idlib-asks-]"
CELL = "xpath=ancestor::*[contains(@class, 'jp-OutputArea ')][1]"
FEWER = f"left => document.querySelectorAll('{FORM}').length < left"
SAYS_IT_WAITS = "e => JSON.parse(getComputedStyle(e, '::before').content)"
SAYS = "([cell, text]) => cell.innerText.includes(text)"


def make_guesses(page) -> None:
    """Answers each prediction whose form is in the page."""
    while page.locator(FORM).count():
        left = page.locator(FORM).count()
        _guess(page, page.locator(FORM).first)
        page.wait_for_function(FEWER, arg=left)


def _guess(page, panel) -> None:
    """Commits to nothing, then to an answer: that of the last one chosen, at once."""
    commit = panel.locator("button", has_text="This is my guess")
    commit.click()
    complaint = panel.get_by_text(re.compile("(choose|type|draw) .+ first", re.I))
    complaint.wait_for()
    options = panel.locator("label:has(input[type=radio])")
    if options.count():
        options.first.locator("input").click()
        options.nth(1).locator("input").press("Space")
        answer = options.nth(1).inner_text().strip()
        assert options.nth(1).locator("input").is_checked()
    elif panel.locator(".idlib-curve").count():
        _draw(page, panel)
        answer = "the dotted curve"
    else:
        entry = panel.locator("input[type=text]")
        assert entry.input_value() == ""
        entry.fill("many")
        commit.click()
        panel.get_by_text("“many” was given").wait_for()
        entry.fill("17")
        answer = "17"
    cell = panel.locator(CELL).element_handle()
    complaint.wait_for(state="hidden")  # a press may overtake an answer on its way to the kernel
    commit.press("Enter")
    page.wait_for_function(SAYS, arg=[cell, f"Your guess: {answer}."])
    page.wait_for_function("cell => !cell.querySelector('button')", arg=cell)


def guess_on_a_page(form) -> str:
    """Answers a prediction of the site by keyboard; returns what is guessed."""
    commit, options = form.get_by_text("This is my guess"), form.locator("[type=radio]")
    if options.count():
        options.nth(1).press("Space")
        said = form.locator("label").nth(1).inner_text().strip()
    elif form.locator(".idlib-curve").count():
        points = form.locator("[role=slider]")
        points.first.press("ArrowUp")
        points.last.press("PageUp")
        said = "the dotted curve"
    else:
        said = "17"
        form.locator("input").fill("17")
    commit.press("Enter")
    assert form.evaluate("e => e.querySelector('.idlib-said') === document.activeElement")
    return said


def _draw(page, panel) -> None:
    """Draws a curve by pointer, and moves one of its points by keyboard."""
    board = panel.locator(".idlib-curve svg")
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.7 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.2 * box["height"], steps=4)
    page.mouse.up()
    points = panel.locator("[role=slider]")
    said = [point.get_attribute("aria-valuetext") for point in points.all()]
    assert len(set(said)) > 3, "a curve that rises"
    points.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    moved = [point.get_attribute("aria-valuetext") for point in points.all()]
    assert moved[1] != said[1] and moved[:1] + moved[2:] == said[:1] + said[2:]
