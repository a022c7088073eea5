"""A slider over given values that keyboards and screen readers can use."""

from pathlib import Path

import anywidget
import ipywidgets as w

__all__ = ["Slider"]


class Slider(anywidget.AnyWidget, w.SelectionSlider):
    """ipywidgets' `SelectionSlider`, shown as a native slider of the browser.

    ipywidgets' own has a handle without a name, and tells the number of the choice instead of
    its label; this one is read out as "d, 400".
    """

    _esm = Path(__file__).with_name("slider.js")
    _css = Path(__file__).with_name("slider.css")

    def __repr__(self) -> str:
        return f"Slider({self.description!r}, {self.label!r})"
