"""The slides in a browser: nothing is cut off."""

from pathlib import Path

from idlib.tools.slides import make_slides

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
CUT_OFF = """() => [...Reveal.getCurrentSlide().querySelectorAll('*')].filter(e => {
    const box = e.getBoundingClientRect();
    return box.width && !e.parentElement.closest('math, svg')
        && (box.right > 1281 || box.bottom > 721 || box.left < -1 || box.top < -1);
}).map(e => e.tagName + ' ' + e.textContent.slice(0, 60))"""


def test_nothing_is_cut_off_at_1280_by_720(browser, tmp_path):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for path in make_slides(NOTEBOOKS, tmp_path):
        page.goto(path.as_uri())
        page.wait_for_function("() => window.Reveal && Reveal.isReady()")
        for number in range(page.evaluate("() => Reveal.getTotalSlides()")):
            page.evaluate("n => Reveal.slide(n)", number)
            assert page.evaluate(CUT_OFF) == [], f"{path.name}, slide {number + 1}"
    page.close()
    assert complaints == []
