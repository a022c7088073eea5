"""Bounds on the test error by their terms, and d90 against accuracy and gap."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..base.plots import COLORS, figure, panels
from .compute import Bound

__all__ = ["bound_bars", "bound_curves", "bound_panel", "mark_bound", "scatters"]

KINDS = {
    "bound, Hoeffding": ("blue", "o", "-"),
    "bound, Chernoff": ("green", "^", "-."),
    "test error": ("red", "D", "-"),
    "training error": ("orange", "s", "--"),
}
ROWS = ("Hoeffding", "Chernoff", "test error", "√(d/m)")
POINTS = (
    ("blue", "o"), ("orange", "s"), ("green", "^"), ("red", "D"), ("purple", "v"), ("sky", "P"),
    ("yellow", "X"),
)  # fmt: skip
TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2)
LEAST = 0.012  # the lowest error drawn


def bound_curves(
    lines: Mapping[str, Mapping[int, Bound]], chance: float, title: str = ""
) -> Figure:
    """Bound and test error against d, side by side for each way of writing the numbers.

    Args:
        lines: for each label the bound at every d.
        chance: the error of guessing.
        title: says data, seeds, hardware and date of recorded results.
    """
    fig, axes = figure(8.4, 3.8, ncols=len(lines), sharey=True, squeeze=False)
    for ax, (label, bounds) in zip(axes.flat, lines.items(), strict=True):
        _curves(ax, bounds, chance)
        ax.set_title(label, fontsize=10)
    axes[0, 0].set_ylabel("error (logarithmic)")
    axes[0, 0].legend(loc="lower left")
    fig.set_label(title)
    return fig


def bound_panel(ds: Sequence[int], chance: float) -> Figure:
    """Axes for bound and test error against d, and for the terms of one bound: what `mark_bound`
    draws, and in the browser ``bounds.js``.

    Args:
        ds: the smallest and the largest of them set the axis.
        chance: the error of guessing.
    """
    fig, (left, right) = panels((4.6, 4.3), 3.3, left=0.14)
    _errors(left, chance)
    for label, (color, marker, line) in KINDS.items():
        style = {"color": COLORS[color], "marker": marker, "linestyle": line, "markersize": 4}
        left.plot([], [], label=label, **style)
    left.set_xlim(0.8 * min(ds), 1.25 * max(ds))
    left.set_ylabel("error (logarithmic)")
    left.legend(loc="lower left", framealpha=0.9)
    right.get_figure(root=False).subplots_adjust(left=0.24)
    right.set_yticks(range(len(ROWS)), ROWS)
    right.barh(0, 0, color=COLORS["orange"], label="training error")
    right.barh(0, 0, color=COLORS["sky"], label="added for the bits")
    right.axvline(1, color="black", linestyle="--", linewidth=1)
    right.set(xlim=(0, 2), xlabel="error; beyond 1 a bound says nothing", ylim=(3.5, -0.5))
    right.grid(axis="y", visible=False)
    right.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.4, 1), frameon=False)
    return fig


def mark_bound(
    left: Axes, right: Axes, bounds: Mapping[int, Bound], chosen: Bound, root: float
) -> None:
    """Draws bounds into a `bound_panel`.

    Args:
        left: against d.
        right: the terms of one bound.
        bounds: at every d.
        chosen: the one at the d that is marked.
        root: sqrt(d / m).
    """
    _lines(left, bounds)
    left.axvline(chosen.d, color=COLORS["grey"], linewidth=1.2)
    ends = chosen.hoeffding, chosen.kl, chosen.test, root
    right.barh(0, chosen.error, color=COLORS["orange"], height=0.55)
    right.barh(0, chosen.complexity, left=chosen.error, color=COLORS["sky"], height=0.55)
    for row, (end, color) in enumerate(zip(ends, ("", "green", "red", "grey"), strict=True)):
        if color:
            right.barh(row, end, color=COLORS[color], height=0.55)
        _value(right, row, end, most=1.6)


def bound_bars(rows: Mapping[str, Bound], title: str = "") -> Figure:
    """A bar for each bound: training error and what is added to it, with the test error marked.

    Args:
        rows: by label.
        title: says data, seeds, hardware and date of recorded results.
    """
    fig, ax = figure(7.6, 0.9 + 0.36 * len(rows))
    end = max(1.15, 1.12 * max(b.hoeffding for b in rows.values()))
    for k, (label, b) in enumerate(rows.items()):
        _terms(ax, label, b, legend=k == 0, most=end)
        ax.plot(b.kl, label, "d", color=COLORS["green"], markeredgecolor="k",
                label="Chernoff's form" if k == 0 else None)  # fmt: skip
        ax.plot(b.test, label, "|", color="k", markersize=16, markeredgewidth=2.4,
                label="test error" if k == 0 else None)  # fmt: skip
    ax.axvline(1, color="black", linestyle="--", linewidth=1)
    ax.set(xlim=(0, end), xlabel="error; beyond the dashed line a bound says nothing")
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.45, 1.0), frameon=False)
    fig.set_label(title)
    return fig


def scatters(
    panels: Mapping[tuple[str, str], Mapping[str, Sequence[tuple[float, float]]]], title: str = ""
) -> Figure:
    """Points side by side, a marker for each kind of data.

    Args:
        panels: for the labels of both axes and each kind of data the points; the horizontal axis
            is logarithmic. All kinds are in the first.
        title: says data, seeds, hardware and date of recorded results.
    """
    fig, axes = figure(9.2, 3.9, ncols=len(panels), squeeze=False)
    kinds = list(dict.fromkeys(kind for groups in panels.values() for kind in groups))
    style = dict(zip(kinds, POINTS, strict=False))
    for ax, ((xlabel, ylabel), groups) in zip(axes.flat, panels.items(), strict=True):
        for kind, points in groups.items():
            color, marker = style[kind]
            ax.plot(*zip(*points, strict=True), marker, color=COLORS[color], label=kind,
                    markeredgecolor="k", markeredgewidth=0.4, alpha=0.8)  # fmt: skip
        ax.set(xscale="log", xlabel=xlabel, ylabel=ylabel)
        ax.xaxis.set_major_formatter("{x:,g}")
        ax.margins(0.08)
    fig.legend(
        *axes[0, 0].get_legend_handles_labels(),
        ncols=len(POINTS),
        loc="outside lower center",
    )
    fig.set_label(title)
    return fig


def _curves(ax: Axes, bounds: Mapping[int, Bound], chance: float) -> None:
    _lines(ax, bounds)
    _errors(ax, chance)


def _lines(ax: Axes, bounds: Mapping[int, Bound]) -> None:
    for (label, (color, marker, line)), value in zip(
        KINDS.items(),
        (lambda b: b.hoeffding, lambda b: b.kl, lambda b: b.test, lambda b: b.error),
        strict=True,
    ):
        ax.plot(
            list(bounds), [value(b) for b in bounds.values()], line, marker=marker,
            color=COLORS[color], markersize=4, label=label,
        )  # fmt: skip


def _errors(ax: Axes, chance: float) -> None:
    """Logarithmic axes of errors against d, with lines where bounds say nothing."""
    for height, style, text, up in ((1, "--", "says nothing", 3), (chance, ":", "guessing", -10)):
        ax.axhline(height, color="black", linestyle=style, linewidth=1)
        ax.annotate(text, (1, height), xycoords=("axes fraction", "data"), xytext=(-2, up),
                    textcoords="offset points", ha="right")  # fmt: skip
    ax.set(xscale="log", yscale="log", ylim=(LEAST, 3), xlabel="d, trained numbers")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_yticks(TICKS, map(str, TICKS))
    ax.minorticks_off()


def _terms(ax: Axes, label: str, b: Bound, legend: bool, most: float) -> None:
    names = ("training error", "added for the bits") if legend else (None, None)
    ax.barh(label, b.error, color=COLORS["orange"], height=0.55, label=names[0])
    ax.barh(label, b.complexity, left=b.error, color=COLORS["sky"], hatch="//", height=0.55,
            edgecolor="white", label=names[1])  # fmt: skip
    _value(ax, label, b.hoeffding, most)


def _value(ax: Axes, label: str, length: float, most: float) -> None:
    box = {"facecolor": "white", "pad": 1, "linewidth": 0}
    ax.annotate(f"{length:.3f}", (min(length, most), label), xytext=(4, 0), va="center",
                textcoords="offset points", bbox=box)  # fmt: skip
