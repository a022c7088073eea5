"""The README's moving picture: a run in the playground, from press to last step.

``python tests/browser/moving_picture.py`` makes ``notebooks/playground.gif`` from ``build/site``.
It moves once, for less than five seconds, so that nobody has to stop it.
"""

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[2]
SECONDS = 4.0  # all frames but the last, which stays


def frames(page: Page) -> list[Image.Image]:
    """The playground before a run, after each of its reports, and at its end."""
    playground = page.locator("#playground").bounding_box()
    below = page.locator("#playground details").first.bounding_box()
    clip = {**playground, "height": below["y"] - playground["y"]}
    found = []

    def take() -> None:
        page.mouse.move(0, 0)  # else the button is seen as pointed at
        found.append(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB"))

    take()
    page.click("#pg-play")
    while "Play" not in page.inner_text("#pg-play"):
        take()
    take()
    return found


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto((ROOT / "build" / "site" / "index.html").as_uri())
        page.wait_for_function("document.querySelector('#pg-curve').childElementCount > 0")
        pictures = frames(page)
        browser.close()
    palette = pictures[-1].quantize(64)
    palette.putpalette([255 if level > 250 else level for level in palette.getpalette()])  # white
    first, *rest = (picture.quantize(palette=palette, dither=0) for picture in pictures)
    moving = int(1000 * SECONDS / len(rest))
    first.save(
        ROOT / "notebooks" / "playground.gif", save_all=True, append_images=rest, optimize=True,
        duration=[moving] * len(rest) + [0],
    )  # fmt: skip


if __name__ == "__main__":
    main()
