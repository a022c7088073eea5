"""A slider that shows whether the kernel answers."""

import ipywidgets as w

from .panels import Panel, in_turn
from .slider import Slider

__all__ = ["alive"]


def alive() -> Panel:
    """A slider for d, and a line of text that Python writes anew for each value."""
    slider = Slider(
        options=range(1, 101), value=10, description="d", layout=w.Layout(width="560px")
    )
    line = w.HTML()

    @in_turn
    def say(_=None) -> None:
        line.value = f"Python received d = {slider.value}."

    slider.observe(say, "value")
    say()
    return Panel([slider, line])
