"""Lines through recorded d90, with a dot for each seed (notebooks 09 and 10)."""

import math
import statistics
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from .plots import COLORS

__all__ = ["d90_axis", "d90_lines"]

STYLES = (("blue", "o", "-"), ("red", "s", "--"), ("green", "^", "-."), ("purple", "D", ":"))


def d90_lines(ax: Axes, lines: Mapping[str, Mapping[float, Sequence[float]]]) -> None:
    """Lines through d90, the median over the seeds (of two the larger), with a dot for each seed;
    broken where there is no d90, with "none" at the top.

    Args:
        ax: where to draw.
        lines: for each label, the d90 of all seeds by place; empty where there is
            none.
    """
    for k, ((label, points), (color, marker, line)) in enumerate(
        zip(lines.items(), STYLES, strict=False)
    ):
        d90s = [statistics.median_high(seeds) if seeds else math.nan for seeds in points.values()]
        look = {"color": COLORS[color], "marker": marker}
        ax.plot(list(points), d90s, line, markersize=5, label=label, **look)
        dots = [(x, d) for x, seeds in points.items() for d in seeds]
        if dots:
            ax.plot(*zip(*dots, strict=True), linestyle="", markersize=3, alpha=0.5, **look)
        for x in (x for x, seeds in points.items() if not seeds):
            ax.text(x, 0.97 - 0.07 * k, "none", transform=ax.get_xaxis_transform(), fontsize=7,
                    color=COLORS[color], ha="center", va="top",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip


def d90_axis(ax: Axes) -> None:
    """A logarithmic y axis with whole numbers at 1, 2 and 5, and room above and below."""
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.yaxis.set_minor_locator(NullLocator())
    ax.margins(y=0.3)
