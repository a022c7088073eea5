"""A slider for d over recorded runs."""

import functools
import re
from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor
from torch.utils.data import TensorDataset

from ...engine.training import predict
from ...problems.images import load
from ...studies.reading import cell, provenance, replay
from ...studies.results import Cell
from ..base.explorers import Explorer, Guess, choice, say, slider, table
from ..base.plots import COLORS, strip
from ..base.svg import Stage
from .plots import COLUMNS, accuracy_curves, wall

__all__ = ["RecordedCurves"]

NAMES = {"fc": "FC", "lenet": "LeNet"}
WALL = 6 * COLUMNS  # digits
UNITS = 5  # of the first layer
CAPTION = (
    "A small mark is a network trained from the start, one a seed; lines join the medians. d90 is "
    "where a curve crosses a horizontal line: the diamonds, with a bar for the 95 % interval."
)


class RecordedCurves(Explorer):
    """Accuracy against d from recorded runs, and what one of the networks does at this d.

    Beside the curves: the first test images and what the network takes them for, and the first
    layer's part of P theta_d, both rebuilt from a seed and d numbers.

    Args:
        tasks: names of recorded tasks, such as "mnist" and "mnist-shuffled".
        models: names of networks.
        d: where the slider starts, or the recorded d that is nearest.
        unfold: whether the curves are seen no further than to the slider's d, so that they don't
            say what is still to be wondered about.
    """

    def __init__(
        self,
        tasks: tuple[str, ...],
        models: tuple[str, ...] = ("fc", "lenet"),
        d: int = 300,
        unfold: bool = False,
    ):
        study = tasks[0].split("-")[0]
        self.cells: dict[str, Cell] = {
            NAMES[m] + (" on shuffled pixels" if "-" in t else ""): cell(study, task=t, model=m)
            for m in models
            for t in tasks
        }
        self.title, self.unfold = provenance(self.cells.values()), unfold
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
        return self.stage.to_svg([alt], functools.partial(self._move, d)) + say(
            f"d = {d:,}: test accuracy {now}."
        )

    def _move(self, d: int, ax: Axes) -> None:
        """A line at d, and what lies beyond it hidden, if that is wanted."""
        if self.unfold:
            ax.axvspan(d * 1.06, ax.get_xlim()[1], facecolor="white", zorder=8)
            ax.axhline(0.9, color="black", linewidth=1, zorder=9)
        ax.axvline(d, color=COLORS["grey"], linewidth=1.2, zorder=9)

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


@functools.cache  # a guess that is drawn into the curves leaves it as it was
def _inside(c: Cell, label: str, d: int) -> str:
    """What is read of the first test images, and the first layer's part of P theta_d."""
    side = 28 if c.model == "fc" else 5  # a unit's 784 weights, or a filter's 25
    units = _rebuilt(c, d)[1].view(-1, side, side).numpy()[:UNITS]
    row = strip(units, f"P theta_d of the first {len(units)} units of {label}, as pictures")
    return (
        f"{_digits(c, label, d)}\n<p><b>P θ<sub>d</sub></b> for the weights of the first "
        f"{len(units)} units of {label} (blue: more, red: less):</p>\n{row}"
    )


def _digits(c: Cell, label: str, d: int) -> str:
    """The wall, and how many answers change from the next smaller d to this one."""
    images, labels = _shown(c.task).tensors
    smaller = max((x for x in c.scores if x < d), default=d)
    before, after = (_rebuilt(c, x)[0] for x in (smaller, d))
    gained = ((before != labels) & (after == labels)).sum()
    lost = ((before == labels) & (after != labels)).sum()
    answers = (x[:WALL].tolist() for x in (labels, after, before))
    turned = (
        f" (framed: new). From d = {smaller:,} to {d:,} it <b>gains {gained:,}</b> of "
        f"{len(labels):,} test images and <b>loses {lost:,}</b>"
    )
    return (
        f"<p>{label} takes each red one for the small digit in its corner"
        f"{turned if smaller < d else ''}.</p>\n{wall(images[:WALL, 0].numpy(), *answers)}"
    )


@functools.cache
def _rebuilt(c: Cell, d: int) -> tuple[Tensor, Tensor]:
    """What the network of a seed and d numbers answers, and the first tensor's part of
    P theta_d."""
    subspace = replay(c.first_seed[d])
    with torch.no_grad():
        step = subspace.projection(subspace.theta_d)
    first = step[: next(iter(subspace.shapes.values())).numel()].clone()
    return predict(subspace.merged(), _shown(c.task)), first


def _shown(task: str) -> TensorDataset:
    """The test images of a task; of MNIST those that come with idlib."""
    return load(re.sub("^mnist(?=-|$)", "mnist10k", task)).test
