"""A slider over the checkpoints of a pretraining: words that are filled in, loss and d90."""

import html
from collections.abc import Sequence

from ...problems.checkpoints import CHECKPOINTS, LAST, held_out, tokens_seen
from ...studies.layout import TASKS
from ...studies.reading import provenance
from ..base.explorers import Explorer, say, slider, table
from ..base.svg import to_svg
from .compute import along, checkpoint_cells, fill
from .plots import d90_along_pretraining

__all__ = ["Checkpoints"]

CAPTION = (
    "The checkpoints are evenly spaced, not to scale; the loss of the random start was not "
    "recorded (guessing blindly gives 9.01). Large markers: the median over the seeds, of two "
    "the larger; faint dots: single seeds; none: some seed reached the threshold at no d."
)


class Checkpoints(Explorer):
    """A slider over the checkpoints of roberta-4x128: what they fill in, and their d90.

    Args:
        sentences: each with one ``<mask>``.
        model: the checkpoint to start with, one of `idlib.problems.checkpoints.CHECKPOINTS`.
    """

    def __init__(self, sentences: Sequence[str], model: str = LAST):
        self.sentences = list(sentences)
        options = {f"{tokens_seen(m) / 1e6:.0f} million tokens": m for m in CHECKPOINTS}
        super().__init__({"model": slider("after", options, model)}, self._draw)

    def _draw(self, model: str) -> str:
        return f"{_along_html(model)}\n{_filled(model, self.sentences)}\n<p>{CAPTION}</p>"


def _along_html(model: str) -> str:
    panels = {name: along(part) for name, part in TASKS.items()}
    tokens = [tokens_seen(m) for m in CHECKPOINTS]
    losses = held_out(LAST)
    loss = {t: losses[t] for t in tokens if t in losses}
    title = provenance(c for part in TASKS.values() for c in checkpoint_cells(part).values())
    fig = d90_along_pretraining(tokens, loss, panels, tokens_seen(model))
    parts = []
    for name, part in TASKS.items():
        c = checkpoint_cells(part)[model]
        parts.append(f"{name}: full model {c.baseline:.3f}, d90 {c.told()}")
    seen = f"the one after {tokens_seen(model) / 1e6:.0f} million tokens is marked"
    alts = [
        f"The masked loss of the checkpoints of pretraining falls from {max(loss.values()):.2f} to "
        f"{min(loss.values()):.2f}; {seen}.",
        *(f"d90 on {name} at each checkpoint; {seen}." for name in panels),
    ]
    return f"{to_svg(fig, alts)}\n{say('<br>'.join(parts))}\n<p>{title}.</p>"


def _filled(model: str, sentences: Sequence[str]) -> str:
    rows = []
    for sentence in sentences:
        try:
            words = ", ".join(f"{html.escape(w)} {p:.0%}" for w, p in fill(model, sentence))
        except ValueError as error:
            words = html.escape(str(error))
        rows.append((html.escape(sentence), words))
    return table(("sentence", "likeliest words"), rows)
