"""What widgets that ask the kernel share: what stands in for them where none is, visible errors.

A widget and what stands in for it are two outputs of its cell. JupyterLab shows the widget where it
is alive, and else, the next day, what stands in for it: not "Error displaying widget". Where it
trusts nobody it shows no widget, and a notebook is stored without widgets.
"""

import functools
import html
import threading
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as w
from IPython.display import DisplayHandle, display

__all__ = ["Panel", "error_html", "in_turn"]

_TURN = threading.RLock()
_OUTPUT = ".jp-OutputArea-child"  # of a cell in JupyterLab
_WIDGET = ".jp-OutputArea-output.lm-Panel"  # alive, loading or broken
STYLE = (
    f"<style>{_OUTPUT}:has(.idlib-asleep):has(+ {_OUTPUT} .idlib-panel), "
    f"{_OUTPUT}:has(.idlib-asleep) + {_OUTPUT}:has(> {_WIDGET}):not(:has(.idlib-panel)), "
    "body:not(:has(.jp-OutputArea)):has(.idlib-panel) .idlib-asleep { display: none }</style>"
)


def in_turn(answer: Callable) -> Callable:
    """Decorates a method that answers a control, so that the answers come one after another.

    JupyterLab has the kernel answer controls in several threads (its subshells): one answer can
    begin while another still reads what was chosen, or draws.
    """

    @functools.wraps(answer)
    def wait(*args, **kwargs):
        with _TURN:
            return answer(*args, **kwargs)

    return wait


class Panel(w.VBox):
    """A column of widgets, with something that stands in for it where no kernel is."""

    def __init__(self, children: Sequence[w.Widget]):
        super().__init__(children)
        self.add_class("idlib-panel")

    def static_html(self) -> str:
        """HTML that stands in for the widget: its text and pictures as they are now."""
        shown = "".join(leaf.value for leaf in _leaves(self) if isinstance(leaf, w.HTML))
        return f"{shown}<p><i>Static picture: run the notebook to use the controls.</i></p>"

    def outputs(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What stands in for the widget, and the widget, as data of two outputs."""
        page = f'<div class="idlib-asleep">\n{self.static_html()}\n</div>\n{STYLE}'
        alive = {**self._repr_mimebundle_(), "text/plain": ""}
        return {"text/html": page, "text/plain": repr(self)}, alive

    def show(self) -> list[DisplayHandle]:
        """Shows both outputs; returns IPython's handles of them, none outside of it."""
        shown = [display(data, raw=True, display_id=True) for data in self.outputs()]
        return [handle for handle in shown if handle]

    def _ipython_display_(self) -> None:
        self.show()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def error_html(error: Exception) -> str:
    """An exception as a visible line of a widget."""
    return f'<p style="color:#D55E00"><b>{type(error).__name__}</b>: {html.escape(str(error))}</p>'


def _leaves(widget: w.Widget):
    for child in getattr(widget, "children", ()):
        yield child
        yield from _leaves(child)
