"""A slider for LoRA's rank next to a slider for d."""

import ipywidgets as w

from ...studies.reading import provenance
from ..base.panels import Panel, drawn, in_turn
from ..base.plots import to_html
from ..base.slider import Slider
from .compute import COMPARED, Tuned, compared_cells, tuned_ways
from .plots import adapter_scores

__all__ = ["RankAndD"]


class RankAndD(Panel):
    """LoRA of a rank beside random subspaces of d numbers, as recorded.

    Args:
        compared: a key of `idlib.lessons.adapters.compute.COMPARED`.
        rank: where the slider for the rank starts; 0 trains the head alone.
        d: where the slider for d starts.
    """

    def __init__(self, compared: str, rank: int = 4, d: int = 10_000):
        wide = {"layout": w.Layout(width="480px"), "style": {"description_width": "80px"}}
        self.compared = w.Dropdown(
            options=list(COMPARED), value=compared, description="recorded", **wide
        )
        self.rank = Slider(options=self._sizes("LoRA"), description="rank", **wide)
        self.d = Slider(options=self._sizes("DID"), description="d", **wide)
        self.rank.value = min(self.rank.options, key=lambda x: abs(x - rank))
        self.d.value = min(self.d.options, key=lambda x: abs(x - d))
        self.view = w.HTML(layout=w.Layout(min_height="600px"))
        self.compared.observe(self._choose, "value")
        for slider in (self.rank, self.d):
            slider.observe(self._draw, "value")
        self._draw()
        super().__init__([self.compared, w.HBox([self.rank, self.d]), self.view])

    def _sizes(self, way: str) -> list[int]:
        ways = ("head", "LoRA") if way == "LoRA" else ("DID", "SAID")
        return sorted({t.size for t in tuned_ways(self.compared.value, *ways)})

    @in_turn
    def _choose(self, _) -> None:
        for slider, way in ((self.rank, "LoRA"), (self.d, "DID")):
            before, sizes = slider.value, self._sizes(way)
            slider.options = sizes
            slider.value = min(sizes, key=lambda x: abs(x - before))
        self._draw()

    @in_turn
    def _draw(self, _=None) -> None:
        self.view.value = drawn(_html, self.compared.value, self.rank.value, self.d.value)


def _html(compared: str, rank: int, d: int) -> str:
    (full,) = tuned_ways(compared, "full")
    adapters = tuned_ways(compared, "head", "LoRA")
    lora = next(t for t in adapters if t.size == rank)
    inside = [t for t in tuned_ways(compared, "DID", "SAID") if t.size == d]
    marked = {lora.way: lora.numbers, **({"DID": d} if inside else {})}
    found = compared_cells(compared)
    did = found[0]
    fig = adapter_scores(
        tuned_ways(compared), did.majority, did.threshold(), marked, provenance(found)
    )
    now = "; ".join(f"{t.name}: {t.score:.3f}" for t in (lora, *inside))
    alt = (
        f"{compared}: test accuracy against the number of trained numbers for random subspaces, "
        f"LoRA, its relatives and the full model at {full.score:.3f}. {now}."
    )
    caption = "A mark is a model tuned from the start, one for each seed; lines join the means. "
    caption += "The upright lines are where the sliders stand; rank 0 is the head alone."
    rows = "".join(_row(t, full, adapters[0]) for t in (lora, *inside, full))
    head = (
        "<tr><th>trained</th><th>numbers</th><th>beside the head</th><th>bytes for a task</th>"
        "<th>accuracy (seeds)</th><th>of the full model</th></tr>"
    )
    return to_html(fig, alt, caption) + f"<table>{head}{rows}</table>"


def _row(t: Tuned, full: Tuned, head: Tuned) -> str:
    beside = f"{t.numbers - head.numbers:,}" if t.way in ("LoRA", "head") else "–"
    size = 4 * t.numbers + 8 * (t.way in ("DID", "SAID"))  # and a seed
    return (
        f"<tr><td>{t.name}</td><td>{t.numbers:,}</td><td>{beside}</td><td>{size:,}</td>"
        f"<td><b>{t.score:.3f}</b> ({min(t.scores):.3f} to {max(t.scores):.3f})</td>"
        f"<td>{t.score / full.score:.1%}</td></tr>"
    )
