"""Language models: accuracy and d90 under two methods, where a step goes."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...engine.estimate import Estimate
from ..base.d90_plots import d90_marks
from ..base.plots import COLORS, layer_label, panels

__all__ = ["dumbbells", "layer_shares", "method_curves", "steps_and_rates"]

STYLE = {"DID": ("blue", "o", "-"), "SAID": ("red", "s", "--")}  # colour, marker, line


def method_curves(
    curves: Mapping[str, Mapping[int, Sequence[float]]],
    threshold: float,
    majority: float,
    d90s: Mapping[str, Sequence[Estimate]] | None = None,
) -> Figure:
    """Accuracy against d under DID and SAID, between the commonest label and 90 %; lines join the
    medians of the seeds.

    Args:
        curves: for "DID" and "SAID" the scores of all seeds at each d.
        threshold: 0.9 times the full model's score.
        majority: the score of always giving the commonest label.
        d90s: to be marked, for "DID" and "SAID".
    """
    fig, (ax,) = panels([5.0], 3.7, left=0.13, bottom=0.14)
    for label, curve in curves.items():
        color, marker, line = STYLE[label]
        middles = [np.median(s) for s in curve.values()]
        ax.plot(list(curve), middles, line, color=COLORS[color], label=label)
        points = [(d_, s) for d_, scores in curve.items() for s in scores]
        ax.plot(*zip(*points, strict=True), marker, color=COLORS[color], markersize=4, alpha=0.7)
    ax.axhline(threshold, color=COLORS["black"], linestyle="--", linewidth=1)
    ax.axhline(majority, color=COLORS["grey"], linestyle=":", linewidth=1.2)
    left = min(x for curve in curves.values() for x in curve)
    for height, text, up in (
        (threshold, f"90 % of full: {threshold:.3f}", 3),
        (majority, f"commonest label: {majority:.3f}", -10),
    ):
        ax.annotate(text, (left, height), xytext=(0, up), textcoords="offset points")
    ax.set(xscale="log", xlabel="d, trained numbers (logarithmic)", ylabel="test accuracy")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylim(min(majority - 0.06, 0.45), max(threshold + 0.12, 0.9))
    for label, estimates in (d90s or {}).items():
        d90_marks(ax, estimates, STYLE[label][0])
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    return fig


def layer_shares(sizes: Mapping[str, float], moved: Mapping[str, Mapping[str, float]]) -> Figure:
    """For each layer its share of the parameters, and of the squared step under each method.

    Args:
        sizes: the share of the parameters of each layer, by its name.
        moved: for "DID" and "SAID" the share of the squared step of each layer.
    """
    fig, (ax,) = panels([4.5], 3.9, left=0.21, right=0.96, bottom=0.13)
    bars = {"of the parameters": (sizes, "grey"), **{
        f"of the step, {method}": (shares, STYLE[method][0]) for method, shares in moved.items()
    }}  # fmt: skip
    height = 0.8 / len(bars)
    for k, (label, (shares, color)) in enumerate(bars.items()):
        at = np.arange(len(sizes)) + (k - (len(bars) - 1) / 2) * height
        values = [shares[layer] for layer in sizes]
        ax.barh(at, values, height * 0.9, color=COLORS[color], label=label)
    ax.set_yticks(range(len(sizes)), [layer_label(layer) for layer in sizes])
    ax.set(xlim=(0, 1), xlabel="share")
    ax.xaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.4, 1.0), frameon=False,
              columnspacing=0.8, handlelength=0.8)  # fmt: skip
    return fig


def dumbbells(groups: Mapping[str, Mapping[str, Sequence[Estimate]]]) -> Figure:
    """d90 under DID and under SAID, joined by a line, with bars for the intervals.

    Args:
        groups: for each heading, for each row, d90 under DID and under SAID.
    """
    rows = max(len(group) for group in groups.values())
    height = 0.27 * rows + 1.2
    frame = {"left": 0.43, "right": 0.92, "bottom": 0.55 / height, "top": 1 - 0.6 / height}
    fig, axes = panels([4.5] * len(groups), height, **frame)
    for ax, (heading, group) in zip(axes, groups.items(), strict=True):
        ax.set_xscale("log")
        for row, both in enumerate(group.values()):
            places = [row + side * (both[0].interval is not None) for side in (-0.16, 0.16)]
            ax.plot([found.value for found in both], places, color=COLORS["grey"], linewidth=1)
            for method, found, y in zip(STYLE, both, places, strict=True):
                _dot(ax, found, y, method)
        ax.set_yticks(range(len(group)), list(group))
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.set(xlabel="d90 (logarithmic)", ylim=(rows - 0.4, -0.6))
        ax.grid(axis="y", visible=False)
        named = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
        ax.legend(named.values(), named, title=heading, ncols=2, loc="lower center",
                  bbox_to_anchor=(0.4, 1.0), frameon=False)  # fmt: skip
    return fig


def _dot(ax: Axes, found: Estimate, y: float, method: str) -> None:
    """A d90 with its interval as a bar, an arrow where that has no upper end."""
    color, marker, _ = STYLE[method]
    look = {"color": COLORS[color], "linestyle": "", "markersize": 5, "zorder": 3}
    ax.plot(found.value, y, marker=marker, label=method, **look)
    if found.interval is not None and found.value is not None:
        low, high = found.interval
        end = high if np.isfinite(high) else 5 * found.value
        ax.plot([low, end], [y, y], color=COLORS[color], linewidth=4, alpha=0.35)
        if not np.isfinite(high):
            ax.plot(end, y, marker=">", alpha=0.5, **look)


def steps_and_rates(
    shares: Mapping[str, Mapping[str, float]],
    scores: Mapping[str, Mapping[float, float]],
    ylabel: str,
    title: str = "",
) -> Figure:
    """Where a step goes under each normalisation, as a bar cut into the shares of groups of
    parameters; beside it, score against learning rate.

    Args:
        shares: for each normalisation the share of each group.
        scores: for the same the score at each learning rate.
        ylabel: what the score is.
        title: says data, seeds, hardware and date of the recorded scores.
    """
    fig, (left, right) = panels((4.5, 4.4), 3.4, bottom=0.16, top=0.8)
    left.get_figure(root=False).subplots_adjust(left=0.24)
    for name, parts in shares.items():
        end = 0.0
        looks = zip(("sky", "blue", "orange", "red"), ("", "//", "..", "xx"), strict=True)
        for (group, share), (color, hatch) in zip(parts.items(), looks, strict=True):
            label = group if name == next(iter(shares)) else None
            left.barh(name, share, left=end, color=COLORS[color], hatch=hatch,
                       edgecolor="white", height=0.6, label=label)  # fmt: skip
            if share > 0.1:
                box = {"facecolor": "white", "pad": 1, "linewidth": 0}
                place = {"ha": "center", "va": "center", "bbox": box}
                left.text(end + share / 2, name, f"{share:.0%}", **place)
            end += share
    left.set(xlim=(0, 1))
    left.set_xlabel("share of the squared length of a step")
    left.invert_yaxis()
    left.grid(axis="y", visible=False)
    left.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.4, 1.0), frameon=False)
    styles = (("blue", "o", "-"), ("red", "s", "--"))
    for (label, values), (color, marker, line) in zip(scores.items(), styles, strict=True):
        rates = sorted(values)
        right.plot(rates, [values[lr] for lr in rates], line, marker=marker, markersize=4,
                   color=COLORS[color], label=label)  # fmt: skip
    right.set(xscale="log")
    right.set_xlabel("learning rate (logarithmic)")
    right.set_ylabel(ylabel)
    fig.set_label(title)
    right.legend(framealpha=0.9)
    return fig
