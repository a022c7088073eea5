"""Choose a network by width and depth, and see its d90."""

import functools

import ipywidgets as w
import numpy as np

from ..plots import size_panel, to_html
from ..recorded import curve, provenance, recorded
from ..sizes import DEPTHS, WIDTHS, size
from .base import Panel, drawn, in_turn
from .slider import Slider

__all__ = ["ModelSizes"]


class ModelSizes(Panel):
    """Width and depth of a fully connected net: its D, its recorded d90 on MNIST, their ratio.

    Args:
        width: one of 50, 100, 200 and 400.
        depth: from 1 to 5.
    """

    def __init__(self, width: int = 200, depth: int = 2):
        wide = {"layout": w.Layout(width="420px"), "style": {"description_width": "70px"}}
        self.width = Slider(options=WIDTHS, value=width, description="width", **wide)
        self.depth = Slider(options=DEPTHS, value=depth, description="depth", **wide)
        self.definition = w.ToggleButtons(
            options=["absolute", "relative"], description="d90", style={"description_width": "70px"}
        )
        self.view = w.HTML(layout=w.Layout(min_height="440px"))
        self.curves = {(a, b): _means(a, b) for a in WIDTHS for b in DEPTHS}
        controls = (self.width, self.depth, self.definition)
        for control in controls:
            control.observe(self._draw, "value")
        self._draw(None)
        super().__init__([*controls, self.view])

    @in_turn
    def _draw(self, _) -> None:
        chosen = self.width.value, self.depth.value, self.definition.value
        self.view.value = drawn(self._html, *chosen)

    def _html(self, width: int, depth: int, definition: str) -> str:
        this = size(width, depth)
        values = np.array([[size(a, b).d90(definition) for a in WIDTHS] for b in DEPTHS])
        estimate = getattr(this, definition)
        fig = size_panel(values, WIDTHS, DEPTHS, (width, depth), self.curves, estimate.threshold)
        seeds = " and ".join(str(d) for d in estimate.per_seed)
        ratio = this.D / this.d90(definition)
        text = (
            f"Width {width}, depth {depth}: <b>D = {this.D:,}</b>, full model {this.baseline:.3f}, "
            f"<b>d90 = {this.d90(definition):,.0f}</b> ({definition}, seeds: {seeds}), "
            f"<b>D / d90 = {ratio:,.0f}</b>. {provenance(recorded('model_size'))}."
        )
        alt = (
            f"Left: d90 of twenty networks by width and depth, from {values.min():.0f} to "
            f"{values.max():.0f}; width {width}, depth {depth} is marked. Right: accuracy against "
            f"d of all twenty, close together; the marked one crosses {estimate.threshold:.3f} at "
            f"d = {this.d90(definition):.0f}."
        )
        return to_html(fig, alt, text)


@functools.cache
def _means(width: int, depth: int) -> dict[int, float]:
    c = curve("model_size", "mnist", f"fc-{width}-{depth}")
    return {d: float(np.mean(scores)) for d, scores in c.scores.items()}
