"""A slider for d over recorded fine-tuning: DID and SAID, and the texts whose answer changes."""

import functools
import html
from pathlib import Path

import ipywidgets as w
import numpy as np

from ...problems.texts import at_hand, load_text
from ...studies.reading import provenance
from ...studies.results import Cell
from ..base.panels import Panel, SliderPanel, error_html, in_turn
from ..base.plots import MovingLine
from .compute import CURVES, answers, method_cells
from .plots import method_curves

__all__ = ["TunedCurves"]

LOOKED_AT = 150  # test texts
ROWS = 3  # texts shown that turn right, and that turn wrong


class TunedCurves(Panel):
    """Accuracy against d under DID and SAID, and the texts whose answer changes at this d.

    The answers are worked out anew from a seed and d numbers, where model and texts are at hand.

    Args:
        curves: a key of `idlib.lessons.language.compute.CURVES`.
        d: where the slider starts.
    """

    def __init__(self, curves: str, d: int = 1000):
        wide = {"style": {"description_width": "initial"}}
        self.curves = w.Dropdown(options=list(CURVES), value=curves, description="recorded", **wide)
        self.method = w.ToggleButtons(
            options=list(method_cells(curves)), description="texts under", **wide
        )
        ds = self._ds()
        start = min(ds, key=lambda x: abs(x - d))
        self.panel = SliderPanel("d", ds, self._draw, start, height="430px")
        self.texts = w.HTML(layout=w.Layout(min_height="300px"))  # follows; it takes longer
        self.panel.slider.observe(self._show_texts, "value")
        self.method.observe(self._show_texts, "value")
        self.curves.observe(self._choose, "value")
        self._show_texts()
        super().__init__([w.HBox([self.curves, self.method]), self.panel, self.texts])

    def _ds(self) -> list[int]:
        return sorted({d for c in method_cells(self.curves.value).values() for d in c.scores})

    @in_turn
    def _choose(self, _) -> None:
        d, ds = self.panel.slider.value, self._ds()
        self.panel.slider.options = ds
        self.panel.slider.value = min(ds, key=lambda x: abs(x - d))
        self.panel.draw(self.panel.slider.value)
        self._show_texts()

    def _draw(self, d: int) -> str:
        return _curves_html(self.curves.value, d) + _table(method_cells(self.curves.value), d)

    @in_turn
    def _show_texts(self, _=None) -> None:
        try:
            c = method_cells(self.curves.value)[self.method.value]
            self.texts.value = _flips(c, self.panel.slider.value)
        except Exception as error:
            self.texts.value = error_html(error)


def _levels(curves: str) -> tuple[float, float]:
    """The threshold of d90, and the score of always giving the commonest label."""
    did = method_cells(curves)["DID"]
    return did.threshold(), did.majority


@functools.cache
def _figure(curves: str) -> MovingLine:
    both = method_cells(curves)
    title = f"{curves}. {provenance(both.values())}"
    scores = {method: c.scores for method, c in both.items()}
    d90s = {method: [c.d90()] for method, c in both.items()}
    return MovingLine(method_curves(scores, *_levels(curves), title, d90s))


def _curves_html(curves: str, d: int) -> str:
    threshold, majority = _levels(curves)
    now = ", ".join(
        f"{method} {np.median(c.scores[d]):.3f}"
        for method, c in method_cells(curves).items()
        if d in c.scores
    )
    alt = (
        f"{curves}: test accuracy against d under DID and SAID, from the commonest label at "
        f"{majority:.3f} towards the 90 % line at {threshold:.3f}. At d = {d}: {now}."
    )
    caption = (
        "A dot is a model tuned from the start, one for each seed; lines join the medians. The "
        "diamonds are d90, with a bar for the 95 % interval."
    )
    return _figure(curves).to_html(d, alt, caption)


def _table(both: dict[str, Cell], d: int) -> str:
    rows = "".join(
        f"<tr><td>{method}</td><td><b>{np.median(c.scores[d]):.3f}</b> ({min(c.scores[d]):.3f} to "
        f"{max(c.scores[d]):.3f})</td><td>{np.median(c.scores[d]) / c.baseline:.0%} of "
        f"{c.baseline:.3f}</td><td>{d:,} of {c.D:,}: 1 in {c.D / d:,.0f}</td></tr>"
        for method, c in both.items()
        if d in c.scores
    )
    return (
        "<table><tr><th>method</th><th>accuracy (seeds)</th><th>of the full model</th>"
        f"<th>trained numbers</th></tr>{rows}</table>"
    )


def _flips(c: Cell, d: int) -> str:
    """The texts that turn right or wrong from the next smaller d to this one."""
    smaller = max((x for x in c.first_seed if x < d), default=None)
    if smaller is None or d not in c.first_seed:
        return "<p>The numbers of this d, or of a smaller one, were not kept.</p>"
    if not at_hand(c.task):
        return f"<p>Which answers change needs the texts of {c.task.split('-')[0]}: {NEEDS}</p>"
    if c.model.startswith("sentence-transformers") and not _is_local(c.model):
        return f"<p>Which answers change needs {c.model}: put it in IDLIB_MODELS.</p>"
    test = load_text(c.task).test
    classes = load_text(c.task).classes
    n = min(LOOKED_AT, len(test))
    before, after = (answers(c, x, n).tolist() for x in (smaller, d))
    parts = []
    for what, right in (("turn right", True), ("turn wrong", False)):
        index = [
            i for i in range(n) if before[i] != after[i]
            and (after if right else before)[i] == test.labels[i]
        ]  # fmt: skip
        rows = "".join(
            f"<tr><td style='text-align:left'>{html.escape(' / '.join(test.texts[i]))}</td>"
            f"<td>{classes[before[i]]} → {classes[after[i]]}</td></tr>"
            for i in index[:ROWS]
        )
        parts.append(
            f"<p>{c.method.name}, first seed, from d = {smaller:,} to {d:,}: {len(index)} of the "
            f"first {n} test texts <b>{what}</b> (answers before → after)</p><table>{rows}</table>"
        )
    return "".join(parts)


NEEDS = "put GLUE's files in IDLIB_DATA/glue, see the README."


def _is_local(model: str) -> bool:
    from ...problems.tokens import model_folder

    return Path(model_folder(model)).is_dir()
