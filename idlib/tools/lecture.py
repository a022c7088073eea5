"""What a lecture shows of a notebook: one claim or one picture a slide, in steps.

From a text cell come its first sentence, the first sentences of its lists, its formulas with the
sentence before, and its tables; the whole text goes into the speaker's notes, beside what the
instructor's guide says. Outputs are shown one a slide, with the claim before and the claim after;
numbers are not printed where a picture shows them, nor where nothing is said of them. A question to
predict has a slide of its own; its answer is a step below it, on a later slide, as the right answer
of a quiz is.
"""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from string import ascii_uppercase

from nbformat import NotebookNode

from ..lessons.base.curve_plots import curves
from ..lessons.base.questions import question
from ..lessons.base.svg import to_svg
from .claims import ITEM, ROWS, blocks_of, claims_of, lead_of, plain, words
from .pages import ASKED, without_kernel

__all__ = ["Slide", "lecture"]

SKIP = "no-slide"  # the tag of cells that are left out
WIDE = 104  # characters of a printed line, at most: more do not fit at 18 px
EXPLORER = 'class="idlib-explorer"'
LIVE = "Static picture: run the notebook"  # stands below what only a kernel can move
FEW, LINES = 2, 9  # of printed text: fewer say little, more can't be read from the last row
WORDS, MOVING = 45, 30  # of a text beside a picture, an explorer
CAPTIONED = 240  # of a caption that is shown whole
PROGRESS = re.compile(r"^.*\d%\|.*\n?", re.M)  # a bar
SOURCE = re.compile(r"<p>(?:(?!<p|</p>).)*Recorded(?:(?!</p>).)*</p>", re.S)
PREDICT = re.compile(r"(\w+) = widgets\.predict\(")
REVEAL = re.compile(r"(\w+)\.reveal\(")
OUT = re.compile(r"\bExercises?\b|^Where to go next$|^The notebooks$")  # headings left out
HEADING = re.compile(r"<h([1-3])[^>]*>(.*?)</h\1>", re.S)
ANSWER = re.compile(r'<div class="idlib-waits.*?</summary>(.*)</details>\s*</div>', re.S)
QUIZ = re.compile(
    r"<li><p><b>(.*?)</b></p>(<ul>.*?</ul>)<details>.*?</summary>(.*?)</details></li>", re.S
)
NAME = re.compile(r"\b(?<!-)([A-Z]\w+-(?:\d+|base|large))\b(?!-)(?![^<>]*>)")  # SST-2, BERT-base
CAPTION = re.compile(r"(<figcaption[^>]*>)(.*?)((?:<br><small>.*?</small>)?</figcaption>)", re.S)
ASK = "What do you think?"


@dataclass
class Slide:
    """A heading, what is shown below it, and what the speaker sees beside it.

    Args:
        heading: HTML.
        blocks: HTML, each with whether it is a step of its own, revealed by a key.
        notes: HTML, for the speaker alone.
        kind: "title", "text", "figure", "question" or "answer".
        asks: the notebook's name for the guess that a question asks for.
        ended: whether a text that follows begins a slide of its own.
        told: whether it says below a picture what that means.
    """

    heading: str
    blocks: list[tuple[str, bool]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    kind: str = "text"
    asks: str = ""
    ended: bool = False
    told: bool = False

    def words(self) -> int:
        """How many words it shows, its heading apart."""
        return words(" ".join(block for block, _ in self.blocks))

    def prints(self) -> bool:
        """Whether it shows printed text, and nothing else."""
        return bool(self.blocks) and all(block.startswith("<pre") for block, _ in self.blocks)

    def to_html(self) -> str:
        """The slide for reveal.js."""
        steps = "".join(
            f'<div class="block{" fragment" * step}">{_tied(block)}</div>'
            for block, step in self.blocks
        )
        notes = f'<aside class="notes">{"".join(self.notes)}</aside>' if self.notes else ""
        return f'<section class="{self.kind}"><h2>{self.heading}</h2>{notes}{steps}</section>'


def lecture(notebook: NotebookNode, render: Callable[[str], str], guide: str = "") -> list[Slide]:
    """The slides of a notebook.

    Args:
        notebook: with its outputs stored.
        render: from the Markdown of a cell to HTML.
        guide: what the instructor's guide says of this notebook, as Markdown.

    Returns:
        The slides in order; one that would show its heading alone is left out.
    """
    slides: list[Slide] = []
    left_out = False
    for n, cell in enumerate(notebook.cells):
        if SKIP in cell.metadata.get("tags", []) and "widgets.quiz(" not in cell.source:
            headings = HEADING.findall(render(cell.source)) if cell.cell_type == "markdown" else []
            left_out = bool(OUT.search(headings[-1][1])) if headings else left_out
            continue
        if cell.cell_type == "markdown":
            source = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.S)
            parts = re.split(r"(?=<h[1-3])", render(source))
            for k, part in enumerate(parts, 1):
                if heading := HEADING.match(part):
                    left_out = bool(OUT.search(plain(heading[2])))
                    if not left_out:
                        slides.append(Slide(heading[2]))
                if slides and not left_out and part.strip():
                    leads = k == len(parts) and _shows(notebook.cells[n + 1 :])
                    _tell(slides, part[heading.end() :] if heading else part, leads)
        elif slides and not left_out:
            for output in cell.get("outputs", []):
                _show(slides, output, render, cell.source)
    for before, slide in pairwise(slides):
        if slide.prints():  # and nothing is said of it
            before.notes += [block for block, _ in slide.blocks]
            slide.blocks.clear()
    if slides:
        slides[0].kind = "title"
        slides[0].notes.append(render(guide))
    return [slide for slide in slides if slide.blocks]


def _shows(cells: list[NotebookNode]) -> bool:
    """Whether what comes next is an output, other than a question."""
    for cell in cells:
        if SKIP not in cell.metadata.get("tags", []) and cell.get("outputs", True):
            return cell.cell_type == "code" and not PREDICT.search(cell.source)
    return False


def _tell(slides: list[Slide], page: str, leads: bool) -> None:
    """A text: its claims on the slide, or on a further one behind a picture, all of it in notes.
    A single short claim stands below the picture, unless it asks or another stands above it, and
    the text `leads` to a further output."""
    slide, claims = slides[-1], claims_of(page)
    single = claims[0][0] if len(claims) == 1 and claims[0][0].startswith("<p>") else ""
    onward = leads and ("?" in single or len(slide.blocks) > 1)
    fits = slide.kind == "figure" and not slide.told and 0 < words(single) <= WORDS
    if fits and not onward:
        slide.blocks.append((claims.pop()[0], True))
        slide.told = True
    if claims and (slide.kind != "text" or slide.ended):
        slide = Slide(_topic(slides))
        slides.append(slide)
    slide.notes.append(page)
    asked = re.search(r"<strong>Question\.</strong>\s*(.*?)</p>", page, re.S)
    if len(slides) == 1 and asked:
        slide.blocks.append((f"<p>{asked[1]}</p>", False))
        return
    slide.blocks += claims


def _show(
    slides: list[Slide], output: NotebookNode, render: Callable[[str], str], source: str
) -> None:
    """An output of a cell, on a slide of its own unless it fits beside a short text."""
    data = output.get("data", {})
    page = data.get("text/html") or ""
    if "<details><summary>Answer</summary>" in page:
        slides += _quiz(page)
    elif "<b>Predict.</b>" in page:
        asked, _, rest = without_kernel(page).replace("<b>Predict.</b> ", "").partition("</p>")
        shown = [(f"{asked}</p>", False)] + [(block, False) for block in blocks_of(_lettered(rest))]
        said = "<p>Everybody commits to a guess. Show the poll, and ask for its shape.</p>"
        slides.append(Slide(ASK, shown + _axes(data.get("text/plain", "")), [said], "question"))
        if name := PREDICT.search(source):
            slides[-1].asks = name[1]
    elif LIVE in page and EXPLORER not in page:
        slides[-1].notes.append("<p>Live: change to the notebook, and press the button there.</p>")
    elif page:
        waits = ANSWER.search(page)
        page = waits[1] if waits else page
        page = re.sub(r"(?:<p>)?\s*(?:no guess was made; the|The) answer:", "<p>The answer:", page)
        kind = "answer" if "The answer:" in page else "figure"
        if kind == "answer":
            name = REVEAL.search(source)
            questions = [slide.blocks[0][0] for slide in slides if name and slide.asks == name[1]]
            again = [(q.replace("<p>", '<p class="asked">', 1), False) for q in questions]
            answer = Slide(_topic(slides), again, kind=kind)
            if slides[-1].prints():  # what the answer is read from
                numbers = slides.pop()
                answer.blocks += [(block, bool(answer.blocks)) for block, _ in numbers.blocks]
                answer.notes += numbers.notes
            slides.append(answer)
        parts = [page] if EXPLORER in page else blocks_of(page)
        for part in parts:
            if part.lstrip().startswith("<pre"):
                _print(slides, html.unescape(plain(part)))
                continue
            short = CAPTION.sub(_shortened, part if EXPLORER in part else _first_rows(part))
            _place(slides, short, kind)
            if EXPLORER in part:
                slides[-1].notes += SOURCE.findall(part)
            if short != part:
                slides[-1].notes += [m[2] for m in CAPTION.finditer(part)] or [part]
    elif "text/markdown" in data:
        _place(slides, render(data["text/markdown"]), "figure")
    else:
        _print(slides, output.get("text") or data.get("text/plain", ""))


def _shortened(caption: re.Match) -> str:
    start, text, end = caption.groups()
    return f"{start}{text if len(text) < CAPTIONED else lead_of(text)}{end}"


def _first_rows(page: str) -> str:
    """A page whose table is no longer than can be read; one in groups ends with a whole group."""
    rows = re.findall(r"<tr\b.*?</tr>", page, re.S)
    kept = rows[: ROWS + 1]
    heads = [k for k, row in enumerate(kept) if k and "<th" in row]
    if len(rows) > len(kept) and heads[1:]:
        kept = kept[: heads[-1]]
    return page if len(rows) == len(kept) else page.replace("\n".join(rows[len(kept) :]), "", 1)


def _print(slides: list[Slide], text: str) -> None:
    """Printed text: beside a claim if there is one; for the speaker alone if it can't be read."""
    text = PROGRESS.sub("", text).strip("\n").rstrip()
    if not text:
        return
    pre, lines = f"<pre>{html.escape(text)}</pre>", text.count("\n") + 1
    wide = any(len(line) > WIDE for line in text.splitlines())
    last = slides[-1]
    tabled = any("<table" in block for block, _ in last.blocks)  # so numbers are there
    if last.kind == "text" and last.blocks and lines <= LINES and not (wide or tabled):
        last.blocks.append((pre, True))
        last.kind = "figure"
    elif not tabled and FEW < lines <= LINES and not wide:
        _place(slides, pre, "figure")
    else:
        last.notes.append(pre)
        last.ended = bool(last.blocks)


def _place(slides: list[Slide], block: str, kind: str) -> None:
    """An output, beside the text before it if that is short; else on a slide of its own."""
    last = slides[-1]
    drawn = "<figure" in block or "<table" in block or EXPLORER in block
    if drawn and last.blocks and last.blocks[-1][0].startswith("<pre"):  # numbers, before they
        last.notes.append(last.blocks.pop()[0])  # are drawn
        last.kind = "text"
    room = MOVING if EXPLORER in block else WORDS
    beside = last is not slides[0] and len(last.blocks) < 2 and last.words() <= room
    if kind == last.kind == "answer" or (last.kind == "text" and (beside or not last.blocks)):
        last.blocks.append((block, bool(last.blocks)))
        last.kind = kind
    else:
        slides.append(Slide(_topic(slides), [(block, False)], kind=kind))


def _quiz(page: str) -> list[Slide]:
    """A slide for each question; the right answer, its letter and why, is a later step."""
    found = []
    for asked, options, answer in QUIZ.findall(page):
        for letter, option in zip(ascii_uppercase, ITEM.findall(options), strict=False):
            if answer.startswith(f"<p>{option}."):
                answer = answer.replace("<p>", f"<p><b>{letter}.</b> ", 1)
                break
        shown = [(f"<p>{asked}</p>", False), (_lettered(options), False), (answer, True)]
        said = "<p>A show of hands for each letter before you go on.</p>"
        found.append(Slide("Hands up", shown, [said], "question"))
    return found


def _topic(slides: list[Slide]) -> str:
    """The heading that a further slide goes on under."""
    return next(slide.heading for slide in reversed(slides) if slide.kind != "question")


def _lettered(options: str) -> str:
    return options.replace("<ul>", '<ol class="letters">').replace("</ul>", "</ol>")


def _axes(asked: str) -> list[tuple[str, bool]]:
    """The axes that a curve is to be drawn on, if a question asks for one."""
    name = ASKED.fullmatch(asked)
    axes = name and question(name[1]).curve
    if not axes:
        return []
    drawn = to_svg(curves(axes, []), [f"Empty axes: {axes.y_label} against {axes.x_label}."])
    return [(f'<figure style="margin:0">{drawn}</figure>', False)]


def _tied(block: str) -> str:
    """A block in whose text no line ends before or behind a sign, nor within 4 x 128 or SST-2."""
    if EXPLORER in block or block.startswith("<pre"):
        return block
    block = re.sub(r" (?=[=≥%])|(?<=[=≥]) |(?<=\d) (?=[x×] \d)|(?<=\d [x×]) ", "&nbsp;", block)
    return NAME.sub(r'<span class="whole">\1</span>', block)
