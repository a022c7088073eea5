"""A slider over the checkpoints of a pretraining: loss, accuracy with a fixed number of trained
numbers, words that are filled in."""

import functools
import html
import statistics
from collections.abc import Sequence

from matplotlib.axes import Axes

from ...problems.checkpoints import CHECKPOINTS, LAST, held_out, tokens_seen
from ...studies.layout import TASKS
from ...studies.reading import cell, provenance
from ..base.explorers import Explorer, say, slider, table
from ..base.plots import COLORS
from ..base.svg import Stage
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


@functools.cache
def _stage() -> Stage:
    panels = {name: at_fixed_d(part) for name, part in TASKS.items()}
    floors = {name: checkpoint_cells(part)[LAST].majority for name, part in TASKS.items()}
    mini = cell("methods", "minilm-sst2-one-p", method="DID")
    d = min(FIXED["sst2"])
    beside = {"SST-2": {f"MiniLM, {d:,} numbers": statistics.fmean(mini.scores[d])}}
    return Stage(accuracy_along_pretraining(_tokens(), _loss(), panels, floors, beside))


def _tokens() -> list[int]:
    return [tokens_seen(model) for model in CHECKPOINTS]


def _loss() -> dict[int, float]:
    """The masked loss of the checkpoints, by tokens."""
    losses = held_out(LAST)
    return {t: losses[t] for t in _tokens() if t in losses}


def _along_html(model: str) -> str:
    now, losses = tokens_seen(model), _loss().values()
    falls = f"falls from {max(losses):.2f} to {min(losses):.2f}"
    alts = [f"The masked loss of the checkpoints of pretraining {falls}."]
    parts = []
    for name, part in TASKS.items():
        lines = at_fixed_d(part)
        told = ", ".join(f"{label} {statistics.fmean(by[now]):.3f}" for label, by in lines.items())
        parts.append(f"{name}: {told}")
        alts.append(
            f"Accuracy on {name} along pretraining, for {', '.join(lines)}. After {now / 1e6:.0f} "
            f"million tokens: {told}."
        )

    def move(*axes: Axes) -> None:
        for ax in axes:
            ax.axvline(_tokens().index(now), color=COLORS["grey"], linewidth=1.2)

    shown = (c for part in TASKS.values() for c in checkpoint_cells(part).values())
    drawn = _stage().to_svg(alts, move)
    return f"{drawn}\n{say('<br>'.join(parts))}\n<p>{provenance(shown)}.</p>"


def _filled(model: str, sentences: Sequence[str]) -> str:
    rows = []
    for sentence in sentences:
        try:
            words = ", ".join(f"{html.escape(w)} {p:.0%}" for w, p in fill(model, sentence))
        except ValueError as error:
            words = html.escape(str(error))
        rows.append((html.escape(sentence), words))
    return table(("sentence", "likeliest words"), rows)
