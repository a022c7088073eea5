"""A slider for LoRA's rank next to a slider for d."""

import ipywidgets as w

from ..adapted import Point, compared, found, majority, points, where_from
from ..plots import adapter_scores, to_html
from .base import Panel, drawn, in_turn
from .slider import Slider

__all__ = ["RankAndD"]


class RankAndD(Panel):
    """LoRA of a rank beside random subspaces of d numbers, as recorded.

    Args:
        shown: a key of `idlib.adapted.SHOWN`.
        rank: where the slider for the rank starts; 0 trains the head alone.
        d: where the slider for d starts.
    """

    def __init__(self, shown: str, rank: int = 4, d: int = 10_000):
        wide = {"layout": w.Layout(width="480px"), "style": {"description_width": "80px"}}
        both = [s for s in compared() if found(s, "DID") and found(s, "full")]
        self.shown = w.Dropdown(options=both, value=shown, description="recorded", **wide)
        self.rank = Slider(options=self._sizes("LoRA"), description="rank", **wide)
        self.d = Slider(options=self._sizes("DID"), description="d", **wide)
        self.rank.value = min(self.rank.options, key=lambda x: abs(x - rank))
        self.d.value = min(self.d.options, key=lambda x: abs(x - d))
        self.view = w.HTML(layout=w.Layout(min_height="600px"))
        self.shown.observe(self._choose, "value")
        for slider in (self.rank, self.d):
            slider.observe(self._draw, "value")
        self._draw()
        choice = [self.shown] if len(both) > 1 else []
        super().__init__([*choice, w.HBox([self.rank, self.d]), self.view])

    def _sizes(self, method: str) -> list[int]:
        shown = self.shown.value
        if method == "LoRA":
            return [p.size for p in (*found(shown, "head"), *found(shown, "LoRA"))]
        return sorted({p.size for m in ("DID", "SAID") for p in found(shown, m)})

    @in_turn
    def _choose(self, _) -> None:
        for slider, method in ((self.rank, "LoRA"), (self.d, "DID")):
            before, sizes = slider.value, self._sizes(method)
            slider.options = sizes
            slider.value = min(sizes, key=lambda x: abs(x - before))
        self._draw()

    @in_turn
    def _draw(self, _=None) -> None:
        self.view.value = drawn(_html, self.shown.value, self.rank.value, self.d.value)


def _html(shown: str, rank: int, d: int) -> str:
    full = found(shown, "full")[0]
    adapters = (*found(shown, "head"), *found(shown, "LoRA"))
    lora = next(p for p in adapters if p.size == rank)
    inside = [p for m in ("DID", "SAID") for p in found(shown, m) if p.size == d]
    marked = {lora.method: lora.numbers, **({"DID": d} if inside else {})}
    fig = adapter_scores(points(shown), majority(shown), marked, where_from(shown))
    now = "; ".join(f"{p.name}: {p.score:.3f}" for p in (lora, *inside))
    alt = (
        f"{shown}: test accuracy against the number of trained numbers for random subspaces, "
        f"LoRA, its relatives and the full model at {full.score:.3f}. {now}."
    )
    caption = "A mark is a model tuned from the start, one for each seed; lines join the means. "
    caption += "The upright lines are where the sliders stand; rank 0 is the head alone."
    rows = "".join(_row(p, full, adapters[0]) for p in (lora, *inside, full))
    head = (
        "<tr><th>trained</th><th>numbers</th><th>beside the head</th><th>bytes for a task</th>"
        "<th>accuracy (seeds)</th><th>of the full model</th></tr>"
    )
    return to_html(fig, alt, caption) + f"<table>{head}{rows}</table>"


def _row(p: Point, full: Point, head: Point) -> str:
    beside = f"{p.numbers - head.numbers:,}" if p.method in ("LoRA", "head") else "–"
    size = 4 * p.numbers + 8 * (p.method in ("DID", "SAID"))  # and a seed
    return (
        f"<tr><td>{p.name}</td><td>{p.numbers:,}</td><td>{beside}</td><td>{size:,}</td>"
        f"<td><b>{p.score:.3f}</b> ({min(p.scores):.3f} to {max(p.scores):.3f})</td>"
        f"<td>{p.score / full.score:.1%}</td></tr>"
    )
