"""d90 against the size of a network."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..base.plots import COLORS, figure, panels

__all__ = ["d90_against_size", "mark_network", "size_maps", "size_panel"]

INK = ("#FEFEFE", "#101010")  # on dark and on bright fields, whatever the page's colours are
MARKERS = ("o", "s", "^", "D", "v")  # one for each depth


def size_maps(
    maps: Mapping[str, np.ndarray], widths: Sequence[int], depths: Sequence[int], title: str = ""
) -> Figure:
    """A heat map with its numbers for each definition.

    Args:
        maps: for each label d90 in shape (depths, widths).
        widths: units in a hidden layer, from left to right.
        depths: hidden layers, from bottom to top.
        title: says data, seeds, hardware and date of recorded results.
    """
    fig, axes = figure(8.4, 3.5, ncols=len(maps), squeeze=False)
    low, high = min(m.min() for m in maps.values()), max(m.max() for m in maps.values())
    for ax, (label, values) in zip(axes.flat, maps.items(), strict=True):
        _heat(ax, values, widths, depths, low, high)
        ax.set_title(label, fontsize=10)
    fig.set_label(title)
    return fig


def d90_against_size(
    points: Sequence[tuple[int, int, float]], lines: Mapping[str, float], title: str = ""
) -> Figure:
    """d90 against D, both logarithmic, with lines of given slopes: through the middle of all
    networks, or if steeper than 0.5 from the smallest D at the mean d90.

    Args:
        points: depth, D and d90 of each network.
        lines: for each label a slope.
        title: says data, seeds, hardware and date of recorded results.
    """
    fig, ax = figure(7.0, 4.0)
    _scatter(ax, points)
    D = np.array(sorted({D for _, D, _ in points}))
    centre = np.exp(np.mean(np.log([d for _, _, d in points])))
    middle = np.exp(np.mean(np.log(D)))
    styles = (("black", "-"), ("red", "--"), ("purple", ":"))
    for (label, slope), (color, style) in zip(lines.items(), styles, strict=False):
        through, height = (middle, centre) if slope < 0.5 else (D[0], centre)
        ax.plot(D, height * (D / through) ** slope, style, color=COLORS[color], label=label)
    ax.set_ylim(200, 40_000)
    ax.legend(loc="upper left", ncols=2)
    fig.set_label(title)
    return fig


def size_panel(
    values: np.ndarray,
    widths: Sequence[int],
    depths: Sequence[int],
    curves: Sequence[Mapping[int, float]],
) -> Figure:
    """The heat map, beside the accuracy curves of all networks; `mark_network` marks one.

    Args:
        values: d90 in shape (depths, widths).
        widths: units in a hidden layer.
        depths: hidden layers.
        curves: for each network the accuracy at each d.
    """
    fig, (left, right) = panels((3.9, 4.5), 3.4)
    _heat(left, values, widths, depths, values.min(), values.max())
    faint = {"color": "black", "alpha": 0.25, "linewidth": 0.8}  # on light and on dark pages
    for curve in curves:
        right.plot(list(curve), list(curve.values()), **faint)
    right.plot([], [], color=COLORS["red"], marker="o", label="this network")
    right.plot([], [], label="all networks", **faint)
    right.plot([], [], color="black", linestyle="--", linewidth=1, label="threshold of d90")
    right.set(xlabel="d, trained numbers", ylabel="test accuracy")
    right.legend(loc="lower right")
    return fig


def mark_network(
    left: Axes, right: Axes, place: tuple[int, int], curve: Mapping[int, float], threshold: float
) -> None:
    """Marks a network in a `size_panel`.

    Args:
        left: the heat map.
        right: the curves.
        place: column and row in the heat map.
        curve: accuracy at each d.
        threshold: of d90.
    """
    x, y = place
    edges = {"fill": False, "edgecolor": COLORS["red"], "linewidth": 3}
    left.add_patch(Rectangle((x - 0.47, y - 0.46), 0.94, 0.92, **edges))
    right.plot(list(curve), list(curve.values()), color=COLORS["red"], marker="o")
    right.axhline(threshold, color="black", linestyle="--", linewidth=1)


def _heat(ax: Axes, values, widths, depths, low: float, high: float) -> None:
    ax.imshow(values, cmap="cividis", origin="lower", aspect="auto", vmin=low, vmax=high)
    for (y, x), value in np.ndenumerate(values):
        bright = int(value > (low + high) / 2)
        ax.text(x, y, f"{value:.0f}", ha="center", va="center", color=INK[bright])
    ax.set_xticks(range(len(widths)), widths)
    ax.set_yticks(range(len(depths)), depths)
    ax.set(xlabel="width, units in a hidden layer", ylabel="depth, hidden layers")
    ax.grid(False)


def _scatter(ax: Axes, points: Sequence[tuple[int, int, float]]) -> None:
    palette = ("blue", "orange", "green", "purple", "sky")
    for depth, marker, color in zip(
        sorted({d for d, _, _ in points}), MARKERS, palette, strict=False
    ):
        own = [(D, d90) for d, D, d90 in points if d == depth]
        ax.plot(
            *zip(*own, strict=True), marker, color=COLORS[color], label=f"depth {depth}",
            markeredgecolor="k", markeredgewidth=0.4,
        )  # fmt: skip
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="D, parameters of the network",
        ylabel="d90, absolute (accuracy 0.90)",
    )
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.yaxis.set_major_formatter("{x:,.0f}")
