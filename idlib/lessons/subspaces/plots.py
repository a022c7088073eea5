"""What a random projection does to lengths and angles."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from torch import Tensor

from ..base.plots import COLORS, figure, panels
from ..base.projection_plots import STYLES, heat_map

__all__ = ["angles", "heat_maps", "length_ratios", "steering"]

FAN = 32  # lines


def steering(P: Tensor, target: Tensor, low: float, high: float) -> Figure:
    """What stays of the picture of two numbers that steer a point in space: the loss over theta_d,
    and room for theta_0 + P theta_d.

    Args:
        P: shape (3, 2).
        target: where the loss is smallest, shape (3,); theta_0 is the origin.
        low: where theta_d ends, in both directions.
        high: likewise.
    """
    fig, (left, right) = panels((3.8, 4.0), 3.8)
    grid = torch.linspace(low, high, 60)
    theta_d = torch.stack(torch.meshgrid(grid, grid, indexing="xy"))  # (2, 60, 60)
    far = (torch.einsum("Dd,dxy->Dxy", P, theta_d) - target[:, None, None]).norm(dim=0)
    levels = torch.linspace(float(far.min()), float(far.max()), 8)[1:-1]
    left.contour(grid, grid, far, levels, colors=COLORS["grey"], linewidths=0.7)
    left.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    left.set(xlabel="first number", ylabel="second number")
    left.set_title("what is trained: d = 2", fontsize=10)
    right.set(xlim=(-2.0, 2.0), ylim=(-2.0, 2.0), aspect="equal")
    right.set_axis_off()
    right.set_title("what the network sees: D = 3", fontsize=10)
    return fig


def heat_maps(matrices: Mapping[str, Tensor]) -> Figure:
    """Matrices of one shape beside each other, on one scale of colours."""
    fig, axes = figure(1.6 * len(matrices) + 0.8, 3.8, ncols=len(matrices), sharey=True)
    limit = max(float(P.abs().max()) for P in matrices.values())
    for ax, (name, P) in zip(axes, matrices.items(), strict=True):
        image = heat_map(ax, P, limit)
        ax.set_title(name, fontsize=10)
        ax.set_xlabel("column")
    axes[0].set_ylabel("row: one parameter each")
    fig.colorbar(image, ax=axes, label="entry of P", shrink=0.8)
    return fig


def length_ratios(ratios: Mapping[str, Mapping[int, Sequence[float]]]) -> Figure:
    """\\|P x\\| / \\|x\\| against D, a panel for each projection and a dot for each draw of P."""
    fig, axes = figure(9.2, 3.0, ncols=len(ratios), sharey=True, sharex=True)
    for ax, (name, by_D) in zip(axes, ratios.items(), strict=True):
        color, marker = STYLES[name]
        for D, values in by_D.items():
            beside = D * np.geomspace(0.75, 1.33, len(values))
            ax.plot(beside, values, marker, color=COLORS[color], markersize=2.5)
        D = np.geomspace(0.7 * min(by_D), 1.4 * max(by_D), 50)
        for sign in (-2, 2):
            ax.plot(D, 1 + sign / np.sqrt(2 * D), color="black", linestyle="--", linewidth=1)
        ax.set_title(name, fontsize=10)
        ax.set(xscale="log", xlabel="D (logarithmic)")
        ax.minorticks_off()
    axes[0].set_ylabel("|P x| / |x|")
    axes[0].set_ylim(0.45, 1.55)
    return fig


def angles(samples: Mapping[int, Tensor], D: int) -> Figure:
    """Angles between random vectors: those at one D as a fan, and their spread at all D.

    Args:
        samples: for each D the angles of many pairs, in degrees.
        D: which to draw as a fan.
    """
    fig, (left, right) = panels((4.4, 4.0), 3.3, left=0.17)
    left.set_position((0.02, 0.1, 0.96, 0.75))
    turn = torch.deg2rad(samples[D][:FAN])
    ends = torch.stack([turn.cos(), turn.sin()], dim=1)
    fan = torch.stack([torch.zeros_like(ends), ends], dim=1).numpy()  # (pairs, 2 ends, 2)
    left.add_collection(LineCollection(fan, colors=COLORS["blue"], linewidths=0.8))
    left.annotate("", (1.12, 0), (0, 0), arrowprops={"arrowstyle": "->", "linewidth": 1.8})
    for x, y, text in ((1.02, 0.05, "0°"), (-0.05, 1.04, "90°"), (-1.17, 0.0, "180°")):
        left.text(x, y, text)
    left.set(xlim=(-1.2, 1.2), ylim=(-0.05, 1.15), aspect="equal")
    left.set_axis_off()
    left.set_title(f"{len(turn)} random vectors against the arrow, D = {D:,}", fontsize=10, y=1.0)
    spread = {size: float((a - 90).square().mean().sqrt()) for size, a in samples.items()}
    sizes = np.array(list(spread))
    law = np.degrees(1 / np.sqrt(sizes))
    right.plot(sizes, law, color="black", linestyle="--", label="1/√D radians")
    right.plot(sizes, list(spread.values()), "o", color=COLORS["blue"], label="measured")
    right.plot(D, spread[D], "D", color=COLORS["red"], markersize=10, label=f"D = {D:,}")
    right.set(xscale="log", yscale="log", xlabel="D (logarithmic)")
    right.set_ylabel("typical distance from 90°, degrees")
    right.minorticks_off()
    right.set_yticks([1, 10, 100], ["1°", "10°", "100°"])
    right.set_xticks([10, 100, 1000, 10_000], ["10", "100", "1,000", "10,000"])
    right.legend()
    return fig
