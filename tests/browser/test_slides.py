"""The slides in a browser: nothing is cut off, all can be read, no answer comes early."""

from pathlib import Path

import pytest

from idlib.tools.slides import make_slides

from .moves import unmoved

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
SMALLEST = 18  # pixels, on a slide of 1280 x 720
OUTSIDE = ":not(:is(math, svg) *, .idlib-spoken, .idlib-spoken *)"  # what lies outside of pictures
CUT_OFF = f"""() => [...Reveal.getCurrentSlide().querySelectorAll('{OUTSIDE}')].filter(e => {{
    const box = e.getBoundingClientRect();
    return box.width && (box.right > 1281 || box.bottom > 721 || box.left < -1 || box.top < -1);
}}).map(e => e.tagName + ' ' + e.textContent.slice(0, 60))"""
# Text outside of pictures: its size as it is seen, and what it says.
SIZES = """() => {
    const walker = document.createTreeWalker(Reveal.getCurrentSlide(), NodeFilter.SHOW_TEXT);
    const found = [], range = document.createRange();
    for (let text; (text = walker.nextNode()); ) {
        const element = text.parentElement;
        range.selectNodeContents(text);
        const box = range.getBoundingClientRect();
        const apart = "math, svg, aside, script, style, option, .idlib-spoken";
        if (!text.data.trim() || !box.width || element.closest(apart)) continue;
        let zoom = 1;
        for (let e = element; e; e = e.parentElement) zoom *= +getComputedStyle(e).zoom || 1;
        found.push([zoom * parseFloat(getComputedStyle(element).fontSize), text.data]);
    }
    return found;
}"""
# Text in pictures: that of SVG, and of images the smallest letters that they say they have. Of a
# text counts what is largest in it: indices are smaller, as in formulas.
LETTERS = """() => {
    const slide = Reveal.getCurrentSlide(), found = [];
    const size = e => parseFloat(getComputedStyle(e).fontSize);
    for (const text of slide.querySelectorAll('svg text')) {
        const parts = [text, ...text.querySelectorAll('tspan')].filter(e => e.textContent.trim());
        if (!parts.length) continue;
        const { a, b } = text.closest('svg[role]').getScreenCTM();
        found.push([Math.hypot(a, b) * Math.max(...parts.map(size)), text.textContent.trim()]);
    }
    for (const image of slide.querySelectorAll('img:not([style*=pixelated])')) {
        const zoom = image.getBoundingClientRect().width / image.getAttribute('width');
        found.push([zoom * (image.dataset.letters ?? 0), image.alt]);
    }
    return found;
}"""
LOOK = f"""() => Array.from({{ length: Reveal.getTotalSlides() }}, (_, n) => {{
    Reveal.slide(n, 0, 99);  // with all its steps
    return [({CUT_OFF})(), ({SIZES})(), ({LETTERS})()];
}})"""
# What can be seen at this step; the pieces that a later key shows are still transparent.
SEEN = """() => {
    const slide = Reveal.getCurrentSlide();
    const shown = [...slide.querySelectorAll(":scope > .block")]
        .filter(b => !b.classList.contains("fragment") || b.classList.contains("visible"));
    return [slide.className, shown.map(b => b.textContent).join(" ")];
}"""


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    return make_slides(NOTEBOOKS, tmp_path_factory.mktemp("slides"))


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert complaints == []


def opened(page, path):
    page.goto(path.as_uri())
    page.wait_for_function("() => window.Reveal && Reveal.isReady()")
    return range(page.evaluate("() => Reveal.getTotalSlides()"))


def test_nothing_is_cut_off_and_all_text_can_be_read(page, decks):
    for path in decks:
        slides = opened(page, path)
        for number, found in zip(slides, page.evaluate(LOOK), strict=True):
            cut_off, written, drawn = found
            place = f"{path.name}, slide {number + 1}"
            assert cut_off == [], place
            assert [text for size, text in written if size < SMALLEST - 0.01] == [], place
            assert [text for size, text in drawn if size < SMALLEST - 0.1] == [], place


def test_a_question_is_seen_before_its_answer(page, decks):
    """Key by key, as in a lecture: each question of a quiz has one step more than it asks in."""
    asked = answered = 0
    path = next(path for path in decks if path.name.startswith("03"))
    opened(page, path)
    while not page.evaluate("() => Reveal.isLastSlide() && !Reveal.availableFragments().next"):
        before = page.evaluate(SEEN)
        page.keyboard.press("Space")
        after = page.evaluate(SEEN)
        if "question" in before[0]:
            asked += 1
            assert "The answer" not in before[1]
            answered += after[0] == before[0] and len(after[1]) > len(before[1])
    assert asked > answered >= 3


def test_explorers_move_by_keyboard_while_the_slide_stays(page, decks):
    """Sliders, menus, choices and what is dragged are all in these decks."""
    for path in decks[2], decks[8], decks[15]:
        moved = 0
        for number in opened(page, path):
            page.evaluate("n => Reveal.slide(n, 0, 99)", number)
            for explorer in page.locator("section.present .idlib-explorer").all():
                place = f"{path.name}, slide {number + 1}"
                assert unmoved(explorer) == [], place
                assert page.evaluate(CUT_OFF) == [], place
                moved += 1
            assert page.evaluate("() => Reveal.getIndices().h") == number
        assert moved, path.name


def test_the_speaker_has_notes(page, decks):
    opened(page, decks[3])
    with page.expect_popup() as popup:
        page.keyboard.press("s")
    popup.value.wait_for_selector(".speaker-controls-notes:not(.hidden)")
    assert "While it runs." in popup.value.inner_text(".speaker-controls-notes .value")
