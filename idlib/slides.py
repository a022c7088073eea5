"""Slides of the notebooks: ``python -m idlib slides``, for a hall without a network.

nbconvert makes them by the slide type of each cell. What becomes what:

- a heading begins a slide, a smaller one (###) a slide below it, and so does a prediction;
- text and outputs are shown, code is not; a cell tagged ``slide-code`` shows its code too;
- cells that check an exercise, and cells tagged ``slide-skip``, are left out;
- folded solutions become speaker notes (press S);
- widgets are shown by their static pictures.

What does not fit on a slide of 1280 x 720 goes on to a new one under the same heading; a single
picture or table that is too large is scaled. A script in the page does both, since only a browser
knows how high a text is. reveal.js is taken from the package sphinx-revealjs, which ships it.
"""

import re
import shutil
from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files
from pathlib import Path

import nbformat
import sphinx_revealjs
from nbconvert.exporters import SlidesExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from .errors import IdlibError
from .mathml import FONTS, to_mathml

__all__ = ["blocks", "build", "plan"]

FOR_READERS = re.compile(r"\*\*(Minutes|Before this|Downloads)\.\*\*")
STATIC = re.compile(r"<p><i>Static picture:.*?</i></p>")
INDEX = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Slides</title>
<meta name="viewport" content="width=device-width">
<body style="font-family: sans-serif; margin: 2em; line-height: 1.6"><main><h1>Slides</h1>
<p>Arrows turn the pages, S opens the speaker's notes with the solutions, F fills the screen, and
<code>?print-pdf</code> behind the address makes pages to print.</p>
<ol>{rows}</ol></main></body></html>
"""


def build(notebooks: Iterable[Path], out: Path) -> list[Path]:
    """Makes the slides of each notebook, an index of them, and a copy of reveal.js.

    Args:
        notebooks: the files, executed.
        out: the folder, made if it isn't there. It can be moved as a whole.

    Returns:
        The pages, the index last.

    Raises:
        IdlibError: if there is no notebook.
    """
    notebooks = list(notebooks)
    if not notebooks:
        raise IdlibError("No notebook to make slides of: give files, such as notebooks/*.ipynb.")
    reveal = out / "reveal.js"
    source = files(sphinx_revealjs) / "_static" / "revealjs"
    for part in ("dist", "plugin/notes"):
        unwanted = shutil.ignore_patterns("*.map")
        shutil.copytree(str(source / part), reveal / part, dirs_exist_ok=True, ignore=unwanted)
    exporter = _Exporter(
        template_name="slides",
        extra_template_basedirs=[str(files("idlib") / "templates")],
        reveal_url_prefix="reveal.js",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    pages, rows = [], []
    for path in notebooks:
        notebook = plan(nbformat.read(path, as_version=4))
        title = re.search(r"^# (.+)", notebook.cells[0].source)[1]
        notebook.metadata.title = title
        page, _ = exporter.from_notebook_node(notebook, {"fonts": FONTS})
        pages.append(out / f"{path.stem}.html")
        pages[-1].write_text(page, encoding="utf-8")
        rows.append(f'<li><a href="{path.stem}.html">{escape(title)}</a></li>')
    pages.append(out / "index.html")
    pages[-1].write_text(INDEX.format(rows="".join(rows)), encoding="utf-8")
    return pages


def plan(notebook: NotebookNode) -> NotebookNode:
    """The same notebook cut into blocks, each with its slide type; without what is left out."""
    cells = []
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "slide-skip" in tags:
            continue
        if cell.cell_type == "markdown":
            cells += [_text(block) for block in blocks(cell.source)]
        elif cell.cell_type == "code" and cell.outputs and "checks." not in cell.source:
            cells.append(_code(cell, show="slide-code" in tags))
    cells = [cell for cell in cells if not FOR_READERS.match(cell.source)]
    return NotebookNode(notebook, cells=cells)


def blocks(text: str) -> Iterator[str]:
    """Cuts Markdown at empty lines, but not inside code, formulas and folded solutions.

    >>> list(blocks("# A\\n\\nb\\nc\\n\\n```\\nd\\n\\ne\\n```"))
    ['# A', 'b\\nc', '```\\nd\\n\\ne\\n```']
    """
    whole = r"(?s:```.*?```|\$\$.*?\$\$|<details>.*?</details>)"
    for match in re.finditer(rf"(?:{whole}|(?!\n\s*\n).|\n(?!\s*\n))+", text):
        if match[0].strip():
            yield match[0].strip("\n")


def _text(block: str) -> NotebookNode:
    heading = re.match("#+", block)
    if heading:
        kind = "slide" if len(heading[0]) <= 2 else "subslide"
    else:
        kind = "notes" if block.startswith("<details>") else "-"
    return new_markdown_cell(block, metadata={"slideshow": {"slide_type": kind}})


def _code(cell: NotebookNode, show: bool) -> NotebookNode:
    for output in cell.outputs:
        if html := output.get("data", {}).get("text/html"):
            output.data["text/html"] = STATIC.sub("", html)
    asks = "widgets.predict(" in cell.source
    cell.metadata.slideshow = {"slide_type": "subslide" if asks else "-"}
    cell.metadata.transient = {"remove_source": not show}
    return cell


class _Renderer(IPythonRenderer):
    """Formulas become MathML."""

    def block_math(self, body: str) -> str:
        return to_mathml(body, display=True)

    def inline_math(self, body: str) -> str:
        return to_mathml(body)


class _Exporter(SlidesExporter):
    def markdown2html(self, context, source):
        renderer = _Renderer(escape=False, exclude_anchor_links=True)
        return MarkdownWithMath(renderer=renderer).render(source)
