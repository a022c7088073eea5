"""How Fastfood makes a P, what each kind costs, and how far a step moves a weight."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from ...projections import Fastfood
from ..base.plots import COLORS, figure, panels
from ..base.projection_plots import STYLES, heat_map
from ..base.timing import Cost
from .stages import Stage

__all__ = ["cost_curves", "fastfood_blocks", "fastfood_stage", "step_sizes"]


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
        heat_map(left, stage.factor, float(stage.factor.abs().max()))
        left.set_title(f"the factor {stage.formula[0]}", fontsize=10, y=1.0)  # quick to draw
        left.set(xlabel="column", ylabel="row", xticks=[0, n - 1], yticks=[0, n - 1])
        before = stages[number - 1]
        right.plot(places, before.vector.numpy(), "o", color="black", fillstyle="none",
                   markersize=6, label=f"before: {before.formula}")  # fmt: skip
    right.bar(places, stage.vector.numpy(), color=COLORS["sky"], label=f"now: {stage.formula}")
    shown = stages[max(number - 1, 0) : number + 1]
    limit = 1.6 * max(float(s.vector.abs().max()) for s in shown)
    right.set(ylim=(-limit, limit), xlabel="coordinate", ylabel="value", xticks=places[:: n // 4])
    right.set_title(f"{stage.formula}, length {stage.vector.norm():.2f}", fontsize=10, y=1.0)
    right.legend(loc="upper right", ncols=2)
    return fig


def fastfood_blocks(P: Fastfood) -> Figure:
    """The Gaussian diagonals of the blocks, and the blocks of P that they make."""
    fig, (left, right) = figure(7.6, 3.9, layout=None, ncols=2)
    fig.subplots_adjust(left=0.07, right=0.84, bottom=0.12, top=0.9, wspace=0.3)
    n, blocks = len(P.perm), len(P.G)
    G = P.G.float() / P.G.float().square().mean().sqrt()
    spaced = G.repeat_interleave(n, 0)[: P.D]  # one strip beside each block
    heat_map(left, spaced, float(G.abs().max()))
    left.set_title("its diagonal $G_k$", fontsize=10)
    left.set(xlabel="place on the diagonal", ylabel="block k", xticks=[0, n - 1])
    left.set_yticks([(k + 0.5) * n - 0.5 for k in range(blocks)], range(1, blocks + 1))
    matrix = P.matrix()
    image = heat_map(right, matrix, float(matrix.abs().max()))
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
    ax.set(xscale="log", xlabel="root mean square step of a weight, for a step of 1 in theta_d")
    ax.legend(title="normalize")
    return fig
