"""Notebooks as slides for the lecture hall: ``python -m idlib slides``.

What they show is said in `idlib.tools.lecture`; here they become a page. Code is hidden, explorers
move, exercises and cells tagged ``no-slide`` are left out. What does not fit goes on to a next one
with the same heading: that is done in the browser, which alone knows how tall a paragraph is. The
key S opens the speaker's notes.

A file is all there is: reveal.js (from the package sphinx-revealjs) and pictures are inside, and
formulas are MathML, which browsers draw themselves. Nothing is loaded from anywhere.
"""

import os
import re
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from ..errors import needing, no_write_to
from .lecture import lecture
from .mathml import FONTS, to_mathml
from .notebooks import read

with needing("site", "What makes slides"):
    import sphinx_revealjs
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
    from nbformat import NotebookNode

__all__ = ["deck", "make_slides", "render_markdown"]

FORMULA = re.compile(r"(<math(?:(?!</math>).)*</math>)([.,:;?!)]+)", re.S)  # no break between them
GUIDE = "instructor_guide.md"  # beside a notebook


class _Renderer(IPythonRenderer):
    """nbconvert's, with formulas as MathML."""

    def block_math(self, body: str) -> str:
        return f'<div class="formula">{to_mathml(body, display=True)}</div>\n'

    def inline_math(self, body: str) -> str:
        return to_mathml(body)


def render_markdown(source: str) -> str:
    """The HTML of a text cell, formulas as MathML, links to notebooks as links to their slides."""
    renderer = _Renderer(escape=False, exclude_anchor_links=True)
    page = MarkdownWithMath(renderer=renderer).render(source)
    return re.sub(r'href="([\w-]+)\.ipynb"', r'href="\1.slides.html"', page)


def make_slides(notebooks: Iterable[str | os.PathLike], folder: str | os.PathLike) -> list[Path]:
    """Writes a file of slides for each notebook.

    Args:
        notebooks: notebooks with their outputs stored.
        folder: where NAME.slides.html goes; made if it is not there.

    Returns:
        The files written.

    Raises:
        IdlibError: if a file is no notebook.
    """
    folder, written = Path(folder), []
    for path in map(Path, notebooks):
        _, notebook = read(path)
        page = deck(notebook, _notes_on(path.name[:2], path.parent / GUIDE))
        with no_write_to(folder):
            folder.mkdir(parents=True, exist_ok=True)
            written.append(folder / f"{path.stem}.slides.html")
            written[-1].write_text(page, encoding="utf-8")
    return written


def deck(notebook: NotebookNode, guide: str = "") -> str:
    """The slides of a notebook, as one HTML page; `guide`, in Markdown, goes into the notes."""
    slides = lecture(notebook, render_markdown, guide)
    title = re.sub(r"<[^>]+>", "", slides[0].heading) if slides else "Slides"
    body = "\n".join(slide.to_html() for slide in slides).replace(" …", "&nbsp;…")
    body = FORMULA.sub(r'<span class="whole">\1\2</span>', body)
    reveal = Path(sphinx_revealjs.__file__).parent / "_static" / "revealjs"
    own = files("idlib.tools") / "slides_assets"
    # the theme's fonts are files of their own; without them it takes the system's
    theme = re.sub(r"@import[^;]+;", "", _text(reveal / "dist" / "theme" / "white.css"))
    style = "\n".join(
        [_text(reveal / "dist" / "reveal.css"), theme, FONTS, _text(own / "slides.css")]
    )
    speaker = _text(reveal / "plugin" / "notes" / "notes.js").replace("</script", r"<\/script")
    scripts = [_text(reveal / "dist" / "reveal.js"), speaker, _text(own / "slides.js")]
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{title}</title>\n'
        f'<link rel="icon" href="data:,">\n<style>{style}</style>\n</head>\n<body>\n'
        f'<div class="reveal"><div class="slides">\n{body}\n</div></div>\n'
        + "".join(f"<script>{script}</script>\n" for script in scripts)
        + "</body>\n</html>\n"
    )


def _notes_on(number: str, guide: Path) -> str:
    """What the instructor's guide says of a notebook, as Markdown; nothing where it is not."""
    text = guide.read_text(encoding="utf-8") if guide.is_file() else ""
    page = re.search(rf"^### {number} .*?\n(.*?)(?=^##)", text, re.M | re.S)
    return page[1] if page else ""


def _text(path) -> str:
    return path.read_text(encoding="utf-8")
