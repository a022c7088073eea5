"""Shuffled pixels: rows of digits, accuracy against the size of the blocks, d90 side by side."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from ..base.plots import COLORS, figure, panels

__all__ = ["bars", "block_accuracy", "image_rows"]

STYLE = {"FC": ("blue", "o", "-"), "LeNet": ("red", "s", "-.")}  # colour, marker, line


def image_rows(rows: Mapping[str, ArrayLike], diverging: bool = False) -> Figure:
    """Rows of small pictures, each with its label above it.

    Args:
        rows: for each label pictures of shape (n, height, width), arrays or tensors.
        diverging: zero is white, and the signs are red and blue; else low is white, high black.
    """
    pictures = {label: np.asarray(images, dtype=float) for label, images in rows.items()}
    n, height, width = next(iter(pictures.values())).shape
    fig, axes = figure(
        7.0, (7.0 * height / (n * width) + 0.3) * len(rows), nrows=len(rows), squeeze=False
    )
    for ax, (label, images) in zip(axes.flat, pictures.items(), strict=True):
        framed = np.pad(images, ((0, 0), (1, 1), (1, 1)), constant_values=np.nan)
        strip = np.concatenate(list(framed), axis=1)  # (height + 2, n * (width + 2))
        limit = max(float(np.abs(images).max()), 1e-9)
        scale = {"vmin": -limit, "vmax": limit} if diverging else {}
        cmap = colormaps["RdBu" if diverging else "gray_r"].with_extremes(bad="#BBBBBB")
        ax.imshow(strip, cmap=cmap, interpolation="nearest", **scale)
        ax.set_title(label, loc="left", fontsize=10)
        ax.set_axis_off()
    return fig


def block_accuracy(
    images: np.ndarray,
    block: int,
    scores: Mapping[str, Mapping[int, Sequence[float]]],
    what: str,
) -> Figure:
    """Digits with the blocks' edges drawn, beside the accuracy at every size of the blocks.

    Args:
        images: already shuffled, shape (4, 28, 28).
        block: the size to mark.
        scores: for "FC" and "LeNet" the scores of all seeds at each size of the blocks.
        what: is measured, for instance "test accuracy at d = 300".
    """
    fig, (left, right) = panels((3.6, 4.5), 3.7)
    left.set_position((0.02, 0.03, 0.94, 0.86))
    mosaic = np.block([[*images[:2]], [*images[2:]]])
    left.imshow(mosaic, cmap="gray_r", interpolation="nearest")
    for step, width in ((block, 0.4 if block > 1 else 0), (28, 1.5)):
        edges = np.arange(0, 57, step) - 0.5
        style = {"colors": COLORS["orange"], "linewidths": width}
        left.hlines(edges, -0.5, 55.5, **style)
        left.vlines(edges, -0.5, 55.5, **style)
    left.set_axis_off()
    left.set_title(f"pixels move within blocks of {block} x {block}", fontsize=10, y=1.0)
    sizes = sorted({size for curve in scores.values() for size in curve})
    for name, curve in scores.items():
        color, marker, line = STYLE[name]
        at = [sizes.index(size) for size in curve]
        middles = [np.mean(s) for s in curve.values()]
        right.plot(at, middles, color=COLORS[color], marker=marker, linestyle=line, label=name)
        every = [(sizes.index(size), s) for size, values in curve.items() for s in values]
        right.plot(*zip(*every, strict=True), ".", color=COLORS[color], alpha=0.5)
    right.axhline(0.9, color=COLORS["black"], linestyle="--", linewidth=1, label="0.90")
    right.axvline(sizes.index(block), color=COLORS["grey"], linewidth=7, alpha=0.3, zorder=0)
    right.set_xticks(range(len(sizes)), [str(size) for size in sizes])
    right.set(xlabel="side of the blocks, pixels", ylabel=what, xlim=(-0.3, len(sizes) - 0.7))
    right.legend(loc="lower left", framealpha=0.9)
    return fig


def bars(values: Mapping[str, float], label: str, marked: Sequence[str] = ()) -> Figure:
    """Horizontal bars with their values, the longest last; those `marked` are hatched."""
    names = sorted(values, key=values.get, reverse=True)
    fig, ax = figure(7.0, 0.42 * len(names) + 0.7)
    for name in names:
        hatch = "//" if name in marked else None
        color = COLORS["orange"] if name in marked else COLORS["sky"]
        ax.barh(name, values[name], color=color, hatch=hatch, edgecolor="white", height=0.65)
        ax.annotate(
            f"{values[name]:,.0f}", (values[name], name), xytext=(4, 0),
            textcoords="offset points", va="center",
        )  # fmt: skip
    ax.set(xlabel=label, xlim=(0, 1.12 * max(values.values())))
    ax.grid(axis="y", visible=False)
    return fig
