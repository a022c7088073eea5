"""Explorers: a few controls and a view of their values, answered in the browser.

An explorer is described once, by a function from values to HTML. All its views are made when it is
shown, and lie, compressed, in the HTML of the cell, with one script that finds the view of the
present values: in JupyterLab, on the web site and in a saved notebook it moves without a kernel.
Where scripts don't run, as in a notebook that JupyterLab does not trust, it shows its first view.
"""

import base64
import itertools
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Protocol

from IPython.display import display

from ...errors import IdlibError

__all__ = ["Control", "Drag", "Explorer", "choice", "say", "slider", "table", "with_todays_front"]

HINT = "Static picture: run the notebook to use the controls."


class Guess(Protocol):
    """A prediction, see `idlib.lessons.base.predictions.Prediction`."""

    guess: Any

    def words(self) -> str: ...

    def mark(self, fig: Any, axis: str) -> str: ...


@dataclass(frozen=True)
class Control:
    """What the reader can choose.

    Args:
        label: shown before it, and read out.
        options: what can be chosen, by the labels of the choices; or a function that gives them
            for a value of the first control.
        start: the choice that is shown first.
        kind: "slider", "buttons" or "menu".
    """

    label: str
    options: Mapping[str, Any] | Callable[[Any], Mapping[str, Any]]
    start: Any
    kind: str

    def of(self, first: Any) -> Mapping[str, Any]:
        """The choices, for a value of the first control."""
        return self.options(first) if callable(self.options) else self.options


@dataclass(frozen=True)
class Drag:
    """What the reader drags in a picture, by pointer or arrow keys: two numbers.

    The explorer's formula needs a function ``move(i, values, right, up)`` for it, which returns the
    two numbers of the control at place i after a move, in units of the picture's axes.

    Args:
        label: read out.
        start: the two numbers at first.
        panel: number of the picture.
        grip: the class of what is held in it; the whole picture if empty.
    """

    label: str
    start: tuple[float, float]
    panel: int = 0
    grip: str = ""


def slider(label: str, options: Sequence | Mapping | Callable, start: Any) -> Control:
    """A slider over given values: from small to large, or by their labels."""
    return Control(label, _named(options), start, "slider")


def choice(label: str, options: Sequence | Mapping | Callable, start: Any) -> Control:
    """A choice between things: buttons if they are few and short, else a menu."""
    named = _named(options)
    short = not callable(named) and len("".join(named)) < 60 and len(named) < 8
    return Control(label, named, start, "buttons" if short else "menu")


def say(text: str) -> str:
    """A sentence of a view, as HTML: it is also spoken by screen readers when the view changes."""
    return f'<p class="idlib-say">{text}</p>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of a view; it scrolls where it is wider than the page."""
    names = "".join(f"<th>{name}</th>" for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f'<div class="idlib-table"><table>\n<tr>{names}</tr>\n{body}</table></div>'


class Explorer:
    """Controls, and a view for each of their values.

    Args:
        controls: by the names under which `view` takes their values.
        view: from values to HTML; pictures in it are SVG by `idlib.lessons.base.svg`, or have
            alternative texts.
        formula: for more values than can be drawn beforehand: JavaScript, a function
            ``(view, places) => ...`` that makes of the first view that of the choices at those
            places.
    """

    def __init__(
        self,
        controls: Mapping[str, Control | Drag],
        view: Callable[..., str],
        formula: str = "",
    ):
        self.controls, self.view, self.formula = dict(controls), view, formula
        first = next((c.start for c in self.controls.values() if isinstance(c, Control)), None)
        for control in self.controls.values():
            if isinstance(control, Drag):
                continue
            known = control.of(first)
            if control.start not in known.values():
                raise IdlibError(
                    f"{control.label} = {control.start!r} was given, expected one of "
                    f"{', '.join(map(str, known.values()))}."
                )

    def __repr__(self) -> str:
        start = ", ".join(f"{name}={c.start!r}" for name, c in self.controls.items())
        return f"{type(self).__name__}({start})"

    @property
    def start(self) -> dict[str, Any]:
        """The values that are shown first."""
        return {name: control.start for name, control in self.controls.items()}

    def values(self) -> Iterator[tuple[tuple[int, ...], dict[str, Any]]]:
        """All values that can be chosen, with the places of the choices."""
        controls = [c for c in self.controls.values() if isinstance(c, Control)]
        if len(controls) < len(self.controls):
            raise IdlibError(f"{self!r} can be dragged: its values can't be listed.")
        first, *others = controls
        for i, value in enumerate(first.of(None).values()):
            for rest in itertools.product(*(enumerate(c.of(value).values()) for c in others)):
                places, chosen = zip((i, value), *rest, strict=True)
                yield places, dict(zip(self.controls, chosen, strict=True))

    def to_html(self) -> str:
        """All views, with the script that shows them; the first stands there as a picture."""
        lines: dict[str, int] = {}  # views have most of their lines in common
        views = {}
        for places, values in [((), self.start)] if self.formula else self.values():
            page = self.view(**values).splitlines()
            views[",".join(map(str, places))] = [lines.setdefault(x, len(lines)) for x in page]
        shown = {
            "controls": [self._described(control) for control in self.controls.values()],
            "lines": list(lines),
            "views": views,
        }
        packed = base64.b64encode(zlib.compress(json.dumps(shown).encode(), 9)).decode()
        return (
            f'<div class="idlib-explorer">\n<style>{_front("css")}</style>\n'
            f'<div class="idlib-view">\n{_static(self.view(**self.start))}\n</div>\n'
            f'<p class="idlib-hint"><i>{HINT}</i></p>\n'
            f"<script>(window.idlibExplorers ??= []).push(({_front('js')})"
            f'(document.currentScript.parentElement, "{packed}", {self.formula or "null"}));'
            "</script>\n</div>"
        )

    def _described(self, control: Control | Drag) -> dict[str, Any]:
        """What the front end knows of a control: its labels for each choice of the first."""
        if isinstance(control, Drag):
            return {**vars(control), "kind": "drag", "labels": [[]]}
        first = next(c for c in self.controls.values() if isinstance(c, Control))
        choices = [control.of(value) for value in first.of(None).values()]
        labels = [list(names) for names in choices]
        start = list(control.of(first.start).values()).index(control.start)
        return {
            "label": control.label,
            "kind": control.kind,
            "labels": labels if callable(control.options) else labels[:1],
            "start": start,
        }

    def with_guesses(self, guesses: Sequence[Guess]) -> str:
        """`to_html` with what the reader has guessed: above it, and in it where there is a place
        for it."""
        said = " ".join(guess.words() for guess in guesses)
        return f"<p>{said}</p>\n{self.to_html()}" if said.strip() else self.to_html()

    def _ipython_display_(self) -> None:
        display({"text/html": self.to_html(), "text/plain": repr(self)}, raw=True)


def with_todays_front(page: str) -> str:
    """The HTML of an explorer, stored some time ago, with the script and the style of today."""
    start = '<div class="idlib-explorer">\n<style>'
    before, _, rest = page.partition(start)
    page = f"{before}{start}{_front('css')}</style>{rest.partition('</style>')[2]}"
    begin, end = "idlibExplorers ??= []).push((", ")(document.currentScript"
    before, _, rest = page.partition(begin)
    return f"{before}{begin}{_front('js')}{end}{rest.partition(end)[2]}"


def _front(kind: str) -> str:
    return (files(__package__) / f"explorer.{kind}").read_text(encoding="utf-8").strip()


def _named(options: Sequence | Mapping | Callable) -> Any:
    if callable(options):
        return lambda first: _named(options(first))
    if isinstance(options, Mapping):
        return options
    return {f"{o:,}" if isinstance(o, int) else str(o): o for o in options}


def _static(page: str) -> str:
    """A view with pictures in place of SVG, which JupyterLab drops where it trusts nobody."""

    def picture(svg: re.Match) -> str:
        width, alt = re.search(r'width="(\d+)".*?aria-label="(.*?)"', svg[0]).groups()
        data = base64.b64encode(svg[0].encode()).decode()
        return (
            f'<img alt="{alt}" width="{width}" style="max-width:100%;background:#fff" '
            f'src="data:image/svg+xml;base64,{data}">'
        )

    return re.sub(r"<svg .*?</svg>", picture, page, flags=re.S)
