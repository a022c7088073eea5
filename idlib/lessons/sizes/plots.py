"""d90 against the size of a network."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..base.plots import COLORS, figure

__all__ = ["d90_against_size", "size_maps", "size_panel"]

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
    fig.suptitle(title, fontsize=8, color="#555555")
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
    ax.legend(fontsize=8, loc="upper left", ncols=2)
    ax.set_title(title, fontsize=8, loc="left", color="#555555")
    return fig


def size_panel(
    values: np.ndarray,
    widths: Sequence[int],
    depths: Sequence[int],
    chosen: tuple[int, int],
    curves: Mapping[tuple[int, int], Mapping[int, float]],
    threshold: float,
) -> Figure:
    """The heat map with one network marked, beside the accuracy curves of all.

    Args:
        values: d90 in shape (depths, widths).
        widths: units in a hidden layer.
        depths: hidden layers.
        chosen: width and depth to mark.
        curves: for each width and depth the accuracy at each d.
        threshold: of d90, drawn as a dashed line.
    """
    fig, (left, right) = figure(8.4, 3.4, layout=None, ncols=2, width_ratios=[1, 1.3])
    fig.subplots_adjust(left=0.08, right=0.98, bottom=0.16, top=0.93, wspace=0.25)
    _heat(left, values, widths, depths, values.min(), values.max())
    x, y = widths.index(chosen[0]), depths.index(chosen[1])
    edges = {"fill": False, "edgecolor": COLORS["red"], "linewidth": 3}
    left.add_patch(Rectangle((x - 0.47, y - 0.46), 0.94, 0.92, **edges))
    for size, curve in curves.items():
        if size != chosen:
            right.plot(list(curve), list(curve.values()), color="#C8C8C8", linewidth=0.8)
    curve = curves[chosen]
    label = f"width {chosen[0]}, depth {chosen[1]}"
    right.plot(list(curve), list(curve.values()), color=COLORS["red"], marker="o", label=label)
    right.plot([], [], color="#C8C8C8", label="the other 19")
    right.axhline(threshold, color="black", linestyle="--", linewidth=1, label=f"{threshold:.3f}")
    right.set(xlabel="d, trained numbers", ylabel="test accuracy")
    right.legend(fontsize=8, loc="lower right")
    return fig


def _heat(ax: Axes, values, widths, depths, low: float, high: float) -> None:
    ax.imshow(values, cmap="cividis", origin="lower", aspect="auto", vmin=low, vmax=high)
    for (y, x), value in np.ndenumerate(values):
        bright = value > (low + high) / 2
        ax.text(x, y, f"{value:.0f}", ha="center", va="center", color="k" if bright else "w")
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
