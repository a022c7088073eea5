"""Choose d, bits, examples and confidence, and see the bound on the test error they give."""

import math

import ipywidgets as w

from ...problems.files import to_bytes
from ...studies.bytes import BITS, BYTES, file_sizes
from ...studies.reading import cell
from ..base.panels import Panel, drawn, in_turn
from ..base.plots import to_html
from ..base.slider import Slider
from .compute import bound_of, examples_of
from .plots import bound_panel
from .theory import count_bits

__all__ = ["OccamBound"]

MS = (100, 300, 1000, 3000, 10_000, 30_000)
CONFIDENCES = {"90 %": 0.1, "95 %": 0.05, "99 %": 0.01, "99.9 %": 0.001, "99.9999 %": 1e-6}
CHANCE = 0.9  # the error of guessing one of ten digits


class OccamBound(Panel):
    """Network, d, bits of a number, training examples and confidence: each term of the bound.

    Args:
        d: as recorded.
        bits: as recorded: 32, 16, 8, 6, 4, 3 or 2.
    """

    def __init__(self, d: int = 750, bits: int = 6):
        named = {"style": {"description_width": "130px"}}
        wide = {"layout": w.Layout(width="460px"), **named}
        ds = sorted({s.d for s in file_sizes("fc") if s.d})
        self.model = w.ToggleButtons(
            options={"FC": "fc", "LeNet": "lenet"}, description="network", **named
        )
        self.d = Slider(options=ds, value=d, description="d", **wide)
        self.bits = Slider(options=BITS[::-1], value=bits, description="bits a number", **wide)
        self.all, self.title = examples_of(file_sizes("fc")[0]), BYTES.provenance("mnist")
        ms = {f"{m:,}": m for m in (*MS, self.all)}
        self.m = Slider(options=ms, value=self.all, description="m, examples", **wide)
        self.delta = Slider(options=CONFIDENCES, value=0.05, description="confidence", **wide)
        self.view = w.HTML(layout=w.Layout(min_height="470px"))
        controls = (self.model, self.d, self.bits, self.m, self.delta)
        for control in controls:
            control.observe(self._draw, "value")
        self._draw(None)
        super().__init__([*controls, self.view])

    @in_turn
    def _draw(self, _) -> None:
        self.view.value = drawn(self._html, *(c.value for c in (self.model, self.d, self.bits)))

    def _html(self, model: str, d: int, bits: int) -> str:
        m, delta = self.m.value, self.delta.value
        sizes = {s.d: s for s in file_sizes(model) if s.d and s.bits == bits}
        bounds = {k: bound_of(size, m, delta) for k, size in sizes.items()}
        b, root = bounds[d], math.sqrt(d / m)
        count = count_bits(to_bytes(cell("mnist", task="mnist", model=model).first_seed[d], bits))
        verdict = "below 1" if b.hoeffding < 1 else "1 or more: it says nothing"
        supposed = f" The training error on all {self.all:,} images is <b>supposed</b> for {m:,}."
        supposed = "" if m == self.all else supposed
        text = (
            f"File: {count.head:,} bits for the line of text and {count.numbers:,} for the "
            f"numbers, B = {count.total:,}; the confidence costs as much as "
            f"{math.log2(1 / delta):.1f} bits. Bound: {b.error:.3f} + √(({count.total:,} · ln 2 + "
            f"ln {1 / delta:,.0f}) / {2 * m:,}) = {b.error:.3f} + {b.complexity:.3f} = "
            f"<b>{b.hoeffding:.3f}</b>, {verdict}. Chernoff's form <b>{b.kl:.3f}</b>, test error "
            f"<b>{b.test:.3f}</b>. √(d/m) = {root:.3f}.{supposed} {self.title}."
        )
        alt = (
            f"Left: bounds, test and training error against d, d = {d} marked. Right: bars for "
            f"Hoeffding's form ({b.error:.3f} + {b.complexity:.3f}), Chernoff's ({b.kl:.3f}), the "
            f"test error ({b.test:.3f}) and the root of d/m ({root:.3f})."
        )
        return to_html(bound_panel(bounds, d, b, root, CHANCE), alt, text)
