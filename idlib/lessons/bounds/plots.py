"""Bounds on the test error by their terms, and d90 against accuracy and gap."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..base.plots import COLORS, figure
from .compute import Bound

__all__ = ["bound_bars", "bound_curves", "bound_panel", "scatters"]

LINES = (("blue", "o", "-"), ("orange", "s", "--"), ("green", "^", "-."), ("purple", "D", ":"))
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
    axes[0, 0].legend(fontsize=8, loc="lower left")
    fig.suptitle(title, fontsize=8, color="#555555")
    return fig


def bound_panel(
    bounds: Mapping[int, Bound], d: int, chosen: Bound, root: float, chance: float
) -> Figure:
    """Bound and test error against d with one d marked, beside the terms of its bound.

    Args:
        bounds: at every d.
        d: the one that is marked.
        chosen: its bound.
        root: sqrt(d / m).
        chance: the error of guessing.
    """
    fig, (left, right) = figure(8.6, 3.7, layout=None, ncols=2, width_ratios=[1.25, 1])
    fig.subplots_adjust(left=0.085, right=0.985, bottom=0.15, top=0.91, wspace=0.42)
    _curves(left, bounds, chance)
    left.axvline(d, color=COLORS["grey"], linewidth=1.2)
    left.set_ylabel("error (logarithmic)")
    left.legend(fontsize=8, loc="lower left", framealpha=0.9)
    _terms(right, "Hoeffding", chosen, legend=True, most=1.6)
    rows = {"Chernoff": (chosen.kl, "green"), "test error": (chosen.test, "red")}
    for label, (length, color) in {**rows, "√(d/m)": (root, "grey")}.items():
        right.barh(label, length, color=COLORS[color], height=0.55)
        _value(right, label, length, most=1.6)
    right.axvline(1, color="black", linestyle="--", linewidth=1)
    right.set(xlim=(0, 2), xlabel="error; beyond 1 a bound says nothing")
    right.invert_yaxis()
    right.grid(axis="y", visible=False)
    right.legend(fontsize=8, ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1), frameon=False)
    return fig


def bound_bars(rows: Mapping[str, Bound], title: str = "") -> Figure:
    """A bar for each bound: training error and what is added to it, with the test error marked.

    Args:
        rows: by label.
        title: says data, seeds, hardware and date of recorded results.
    """
    fig, ax = figure(7.6, 0.9 + 0.42 * len(rows))
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
    ax.legend(fontsize=8, ncols=4, loc="lower center", bbox_to_anchor=(0.45, 1.0), frameon=False)
    fig.suptitle(title, fontsize=8, color="#555555")
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
        fontsize=8,
        ncols=len(POINTS),
        loc="outside lower center",
    )
    fig.suptitle(title, fontsize=8, color="#555555")
    return fig


def _curves(ax: Axes, bounds: Mapping[int, Bound], chance: float) -> None:
    ds = list(bounds)
    for (label, value), (color, marker, line) in zip(
        {
            "bound, Hoeffding": lambda b: b.hoeffding,
            "bound, Chernoff": lambda b: b.kl,
            "test error": lambda b: b.test,
            "training error": lambda b: b.error,
        }.items(),
        (LINES[0], LINES[2], ("red", "D", "-"), LINES[1]),
        strict=True,
    ):
        ax.plot(
            ds, [value(b) for b in bounds.values()], line, marker=marker, color=COLORS[color],
            markersize=4, label=label,
        )  # fmt: skip
    for height, style, text, up in ((1, "--", "says nothing", 3), (chance, ":", "guessing", -10)):
        ax.axhline(height, color="black", linestyle=style, linewidth=1)
        ax.annotate(text, (1, height), xycoords=("axes fraction", "data"), xytext=(-2, up),
                    textcoords="offset points", ha="right", fontsize=8)  # fmt: skip
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
                textcoords="offset points", fontsize=9, bbox=box)  # fmt: skip
