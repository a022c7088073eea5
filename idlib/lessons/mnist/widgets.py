"""A slider for d over recorded runs."""

import functools
import re
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from ...engine.training import predict
from ...problems.images import load
from ...studies.reading import cell, provenance, replay
from ...studies.results import Cell
from ..base.explorers import Explorer, Guess, choice, say, slider, table
from ..base.plots import COLORS, strip, thumbnails
from ..base.svg import Stage
from .plots import accuracy_curves

__all__ = ["RecordedCurves"]

NAMES = {"fc": "FC", "lenet": "LeNet"}
IN_A_ROW = 7  # digits, as many as fit beside the curves
UNITS = 5  # of the first layer
CAPTION = (
    "A small mark is a network trained from the start, one a seed; lines join the medians. d90 is "
    "where a curve crosses a horizontal line: the diamonds, with a bar for the 95 % interval."
)


class RecordedCurves(Explorer):
    """Accuracy against d from recorded runs, and what one of the networks does at this d.

    Beside the curves: the test images whose answer changes from the next smaller d to this
    one, and the first layer's part of P theta_d, both rebuilt from a seed and d numbers.

    Args:
        tasks: names of recorded tasks, such as "mnist" and "mnist-shuffled".
        models: names of networks.
        d: where the slider starts, or the recorded d that is nearest.
    """

    def __init__(
        self,
        tasks: tuple[str, ...],
        models: tuple[str, ...] = ("fc", "lenet"),
        d: int = 300,
    ):
        study = tasks[0].split("-")[0]
        self.cells: dict[str, Cell] = {
            NAMES[m] + (" on shuffled pixels" if "-" in t else ""): cell(study, task=t, model=m)
            for m in models
            for t in tasks
        }
        self.title = provenance(self.cells.values())
        self.stage = self._staged(())
        ds = sorted({d for c in self.cells.values() for d in c.scores})
        controls = {
            "d": slider("d", ds, min(ds, key=lambda x: abs(x - d))),
            "inside": choice("look inside", list(self.cells), next(iter(self.cells))),
        }
        super().__init__(controls, self._draw)

    def with_guesses(self, guesses: Sequence[Guess]) -> str:
        """A number or a curve among them is drawn into the curves."""
        self.stage = self._staged(guesses)
        return super().with_guesses([guess for guess in guesses if isinstance(guess.guess, str)])

    def _staged(self, guesses: Sequence[Guess]) -> Stage:
        """The curves, with guesses in them; `said` is what to say of these."""
        thresholds = {"absolute: 0.90": (0.9, "")}
        for label, c in self.cells.items():
            thresholds[f"90 % of {label} ({c.threshold():.3f})"] = (c.threshold(), label)
        scores = {label: c.scores for label, c in self.cells.items()}
        d90s = {
            k: [c.d90(which) for which in ("absolute", "relative")] for k, c in self.cells.items()
        }
        fig = accuracy_curves(scores, thresholds, d90s)
        drawn = [g for g in guesses if g.guess is not None and not isinstance(g.guess, str)]
        self.said = " ".join(guess.mark(fig, "x") for guess in drawn)
        return Stage(fig)

    def _draw(self, d: int, inside: str) -> str:
        return (
            f'<div class="idlib-beside">\n<div>\n{self._curves(d)}\n</div>\n'
            f"<div>\n{_inside(self.cells[inside], inside, d)}\n</div>\n</div>\n{self._table(d)}\n"
            f"<p>{CAPTION} {self.said} {self.title}.</p>"
        )

    def _curves(self, d: int) -> str:
        now = ", ".join(
            f"{k} {np.median(c.scores[d]):.3f}" for k, c in self.cells.items() if d in c.scores
        )
        alt = f"Test accuracy against d, with 90 % lines. At d = {d}: {now}."
        line = {"color": COLORS["grey"], "linewidth": 1.2}
        drawn = self.stage.to_svg([alt], lambda ax: ax.axvline(d, **line))
        return drawn + say(f"d = {d:,}: test accuracy {now}.")

    def _table(self, d: int) -> str:
        rows = [
            (
                label,
                f"<b>{np.median(c.scores[d]):.3f}</b> "
                f"({min(c.scores[d]):.3f} to {max(c.scores[d]):.3f})",
                f"{np.median(c.scores[d]) / c.baseline:.0%} of {c.baseline:.3f}",
                f"{d:,} of {c.D:,}: 1 in {c.D / d:,.0f}",
            )
            for label, c in self.cells.items()
            if d in c.scores
        ]
        head = ("network", "accuracy (seeds)", "of the full model", "trained numbers")
        return table(head, rows)


def _inside(c: Cell, label: str, d: int) -> str:
    """The answers that change at this d, and the first layer's part of P theta_d."""
    subspace = replay(c.first_seed[d])
    with torch.no_grad():
        step = subspace.projection(subspace.theta_d)
    weights = step[: next(iter(subspace.shapes.values())).numel()]
    side = 28 if c.model == "fc" else 5  # a unit's 784 weights, or a filter's 25
    units = weights.view(-1, side, side).numpy()[:UNITS]
    row = strip(units, f"P theta_d of the first {len(units)} units of {label}, as pictures")
    return (
        f"{_flips(c, label, d)}\n<p><b>P theta_d</b> for the weights of the first {len(units)} "
        f"units of {label} (blue: more, red: less):</p>\n{row}"
    )


def _flips(c: Cell, label: str, d: int) -> str:
    smaller = max((x for x in c.scores if x < d), default=None)
    if smaller is None:
        return f"<p>{label}: no smaller d was recorded, so there is nothing to compare with.</p>"
    images, labels = _shown(c.task).tensors
    before, after = _answers(c, smaller), _answers(c, d)
    gained = ((before != labels) & (after == labels)).nonzero().flatten()
    lost = ((before == labels) & (after != labels)).nonzero().flatten()
    parts = []
    for index, what in ((gained, "turn right"), (lost, "turn wrong")):
        few = index[:IN_A_ROW].tolist()
        names = [f"{before[i]} → {after[i]}" for i in few]
        parts.append(
            f"<p>{label}, from d = {smaller:,} to {d:,}: {len(index):,} of {len(labels):,} test "
            f"images <b>{what}</b> (answers before → after)</p>"
            + thumbnails([images[i, 0].numpy() for i in few], names)
        )
    return "".join(parts)


@functools.cache
def _answers(c: Cell, d: int) -> Tensor:
    return predict(replay(c.first_seed[d]).merged(), _shown(c.task))


def _shown(task: str) -> TensorDataset:
    """The test images of a task; of MNIST those that come with idlib."""
    return load(re.sub("^mnist(?=-|$)", "mnist10k", task)).test
