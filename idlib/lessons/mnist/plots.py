"""Accuracy against d, and a wall of digits."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ...engine.estimate import Estimate
from ..base.d90_plots import d90_marks
from ..base.plots import COLORS, SHADES, figure, panels, pixels

__all__ = ["COLUMNS", "accuracy_curves", "beside_rivals", "mark_runs", "wall"]

COLUMNS = 8  # of a wall
SIDE = 28  # pixels of a digit
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
        thresholds: for each horizontal line its height and the label in `curves` of which it is
            90 %, whose colour it takes ("" for a black line, named by its key).
        d90s: to be marked, for labels in `curves`.
    """
    rows = -(-(len(curves) + len(thresholds)) // 2)  # of the legend
    height = 2.9 + 0.2 * rows
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
        said = f"90 % of it: {height:.3f}" if of else label
        ax.axhline(height, color=COLORS[color], linestyle=dash, linewidth=1, label=said)
    ax.set(xscale="log", xlabel="d, trained numbers (logarithmic)", ylabel="test accuracy")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylim(0, 1.02)
    for label, estimates in (d90s or {}).items():
        d90_marks(ax, estimates, styles[label][0])
    fig.subfigs[0].legend(loc="lower center", ncols=2, frameon=False)
    return fig


def mark_runs(
    fig: Figure, runs: Mapping[str, Sequence[tuple[int, float]]], limits: tuple[float, float]
) -> None:
    """Stars for further runs, in a figure of `accuracy_curves`.

    Args:
        fig: the figure.
        runs: d and score of each, for labels of the curves.
        limits: of d.
    """
    (ax,) = fig.axes
    ax.set_xlim(limits)
    colors = {line.get_label(): line.get_color() for line in ax.lines}
    for label, points in runs.items():
        style = {"color": colors[label], "markeredgecolor": "black", "zorder": 6}
        for d, score in points:
            ax.plot(d, score, "*", markersize=12, gid="run", clip_on=False, **style)


def wall(
    images: np.ndarray, labels: Sequence[int], now: Sequence[int], before: Sequence[int]
) -> str:
    """Digits in rows, as SVG: those that are read wrongly are red and say as what; a frame marks
    those that it gained (blue) or lost (red).

    Args:
        images: (a multiple of `COLUMNS`, 28, 28), from 0 to 1.
        labels: of each.
        now: the answers.
        before: the answers of the smaller d; those of `now` where there is none.
    """
    rows, step = len(images) // COLUMNS, SIDE + 2
    high, low = images.max((1, 2), keepdims=True), images.min((1, 2), keepdims=True)
    tiles = np.pad((images - low) / (high - low), ((0, 0), (1, 1), (1, 1)))
    whole = tiles.reshape(rows, COLUMNS, step, step).swapaxes(1, 2).reshape(rows * step, -1)
    marks = []
    for i, (label, answer, old) in enumerate(zip(labels, now, before, strict=True)):
        x, y, right = i % COLUMNS * step, i // COLUMNS * step, answer == label
        if not right:
            marks.append(
                f'<rect x="{x}" y="{y}" width="{step}" height="{step}" fill="{COLORS["red"]}" '
                f'fill-opacity="0.28"/>\n<text x="{x + step - 2}" y="{y + step - 2}" '
                f'text-anchor="end" fill="#8a3300" font-size="12">{answer}</text>'
            )
        if right != (old == label):
            marks.append(
                f'<rect x="{x + 1}" y="{y + 1}" width="{SIDE}" height="{SIDE}" fill="none" '
                f'stroke="{COLORS["blue" if right else "red"]}" stroke-width="2"/>'
            )
    right = sum(a == b for a, b in zip(labels, now, strict=True))
    alt = f"{len(images)} test digits, {right} of them read rightly."
    size = f'width="{COLUMNS * step}" height="{rows * step}"'
    image = f'<image {size} style="image-rendering:pixelated" href="{pixels(whole, SHADES)}"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="idlib-wall" {size} '
        f'font-weight="bold" font-family="sans-serif" role="img" '
        f'aria-label="{alt}" viewBox="0 0 {COLUMNS * step} {rows * step}">\n'
        + "\n".join([image, *marks])
        + "\n</svg>"
    )


def beside_rivals(
    curves: Mapping[str, Mapping[int, Sequence[float]]],
    rivals: Mapping[str, tuple[int, Sequence[float]]],
    title: str = "",
) -> Figure:
    """Accuracy against trained numbers: of large networks in subspaces, a line for each, and of
    small networks trained in full, a point for each.

    Args:
        curves: for each label the scores of all seeds at each d.
        rivals: for each label the number of parameters and the scores of all seeds.
        title: says data, seeds, hardware and date of recorded results.
    """
    fig, ax = figure(7.6, 3.9)
    for (label, curve), (color, marker, _) in zip(curves.items(), STYLES, strict=False):
        middles = [np.median(scores) for scores in curve.values()]
        ax.plot(list(curve), middles, marker=marker, markersize=4.5, color=COLORS[color],
                label=label)  # fmt: skip
    kinds = {"linear": ("^", "green"), "one hidden layer": ("D", "red")}
    for kind, (marker, color) in kinds.items():
        own = [n for n in rivals if n.startswith("linear") == (kind == "linear")]
        places = [(rivals[n][0], np.median(rivals[n][1])) for n in own]
        ax.plot(*zip(*places, strict=True), marker, color=COLORS[color], markersize=7,
                label=f"all of a small network: {kind}")  # fmt: skip
    ax.axhline(0.9, color="black", linestyle="--", linewidth=1, label="0.90")
    ax.set(xscale="log", xlabel="trained numbers (logarithmic)", ylabel="test accuracy")
    ax.set_ylim(0.2, 1.0)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.legend(loc="lower right")
    fig.set_label(title)
    return fig
