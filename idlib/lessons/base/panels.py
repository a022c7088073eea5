"""What all widgets share: a static picture for readers without a kernel, and visible errors."""

import functools
import html
import threading
from collections.abc import Callable, Sequence

import ipywidgets as w

from .slider import Slider

__all__ = ["Panel", "SliderPanel", "drawn", "error_html", "in_turn"]

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


class SliderPanel(Panel):
    """A slider over given values, and HTML drawn anew for each.

    Args:
        label: name of the quantity, shown before the slider.
        values: what can be chosen.
        draw: from a value to HTML; answers within about 100 ms to feel alive.
        value: the first choice.
        height: of the HTML, so that nothing jumps; for instance "420px".
    """

    def __init__(
        self, label: str, values: Sequence, draw: Callable[[object], str], value, height: str
    ):
        self.slider = Slider(
            options=values, value=value, description=label, continuous_update=True,
            layout=w.Layout(width="560px"), style={"description_width": "initial"},
        )  # fmt: skip
        self.view = w.HTML(draw(value), layout=w.Layout(min_height=height))
        self._html = draw
        self.slider.observe(lambda change: self.draw(change["new"]), "value")
        super().__init__([self.slider, self.view])

    @in_turn
    def draw(self, value) -> None:
        """Shows the picture for `value`; an exception becomes a visible line."""
        self.view.value = drawn(self._html, value)


def drawn(draw: Callable[..., str], *values) -> str:
    """What `draw` makes of the values; an exception becomes a visible line."""
    try:
        return draw(*values)
    except Exception as error:
        return error_html(error)


def error_html(error: Exception) -> str:
    """An exception as a visible line of a widget."""
    return f'<p style="color:#D55E00"><b>{type(error).__name__}</b>: {html.escape(str(error))}</p>'


def _leaves(widget: w.Widget):
    for child in getattr(widget, "children", ()):
        yield child
        yield from _leaves(child)
