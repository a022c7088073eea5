"""Choose d and bits, and see the file they make."""

import math

import ipywidgets as w

from ...studies.bytes import BITS, BYTES, file_sizes
from ...studies.reading import cell
from ..base.panels import Panel, drawn, in_turn
from ..base.plots import to_html
from ..base.slider import Slider
from .compute import frontier
from .plots import file_panel

__all__ = ["FileSizes"]


class FileSizes(Panel):
    """Network, d and bits for each number: the file's bytes, its accuracy, and what they buy.

    Args:
        d: as recorded.
        bits: as recorded: 32, 16, 8, 6, 4, 3 or 2.
    """

    def __init__(self, d: int = 750, bits: int = 8):
        wide = {"layout": w.Layout(width="460px"), "style": {"description_width": "110px"}}
        ds = sorted({s.d for s in file_sizes("fc") if s.d})
        self.model = w.ToggleButtons(
            options={"FC": "fc", "LeNet": "lenet"},
            description="network",
            style={"description_width": "110px"},
        )
        self.d = Slider(options=ds, value=d, description="d", **wide)
        self.bits = Slider(options=BITS[::-1], value=bits, description="bits a number", **wide)
        images = cell("mnist", task="mnist", model="fc").facts["train"]
        self.alone = images * math.log2(10) / 8  # bytes of the labels without a network
        self.title = BYTES.provenance("mnist")
        self.view = w.HTML(layout=w.Layout(min_height="450px"))
        controls = (self.model, self.d, self.bits)
        for control in controls:
            control.observe(self._draw, "value")
        self._draw(None)
        super().__init__([*controls, self.view])

    @in_turn
    def _draw(self, _) -> None:
        self.view.value = drawn(self._html, self.model.value, self.d.value, self.bits.value)

    def _html(self, model: str, d: int, bits: int) -> str:
        sizes = file_sizes(model)
        lines = {
            f"d numbers, {b} bits": [(s.bytes, s.score) for s in sizes if s.d and s.bits == b]
            for b in dict.fromkeys((32, bits))
        }
        full = [s for s in sizes if s.d is None]
        lines["all weights, pruned, rounded, zipped"] = frontier([(s.bytes, s.score) for s in full])
        this = next(s for s in sizes if (s.d, s.bits) == (d, bits))
        plain = next(s for s in full if (s.keep, s.bits) == (1.0, 32))
        total = this.bytes + this.label_bytes
        fig = file_panel(
            lines,
            (this.bytes, this.score),
            {"file": this.bytes, "labels, given the network": this.label_bytes},
            self.alone,
        )
        text = (
            f"d = {d:,} with {bits} bits each: <b>{this.bytes:,} bytes</b>, test accuracy "
            f"<b>{this.score:.3f}</b> (all weights, zipped: {plain.bytes:,} bytes, "
            f"{plain.score:.3f}). File and labels together {total / 1000:.1f} kB, the labels "
            f"alone {self.alone / 1000:.1f} kB. {self.title}."
        )
        alt = (
            "Left: test accuracy against bytes of the file for subspaces and for the pruned, "
            f"rounded and zipped full network; marked: {this.bytes} bytes, {this.score:.3f}. "
            f"Right: a bar of {this.bytes} bytes for the file and {this.label_bytes:.0f} for the "
            f"labels, with a line at {self.alone:.0f}, the labels without a network."
        )
        return to_html(fig, alt, text)
