"""The web site in a browser: every page, on a desk and on a phone."""

import json
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from axe_playwright_python.sync_playwright import Axe

from idlib.lessons import LESSONS
from idlib.tools.pages import LEGIBLE

from .guesses import FORM, SAYS_IT_WAITS, guess_on_a_page
from .moves import explorers, unmoved

ROOT = Path(__file__).parents[2]
LOADED = """() => ['navigation', 'resource'].flatMap(kind => performance.getEntriesByType(kind))
    .reduce((sum, entry) => sum + entry.decodedBodySize, 0)"""
CALL = re.compile(r"\bwidgets\.(?!Live)[A-Z]\w*\(")  # of an explorer
LARGEST = {"page": 1_500_000, "site": 12_000_000}  # bytes
WIDTHS = {"desk": 1280, "phone": 390}  # pixels
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOME = ("index", "search", "notebooks/03", "api/engine")  # pages with all that the others have

AS_IT_OPENS = f"""() => ({{
    links: [...document.querySelectorAll('a[href]')].map(a => a.href),
    anchors: [...document.querySelectorAll('[id]')].map(e => e.id),
    images: [...document.images].map(
        i => [i.alt.trim(), i.complete && i.naturalWidth > 0, i.src.slice(0, 80)]),
    loaded: ({LOADED})(),
    outputs: [...document.querySelectorAll('.cell_output')].map(e => e.innerText),
}})"""
UNFOLD = """() => {
    document.querySelectorAll('.idlib-waits > style').forEach(style => style.remove());
    document.querySelectorAll('article details').forEach(details => { details.open = true; });
}"""
TOO_WIDE = """() => {
    const scrolls = (e) => e.tagName !== 'ARTICLE'
        && (/auto|scroll/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
    return [...document.querySelectorAll('article *')]
        .filter(e => e.getBoundingClientRect().right > innerWidth && !scrolls(e.parentElement))
        .map(e => e.outerHTML.slice(0, 80));
}"""
PICTURES = """async () => {
    for (const _ of [1, 2]) await new Promise(requestAnimationFrame);  // sizes are known behind one
    return [...document.querySelectorAll('[data-letters]')].map(image => {
        const box = image.parentElement, output = image.closest('.output');
        const zoom = image.getBoundingClientRect().width / image.naturalWidth;
        return {
            alt: image.alt,
            letters: image.dataset.letters * zoom,
            sticksOut: output.scrollWidth > output.clientWidth,
            scrolls: box.scrollWidth > box.clientWidth,
            reached: box.tabIndex === 0 && box.role === 'group' && box.ariaLabel !== null,
        };
    });
}"""
ON_A_SCREEN = f"""async () => ({{
    sticksOut: ({TOO_WIDE})(),
    width: document.documentElement.scrollWidth,
    pictures: await ({PICTURES})(),
}})"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The site, made by the README's command."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "idlib", "site", "--folder", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(folder / "index.html")
    return folder


@pytest.fixture(scope="module")
def url(folder):
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def pages(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.html"))


@pytest.fixture(scope="module")
def tab(browser):
    """A tab for what is read from a server: to open one takes as long as some pages do."""
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture(scope="module")
def tab_of_a_disk(browser):
    page = browser.new_page()
    yield page
    page.close()


@contextmanager
def watched(page, *places):
    """A tab as if it were new; fails the test if anything was complained of, or asked of others
    than these places."""
    page.set_viewport_size({"width": WIDTHS["desk"], "height": 900})
    complaints = []
    listeners = {
        "console": lambda message: complaints.append(f"{message.type}: {message.text}"),
        "pageerror": lambda error: complaints.append(str(error)),
        "response": lambda r: r.status < 400 or complaints.append(f"{r.status} {r.url}"),
        "request": lambda r: r.url.startswith(places) or complaints.append(f"loads {r.url}"),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    try:
        yield page
    finally:
        page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
    assert complaints == []


@pytest.fixture
def page(tab):
    with watched(tab, "http://127.0.0.1:", "data:", "blob:") as page:
        yield page


@pytest.fixture(scope="module")
def seen(tab, url, pages):
    """What is there to be seen of each page, by its name: each is opened once."""
    found = {}
    with watched(tab, "http://127.0.0.1:", "data:", "blob:") as page:
        for name in pages:
            page.set_viewport_size({"width": WIDTHS["desk"], "height": 800})
            page.goto(f"{url}/{name}")
            found[name] = page.evaluate(AS_IT_OPENS)
            page.evaluate(UNFOLD)
            for screen, width in WIDTHS.items():
                page.set_viewport_size({"width": width, "height": 800})
                found[name][screen] = page.evaluate(ON_A_SCREEN)
    return found


def test_every_notebook_has_a_page_and_the_front_page_leads_to_it(url, seen):
    for notebook in NOTEBOOKS:
        assert f"notebooks/{notebook.stem}.html" in seen
        assert f"{url}/notebooks/{notebook.stem}.html" in seen["index.html"]["links"]


def test_links_lead_somewhere_and_pictures_are_there_and_said_in_words(url, folder, seen):
    targets = {}
    anchors = {name: {"", *page["anchors"]} for name, page in seen.items()}
    for name, page in seen.items():
        for link in page["links"]:
            if link.startswith(url):
                targets.setdefault(link.removeprefix(url).lstrip("/"), name)
        for alt, shown, source in page["images"]:
            assert shown, f"{name} lacks {source}"
            assert alt and alt.lower() not in ("plot", "figure", "image"), f"{name}: {alt!r}"
    assert len(targets) > len(seen)
    for target, name in targets.items():
        path, anchor = urldefrag(target)
        if path and not path.endswith(".html"):  # to be downloaded
            assert (folder / unquote(path)).is_file(), f"{name} to {target}"
            continue
        assert unquote(anchor) in anchors.get(path or "index.html", ()), f"{name} to {target}"


@pytest.mark.parametrize("screen", WIDTHS)
def test_no_page_is_wider_than_the_screen(seen, screen):
    for name, page in seen.items():
        seen_there = page[screen]
        assert seen_there["sticksOut"] == [] and seen_there["width"] <= WIDTHS[screen], name


@pytest.mark.parametrize("screen", WIDTHS)
def test_letters_of_pictures_are_legible_and_what_scrolls_for_it_is_reached(seen, screen):
    pictures = [p for page in seen.values() for p in page[screen]["pictures"]]
    assert len(pictures) > 40
    assert [p for p in pictures if p["letters"] < LEGIBLE - 0.05 or p["sticksOut"]] == []
    assert [p for p in pictures if p["reached"] != p["scrolls"]] == []
    assert any(p["scrolls"] for p in pictures) == (screen == "phone")


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def from_disk(request, tab_of_a_disk, folder):
    """A notebook and its page, opened once from a disk, where no guess was made; fails if anything
    was asked for that lies on no disk, or was complained of."""
    with watched(tab_of_a_disk, "file:", "data:") as page:
        page.goto((folder / "notebooks" / f"{request.param.stem}.html").as_uri())
        yield request.param, page


def test_a_guess_by_keyboard_opens_what_waits_for_it_and_is_kept(from_disk):
    notebook, page = from_disk
    forms, waiting = page.locator("[data-asked]"), page.locator(".idlib-waits")
    answers = page.locator("[class*=idlib-waits-answer]")
    count, waits = forms.count(), waiting.count()
    assert bool(count) == ("widgets.predict(" in notebook.read_text(encoding="utf-8"))
    assert page.locator(FORM).count() == count
    for place in waiting.all():
        assert place.inner_text() == "" and "waits for your guess" in place.evaluate(SAYS_IT_WAITS)
    said = [guess_on_a_page(form) for form in forms.all()]
    for time in ("now", "the next time"):
        if time == "the next time":
            page.goto(page.url)
        assert waiting.locator("details[open]").filter(visible=True).count() == waits
        assert waiting.locator("summary").filter(visible=True).count() == 0
        assert [form.inner_text().count("Your guess: ") for form in forms.all()] == [1] * count
        yours = [text for text in answers.all_inner_texts() if "Your guess: " in text]
        assert len(yours) == answers.count()
        assert all(any(f"Your guess: {guess}." in text for guess in said) for text in yours)
        drawn = answers.locator("path.idlib-guessed").count()
        assert drawn == said.count("the dotted curve")
    if waits:
        shut = forms.first.get_attribute("class").replace("idlib-asked", "idlib-waits-answer")
        forms.first.get_by_text("Guess again").press("Enter")
        assert page.locator(f".{shut}").inner_text() == ""
        assert page.evaluate("() => document.activeElement.closest('[data-asked]') !== null")
    for form in forms.all()[1 if waits else 0 :]:
        form.get_by_text("Guess again").press("Enter")
    assert page.locator(FORM).count() == count


def test_explorers_move_by_keyboard_without_a_kernel_from_a_disk(from_disk):
    notebook, page = from_disk
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    shown = explorers(page)
    assert len(shown) == len(CALL.findall(code))
    assert [name for explorer in shown for name in unmoved(explorer)] == []


ANSWERED = """(item, n) => {
    const option = item.querySelectorAll("input")[n];
    option.click();
    return [item.querySelector("[role=status]").innerText, option.checked];
}"""


def test_a_quiz_tells_right_from_wrong_and_says_why(from_disk):
    notebook, page = from_disk
    lesson = LESSONS.get(notebook.stem[:2])
    path = files("idlib.lessons") / (lesson or "") / "quiz.json"
    asked = json.loads(path.read_text(encoding="utf-8")) if lesson else []
    items = page.locator(".idlib-quiz > li").all()
    for item, question in zip(items, asked, strict=True):
        answer, options = item.locator("details p"), item.locator("input")
        right, wrong = question["right"], question["right"] - 1
        assert options.count() == len(question["answers"]) and not answer.is_visible()
        if item is items[0]:
            options.nth(wrong).press("Space")
            assert item.get_by_role("status").inner_text() == "Not so."
        else:
            wrong = wrong % len(question["answers"])
            assert item.evaluate(ANSWERED, wrong) == ["Not so.", True]
        assert answer.is_visible()
        assert item.evaluate(ANSWERED, right) == ["Right.", True]


def test_pages_are_soon_there_and_the_site_fits_anywhere(folder, seen):
    for name, page in seen.items():
        assert 1000 < page["loaded"] < LARGEST["page"], name
    assert sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) < LARGEST["site"]


def test_solutions_are_folded_and_formulas_drawn(page, url):
    page.goto(f"{url}/notebooks/03_mnist_fc_vs_lenet.html")
    solution = page.locator("details").first
    code = solution.locator("pre").first
    assert not code.is_visible()
    solution.locator("summary").click()
    assert code.is_visible()
    assert page.locator("article math").count() > 5
    assert "\\theta" not in page.locator("article").inner_text()


NO_KERNEL = "Static picture|no guess was made|Not yet|press Train|Loading widget"


def test_nothing_is_said_that_makes_no_sense_without_a_kernel(seen):
    for name, page in seen.items():
        assert [text for text in page["outputs"] if re.search(NO_KERNEL, text)] == [], name


def test_code_of_pictures_is_folded_and_shown_on_request(page, url):
    page.goto(f"{url}/notebooks/03_mnist_fc_vs_lenet.html")
    folded = page.locator("details", has_text="widgets.RecordedCurves").first
    assert not folded.locator("pre").is_visible()
    folded.locator("summary").click()
    assert folded.locator("pre").is_visible()
    assert page.locator("pre", has_text="subspace = idlib.Subspace(fc(), d=100)").is_visible()


def test_the_slider_stays_in_sight_beside_the_curves_and_the_wall(page, url):
    page.set_viewport_size({"width": 1280, "height": 780})
    page.goto(f"{url}/notebooks/00_start_here.html")
    (explorer, *_) = explorers(page)
    wall, slider = explorer.locator(".idlib-wall"), explorer.locator("input[type=range]")
    wall.evaluate("e => e.scrollIntoView({ block: 'end', behavior: 'instant' })")
    boxes = [e.bounding_box() for e in (slider, explorer.locator("svg").first, wall)]
    assert all(b["y"] >= 0 and b["y"] + b["height"] < 780.5 for b in boxes), boxes
    page.evaluate("() => scrollBy(0, 200)")
    assert slider.bounding_box()["y"] >= 0, "it sticks to the top"


def test_panels_stack_on_a_phone(page, url):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{url}/notebooks/02_random_subspaces.html")
    (steered, *_) = explorers(page)
    left, right = (e.bounding_box() for e in steered.locator("svg[role=img]").all())
    assert right["y"] >= left["y"] + left["height"] - 1 and left["width"] > 300


def test_a_wide_picture_is_scrolled_by_keyboard_on_a_phone(page, url):
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{url}/notebooks/02_random_subspaces.html")
    picture = page.get_by_role("group", name="Scrolls sideways").filter(has=page.locator("img"))
    picture.first.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")


def test_without_scripts_answers_are_folded_until_they_are_asked_for(browser, folder):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "notebooks" / "03_mnist_fc_vs_lenet.html").as_uri())
    waiting, said = page.locator(".idlib-waits"), page.get_by_text("The answer:")
    assert waiting.count() > 3 and said.count() == 4
    assert said.filter(visible=True).count() == page.locator(".idlib-view:visible").count() == 0
    for place in waiting.all():
        place.locator("summary").click()
    assert said.filter(visible=True).count() == 4
    assert page.locator(".idlib-view:visible").count() == 1
    context.close()


@pytest.fixture
def reader(tab_of_a_disk):
    """A tab where no guess was made; fails the test if anything was asked for that lies on no disk,
    or was complained of."""
    with watched(tab_of_a_disk, "file:", "data:") as page:
        yield page


def test_a_drawn_guess_lies_where_it_was_drawn(reader, folder):
    """On the axes of what was recorded: at the left edge half way up, at the right edge on top."""
    reader.goto((folder / "notebooks" / "05_model_size.html").as_uri())
    form = reader.locator("[data-asked]", has=reader.locator(".idlib-curve"))
    points = form.locator("[role=slider]")
    points.first.press("ArrowUp")
    points.first.press("ArrowDown")
    for _ in range(10):
        points.last.press("PageUp")
    form.get_by_text("This is my guess").click()
    drawn = reader.locator("path.idlib-guessed")
    axes = drawn.evaluate("e => e.parentElement.dataset.axes").split()
    left, top, width, height = map(float, axes[4:])
    numbers = [*map(float, re.findall(r"-?[\d.]+", drawn.get_attribute("d")))]
    expected = [left, top + height / 2, left, top + height / 2, left + width, top, left + width]
    assert numbers == pytest.approx(expected, abs=0.5)


def test_a_guess_must_be_one_and_can_be_skipped(reader, folder):
    reader.goto((folder / "notebooks" / "03_mnist_fc_vs_lenet.html").as_uri())
    forms = reader.locator("[data-asked]")
    first = ("Type a whole", "Choose an", "Draw a curve", "Choose an")
    for form, said in zip(forms.all(), first, strict=True):
        form.get_by_text("This is my guess").click()
        form.get_by_role("status").get_by_text(said).wait_for()
        assert form.get_attribute("class").startswith("idlib-asks-")
    entry = forms.first.locator("input")
    entry.fill("many")
    entry.press("Enter")
    assert forms.first.get_by_text("“many” was given: type a whole number from 1 to").is_visible()
    for form in forms.all():
        form.get_by_role("button", name="Skip").press("Enter")
    assert reader.get_by_text("The answer:").filter(visible=True).count() == 4
    assert "Your guess" not in reader.locator("article").inner_text()


def test_where_the_browser_keeps_nothing_a_guess_lasts_as_long_as_the_page(browser, folder):
    forbid = (
        "Storage.prototype.{} = name => {{ if (name.startsWith('idlib/')) throw Error(name); }}"
    )
    page = browser.new_page()
    with watched(page, "file:", "data:"):
        for method in ("getItem", "setItem"):
            page.add_init_script(forbid.format(method))
        page.goto((folder / "notebooks" / "03_mnist_fc_vs_lenet.html").as_uri())
        form = page.locator("[data-asked]").first
        assert guess_on_a_page(form) == "17"
        assert "Your guess: 17." in form.inner_text()
    page.close()


KEPT = "localStorage.getItem('idlib/mnist/fc')"


@pytest.mark.parametrize("stored", ["{", "3", '{"guess": "many"}', '{"guess": 0}', "null"])
def test_what_is_kept_and_is_no_guess_is_none(reader, folder, stored):
    reader.goto((folder / "_static" / "favicon.svg").as_uri())
    reader.evaluate("stored => localStorage.setItem('idlib/mnist/fc', stored)", stored)
    reader.goto((folder / "notebooks" / "03_mnist_fc_vs_lenet.html").as_uri())
    assert reader.evaluate(KEPT) == stored
    assert reader.locator(FORM).count() == 4


def test_search_finds_the_notebook(page, url):
    page.goto(url)
    field = page.get_by_role("searchbox").or_(page.locator("input[name=q]")).first
    field.fill("memorise")
    field.press("Enter")
    page.wait_for_selector("#search-results li a")
    found = page.locator("#search-results li a").evaluate_all("links => links.map(a => a.href)")
    assert any("06_memorising" in link for link in found)


@pytest.mark.weekly
@pytest.mark.parametrize(
    "width, scheme, some",
    [("phone", "light", ""), ("desk", "light", SOME), ("desk", "dark", SOME)],
    ids=["every page on a phone", "some on a desk", "some in the dark"],
)
def test_axe_finds_no_serious_violation(browser, url, pages, width, scheme, some):
    """Contrast is looked at on some pages: it takes most of the time, and all have one style."""
    page = browser.new_page(viewport={"width": WIDTHS[width], "height": 800}, color_scheme=scheme)
    contrast = {"color-contrast": {"enabled": bool(some)}}
    found = {}
    for name in pages:
        if name.startswith(some):
            page.goto(f"{url}/{name}")
            result = Axe().run(page, options={"resultTypes": ["violations"], "rules": contrast})
            for violation in result.response["violations"]:
                if violation["impact"] in ("serious", "critical"):
                    where = [node["html"][:160] for node in violation["nodes"]]
                    found.setdefault(violation["id"], {})[name] = where
    page.close()
    assert found == {}
