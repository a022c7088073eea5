"""Choose a network by width and depth, and see its d90."""

import ipywidgets as w
import numpy as np

from ...studies.reading import provenance
from ...studies.sizes import DEPTHS, WIDTHS
from ..base.panels import Panel, drawn, in_turn
from ..base.plots import to_html
from ..base.slider import Slider
from .compute import d90_map, recorded_networks
from .plots import size_panel

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
        self.cells = recorded_networks()
        self.title = provenance(self.cells.values())
        self.maps = {name: d90_map(name) for name in self.definition.options}
        self.curves = {
            size: {d: float(np.mean(scores)) for d, scores in c.scores.items()}
            for size, c in self.cells.items()
        }
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
        this, values = self.cells[width, depth], self.maps[definition]
        estimate = this.d90(definition)
        d = estimate.value
        fig = size_panel(values, WIDTHS, DEPTHS, (width, depth), self.curves, estimate.threshold)
        seeds = " and ".join(str(d) for d in estimate.per_seed)
        text = (
            f"Width {width}, depth {depth}: <b>D = {this.D:,}</b>, full model {this.baseline:.3f}, "
            f"<b>d90 = {d:,.0f}</b> ({definition}, seeds: {seeds}), "
            f"<b>D / d90 = {this.D / d:,.0f}</b>. {self.title}."
        )
        alt = (
            f"Left: d90 of twenty networks by width and depth, from {values.min():.0f} to "
            f"{values.max():.0f}; width {width}, depth {depth} is marked. Right: accuracy against "
            f"d of all twenty, close together; the marked one crosses {estimate.threshold:.3f} at "
            f"d = {d:.0f}."
        )
        return to_html(fig, alt, text)
