"""d90 in figures: a mark with a bar on a curve, and lines through recorded d90."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from ...engine.estimate import Estimate
from .plots import COLORS

__all__ = ["d90_axis", "d90_lines", "d90_marks"]

STYLES = (("blue", "o", "-"), ("red", "s", "--"), ("green", "^", "-."), ("purple", "D", ":"))


def d90_lines(ax: Axes, lines: Mapping[str, Mapping[float, Estimate]]) -> None:
    """Lines through d90, with a bar for each interval, an arrow where it has no upper end; broken
    where there is no d90, with "none" at the top.

    Args:
        ax: where to draw.
        lines: for each label, d90 by place.
    """
    for k, ((label, points), (color, marker, line)) in enumerate(
        zip(lines.items(), STYLES, strict=False)
    ):
        look = {"color": COLORS[color], "marker": marker}
        d90s = [found.value or math.nan for found in points.values()]
        ax.plot(list(points), d90s, line, markersize=5, label=label, **look)
        for x, found in points.items():
            if found.value is None:
                ax.text(x, 0.97 - 0.07 * k, "none", transform=ax.get_xaxis_transform(),
                        color=COLORS[color], ha="center", va="top",
                        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip
            elif found.interval is not None:
                low, high = found.interval
                end = high if math.isfinite(high) else 3 * found.value
                ax.plot([x, x], [low, end], color=COLORS[color], linewidth=5, alpha=0.3)
                if not math.isfinite(high):
                    ax.plot(x, end, "^", color=COLORS[color], markersize=5, alpha=0.5)


def d90_marks(ax: Axes, estimates: Sequence[Estimate], color: str) -> None:
    """A mark where a curve of accuracy against d reaches each threshold, with the interval as a
    bar; an arrow where that has no upper end. Nothing where there is no d90.

    Args:
        ax: of accuracy against d; its limits stay.
        estimates: under the definitions to be marked.
        color: one of `idlib.lessons.base.plots.COLORS`.
    """
    limits = ax.get_xlim()
    for found in estimates:
        if found.value is None:
            continue
        style = {"color": COLORS[color], "zorder": 5}
        if found.interval is not None:
            low, high = found.interval
            ends = low, min(high, limits[1])
            ax.plot(ends, [found.threshold] * 2, linewidth=7, alpha=0.35, **style)
            if math.isinf(high):
                ax.plot(ends[1], found.threshold, ">", markersize=7, clip_on=False, **style)
        ax.plot(found.value, found.threshold, "D", markersize=5, markeredgecolor="white", **style)
    ax.set_xlim(limits)


def d90_axis(ax: Axes) -> None:
    """A logarithmic y axis with whole numbers at 1, 2 and 5, and room above and below."""
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.yaxis.set_minor_locator(NullLocator())
    ax.margins(y=0.3)
