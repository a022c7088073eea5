"""Accuracy against the bytes of a file, and the description length against d."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..base.plots import COLORS, figure, panels
from .compute import RETRAINED, ZIPPED

__all__ = ["bytes_and_accuracy", "description_lengths", "file_panel", "mark_file"]

Points = Sequence[tuple[float, float]]
STYLES = (("blue", "o", "-"), ("orange", "s", "--"))  # of d numbers
RIVALS = {ZIPPED: ("green", "^", "-."), RETRAINED: ("red", "D", ":")}


def bytes_and_accuracy(lines: Mapping[str, Points], title: str = "") -> Figure:
    """Test accuracy against the length of the file, a line for each way of making it.

    Args:
        lines: for each label bytes and accuracy of its files, from small to large.
        title: says data, seeds, hardware and date of recorded results.
    """
    fig, ax = figure(7.4, 3.8)
    _accuracy(ax, lines)
    fig.set_label(title)
    return fig


def description_lengths(
    d: Sequence[int], parts: Mapping[int, tuple[Points, float]], alone: float, title: str = ""
) -> Figure:
    """Bytes of the file and of the labels' code against d, side by side for some bits.

    Args:
        d: numbers trained.
        parts: for some bits of each number the bytes of file and labels at each d.
        alone: bytes of the labels without any network.
        title: says data, seeds, hardware and date of recorded results.
    """
    fig, axes = figure(8.4, 3.8, ncols=len(parts), sharey=True, squeeze=False)
    for ax, (bits, pairs) in zip(axes.flat, parts.items(), strict=True):
        files, labels = (list(x) for x in zip(*pairs, strict=True))
        kilo = lambda xs: [x / 1000 for x in xs]  # noqa: E731
        total = [a + b for a, b in zip(files, labels, strict=True)]
        ax.plot(d, kilo(labels), "--", color=COLORS["orange"], label="labels")
        ax.plot(d, kilo(files), "-.", color=COLORS["green"], label="file")
        ax.plot(d, kilo(total), "-", color=COLORS["blue"], label="both", linewidth=2)
        best = min(range(len(d)), key=total.__getitem__)
        ax.plot(d[best], total[best] / 1000, "o", color=COLORS["blue"])
        ax.axhline(alone / 1000, color="black", linestyle=":", linewidth=1, label="no network")
        shortest = f"shortest: {total[best] / 1000:.1f} kB at d = {d[best]:,}"
        ax.set_title(f"{bits} bits for each number\n{shortest}", fontsize=10)
        ax.set(xscale="log", xlabel="d, trained numbers")
        ax.xaxis.set_major_formatter("{x:,.0f}")
    axes[0, 0].set(ylabel="kilobytes", ylim=(0, 1.12 * alone / 1000))
    fig.legend(
        *axes[0, 0].get_legend_handles_labels(), ncols=4, loc="outside lower center", frameon=False
    )
    fig.set_label(title)
    return fig


def file_panel(lines: Mapping[str, Points], moving: str, alone: float) -> Figure:
    """Bytes against accuracy, beside the description length of a file; `mark_file` adds the file.

    Args:
        lines: as for `bytes_and_accuracy`.
        moving: the label of the line that `mark_file` draws.
        alone: bytes of the labels without any network.
    """
    fig, (left, right) = panels((5.0, 3.3), 3.6, left=0.13, bottom=0.14, top=0.83)
    _accuracy(left, lines)
    color, marker, line = STYLES[1]
    look = {"color": COLORS[color], "marker": marker, "linestyle": line, "markersize": 4}
    left.plot([], [], label=moving, **look)
    left.set_xlim(auto=False)
    left.legend(ncols=2, columnspacing=1, handlelength=1.5, loc="lower center",
                bbox_to_anchor=(0.45, 1.0), frameon=False)  # fmt: skip
    right.get_figure(root=False).subplots_adjust(left=0.2, top=0.79)
    for color, label in (("green", "file"), ("orange", "labels, given the network")):
        right.bar([0], [0], color=COLORS[color], label=label)
    right.axhline(alone / 1000, color="k", linestyle=":", label="labels, no network")
    right.set(xlim=(-1, 1), ylabel="kilobytes", ylim=(0, 1.3 * alone / 1000))
    right.set_xticks([0], ["this file"])
    right.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), frameon=False)
    return fig


def mark_file(
    left: Axes, right: Axes, line: Points, chosen: tuple[float, float], parts: Sequence[float]
) -> None:
    """Marks a file in a `file_panel`.

    Args:
        left: accuracy against bytes.
        right: the description length.
        line: bytes and accuracy of the files with as many bits for each number.
        chosen: bytes and accuracy of the file.
        parts: bytes of the file, and of the labels given its network.
    """
    color, marker, dash = STYLES[1]
    style = {"color": COLORS[color], "marker": marker, "linestyle": dash, "markersize": 4}
    left.plot(*zip(*line, strict=True), **style)
    mark = {"markersize": 16, "markerfacecolor": "none", "markeredgecolor": "k"}
    left.plot(*chosen, "o", **mark, markeredgewidth=1.8)
    bottom = 0.0
    for value, color in zip(parts, ("green", "orange"), strict=True):
        right.bar([0], value / 1000, bottom=bottom, color=COLORS[color], width=0.6)
        bottom += value / 1000


def _accuracy(ax: Axes, lines: Mapping[str, Points]) -> None:
    numbers = iter(STYLES)
    for label, points in lines.items():
        color, marker, line = RIVALS.get(label) or next(numbers)
        style = {"color": COLORS[color], "marker": marker, "linestyle": line, "markersize": 4}
        ax.plot(*zip(*points, strict=True), **style, label=label)
    ax.set(xscale="log", ylim=(0.3, 1.01), xlabel="bytes of the file", ylabel="test accuracy")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
