"""A slider for d over recorded runs."""

import functools
import re

import ipywidgets as w
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from ...engine.training import predict
from ...problems.images import load
from ...studies.reading import cell, provenance, replay
from ...studies.results import Cell
from ..base.panels import Panel, SliderPanel, in_turn
from ..base.plots import MovingLine, thumbnails
from ..base.predictions import Prediction
from .plots import accuracy_curves

__all__ = ["RecordedCurves"]

NAMES = {"fc": "FC", "lenet": "LeNet"}
IN_A_ROW = 9  # pictures


class RecordedCurves(Panel):
    """Accuracy against d from recorded runs, and what one of the networks does at this d.

    Below the curves: the test images whose answer changes from the next smaller d to this
    one, and the first layer's part of P theta_d, both rebuilt from a seed and d numbers.

    Args:
        tasks: names of recorded tasks, such as "mnist" and "mnist-shuffled".
        models: names of networks.
        d: where the slider starts.
        guess: a prediction of d90, shown in the curves.
    """

    def __init__(
        self,
        tasks: tuple[str, ...],
        models: tuple[str, ...] = ("fc", "lenet"),
        d: int = 300,
        guess: Prediction | None = None,
    ):
        self.guess = guess
        study = tasks[0].split("-")[0]
        self.cells: dict[str, Cell] = {
            NAMES[m] + (" on shuffled pixels" if "-" in t else ""): cell(study, task=t, model=m)
            for m in models
            for t in tasks
        }
        self.title = provenance(self.cells.values())
        ds = sorted({d for c in self.cells.values() for d in c.scores})
        self.inside = w.Dropdown(
            options=list(self.cells),
            description="look inside",
            style={"description_width": "initial"},
        )
        self.figure, self.said = self._figure()
        start = min(ds, key=lambda x: abs(x - d))
        self.panel = SliderPanel("d", ds, self._draw, start, height="760px")
        self.inside.observe(self._redraw, "value")
        if guess is not None:
            guess.when_made(self._guessed)
        super().__init__([self.inside, self.panel])

    def _redraw(self, _) -> None:
        self.panel.draw(self.panel.slider.value)

    def _draw(self, d: int) -> str:
        label = self.inside.value
        return self._curves_html(d) + self._table(d) + _inside(self.cells[label], label, d)

    def _figure(self) -> tuple[MovingLine, str]:
        """The curves with the guess in them, and what is to be said of the guess."""
        thresholds = {"absolute: 0.90": (0.9, "")}
        for label, c in self.cells.items():
            thresholds[f"90 % of {label} ({c.threshold():.3f})"] = (c.threshold(), label)
        scores = {label: c.scores for label, c in self.cells.items()}
        d90s = {
            k: [c.d90(which) for which in ("absolute", "relative")] for k, c in self.cells.items()
        }
        fig, said = accuracy_curves(scores, thresholds, self.title, d90s), ""
        if self.guess is not None and self.guess.guess is not None:
            said = self.guess.mark(fig, "x")
        return MovingLine(fig), said

    @in_turn
    def _guessed(self) -> None:
        self.figure, self.said = self._figure()
        self._redraw(None)

    def _curves_html(self, d: int) -> str:
        now = ", ".join(
            f"{k} {np.median(c.scores[d]):.3f}" for k, c in self.cells.items() if d in c.scores
        )
        caption = (
            "A small mark is a network trained from the start, one a seed; lines join the medians. "
            "d90 is where a curve crosses a horizontal line: the diamonds, with a bar for the 95 % "
            f"interval. {self.said}"
        )
        alt = f"Test accuracy against d, with 90 % lines. At d = {d}: {now}."
        return self.figure.to_html(d, alt, caption)

    def _table(self, d: int) -> str:
        rows = "".join(
            f"<tr><td>{label}</td><td><b>{np.median(c.scores[d]):.3f}</b> "
            f"({min(c.scores[d]):.3f} to {max(c.scores[d]):.3f})</td>"
            f"<td>{np.median(c.scores[d]) / c.baseline:.0%} of {c.baseline:.3f}</td>"
            f"<td>{d:,} of {c.D:,}: 1 in {c.D / d:,.0f}</td></tr>"
            for label, c in self.cells.items()
            if d in c.scores
        )
        return (
            "<table><tr><th>network</th><th>accuracy (seeds)</th><th>of the full model</th>"
            f"<th>trained numbers</th></tr>{rows}</table>"
        )


@functools.cache
def _inside(c: Cell, label: str, d: int) -> str:
    """The answers that change at this d, and the first layer's part of P theta_d."""
    subspace = replay(c.first_seed[d])
    with torch.no_grad():
        step = subspace.projection(subspace.theta_d)
    weights = step[: next(iter(subspace.shapes.values())).numel()]
    side = 28 if c.model == "fc" else 5  # a unit's 784 weights, or a filter's 25
    units = weights.view(-1, side, side).numpy()
    count = min(IN_A_ROW, len(units))
    row = thumbnails(units[:count], [f"unit {i}" for i in range(count)], diverging=True)
    return _flips(c, label, d) + f"<p><b>P theta_d</b> for the first {label} weights:</p>{row}"


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
