"""Accuracy against d."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ...engine.estimate import Estimate
from ..base.d90_plots import d90_marks
from ..base.plots import COLORS, panels

__all__ = ["accuracy_curves"]

STYLES = (  # colour, marker, dashes of its threshold
    ("blue", "o", "--"),
    ("orange", "s", ":"),
    ("green", "^", "-."),
    ("red", "D", (0, (6, 2, 1, 2, 1, 2))),
)


def accuracy_curves(
    curves: Mapping[str, Mapping[int, Sequence[float]]],
    thresholds: Mapping[str, tuple[float, str]],
    d90s: Mapping[str, Sequence[Estimate]] | None = None,
) -> Figure:
    """Accuracy against d: a dot for each seed, a line through the medians.

    Args:
        curves: for each label the scores of all seeds at each d.
        thresholds: for each label of a horizontal line its height and the label in `curves`
            whose colour it takes ("" for black).
        d90s: to be marked, for labels in `curves`.
    """
    rows = -(-(len(curves) + len(thresholds)) // 2)  # of the legend
    height = 3.4 + 0.2 * rows
    fig, (ax,) = panels([4.8], height, left=0.12, bottom=(0.65 + 0.2 * rows) / height, top=0.97)
    styles = dict(zip(curves, STYLES, strict=False))
    for label, curve in curves.items():
        color, marker, _ = styles[label]
        style = {"color": COLORS[color], "marker": marker}
        middles = [np.median(scores) for scores in curve.values()]
        ax.plot(list(curve), middles, **style, markersize=4.5, label=label)
        points = [(d_, s) for d_, scores in curve.items() for s in scores]
        ax.plot(*zip(*points, strict=True), linestyle="", **style, markersize=3, alpha=0.5)
    for label, (height, of) in thresholds.items():
        color, _, dash = styles.get(of, ("black", "", "-"))
        ax.axhline(height, color=COLORS[color], linestyle=dash, linewidth=1, label=label)
    ax.set(xscale="log", xlabel="d, trained numbers (logarithmic)", ylabel="test accuracy")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylim(0, 1.02)
    for label, estimates in (d90s or {}).items():
        d90_marks(ax, estimates, styles[label][0])
    fig.subfigs[0].legend(fontsize=8, loc="lower center", ncols=2, frameon=False)
    return fig
