"""The masked loss and d90 along pretraining."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from ..base.d90_plots import d90_axis, d90_lines
from ..base.plots import COLORS
from ..base.plots import panels as side_by_side

__all__ = ["d90_along_pretraining"]


def d90_along_pretraining(
    tokens: Sequence[int],
    loss: Mapping[int, float],
    panels: Mapping[str, Mapping[str, Mapping[int, Sequence[float]]]],
    chosen: int | None = None,
) -> Figure:
    """The masked loss of checkpoints, and beside it d90 on some tasks.

    Args:
        tokens: seen by each checkpoint, in ascending order.
        loss: masked loss on text kept apart, by tokens.
        panels: for each task, for each line, the d90 of all seeds by tokens; empty where there
            is none.
        chosen: the checkpoint to mark, by its tokens.
    """
    fig, axes = side_by_side([3.3] * (1 + len(panels)), 3.8, bottom=0.29, top=0.92)
    place = {t: k for k, t in enumerate(tokens)}
    axes[0].plot([place[t] for t in loss], list(loss.values()), "o-", color=COLORS["black"])
    axes[0].set_title("masked loss, nats", fontsize=9)
    for ax, (task, lines) in zip(axes[1:], panels.items(), strict=True):
        d90_lines(ax, {k: {place[t]: seeds for t, seeds in v.items()} for k, v in lines.items()})
        d90_axis(ax)
        ax.set_title(f"d90, {task}", fontsize=9)
        ax.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.22), frameon=False)
    limits = [ax.get_ylim() for ax in axes[1:]]
    for ax in axes[1:]:  # one scale for all tasks
        ax.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
    for ax in axes:
        ax.set_xticks(range(len(tokens)), [f"{t / 1e6:.0f}" for t in tokens], fontsize=8)
        ax.tick_params(axis="y", labelsize=8)
        ax.set_xlim(-0.7, len(tokens) - 0.6)
        ax.set_xlabel("million tokens of pretraining", fontsize=9)
        if chosen is not None:
            ax.axvline(place[chosen], color=COLORS["grey"], linewidth=1.2)
    return fig
