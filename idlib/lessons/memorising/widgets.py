"""Choose how many images and how many shuffled labels, and see what they cost."""

import ipywidgets as w

from ...studies.memorising import NS, SHARES, task_name
from ...studies.reading import cell, provenance
from ..base.measures import bits_needed
from ..base.panels import Panel, drawn, in_turn
from ..base.plots import to_html
from ..base.slider import Slider
from .compute import needed, without_memorising
from .plots import memorised_panel

__all__ = ["Memorising"]


class Memorising(Panel):
    """Number of images and share of shuffled labels: the recorded d for training accuracy 0.9.

    Args:
        n: 500, 1000, 2000 or 5000 images.
        percent: 0, 10, 50 or 100.
    """

    def __init__(self, n: int = 1000, percent: int = 50):
        wide = {"layout": w.Layout(width="460px"), "style": {"description_width": "130px"}}
        self.n = Slider(options=NS, value=n, description="images", **wide)
        self.percent = Slider(
            options=SHARES, value=percent, description="shuffled labels, %", **wide
        )
        self.view = w.HTML(layout=w.Layout(min_height="450px"))
        self.needed = {p: {m: needed(task_name(m, p)).per_seed for m in NS} for p in SHARES}
        shown = [cell("memorising", task=task_name(m, p)) for p in SHARES for m in NS]
        self.title = provenance(shown)
        for control in (self.n, self.percent):
            control.observe(self._draw, "value")
        self._draw(None)
        super().__init__([self.n, self.percent, self.view])

    @in_turn
    def _draw(self, _) -> None:
        self.view.value = drawn(self._html, self.n.value, self.percent.value)

    def _html(self, n: int, percent: int) -> str:
        task, without = task_name(n, percent), without_memorising(percent)
        scores = cell("memorising", task=task).scores
        points = [(d, score) for d, every in scores.items() for score in every]
        fig = memorised_panel(self.needed, (percent, n), points, without)
        d = needed(task).value
        text = f"{n:,} images, {percent} % of the labels shuffled: <b>d = {d:,.0f}</b>, "
        text += f"<b>{d / n:.2f} for each image</b>. Knowing every digit but no shuffled label "
        text += f"scores {without:.2f}. "
        if percent == 100:
            bits = bits_needed(n, 0.9)
            text += f"To tell such labels takes {bits:,.0f} bits, {bits / d:.1f} for each number. "
        text += (
            "Runs end early once they lie clearly above 0.90; a point below the line is where a "
            f"run ended. {self.title}."
        )
        alt = (
            "Left: d for training accuracy 0.90 against the number of images, a line for each "
            f"share of shuffled labels; {n} images with {percent} % shuffled are marked at "
            f"{d:.0f}. Right: training accuracy of that point's runs against d, crossing 0.90 "
            f"at {' and '.join(str(x) for x in self.needed[percent][n])} in the two seeds."
        )
        return to_html(fig, alt, text)
