"""The toy problem, lines and planes in three dimensions, and random curvature."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ..base.plots import COLORS, figure, panels
from .compute import SumProblem, solve

__all__ = [
    "curvature_odds",
    "descents",
    "loss_by_groups",
    "meetings",
    "performance_by_d",
    "sums_and_loss",
]

FLOOR = 1e-31  # an exact zero, on a logarithmic axis
STYLES = (("blue", "-"), ("red", "--"), ("green", "-."), ("purple", ":"), ("black", "-"))


def sums_and_loss(
    losses: Sequence[float], d: int, sums: Sequence[float], targets: Sequence[float]
) -> Figure:
    """The loss for d = 1, 2, ..., and the sums of the groups at one d beside their targets."""
    fig, (left, right) = panels((4.2, 4.0), 3.4)
    _losses(left, losses)
    left.plot(d, max(losses[d - 1], FLOOR), "D", color=COLORS["red"], markersize=9, zorder=3)
    left.set_title(f"loss; diamond: d = {d}", fontsize=10)
    numbers = np.arange(1, len(sums) + 1)
    right.bar(numbers, sums, color=COLORS["sky"])
    right.plot(numbers, targets, "_", color="black", markersize=17, markeredgewidth=2)
    right.set(xlabel="group", ylabel="sum of the group's parameters")
    top = max(targets)
    right.set_xticks(numbers[:: -(-len(sums) // 5)])
    right.set_title("bars: sums at this d; dashes: targets", fontsize=10)
    right.set_ylim(1.05 * min(-0.15 * top, *sums), 1.05 * max(1.05 * top, *sums))
    right.grid(axis="x", visible=False)
    return fig


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
    ax.legend(fontsize=9, loc="upper left")
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
    ax.legend(fontsize=9, title="exact loss at", loc="lower left", framealpha=0.9)
    return fig


def meetings(cases: Sequence[tuple[SumProblem, Tensor]]) -> Figure:
    """Problems of three parameters, and random lines or planes that meet their solutions or not.

    Args:
        cases: pairs of a problem with D = 3 and a matrix P of shape (3, d), d = 1 or 2.
    """
    fig, axes = figure(
        9.0, 4.2, layout=None, ncols=len(cases), subplot_kw={"projection": "3d"}, squeeze=False
    )
    fig.subplots_adjust(left=0.01, right=0.96, bottom=0.11, top=0.85, wspace=0.1)
    for ax, (problem, P) in zip(axes.flat, cases, strict=True):
        start, solution = problem.theta.detach(), solve(problem, P)
        reached = start + P @ solution.theta_d  # the best point of the subspace
        gap = torch.linalg.pinv(problem.S) @ (problem.targets - solution.sums)
        kernel = torch.linalg.svd(problem.S).Vh[len(problem.S) :].T  # along the solutions
        _flat(ax, reached + gap, kernel, COLORS["green"], 2.0, "solutions")
        reach = max(2.5, 1.2 * float((reached - start).norm()))
        _flat(ax, start, torch.linalg.qr(P).Q, COLORS["orange"], reach, "subspace, θ₀ + P θ_d")
        ax.plot(*start, "o", color="black", markersize=6, zorder=9, label="start, θ₀")
        path = start[:, None] + torch.cat([torch.zeros(3, 1), P * solution.theta_d], 1).cumsum(1)
        ax.plot(*path, color="black", linestyle=":", zorder=8)
        met = solution.loss < 1e-12
        mark, color, label = ("*", "blue", "solved") if met else ("X", "red", "best, not solved")
        style = {"color": COLORS[color], "markersize": 14 if met else 9, "zorder": 10}
        ax.plot(*reached, mark, label=label, **style)
        ax.plot(*torch.stack([reached, reached + gap]).T, color=COLORS["red"], zorder=8)
        shape = ("point", "line", "plane")[kernel.shape[1]]
        ax.set_title(
            f"solutions: a {shape} (codimension {3 - kernel.shape[1]})\n"
            f"subspace: a {('line', 'plane')[P.shape[1] - 1]} (d = {P.shape[1]})\n"
            f"{'they meet' if met else 'they miss'}",
            fontsize=10,
        )
        ax.set(xlabel="θ₁", ylabel="θ₂", zlabel="θ₃", aspect="equal")
        ax.view_init(elev=25, azim=-25)
        ax.tick_params(labelcolor="none", pad=-4)
        ax.xaxis.labelpad = ax.yaxis.labelpad = ax.zaxis.labelpad = -12
    handles = {}
    for ax in axes.flat:
        handles |= {label: h for h, label in zip(*ax.get_legend_handles_labels(), strict=True)}
    fig.legend(handles.values(), handles, ncols=len(handles), loc="lower center", fontsize=9)
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
    left.legend(fontsize=9, loc="lower left")
    places = np.arange(len(shares))
    for place, values in zip(places, shares.values(), strict=True):
        beside = place + np.linspace(-0.25, 0.25, len(values))
        right.plot(beside, values, ".", color=COLORS["blue"], alpha=0.3, markersize=4)
    right.axhline(0.5, color="black", linewidth=1, linestyle="--")
    right.set_xticks(places, [str(D) for D in shares])
    right.set(xlabel="D", ylabel="share of directions that curve down", ylim=(-0.05, 1.05))
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


def _flat(ax: Axes, point: Tensor, basis: Tensor, color: str, reach: float, label: str) -> None:
    """A line or a piece of a plane through `point` along the columns of `basis`, shape (3, n)."""
    ends = torch.tensor([-reach, reach], dtype=torch.float64)
    if basis.shape[1] == 1:
        ax.plot(*(point[:, None] + basis * ends), color=color, linewidth=2.5, label=label)
    else:
        u, v = torch.meshgrid(ends, ends, indexing="ij")
        grid = point[:, None, None] + basis[:, :1, None] * u + basis[:, 1:, None] * v
        ax.plot_surface(
            *grid.numpy(), color=color, alpha=0.35, edgecolor=color, label=label, shade=False
        )
