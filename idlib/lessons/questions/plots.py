"""Warm starts, hubs, subspaces that meet solutions, two gradients, and random curvature."""

import statistics
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ...engine.estimate import Estimate
from ..base.d90_plots import d90_marks
from ..base.plots import COLORS, figure, panels

__all__ = [
    "chosen_lines",
    "curvature_odds",
    "gradient_bound",
    "gradient_lines",
    "hub_panel",
    "line_panels",
    "meeting",
    "warm_starts",
]

STYLES = (("blue", "o", "-"), ("orange", "s", "--"), ("green", "^", "-."), ("red", "D", ":"))

KINDS = {  # of P, as `known` has them
    "drawn at random": ("black", "o", "-"),
    "drawn, after 10 full steps": ("yellow", "s", "--"),
    "drawn, after 40 full steps": ("orange", "D", "--"),
    "gradients at the start": ("green", "^", "-."),
    "first 40 steps of a path": ("sky", "v", "-"),
    "a whole path": ("blue", "P", "-"),
    "16 solutions, this start": ("purple", "X", "-"),
    "16 solutions, other starts": ("red", "*", ":"),
}


def chosen_lines(
    lines: Mapping[str, tuple[Mapping[int, Sequence[float]], Estimate]],
    threshold: float,
    title: str = "",
) -> Figure:
    """Accuracy against d for kinds of P, with d90 and its interval on the 90 % line.

    Args:
        lines: for each kind, a key of `KINDS`, the scores of all seeds at each d, and d90.
        threshold: the score to reach.
        title: says data, seeds, hardware and date of recorded results.
    """
    fig, ax = figure(8.4, 4.0)
    for label, (scores, _) in lines.items():
        color, marker, dash = KINDS[label]
        style = {"color": COLORS[color], "marker": marker}
        middles = [statistics.median(s) for s in scores.values()]
        ax.plot(list(scores), middles, linestyle=dash, markersize=5, label=label, **style)
        dots = [(d, one) for d, s in scores.items() for one in s]
        ax.plot(*zip(*dots, strict=True), linestyle="", markersize=3, alpha=0.4, **style)
    ax.axhline(threshold, color="black", linestyle="--", linewidth=1, label="90 % of full")
    ax.set(xscale="log", ylim=(0, 1.02), xlabel="d, trained numbers (logarithmic)")
    ax.set_ylabel("test accuracy")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    for label, (_, estimate) in lines.items():
        d90_marks(ax, [estimate], KINDS[label][0])
    fig.legend(loc="outside lower center", ncols=3, frameon=False)
    fig.set_label(title)
    return fig


def warm_starts(
    start: Mapping[int, Sequence[float]], ends: Mapping[str, Mapping[int, Sequence[float]]], d: int
) -> Figure:
    """Accuracy before and after training d numbers, against the full steps behind theta_0.

    Args:
        start: for each number of full steps the accuracy at theta_d = 0 of all seeds.
        ends: for each optimiser, and each number of full steps, that after training.
        d: numbers trained.
    """
    fig, ax = figure(7.2, 3.8)
    lines = {"θ₀ itself": start, **{f"{d} numbers, {o}": e for o, e in ends.items()}}
    styles = (("grey", "x", ":"), *STYLES)
    places = {steps: i for i, steps in enumerate(start)}
    for (label, scores), (color, marker, dash) in zip(lines.items(), styles, strict=False):
        style = {"color": COLORS[color], "marker": marker, "linestyle": dash}
        x = [places[steps] for steps in scores]
        ax.plot(x, [np.median(s) for s in scores.values()], **style, label=label)
        dots = [(places[steps], one) for steps, s in scores.items() for one in s]
        ax.plot(*zip(*dots, strict=True), ".", color=COLORS[color], alpha=0.5)
    ax.set_xticks(range(len(places)), [f"{steps}" for steps in places])
    ax.set(xlabel="full steps behind θ₀", ylabel="test accuracy", ylim=(0, 1.02))
    ax.legend(loc="lower right")
    return fig


def line_panels(
    panels: Mapping[str, Mapping[str, Mapping[int, Sequence[float]]]],
    threshold: float | None = None,
    title: str = "",
) -> Figure:
    """Accuracy against d: a dot for each seed, a line through the medians, a panel for a question.

    Args:
        panels: for each title and each label the scores of all seeds at each d.
        threshold: where to draw a dashed line, if anywhere.
        title: says data, hardware and date of recorded results.
    """
    fig, axes = figure(4.2 * max(2, len(panels)), 3.4, ncols=len(panels), sharey=True)
    for ax, (name, lines) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        for (label, scores), (color, marker, dash) in zip(lines.items(), STYLES, strict=False):
            style = {"color": COLORS[color], "marker": marker, "linestyle": dash, "markersize": 5}
            ax.plot(list(scores), [np.median(s) for s in scores.values()], **style, label=label)
            dots = [(d, one) for d, s in scores.items() for one in s]
            ax.plot(*zip(*dots, strict=True), ".", color=COLORS[color], alpha=0.5)
        if threshold is not None:
            ax.axhline(threshold, color="black", linestyle="--", linewidth=1)
        ax.set_xticks(sorted({d for scores in lines.values() for d in scores}))
        ax.set_xlabel("d, trained numbers")
        ax.set_title(name, fontsize=10)
        ax.legend(loc="lower right")
    np.atleast_1d(axes)[0].set_ylabel("test accuracy")
    fig.set_label(title)
    return fig


def hub_panel(
    counts: np.ndarray, skews: Mapping[int, float], dimension: int, k: int, real: float
) -> Figure:
    """How often points are neighbours of others, beside the skewness at all dimensions.

    Args:
        counts: of each point in the chosen dimension.
        skews: skewness of these counts by dimension.
        dimension: the chosen one.
        k: neighbours of each point, the mean count.
        real: the skewness of real images.
    """
    fig, (left, right) = panels((4.2, 4.2), 3.5)
    edges = np.arange(0, max(60, counts.max()) + 3, 2)
    left.hist(counts, bins=edges, color=COLORS["sky"], edgecolor="white", linewidth=0.3)
    left.axvline(k, color="black", linestyle="--", linewidth=1, label=f"mean: {k}")
    left.plot(counts.max(), 1, "v", color=COLORS["red"], label=f"largest: {counts.max()}")
    left.set(yscale="log", ylim=(0.7, 400), ylabel="points")
    left.set_xlabel("others that count it among their neighbours")
    left.set_title(f"{dimension:,} dimensions", fontsize=10, y=1.0)  # quick to draw
    left.legend()
    left.minorticks_off()
    right.plot(list(skews), list(skews.values()), "o-", color=COLORS["blue"], label="normal points")
    right.plot(dimension, skews[dimension], "D", color=COLORS["red"], markersize=10)
    right.axhline(real, color=COLORS["green"], linestyle="-.", label="digits, 8 x 8 pixels")
    right.set(xscale="log", xlabel="dimensions (logarithmic)", ylabel="skewness")
    right.xaxis.set_major_formatter("{x:,.0f}")
    right.minorticks_off()
    right.legend(loc="upper left")
    return fig


def meeting(missed: Mapping[int, Mapping[int, Sequence[float]]]) -> Figure:
    """The share of the squared error that a random subspace leaves, against d.

    Args:
        missed: for each codimension and each d the shares of several draws.
    """
    fig, ax = figure(7.0, 3.4)
    for (c, by_d), (color, marker, _) in zip(missed.items(), STYLES, strict=False):
        dots = [(d, share) for d, shares in by_d.items() for share in shares]
        style = {"color": COLORS[color], "marker": marker, "markersize": 4, "alpha": 0.6}
        ax.plot(*zip(*dots, strict=True), linestyle="", **style, label=f"codimension {c}")
        ax.plot([0, c], [1, 0], "--", color=COLORS[color], linewidth=1)
    ax.set(xlabel="d, dimension of the random subspace", ylabel="share of the error left")
    ax.legend()
    return fig


def gradient_bound(inputs: Sequence[float], bounds: Mapping[str, Sequence[float]]) -> Figure:
    """Squared gradients of the input against their bounds, a point for each example.

    Args:
        inputs: squared norms.
        bounds: by label, the same length.
    """
    fig, ax = figure(6.4, 4.0)
    ends = [min(inputs), max(max(b) for b in bounds.values())]
    ax.plot(ends, ends, "--", color="black", linewidth=1, label="equal")
    for (label, bound), (color, marker, _) in zip(bounds.items(), STYLES, strict=False):
        ax.plot(
            bound, inputs, marker, color=COLORS[color], markersize=4, alpha=0.6, linestyle="",
            label=label,
        )  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="bound", ylabel="squared gradient of the input")
    ax.legend(loc="lower right")
    return fig


def gradient_lines(
    steps: Mapping[str, Sequence[int]],
    inputs: Mapping[str, Sequence[float]],
    parameters: Mapping[str, Sequence[float]],
) -> Figure:
    """Mean squared gradients along training, of the input and of the parameters.

    Args:
        steps: for each label where they were measured.
        inputs: for each label the mean squared gradient of the input.
        parameters: for each label that of all parameters.
    """
    fig, axes = figure(8.4, 3.5, ncols=2)
    names = ("of the input", "of all parameters")
    for ax, values, name in zip(axes, (inputs, parameters), names, strict=True):
        for (label, line), (color, marker, dash) in zip(values.items(), STYLES, strict=False):
            style = {"color": COLORS[color], "marker": marker, "linestyle": dash, "markersize": 4}
            ax.plot(steps[label], line, **style, label=label)
        ax.set(xscale="log", yscale="log", xlabel="training step", ylabel="mean squared gradient")
        ax.set_title(name, fontsize=10)
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.xaxis.set_minor_locator(NullLocator())
    axes[0].legend(loc="lower left")
    return fig


def curvature_odds(chances: Mapping[int, float], shares: Mapping[int, Sequence[float]]) -> Figure:
    """Random symmetric matrices: the chance of a minimum, and the share of directions downhill.

    Args:
        chances: for each D the share of matrices without a negative eigenvalue.
        shares: for each D the share of negative eigenvalues of each matrix.
    """
    fig, (left, right) = figure(8.6, 3.6, ncols=2)
    D = np.arange(1, 11)
    left.plot(D, 0.5**D, color=COLORS["orange"], linestyle="--", label="coin tosses, $2^{-D}$")
    label = "for large D, $3^{-D^2/4}$"
    left.plot(D, 3.0 ** (-(D**2) / 4), color=COLORS["red"], linestyle="-.", label=label)
    left.plot(list(chances), list(chances.values()), "o", color=COLORS["blue"], label="measured")
    left.set(yscale="log", xlabel="D", ylabel="chance that all D curvatures are > 0", xticks=D)
    left.legend(loc="lower left")
    places = np.arange(len(shares))
    for place, values in zip(places, shares.values(), strict=True):
        beside = place + np.linspace(-0.25, 0.25, len(values))
        right.plot(beside, values, ".", color=COLORS["blue"], alpha=0.3, markersize=4)
    right.axhline(0.5, color="black", linewidth=1, linestyle="--")
    right.set_xticks(places, [str(D) for D in shares])
    right.set(xlabel="D", ylabel="share of directions that curve down", ylim=(-0.05, 1.05))
    return fig
