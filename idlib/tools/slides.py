"""Notebooks as slides for the lecture hall: ``python -m idlib slides``.

One rule makes the slides: **every heading begins one**. Code is hidden, what it printed or drew is
shown (explorers move; of other widgets, the static picture that is stored with them; what waits for
a guess, on the slide after its question), solutions and the outputs of exercises are left out, and
so are cells tagged ``no-slide``. What does not fit goes on to a next slide with the same heading.
That is done in the browser, which alone knows how tall a paragraph is.

A file is all there is: reveal.js (from the package sphinx-revealjs) and pictures are inside, and
formulas are MathML, which browsers draw themselves. Nothing is loaded from anywhere.
"""

import html
import os
import re
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

from ..errors import needing, no_write_to
from .mathml import FONTS, to_mathml
from .notebooks import read
from .pages import without_kernel

with needing("site", "What makes slides"):
    import sphinx_revealjs
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
    from nbformat import NotebookNode

__all__ = ["deck", "make_slides", "render_markdown"]

SKIP = "no-slide"  # the tag of cells that are left out
WAITS = 'class="idlib-waits'  # of what a prediction opens
ASKS = "<p><b>Predict.</b>"  # begins a prediction
UNFOLDED = re.compile(r"<details><summary>.*?</summary>(.*)</details>", re.S)
HEADING = re.compile(r"<h([1-3])[^>]*>(.*?)</h\1>", re.S)


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
        page = deck(notebook)
        with no_write_to(folder):
            folder.mkdir(parents=True, exist_ok=True)
            written.append(folder / f"{path.stem}.slides.html")
            written[-1].write_text(page, encoding="utf-8")
    return written


def deck(notebook: NotebookNode) -> str:
    """The slides of a notebook, as one HTML page."""
    sections = _sections(notebook)
    title = re.sub(r"<[^>]+>", "", sections[0][0]) if sections else "Slides"
    body = "\n".join(
        f'<section><h2>{heading}</h2><div class="block">'
        + '</div>\n<div class="block">'.join(blocks)
        + "</div></section>"
        for heading, blocks in sections
        if blocks
    )
    reveal = Path(sphinx_revealjs.__file__).parent / "_static" / "revealjs" / "dist"
    own = files("idlib.tools") / "slides_assets"
    # the theme's fonts are files of their own; without them it takes the system's
    theme = re.sub(r"@import[^;]+;", "", _text(reveal / "theme" / "white.css"))
    style = "\n".join([_text(reveal / "reveal.css"), theme, FONTS, _text(own / "slides.css")])
    scripts = [_text(reveal / "reveal.js"), _text(own / "slides.js")]
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{title}</title>\n'
        f'<link rel="icon" href="data:,">\n<style>{style}</style>\n</head>\n<body>\n'
        f'<div class="reveal"><div class="slides">\n{body}\n</div></div>\n'
        + "".join(f"<script>{script}</script>\n" for script in scripts)
        + "</body>\n</html>\n"
    )


def _sections(notebook: NotebookNode) -> list[tuple[str, list[str]]]:
    """Heading and blocks of each slide, in order; what waits for a guess begins another one."""
    sections: list[tuple[str, list[str]]] = []
    asked = False
    for cell in notebook.cells:
        if SKIP in cell.metadata.get("tags", []):
            continue
        if cell.cell_type == "markdown":
            source = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.S)
            start, *rest = re.split(r"(?=<h[1-3])", render_markdown(source))
            if start.strip() and sections:
                sections[-1][1].extend(_blocks(start))
            for part in rest:
                heading = HEADING.match(part)
                sections.append((heading[2], _blocks(part[heading.end() :])))
        elif sections and not re.search(r"\bExercise", sections[-1][0]):
            for output in cell.get("outputs", []):
                page = output.get("data", {}).get("text/html", "")
                if asked and WAITS in page:
                    sections.append((sections[-1][0], []))
                asked = (asked and WAITS not in page) or page.startswith(ASKS)
                sections[-1][1].extend(_output(output))
    return sections


def _blocks(page: str) -> list[str]:
    """A page of HTML, cut between its outermost elements."""
    ends = "|".join(f"(?<=</{tag}>)" for tag in ("p", "ul", "ol", "table", "pre", "div", "figure"))
    blocks, depth = [""], 0
    for piece in re.split(ends, page):
        blocks[-1] += piece
        depth += len(re.findall(r"<(?:ul|ol|table|div|figure|blockquote)\b", piece))
        depth -= len(re.findall(r"</(?:ul|ol|table|div|figure|blockquote)>", piece))
        if depth == 0:
            blocks.append("")
    return [block for block in blocks if block.strip()]


def _output(output: NotebookNode) -> list[str]:
    """An output as blocks of HTML."""
    data = output.get("data", {})
    if "text/html" in data:
        page = data["text/html"]
        page = UNFOLDED.search(page)[1].strip() if WAITS in page else page
        if 'class="idlib-explorer"' in page:
            return [page]
        page = without_kernel(page)
        return _blocks(page) if "<figure" in page else [page]  # a prediction stays in one piece
    if "text/markdown" in data:
        return [render_markdown(data["text/markdown"])]
    text = output.get("text") or data.get("text/plain", "")
    return [f"<pre>{html.escape(text)}</pre>"] if text.strip() else []


def _text(path) -> str:
    return path.read_text(encoding="utf-8")
