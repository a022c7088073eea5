"""A slider over the checkpoints of a pretraining: loss, accuracy with a fixed number of trained
numbers, words that are filled in."""

import html
import statistics
from collections.abc import Sequence

from ...problems.checkpoints import CHECKPOINTS, LAST, held_out, tokens_seen
from ...studies.layout import TASKS
from ...studies.reading import cell, provenance
from ..base.explorers import Explorer, say, slider, table
from ..base.svg import to_svg
from .compute import FIXED, at_fixed_d, checkpoint_cells, fill
from .plots import accuracy_along_pretraining

__all__ = ["Checkpoints"]

CAPTION = (
    "The checkpoints are evenly spaced, not to scale; the loss of the random start was not "
    "recorded (guessing blindly gives 9.01). Lines join the means of the seeds."
)


class Checkpoints(Explorer):
    """A slider over the checkpoints of roberta-4x128: what d numbers do to them, and
    what they fill in.

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
    tokens = [tokens_seen(m) for m in CHECKPOINTS]
    losses = held_out(LAST)
    loss = {t: losses[t] for t in tokens if t in losses}
    panels = {name: at_fixed_d(part) for name, part in TASKS.items()}
    shown = {name: checkpoint_cells(part) for name, part in TASKS.items()}
    floors = {name: by_time[model].majority for name, by_time in shown.items()}
    mini = cell("methods", "minilm-sst2-one-p", method="DID")
    d = min(FIXED["sst2"])
    beside = {"SST-2": {f"MiniLM, {d:,} numbers": statistics.fmean(mini.scores[d])}}
    now = tokens_seen(model)
    fig = accuracy_along_pretraining(tokens, loss, panels, floors, beside, now)
    parts, alts = [], []
    for name, lines in panels.items():
        told = ", ".join(f"{label} {statistics.fmean(by[now]):.3f}" for label, by in lines.items())
        parts.append(f"{name}: {told}")
        alts.append(
            f"Accuracy on {name} along pretraining, for {', '.join(lines)}. After {now / 1e6:.0f} "
            f"million tokens: {told}."
        )
    falls = f"falls from {max(loss.values()):.2f} to {min(loss.values()):.2f}"
    alts.insert(0, f"The masked loss of the checkpoints of pretraining {falls}.")
    title = provenance(c for by_time in shown.values() for c in by_time.values())
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
