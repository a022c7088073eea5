"""Returns and accuracies against d."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ...engine.estimate import Estimate
from ..base.d90_plots import d90_marks
from ..base.plots import COLORS, figure, panels

__all__ = ["generation_curve", "return_panel", "reward_curves", "score_panel"]

STYLES = (("blue", "o", "-"), ("orange", "s", "--"), ("green", "^", "-."))

Curves = Mapping[str, Mapping[int, Sequence[float]]]


def reward_curves(
    curves: Curves,
    bars: Mapping[str, float],
    d90s: Mapping[str, Sequence[Estimate]],
    ylabel: str,
    title: str = "",
    legend: str = "lower right",
) -> Figure:
    """Score against d: a dot for each seed, a line through the medians, d90 marked.

    Args:
        curves: for each label the scores of all seeds at each d.
        bars: horizontal lines by label.
        d90s: to be marked, by the label of their curve.
        ylabel: what the score is.
        title: says data, seeds, hardware and date.
        legend: where nothing is drawn.
    """
    fig, ax = figure(7.0, 4.0)
    _lines(ax, curves, ylabel)
    for (label, height), dash in zip(bars.items(), ("--", ":", "-."), strict=False):
        ax.axhline(height, color="black", linestyle=dash, linewidth=1, label=label)
    for (label, found), (color, _, _) in zip(d90s.items(), STYLES, strict=False):
        assert label in curves
        d90_marks(ax, found, color)
    ax.legend(loc=legend)
    fig.set_label(title)
    return fig


def return_panel(curves: Curves) -> Figure:
    """The same in one panel, for an explorer."""
    fig, (ax,) = panels([4.2], 2.8, left=0.15, bottom=0.19)
    _lines(ax, curves, "share of the highest return")
    ax.legend(loc="lower right")
    return fig


def score_panel(curves: Curves) -> Figure:
    """Accuracy against d in one panel, for an explorer."""
    fig, (ax,) = panels([4.5], 3.6, left=0.13)
    _lines(ax, curves, "test accuracy")
    ax.legend(loc="lower right")
    return fig


def generation_curve(curves: Mapping[str, Sequence[float]], longest: int) -> Figure:
    """The mean return of the episodes of each step.

    Args:
        curves: for each label shares of the highest return.
        longest: return.
    """
    fig, ax = figure(6.0, 2.8)
    for (label, means), (color, _, line) in zip(curves.items(), STYLES, strict=False):
        values = [mean * longest for mean in means]
        ax.plot(range(1, len(means) + 1), values, line, color=COLORS[color], label=label)
    ax.set(xlabel="step, of 32 episodes", ylabel="mean return", ylim=(0, 1.04 * longest))
    ax.legend(loc="lower right")
    return fig


def _lines(ax: Axes, curves: Curves, ylabel: str) -> None:
    for (label, scores), (color, marker, line) in zip(curves.items(), STYLES, strict=False):
        style = {"color": COLORS[color], "marker": marker}
        middles = [np.median(s) for s in scores.values()]
        ax.plot(list(scores), middles, line, **style, markersize=5, label=label)
        dots = [(d, one) for d, every in scores.items() for one in every]
        ax.plot(*zip(*dots, strict=True), linestyle="", **style, markersize=3, alpha=0.45)
    ax.set(xscale="log", ylim=(0, 1.04), xlabel="d, trained numbers (logarithmic)", ylabel=ylabel)
    ticks = sorted({d for scores in curves.values() for d in scores})
    ax.set_xticks(ticks, [f"{d:,}" for d in ticks])
    ax.xaxis.set_minor_locator(NullLocator())
