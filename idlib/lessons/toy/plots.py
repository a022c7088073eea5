"""The toy problem, and lines and planes in three dimensions."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..base.plots import COLORS, figure, panels

__all__ = [
    "descents",
    "loss_by_groups",
    "mark_sums",
    "performance_by_d",
    "room",
    "sums_and_loss",
]

FLOOR = 1e-31  # an exact zero, on a logarithmic axis
STYLES = (("blue", "-"), ("red", "--"), ("green", "-."), ("purple", ":"), ("black", "-"))


def sums_and_loss(
    losses: Sequence[float], limits: tuple[float, float], groups: int, each: int
) -> Figure:
    """The loss for d = 1, 2, ..., beside axes for the sums of the groups; `mark_sums` fills them.

    Args:
        losses: for each d.
        limits: the least and the largest of all sums that are to be drawn.
        groups: how many.
        each: how many of them have one tick.
    """
    fig, (left, right) = panels((4.2, 4.0), 3.4, left=0.18)
    _losses(left, losses)
    left.set_title("loss; diamond: this d", fontsize=10)
    right.set(xlabel="group", ylabel="sum of the group's parameters")
    right.set_title("bars: sums at this d; dashes: targets", fontsize=10)
    right.set(xlim=(0, groups + 1), ylim=[1.05 * limit for limit in limits])
    right.set_xticks(range(1, groups + 1, each))
    right.grid(axis="x", visible=False)
    return fig


def mark_sums(
    left: Axes,
    right: Axes,
    d: int,
    loss: float,
    sums: Sequence[float],
    targets: Sequence[float],
) -> None:
    """Marks one d, and draws its sums beside their targets, in the axes of `sums_and_loss`."""
    left.plot(d, max(loss, FLOOR), "D", color=COLORS["red"], markersize=9)
    numbers = range(1, len(sums) + 1)
    right.bar(numbers, sums, color=COLORS["sky"])
    right.plot(numbers, targets, "_", color="black", markersize=17, markeredgewidth=2)


def loss_by_groups(losses: Sequence[float], groups: int) -> Figure:
    """The loss for d = 1, 2, ..., with a line at d = number of groups."""
    fig, ax = figure(7.0, 3.2, layout=None)
    fig.subplots_adjust(left=0.11, right=0.98, bottom=0.16, top=0.9)
    _losses(ax, losses)
    ax.axvline(groups, color=COLORS["red"], linestyle="--", linewidth=1.2)
    ax.set_title(f"{groups} groups; dashed line: d = {groups}", fontsize=10, y=1.0)
    return fig


def performance_by_d(performance: np.ndarray, published: Mapping[int, float]) -> Figure:
    """Performance exp(-loss) against d over many random subspaces.

    Args:
        performance: one row for each subspace, one column for each d = 1, 2, ...
        published: what the paper's authors found, for each d.
    """
    fig, ax = figure(7.0, 3.4)
    ds = np.arange(1, performance.shape[1] + 1)
    low, middle, high = np.quantile(performance, [0.1, 0.5, 0.9], axis=0)
    label = f"80 % of {len(performance)} random subspaces"
    ax.fill_between(ds, low, high, color=COLORS["sky"], alpha=0.4, label=label)
    ax.plot(ds, middle, color=COLORS["blue"], marker="o", markersize=4, label="their median")
    points = zip(*published.items(), strict=True)
    ax.plot(*points, "s", color=COLORS["red"], label="Li et al. (2018)")
    ax.set(xlabel="d, trained numbers", ylabel="performance, exp(−loss)", ylim=(-0.03, 1.05))
    ax.set_xticks(ds[::2] if len(ds) > 15 else ds)
    ax.legend(loc="upper left")
    return fig


def descents(histories: Mapping[int, Sequence[float]], exact: Mapping[int, float]) -> Figure:
    """Loss against step of gradient descent for some d; dots at the right: least squares."""
    fig, ax = figure(7.0, 3.6)
    for (d, history), (color, line) in zip(histories.items(), STYLES, strict=False):
        label = f"d = {d}: {exact[d]:.3g}" if exact[d] > 1e-12 else f"d = {d}: 0"
        ax.plot(history, color=COLORS[color], linestyle=line, linewidth=1.8, label=label)
        if exact[d] > 1e-12:
            ax.plot(len(history), exact[d], "o", color=COLORS[color], clip_on=False)
    ax.set(yscale="log", xlabel="step of gradient descent", ylabel="loss (logarithmic)")
    ax.set_xlim(0, len(history))
    ax.legend(title="exact loss at", loc="lower left", framealpha=0.9)
    return fig


def room() -> Figure:
    """An empty picture, for things in space."""
    fig, (ax,) = panels([4.5], 4.2, left=0.0, right=1.0, bottom=0.0, top=1.0)
    ax.set(xlim=(-2.5, 2.5), ylim=(-2.3, 2.3), aspect="equal")
    ax.set_axis_off()
    return fig


def _losses(ax: Axes, losses: Sequence[float]) -> None:
    """Loss against d on a logarithmic axis, with the zone of rounding errors shaded."""
    ds = np.arange(1, len(losses) + 1)
    ax.axhspan(1e-33, 1e-20, color=COLORS["grey"], alpha=0.15, linewidth=0)
    ax.plot(ds, np.maximum(losses, FLOOR), color=COLORS["blue"], marker="o", markersize=4)
    ax.set(
        yscale="log", ylim=(1e-33, 1e6), xlabel="d, trained numbers", ylabel="loss (logarithmic)"
    )
    ticks = {1.0: "1", 1e-10: "1e-10", 1e-20: "1e-20", 1e-27: "≈ 0"}
    ax.set_yticks(list(ticks), list(ticks.values()))  # plain text is quick to draw
    ax.minorticks_off()
