"""The masked loss, accuracy at a fixed d, and d90 along pretraining."""

import statistics
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...engine.estimate import Estimate
from ..base.d90_plots import d90_axis, d90_lines
from ..base.plots import COLORS
from ..base.plots import panels as side_by_side

__all__ = ["accuracy_along_pretraining", "d90_along_pretraining"]

STYLES = (("black", "o", "-"), ("green", "^", "--"), ("blue", "s", "-"))


def accuracy_along_pretraining(
    tokens: Sequence[int],
    loss: Mapping[int, float],
    panels: Mapping[str, Mapping[str, Mapping[int, Sequence[float]]]],
    floors: Mapping[str, float],
    beside: Mapping[str, Mapping[str, float]],
) -> Figure:
    """The masked loss of checkpoints, and beside it accuracy on some tasks with as many numbers for
    all of them; lines join the means of the seeds.

    Args:
        tokens: seen by each checkpoint, in ascending order.
        loss: masked loss on text kept apart, by tokens.
        panels: for each task, for up to three lines, the scores of all seeds by tokens.
        floors: for each task the score of always giving the commonest label.
        beside: for each task the scores of other models, by their names, drawn at the right.
    """
    fig, axes = side_by_side([3.05] * (1 + len(panels)), 3.6, bottom=0.43, top=0.92)
    place = {t: k for k, t in enumerate(tokens)}
    axes[0].plot([place[t] for t in loss], list(loss.values()), "o-", color=COLORS["black"])
    axes[0].set_title("masked loss, nats", fontsize=10)
    for ax, (task, lines) in zip(axes[1:], panels.items(), strict=True):
        for (label, by), (color, marker, line) in zip(lines.items(), STYLES, strict=False):
            means = [statistics.fmean(by[t]) for t in by]
            look = {"color": COLORS[color], "marker": marker}
            ax.plot([place[t] for t in by], means, line, markersize=4, label=label, **look)
            dots = [(place[t], score) for t in by for score in by[t]]
            ax.plot(*zip(*dots, strict=True), linestyle="", markersize=3, alpha=0.4, **look)
        for label, score in beside.get(task, {}).items():
            ax.plot(len(tokens) - 0.6, score, "D", color=COLORS["red"], markersize=5, label=label)
        ax.axhline(floors[task], color=COLORS["grey"], linestyle=":", label="commonest label")
        ax.set_title(f"accuracy, {task}", fontsize=10)
        ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.22), frameon=False)
    _along(axes, tokens)
    return fig


def d90_along_pretraining(
    tokens: Sequence[int], panels: Mapping[str, Mapping[str, Mapping[int, Estimate]]]
) -> Figure:
    """d90 of checkpoints on some tasks, a panel each.

    Args:
        tokens: seen by each checkpoint, in ascending order.
        panels: for each task, for each line, d90 by tokens.
    """
    fig, axes = side_by_side([4.5] * len(panels), 3.6, left=0.17)
    place = {t: k for k, t in enumerate(tokens)}
    for ax, (task, lines) in zip(axes, panels.items(), strict=True):
        beside = {  # so that bars can be told apart
            label: {place[t] + 0.14 * k: found for t, found in by.items()}
            for k, (label, by) in enumerate(lines.items())
        }
        d90_lines(ax, beside)
        d90_axis(ax)
        ax.set_title(f"d90, {task}", fontsize=10)
        ax.legend(loc="lower left")
    limits = [ax.get_ylim() for ax in axes]
    for ax in axes:  # one scale for all tasks
        ax.set_ylim(min(low for low, _ in limits) / 6, max(high for _, high in limits))
    _along(axes, tokens)
    return fig


def _along(axes: Sequence[Axes], tokens: Sequence[int]) -> None:
    """The axis of checkpoints, evenly spaced."""
    for ax in axes:
        ax.set_xticks(range(len(tokens)), [f"{t / 1e6:.0f}" for t in tokens])
        ax.set_xlim(-0.7, len(tokens) - 0.3)
        ax.set_xlabel("million tokens of pretraining")
