"""What a random projection does, how Fastfood makes one, and what each of them costs."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from torch import Tensor

from ...projections import Fastfood
from ..base.plots import COLORS, figure, panels
from ..base.timing import Cost
from .stages import Stage

__all__ = [
    "angles",
    "cost_curves",
    "fastfood_blocks",
    "fastfood_stage",
    "heat_maps",
    "length_ratios",
    "steering",
    "step_sizes",
]

STYLES = {  # colour and marker of each projection
    "dense": ("blue", "o"),
    "sparse": ("orange", "s"),
    "hashed": ("green", "^"),
    "fastfood": ("red", "D"),
    "fastfood-global": ("purple", "v"),
    "fastfood-unsigned": ("sky", "P"),
}
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
    left.set(xlim=(low, high), ylim=(low, high), xlabel="first number of θ_d", aspect="equal")
    left.set_ylabel("second number of θ_d")
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
        image = _heat_map(ax, P, limit)
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
    left.set_title(f"{len(turn)} random vectors against the arrow, D = {D:,}", fontsize=10)
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


def fastfood_stage(stages: Sequence[Stage], number: int) -> Figure:
    """One step through Fastfood: the factor's matrix, and the vector before and after it."""
    stage = stages[number]
    fig, (left, right) = panels((3.4, 4.6), 3.4)
    n = len(stage.vector)
    places = np.arange(n)
    if stage.factor is None:
        left.set_axis_off()
        left.text(0.5, 0.5, "the input:\nno factor yet", ha="center", va="center")
    else:
        _heat_map(left, stage.factor, float(stage.factor.abs().max()))
        left.set_title(f"the factor {stage.formula[0]}", fontsize=10)
        left.set(xlabel="column", ylabel="row", xticks=[0, n - 1], yticks=[0, n - 1])
        before = stages[number - 1]
        right.plot(places, before.vector.numpy(), "o", color="black", fillstyle="none",
                   markersize=6, label=f"before: {before.formula}")  # fmt: skip
    right.bar(places, stage.vector.numpy(), color=COLORS["sky"], label=f"now: {stage.formula}")
    shown = stages[max(number - 1, 0) : number + 1]
    limit = 1.6 * max(float(s.vector.abs().max()) for s in shown)
    right.set(ylim=(-limit, limit), xlabel="coordinate", ylabel="value", xticks=places[:: n // 4])
    right.set_title(f"{stage.formula}, length {stage.vector.norm():.2f}", fontsize=10)
    right.legend(loc="upper right", ncols=2)
    return fig


def fastfood_blocks(P: Fastfood) -> Figure:
    """The Gaussian diagonals of the blocks, and the blocks of P that they make."""
    fig, (left, right) = figure(7.6, 3.9, layout=None, ncols=2)
    fig.subplots_adjust(left=0.07, right=0.84, bottom=0.12, top=0.9, wspace=0.3)
    n, blocks = len(P.perm), len(P.G)
    G = P.G.float() / P.G.float().square().mean().sqrt()
    spaced = G.repeat_interleave(n, 0)[: P.D]  # one strip beside each block
    _heat_map(left, spaced, float(G.abs().max()))
    left.set_title("its diagonal $G_k$", fontsize=10)
    left.set(xlabel="place on the diagonal", ylabel="block k", xticks=[0, n - 1])
    left.set_yticks([(k + 0.5) * n - 0.5 for k in range(blocks)], range(1, blocks + 1))
    matrix = P.matrix()
    image = _heat_map(right, matrix, float(matrix.abs().max()))
    right.set_title(f"P: {blocks} blocks of {n} rows", fontsize=10)
    right.set(xlabel=f"column, 0 to {P.d - 1}", ylabel="row: one parameter each")
    for ax in (left, right):
        for k in range(1, blocks):
            ax.axhline(k * n - 0.5, color="black", linewidth=1.2)
    fig.colorbar(image, cax=fig.add_axes((0.87, 0.2, 0.015, 0.6)), label="entry of P")
    return fig


def cost_curves(costs: Sequence[Cost]) -> Figure:
    """Time and memory of each projection against D, on logarithmic axes."""
    fig, (left, right) = figure(8.2, 3.6, ncols=2)
    Ds = np.array(sorted({c.D for c in costs}))
    for name, (color, marker) in STYLES.items():
        if some := [c for c in costs if c.projection == name]:
            style = {"color": COLORS[color], "marker": marker, "markersize": 5}
            left.plot([c.D for c in some], [c.ms for c in some], **style, label=name)
            right.plot([c.D for c in some], [c.state_bytes / 1e6 for c in some], **style)
    floor = [min(c.floor_ms for c in costs if c.D == D) for D in Ds]
    left.plot(Ds, floor, color="black", linestyle=":", label="read and write D numbers")
    dense = 4 * Ds * costs[0].d / 1e6
    right.plot(
        Ds, dense, color=COLORS["blue"], linestyle="--", label="dense, computed: 4 D d bytes"
    )
    for ax, label in ((left, "P x and P′y, milliseconds"), (right, "state of P, MB")):
        ax.set(xscale="log", yscale="log", xlabel="D (logarithmic)", ylabel=label)
        ax.minorticks_off()
    fig.legend(loc="outside lower center", ncols=4)
    return fig


def step_sizes(steps: Mapping[str, Sequence[float]], tensors: Sequence[str]) -> Figure:
    """How far a weight of each tensor moves, for each normalisation.

    Args:
        steps: for each normalisation the root mean square step of a weight, tensor by tensor.
        tensors: their names.
    """
    fig, ax = figure(7.4, 3.2)
    places = np.arange(len(tensors))
    for (name, values), color, marker in zip(
        steps.items(), ("blue", "red"), ("o", "D"), strict=True
    ):
        ax.plot(values, places, marker, color=COLORS[color], markersize=8, label=name)
    ax.set_yticks(places, tensors)
    ax.invert_yaxis()
    ax.set(xscale="log", xlabel="root mean square step of a weight, for a step of 1 in θ_d")
    ax.legend(title="normalize")
    return fig


def _heat_map(ax, matrix: Tensor, limit: float):
    """`matrix` in colours: white is zero, blue positive, red negative."""
    ax.grid(False)
    return ax.imshow(matrix.numpy(), cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto",
                     interpolation="nearest")  # fmt: skip
