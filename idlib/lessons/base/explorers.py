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
from typing import Any

from IPython.display import display

from ...errors import IdlibError
from .predictions import Prediction

__all__ = ["Control", "Explorer", "choice", "say", "slider", "table"]

HINT = "Static picture: run the notebook to use the controls."


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
        guess: a prediction that is shown above the view, once it is made.
        formula: for more values than can be drawn beforehand: JavaScript, a function
            ``(view, places) => ...`` that changes the view that is shown to that of the choices at
            those places.
        free: names of the controls whose values only the formula tells apart.
    """

    def __init__(
        self,
        controls: Mapping[str, Control],
        view: Callable[..., str],
        guess: Prediction | None = None,
        formula: str = "",
        free: Sequence[str] = (),
    ):
        self.controls, self.view, self.guess = dict(controls), view, guess
        self.formula, self.free = formula, free
        first = next(iter(self.controls.values())).start
        for control in self.controls.values():
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
        """All values for which a view is made, with the places of the choices."""
        first, *_ = self.controls.values()
        for i, value in enumerate(first.of(None).values()):
            if not self._drawn(next(iter(self.controls)), value):
                continue
            choices = [
                [(k, v) for k, v in enumerate(c.of(value).values()) if self._drawn(name, v)]
                for name, c in list(self.controls.items())[1:]
            ]
            for rest in itertools.product(*choices):
                places, chosen = zip((i, value), *rest, strict=True)
                yield places, dict(zip(self.controls, chosen, strict=True))

    def _drawn(self, name: str, value: Any) -> bool:
        return name not in self.free or value == self.controls[name].start

    def to_html(self) -> str:
        """All views, with the script that shows them; the first stands there as a picture."""
        lines: dict[str, int] = {}
        frames = {}
        for places, values in self.values():
            page = self.view(**values).splitlines()
            drawn = [
                str(place)
                for name, place in zip(self.controls, places, strict=True)
                if name not in self.free
            ]
            frames[",".join(drawn)] = [lines.setdefault(x, len(lines)) for x in page]
        first = self.start
        shown = {
            "controls": [self._described(name) for name in self.controls],
            "lines": list(lines),
            "frames": frames,
        }
        packed = base64.b64encode(zlib.compress(json.dumps(shown).encode(), 9)).decode()
        said = self.guess.words("Your guess: ") if self.guess else ""
        style, script = (
            (files(__package__) / f"explorer.{kind}").read_text(encoding="utf-8").strip()
            for kind in ("css", "js")
        )
        return (
            f'<div class="idlib-explorer">\n<style>{style}</style>\n'
            f"{said and f'<p>{said}</p>'}\n"
            f'<div class="idlib-view">\n{_static(self.view(**first))}\n</div>\n'
            f'<p class="idlib-hint"><i>{HINT}</i></p>\n'
            f'<script>({script})(document.currentScript.parentElement, "{packed}", '
            f"{self.formula or 'null'});</script>\n</div>"
        )

    def _described(self, name: str) -> dict:
        """What the front end knows of a control."""
        control, free = self.controls[name], name in self.free
        first = next(iter(self.controls.values()))
        by_first = [control.of(value) for value in first.of(None).values()]
        options = by_first if callable(control.options) else by_first[:1]
        labels = [list(names) for names in options]
        start = list(control.of(first.start).values()).index(control.start)
        kind = control.kind
        return {
            "label": control.label, "kind": kind, "labels": labels, "start": start, "free": free,
        }  # fmt: skip

    def _bundle(self) -> dict[str, str]:
        return {"text/html": self.to_html(), "text/plain": repr(self)}

    def _ipython_display_(self) -> None:
        if self.guess is None:
            display(self._bundle(), raw=True)
            return
        handle = display(self._bundle(), raw=True, display_id=True)
        self.guess.when_made(lambda: handle.update(self._bundle(), raw=True))


def _named(options: Sequence | Mapping | Callable) -> Any:
    if callable(options):
        return lambda first: _named(options(first))
    if isinstance(options, Mapping):
        return options
    return {f"{o:,}" if isinstance(o, int) else str(o): o for o in options}


def _static(page: str) -> str:
    """A view with pictures in place of SVG, which JupyterLab drops where it trusts nobody."""

    def picture(svg: re.Match) -> str:
        alt, width = re.search(r'aria-label="(.*?)"', svg[0])[1], re.search(r'width="(\d+)', svg[0])[1]
        data = base64.b64encode(svg[0].encode()).decode()
        return (
            f'<img alt="{alt}" width="{width}" style="max-width:100%;background:#fff" '
            f'src="data:image/svg+xml;base64,{data}">'
        )

    return re.sub(r"<svg .*?</svg>", picture, page, flags=re.S)
