"""A slider over the checkpoints of a pretraining: words that are filled in, loss and d90."""

import html
from collections.abc import Sequence

import ipywidgets as w

from ...problems.checkpoints import CHECKPOINTS, LAST, held_out, tokens_seen
from ...studies.layout import TASKS
from ...studies.reading import provenance
from ..base.panels import Panel, SliderPanel
from ..base.plots import to_html
from .compute import along, checkpoint_cells, fill
from .plots import d90_along_pretraining

__all__ = ["Checkpoints"]


class Checkpoints(Panel):
    """A slider over the checkpoints of roberta-4x128: what they fill in, and their d90.

    Args:
        sentences: each with one ``<mask>``.
        model: the checkpoint to start with, one of `idlib.problems.checkpoints.CHECKPOINTS`.
    """

    def __init__(self, sentences: Sequence[str], model: str = LAST):
        self.sentences = list(sentences)
        options = [(f"{tokens_seen(m) / 1e6:.0f} million tokens", m) for m in CHECKPOINTS]
        self.own = w.Text(
            description="your own, with one <mask>", continuous_update=False,
            placeholder="The capital of <mask> is Rome.", layout=w.Layout(width="560px"),
            style={"description_width": "initial"},
        )  # fmt: skip
        self.panel = SliderPanel("after", options, self._draw, model, height="600px")
        self.own.observe(lambda _: self.panel.draw(self.panel.slider.value), "value")
        super().__init__([self.panel, self.own])

    def _draw(self, model: str) -> str:
        sentences = [*self.sentences, *([self.own.value] if self.own.value else [])]
        return _along_html(model) + _filled(model, sentences)


def _along_html(model: str) -> str:
    panels = {name: along(part) for name, part in TASKS.items()}
    tokens = [tokens_seen(m) for m in CHECKPOINTS]
    losses = held_out(LAST)
    loss = {t: losses[t] for t in tokens if t in losses}
    title = provenance(c for part in TASKS.values() for c in checkpoint_cells(part).values())
    fig = d90_along_pretraining(tokens, loss, panels, tokens_seen(model), title)
    parts = []
    for name, part in TASKS.items():
        c = checkpoint_cells(part)[model]
        parts.append(f"{name}: full model {c.baseline:.3f}, d90 {c.d90()}")
    alt = (
        f"Three panels over the checkpoints of pretraining: the masked loss falls from "
        f"{max(loss.values()):.2f} to {min(loss.values()):.2f}; d90 on SST-2 and on docstrings. "
        "The chosen checkpoint is marked."
    )
    parts.append(
        "The checkpoints are evenly spaced, not to scale; the loss of the random start was not "
        "recorded (guessing blindly gives 9.01). Large markers: the median over the seeds, of two "
        "the larger; faint dots: single seeds; none: some seed reached the threshold at no d."
    )
    return to_html(fig, alt, "<br>".join(parts))


def _filled(model: str, sentences: Sequence[str]) -> str:
    rows = []
    for sentence in sentences:
        try:
            words = ", ".join(f"{html.escape(w)} {p:.0%}" for w, p in fill(model, sentence))
        except ValueError as error:
            words = html.escape(str(error))
        rows.append(
            f"<tr><td style='text-align:left'>{html.escape(sentence)}</td>"
            f"<td style='text-align:left'>{words}</td></tr>"
        )
    return f"<table><tr><th>sentence</th><th>likeliest words</th></tr>{''.join(rows)}</table>"
