"""Curves that were drawn by hand, beside what was recorded."""

from collections.abc import Iterable, Mapping

from matplotlib.axes import Axes as Panel
from matplotlib.figure import Figure

from .plots import COLORS, figure
from .questions import Axes, Points

__all__ = ["beside", "curves"]


def curves(axes: Axes, drawn: Iterable[Points]) -> Figure:
    """All curves that a class has drawn."""
    fig, ax = _empty(axes)
    for points in drawn:
        ax.plot(*zip(*points, strict=True), color=COLORS["blue"], alpha=0.4)
    return fig


def beside(axes: Axes, recorded: Mapping[float, float]) -> Figure:
    """What was recorded, y for each x, where a drawn curve is to stand beside it."""
    fig, ax = _empty(axes)
    found = zip(*sorted(recorded.items()), strict=True)
    ax.plot(*found, "o-", markersize=4, linewidth=1.2, color=COLORS["blue"])
    return fig


def _empty(axes: Axes) -> tuple[Figure, Panel]:
    fig, ax = figure(5.0, 3.2, layout=None)
    fig.subplots_adjust(left=0.15, right=0.96, bottom=0.16, top=0.96)
    ax.set(xscale="log", yscale="log" if axes.log else "linear", ylim=axes.y)
    ax.set(xlim=(axes.x[0], axes.x[-1]), xlabel=axes.x_label, ylabel=axes.y_label)
    ax.minorticks_off()
    ax.set_xticks(list(axes.x), [f"{x:,}" if i % 2 == 0 else "" for i, x in enumerate(axes.x)])
    if axes.log:
        ax.yaxis.set_major_formatter("{x:,.0f}")
    return fig, ax
