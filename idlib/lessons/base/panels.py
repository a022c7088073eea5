"""What widgets that ask the kernel share: a static picture for readers without one, and visible
errors."""

import functools
import html
import threading
from collections.abc import Callable

import ipywidgets as w

__all__ = ["Panel", "error_html", "in_turn"]

_TURN = threading.RLock()


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
    """A column of widgets that shows `static_html()` where widgets can't run."""

    def static_html(self) -> str:
        """HTML that stands in for the widget: its text and pictures as they are now."""
        leaves = list(_leaves(self))
        shown = "".join(c.value for c in leaves if isinstance(c, w.HTML))
        if all(isinstance(c, w.HTML | w.Box) for c in leaves):
            return shown
        return f"{shown}<p><i>Static picture: run the notebook to use the controls.</i></p>"

    def _repr_mimebundle_(self, **kwargs) -> dict:
        return {**super()._repr_mimebundle_(**kwargs), "text/html": self.static_html()}


def error_html(error: Exception) -> str:
    """An exception as a visible line of a widget."""
    return f'<p style="color:#D55E00"><b>{type(error).__name__}</b>: {html.escape(str(error))}</p>'


def _leaves(widget: w.Widget):
    for child in getattr(widget, "children", ()):
        yield child
        yield from _leaves(child)
