"""Language models: accuracy under two methods, scales of layers, shares of a step."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ...engine.estimate import Estimate
from ..base.d90_plots import d90_marks
from ..base.plots import COLORS, figure, layer_label, panels

__all__ = ["lambda_bars", "method_curves", "rate_curves", "step_share_bars"]

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
        (threshold, f"90 % of the full model: {threshold:.3f}", 3),
        (majority, f"commonest label: {majority:.3f}", -10),
    ):
        ax.annotate(text, (left, height), xytext=(0, up), textcoords="offset points", fontsize=8)
    ax.set(xscale="log", xlabel="d, trained numbers (logarithmic)", ylabel="test accuracy")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylim(min(majority - 0.06, 0.45), max(threshold + 0.12, 0.9))
    for label, estimates in (d90s or {}).items():
        d90_marks(ax, estimates, STYLE[label][0])
    ax.legend(fontsize=9, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)
    return fig


def lambda_bars(lambdas: Mapping[str, Mapping[str, float]]) -> Figure:
    """The scale of each layer after training, one group of bars for each d.

    Args:
        lambdas: for each label the scale of each layer, by its name.
    """
    layers = [layer_label(name) for name in next(iter(lambdas.values()))]
    fig, ax = figure(7.4, 3.0)
    width, palette = 0.8 / len(lambdas), ("blue", "orange", "green", "purple")
    for k, (label, values) in enumerate(lambdas.items()):
        at = np.arange(len(layers)) + (k - (len(lambdas) - 1) / 2) * width
        hatch = ("", "//", "..", "xx")[k]
        ax.bar(
            at, list(values.values()), width * 0.9, color=COLORS[palette[k]], hatch=hatch,
            edgecolor="white", label=label,
        )  # fmt: skip
    ax.axhline(1, color=COLORS["black"], linestyle="--", linewidth=1)
    ax.set_xticks(range(len(layers)), layers)
    ax.set_ylabel("lambda of the layer")
    ax.grid(axis="x", visible=False)
    ax.legend(fontsize=9, framealpha=0.9, loc="best")
    return fig


def step_share_bars(shares: Mapping[str, Mapping[str, float]]) -> Figure:
    """For each normalisation a bar, cut into the shares of the groups of parameters."""
    fig, ax = figure(7.4, 2.3)
    colors = ("sky", "blue", "orange", "red")
    for name, parts in shares.items():
        left = 0.0
        for (group, share), color, hatch in zip(
            parts.items(), colors, ("", "//", "..", "xx"), strict=True
        ):
            label = group if name == next(iter(shares)) else None
            ax.barh(name, share, left=left, color=COLORS[color], hatch=hatch, edgecolor="white",
                    height=0.6, label=label)  # fmt: skip
            if share > 0.04:
                box = {"facecolor": "white", "pad": 1, "linewidth": 0}
                place = {"ha": "center", "va": "center", "fontsize": 9, "bbox": box}
                ax.text(left + share / 2, name, f"{share:.0%}", **place)
            left += share
    ax.set(xlim=(0, 1), xlabel="share of the squared length of a step")
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.legend(fontsize=8, ncols=4, loc="lower center", bbox_to_anchor=(0.45, 1.0), frameon=False)
    return fig


def rate_curves(
    scores: Mapping[str, Mapping[float, float]], ylabel: str, title: str = ""
) -> Figure:
    """Score against learning rate, a line for each way.

    Args:
        scores: for up to four labels the score at each learning rate.
        ylabel: what the score is.
        title: says data, seeds, hardware and date of recorded results.
    """
    fig, ax = figure(7.0, 3.2)
    styles = (("blue", "o", "-"), ("red", "s", "--"), ("green", "^", "-."), ("purple", "D", ":"))
    for (label, values), (color, marker, line) in zip(scores.items(), styles, strict=False):
        rates = sorted(values)
        ax.plot(rates, [values[lr] for lr in rates], line, marker=marker, color=COLORS[color],
                label=label)  # fmt: skip
    ax.set(xscale="log", xlabel="learning rate (logarithmic)", ylabel=ylabel)
    ax.set_title(title, fontsize=8, loc="left", color="#555555")
    ax.legend(fontsize=9, framealpha=0.9)
    return fig
