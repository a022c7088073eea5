"""d against the number of images and the share of shuffled labels."""

from collections.abc import Mapping, Sequence
from statistics import geometric_mean

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from ..base.plots import COLORS, figure, panels

__all__ = ["mark_memorised", "memorised_panel", "needed_lines"]

STYLES = (("blue", "o", "-"), ("green", "s", "--"), ("orange", "^", "-."), ("red", "D", ":"))


def needed_lines(needed: Mapping[int, Mapping[int, Sequence[float]]], title: str = "") -> Figure:
    """d against the number of images, a line for each share of shuffled labels.

    Args:
        needed: for each share, in per cent, and each number of images d of all seeds.
        title: says data, seeds, hardware and date of recorded results.
    """
    fig, ax = figure(7.0, 4.0)
    _lines(ax, needed)
    fig.set_label(title)
    return fig


def memorised_panel(needed: Mapping[int, Mapping[int, Sequence[float]]]) -> Figure:
    """The lines, beside axes for training accuracy against d; `mark_memorised` fills them.

    Args:
        needed: as for `needed_lines`.
    """
    fig, (left, right) = panels((4.4, 4.2), 3.6, left=0.18)
    _lines(left, needed)
    right.axhline(0.9, color="black", linestyle="--", linewidth=1)
    right.set(xscale="log", xlim=(120, 12_000), ylim=(0, 1.04))
    right.set(xlabel="d, trained numbers", ylabel="training accuracy")
    right.xaxis.set_major_formatter("{x:,.0f}")
    return fig


def mark_memorised(
    left: Axes,
    right: Axes,
    needed: Mapping[int, Mapping[int, Sequence[float]]],
    chosen: tuple[int, int],
    points: Sequence[tuple[int, float]],
    without: float,
) -> None:
    """Marks one point of the lines, and draws training accuracy against d of that point's runs.

    Args:
        left, right: axes of `memorised_panel`.
        needed: as for `needed_lines`.
        chosen: share in per cent and number of images.
        points: d and training accuracy of every run.
        without: training accuracy of who learns no shuffled label by heart.
    """
    share, n = chosen
    mark = {"markersize": 17, "markerfacecolor": "none", "markeredgecolor": "k"}
    left.plot(n, geometric_mean(needed[share][n]), "o", **mark, markeredgewidth=1.8)
    for d in set(needed[share][n]):
        right.axvline(d, color=COLORS["grey"], linewidth=6, alpha=0.25, zorder=0)
    right.plot(*zip(*sorted(points), strict=True), "o", color=COLORS["blue"], alpha=0.7)
    right.axhline(
        without, color=COLORS["purple"], linestyle=":", label=f"no label by heart: {without:.2f}"
    )
    goal = Line2D([], [], color="black", linestyle="--", linewidth=1, label="0.90")
    handles = [goal, *right.get_legend_handles_labels()[0]]
    right.legend(
        handles=handles, ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1.0), frameon=False
    )


def _lines(ax: Axes, needed: Mapping[int, Mapping[int, Sequence[float]]]) -> None:
    for (share, by_n), (color, marker, line) in zip(needed.items(), STYLES, strict=True):
        middles = [geometric_mean(ds) for ds in by_n.values()]
        style = {"color": COLORS[color], "marker": marker, "linestyle": line}
        ax.plot(list(by_n), middles, **style, label=f"{share} %")
        every = [(n, d) for n, ds in by_n.items() for d in ds]
        ax.plot(*zip(*every, strict=True), ".", color=COLORS[color], alpha=0.5)
    ax.set(xscale="log", yscale="log", xlabel="n, training images", ylim=(150, 15_000))
    ax.set_ylabel("d for training accuracy 0.90")
    ax.set_xticks(list(by_n), [f"{n:,}" for n in by_n])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.legend(title="shuffled labels", loc="upper left", ncols=2)
