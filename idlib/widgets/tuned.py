"""A slider for d over recorded fine-tuning: DID and SAID, and the texts whose answer changes."""

import functools
import html
from pathlib import Path

import ipywidgets as w
import numpy as np

from ..plots import MovingLine, method_curves
from ..recorded import Curve, provenance, recorded
from ..texts import at_hand, load_text
from ..tuning import MAJORITY, METHODS, SHOWN, answers, curves
from .base import Panel, SliderPanel, error_html, in_turn

__all__ = ["TunedCurves"]

LOOKED_AT = 150  # test texts
ROWS = 3  # texts shown that turn right, and that turn wrong


class TunedCurves(Panel):
    """Accuracy against d under DID and SAID, and the texts whose answer changes at this d.

    The answers are worked out anew from a seed and d numbers, where model and texts are at hand.

    Args:
        shown: a key of `idlib.tuning.SHOWN`.
        d: where the slider starts.
    """

    def __init__(self, shown: str, d: int = 1000):
        wide = {"style": {"description_width": "initial"}}
        self.shown = w.Dropdown(options=list(SHOWN), value=shown, description="recorded", **wide)
        self.method = w.ToggleButtons(options=list(METHODS), description="texts under", **wide)
        ds = self._ds()
        start = min(ds, key=lambda x: abs(x - d))
        self.panel = SliderPanel("d", ds, self._draw, start, height="430px")
        self.texts = w.HTML(layout=w.Layout(min_height="300px"))  # follows; it takes longer
        self.panel.slider.observe(self._show_texts, "value")
        self.method.observe(self._show_texts, "value")
        self.shown.observe(self._choose, "value")
        self._show_texts()
        super().__init__([w.HBox([self.shown, self.method]), self.panel, self.texts])

    def _ds(self) -> list[int]:
        return sorted({d for c in curves(self.shown.value).values() for d in c.scores})

    @in_turn
    def _choose(self, _) -> None:
        d, ds = self.panel.slider.value, self._ds()
        self.panel.slider.options = ds
        self.panel.slider.value = min(ds, key=lambda x: abs(x - d))
        self.panel.draw(self.panel.slider.value)
        self._show_texts()

    def _draw(self, d: int) -> str:
        return _curves_html(self.shown.value, d) + _table(curves(self.shown.value), d)

    @in_turn
    def _show_texts(self, _=None) -> None:
        try:
            c = curves(self.shown.value)[self.method.value]
            self.texts.value = _flips(c, self.panel.slider.value)
        except Exception as error:
            self.texts.value = error_html(error)


def _level(shown: str) -> tuple[float, float]:
    """The 90 % line, and the share of the commonest label."""
    return 0.9 * curves(shown)["DID"].baseline, MAJORITY[SHOWN[shown][1].split("-")[0]]


@functools.cache
def _figure(shown: str) -> MovingLine:
    scores = {method: c.scores for method, c in curves(shown).items()}
    title = f"{shown}. {provenance(recorded(SHOWN[shown][0]))}"
    return MovingLine(method_curves(scores, *_level(shown), title))


def _curves_html(shown: str, d: int) -> str:
    threshold, majority = _level(shown)
    now = ", ".join(
        f"{k} {np.mean(c.scores[d]):.3f}" for k, c in curves(shown).items() if d in c.scores
    )
    alt = (
        f"{shown}: test accuracy against d under DID and SAID, from the commonest label at "
        f"{majority:.3f} towards the 90 % line at {threshold:.3f}. At d = {d}: {now}."
    )
    caption = "A dot is a model tuned from the start, one for each seed; lines join the means."
    return _figure(shown).to_html(d, alt, caption)


def _table(both: dict[str, Curve], d: int) -> str:
    rows = "".join(
        f"<tr><td>{method}</td><td><b>{np.mean(c.scores[d]):.3f}</b> ({min(c.scores[d]):.3f} to "
        f"{max(c.scores[d]):.3f})</td><td>{np.mean(c.scores[d]) / c.baseline:.0%} of "
        f"{c.baseline:.3f}</td><td>{d:,} of {c.D:,}: 1 in {c.D / d:,.0f}</td></tr>"
        for method, c in both.items()
        if d in c.scores
    )
    return (
        "<table><tr><th>method</th><th>accuracy (seeds)</th><th>of the full model</th>"
        f"<th>trained numbers</th></tr>{rows}</table>"
    )


def _flips(c: Curve, d: int) -> str:
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
    method = "SAID" if c.runs[0].config.structure_aware else "DID"
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
            f"<p>{method}, first seed, from d = {smaller:,} to {d:,}: {len(index)} of the first "
            f"{n} test texts <b>{what}</b> (answers before → after)</p><table>{rows}</table>"
        )
    return "".join(parts)


NEEDS = "put GLUE's files in IDLIB_DATA/glue, see the README."


def _is_local(model: str) -> bool:
    from ..language import model_folder

    return Path(model_folder(model)).is_dir()
