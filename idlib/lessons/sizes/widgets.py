"""Choose a network by width and depth, and see its d90."""

import numpy as np

from ...engine.estimate import DEFINITIONS
from ...studies.reading import provenance
from ...studies.sizes import DEPTHS, WIDTHS
from ..base.explorers import Explorer, choice, say, slider
from ..base.svg import Stage
from .compute import d90_map, recorded_networks
from .plots import mark_network, size_panel

__all__ = ["ModelSizes"]


class ModelSizes(Explorer):
    """Width and depth of a fully connected net: its D, its recorded d90 on MNIST, their ratio.

    Args:
        width: one of 50, 100, 200 and 400.
        depth: from 1 to 5.
    """

    def __init__(self, width: int = 200, depth: int = 2):
        controls = {
            "width": slider("width", WIDTHS, width),
            "depth": slider("depth", DEPTHS, depth),
            "definition": choice("d90", DEFINITIONS, "absolute"),
        }
        self.cells = recorded_networks()
        self.title = provenance(self.cells.values())
        self.curves = {
            size: {d: float(np.median(scores)) for d, scores in c.scores.items()}
            for size, c in self.cells.items()
        }
        self.maps = {name: d90_map(name) for name in DEFINITIONS}
        self.stages = {
            name: Stage(size_panel(values, WIDTHS, DEPTHS, list(self.curves.values())))
            for name, values in self.maps.items()
        }
        super().__init__(controls, self._draw)

    def _draw(self, width: int, depth: int, definition: str) -> str:
        this, values = self.cells[width, depth], self.maps[definition]
        estimate = this.d90(definition)
        d, threshold = estimate.value, estimate.threshold
        seeds = " and ".join(str(d) for d in estimate.per_seed)
        text = (
            f"Width {width}, depth {depth}: <b>D = {this.D:,}</b>, full model {this.baseline:.3f}, "
            f"<b>d90 = {d:,.0f}</b> ({definition}, seeds: {seeds}), "
            f"<b>D / d90 = {this.D / d:,.0f}</b>."
        )
        alts = (
            f"d90 of twenty networks by width and depth, from {values.min():.0f} to "
            f"{values.max():.0f}; width {width}, depth {depth} is marked.",
            "Accuracy against d of all twenty, close together; the marked one crosses "
            f"{threshold:.3f} at d = {d:.0f}.",
        )
        place = WIDTHS.index(width), DEPTHS.index(depth)
        drawn = self.stages[definition].to_svg(
            alts, lambda *axes: mark_network(*axes, place, self.curves[width, depth], threshold)
        )
        return f"{drawn}\n{say(text)}\n<p>{self.title}.</p>"
