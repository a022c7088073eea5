"""Accuracy against d of several models on one task, with their full models."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from ...studies.results import Cell
from .plots import COLORS, panels

__all__ = ["scores_by_d"]

STYLES = (
    ("blue", "o", "-"), ("red", "s", "--"), ("green", "^", "-."), ("purple", "D", ":"),
    ("orange", "v", "-"), ("sky", "P", "--"),
)  # fmt: skip


def scores_by_d(cells: Mapping[str, Cell]) -> Figure:
    """Test accuracy against d, a line for each model through the medians of its seeds, with a dot
    for each; at the right the full models, and before the first d what a model scores untrained,
    where its full model's runs have kept that.

    Args:
        cells: by the names of the lines; all on one task, up to six.
    """
    fig, (ax,) = panels([4.6], 4.3, left=0.15, bottom=0.29, top=0.97)
    ds = sorted({d for c in cells.values() for d in c.scores})
    zero, full = ds[0] / 10, ds[-1] * 10
    for (label, c), (color, marker, line) in zip(cells.items(), STYLES, strict=False):
        look = {"color": COLORS[color], "marker": marker}
        middles = [(d, float(np.median(scores))) for d, scores in c.scores.items()]
        starts = [run.start for run in c.full if run.start is not None]
        if starts:
            middles.insert(0, (zero, float(np.median(starts))))
        ax.plot(*zip(*middles, strict=True), line, markersize=4, label=label, **look)
        dots = [(d, score) for d, scores in c.scores.items() for score in scores]
        dots += [(full, run.score) for run in c.full]
        ax.plot(*zip(*dots, strict=True), linestyle="", markersize=4, alpha=0.5, **look)
    (majority,) = {c.majority for c in cells.values()}
    ax.axhline(majority, color=COLORS["grey"], linestyle=":", label="commonest label")
    ax.set_xscale("log")
    ax.set_xticks([zero, *ds, full], ["0", *(f"{d:,}" for d in ds), "full"])
    ax.minorticks_off()
    ax.set_xlabel("d, trained numbers (logarithmic)")
    ax.set_ylabel("test accuracy")
    ax.legend(ncols=2, loc="upper center", bbox_to_anchor=(0.45, -0.16), frameon=False)
    return fig
