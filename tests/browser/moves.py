"""Explorers moved by keyboard, as a reader without a mouse does, and how long a move takes.

``python tests/browser/moves.py URL ...`` prints the median and the 95th percentile of a move, for
pages with explorers: of the site, or of a notebook that JupyterLab shows.
"""

import re
import shutil
import statistics
import sys

# A view: all of it, and what it says.
STATE = """explorer => {
    const view = explorer.querySelector('.idlib-view');
    const alts = [...view.querySelectorAll('[role=img], img')].map(i => i.ariaLabel ?? i.alt);
    return [view.innerHTML, [view.innerText, ...alts].join()];
}"""
# Of a control: what it is, its name, and whether it stands at its end; the page keeps the view.
BEFORE = f"""control => {{
    const explorer = control.closest('.idlib-explorer'), kind = control.tagName;
    explorer.before = ({STATE})(explorer);
    if (kind === 'DIV') return [kind, control.ariaLabel, false];
    const title = control.labels?.[0] ?? control.querySelector('legend');
    const [place, last] = kind === 'SELECT' ? ['selectedIndex', control.length - 1]
        : ['value', +control.max];
    return [kind, title.innerText, +control[place] === last];
}}"""
# Whether the picture is another now, and its words; of a slider what it shows, and what it says.
AFTER = f"""control => {{
    const explorer = control.closest('.idlib-explorer');
    const other = ({STATE})(explorer).map((part, i) => part !== explorer.before[i]);
    if (control.tagName !== 'INPUT') return [other, null, null];
    const shown = control.closest('.idlib-slider').querySelector('output').value;
    return [other, shown, control.getAttribute('aria-valuetext')];
}}"""
CONTROLS = ".idlib-controls :is(input[type=range], select, fieldset), [role=slider]"
SKIP = """() => {
    const skips = document.querySelectorAll("[data-asked] form:not([hidden]) [type=button]");
    skips.forEach(button => button.click());
    if (skips.length) scrollTo({ top: 0, behavior: "instant" });
}"""
# Milliseconds of each move: until the page is changed and laid out, and until it is painted.
TIMED = """async range => {
    const found = [], last = +range.max;
    for (let k = 0; k < 40; k++) {
        range.value = Math.abs((k % (2 * last)) - last);
        const begin = performance.now();
        range.dispatchEvent(new Event("input", { bubbles: true }));
        range.closest(".idlib-explorer").getBoundingClientRect();
        const changed = performance.now();
        await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
        found.push([changed - begin, performance.now() - begin]);
    }
    return found;
}"""


def explorers(page) -> list:
    """The explorers of a page, once they are alive; those that wait for a guess are unfolded, on
    the site after all questions were skipped."""
    page.evaluate(SKIP)
    page.evaluate(
        "() => document.querySelectorAll('.idlib-waits > details').forEach(d => { d.open = true })"
    )
    page.wait_for_function(
        "() => [...document.querySelectorAll('.idlib-explorer')].every(e => e.dataset.alive)"
    )
    return page.locator(".idlib-explorer").all()


def unmoved(explorer) -> list[str]:
    """Moves each control by one key; the controls that change no picture, or nothing in words."""
    explorer.scroll_into_view_if_needed()
    found = []
    for control in explorer.locator(CONTROLS).all():
        kind, name, at_end = control.evaluate(BEFORE)
        if kind == "FIELDSET":
            control.locator("input:checked").press("ArrowRight")
        elif kind == "SELECT":
            control.press("ArrowUp" if at_end else "ArrowDown")
        else:
            control.press("ArrowLeft" if at_end else "ArrowRight")
        other, shown, said = control.evaluate(AFTER)
        assert shown == said
        if not all(other):
            found.append(name)
    return found


def timed(page) -> tuple[list[tuple[float, float]], float]:
    """Milliseconds of moves of all sliders: until the page is changed, and until it is painted;
    and the processor's milliseconds for one move, however busy it is otherwise."""
    explorers(page)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(m["value"] for m in metrics if m["name"] == "TaskDuration")

    sliders, begin = page.locator(".idlib-explorer input[type=range]").all(), worked()
    moves = [tuple(move) for slider in sliders for move in slider.evaluate(TIMED)]
    return moves, 1000 * (worked() - begin) / len(moves)


def main() -> None:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for url in sys.argv[1:]:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(url if re.match(r"\w+:", url) else f"file://{url}")
            page.wait_for_selector(".idlib-explorer[data-alive]", timeout=120_000)
            moves, cost = timed(page)
            print(f"{url}: {len(moves)} moves, {cost:.1f} ms of the processor for each")
            for what, found in zip(("changed", "painted"), zip(*moves, strict=True), strict=True):
                p95 = statistics.quantiles(found, n=20, method="inclusive")[-1]
                print(f"  {what} after {statistics.median(found):.1f} ms (median), {p95:.1f} ms "
                      "(95th percentile)")  # fmt: skip
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
