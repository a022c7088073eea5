"""d90 along pretraining, and against the size of a pretrained model."""

import math
import statistics
from collections.abc import Collection, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from .base import COLORS, figure

__all__ = ["d90_along_pretraining", "d90_of_sizes"]

Seeds = Sequence[float]
STYLES = (("blue", "o", "-"), ("red", "s", "--"), ("green", "^", "-."), ("purple", "D", ":"))


def d90_along_pretraining(
    tokens: Sequence[int],
    loss: Mapping[int, float],
    panels: Mapping[str, Mapping[str, Mapping[int, Seeds]]],
    chosen: int | None = None,
    title: str = "",
) -> Figure:
    """The masked loss of checkpoints, and beside it d90 on some tasks.

    Args:
        tokens: seen by each checkpoint, in ascending order.
        loss: masked loss on text kept apart, by tokens.
        panels: for each task, for each line, the d90 of all seeds by tokens; empty where there
            is none.
        chosen: the checkpoint to mark, by its tokens.
        title: says data, seeds, hardware and date of recorded results.
    """
    fig, axes = figure(8.6, 3.8, layout=None, ncols=1 + len(panels))
    fig.subplots_adjust(left=0.06, right=0.99, bottom=0.29, top=0.86, wspace=0.34)
    place = {t: k for k, t in enumerate(tokens)}
    axes[0].plot([place[t] for t in loss], list(loss.values()), "o-", color=COLORS["black"])
    axes[0].set_title("masked loss, nats", fontsize=9)
    for ax, (task, lines) in zip(axes[1:], panels.items(), strict=True):
        _lines(ax, {k: {place[t]: seeds for t, seeds in v.items()} for k, v in lines.items()})
        _log_axis(ax)
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
    fig.suptitle(title, fontsize=8, color="#555555")
    return fig


def d90_of_sizes(
    panels: Mapping[str, Mapping[str, Mapping[int, Seeds]]],
    names: Mapping[int, str],
    chosen: Collection[int] = (),
    title: str = "",
) -> Figure:
    """d90 against D, both logarithmic.

    Args:
        panels: for each panel, for each line, the d90 of all seeds by D; empty where there is
            none.
        names: of the models, by D, written below the axis of the panels that have a point there
            (or, for none of the points, below all); a second line may say the size.
        chosen: D of the model to mark, which the number of classes changes a little.
        title: says data, seeds, hardware and date of recorded results.
    """
    fig, axes = figure(8.6, 4.1, layout=None, ncols=len(panels), squeeze=False)
    fig.subplots_adjust(left=0.085, right=0.985, top=0.88, wspace=0.24)
    fig.subplots_adjust(bottom=0.38 if len(names) > 2 else 0.28)
    handles = {}
    for ax, (what, lines) in zip(axes.flat, panels.items(), strict=True):
        _lines(ax, lines)
        ax.set_xscale("log")
        _log_axis(ax)
        handles |= {h.get_label(): h for h in ax.get_legend_handles_labels()[0]}
        ax.set_title(f"d90, {what}", fontsize=9)
        sizes = [D for by_size in lines.values() for D in by_size]
        own = {D: name for D, name in names.items() if D in sizes}
        _names(ax, own or {D: n for D, n in names.items() if min(sizes) <= D <= max(sizes)})
        for D in set(chosen) & set(sizes):
            ax.axvline(D, color=COLORS["grey"], linewidth=1.2)
    fig.legend(handles.values(), handles, fontsize=8, ncols=4, loc="lower center", frameon=False)
    fig.suptitle(title, fontsize=8, color="#555555")
    return fig


def _lines(ax: Axes, lines: Mapping[str, Mapping[float, Seeds]]) -> None:
    """Lines through d90, the median over the seeds (of two the larger), with a dot for each seed;
    broken where there is no d90, with "none" at the top."""
    for k, ((label, points), (color, marker, line)) in enumerate(
        zip(lines.items(), STYLES, strict=False)
    ):
        d90s = [statistics.median_high(seeds) if seeds else math.nan for seeds in points.values()]
        look = {"color": COLORS[color], "marker": marker}
        ax.plot(list(points), d90s, line, markersize=5, label=label, **look)
        dots = [(x, d) for x, seeds in points.items() for d in seeds]
        if dots:
            ax.plot(*zip(*dots, strict=True), linestyle="", markersize=3, alpha=0.5, **look)
        for x in (x for x, seeds in points.items() if not seeds):
            ax.text(x, 0.97 - 0.07 * k, "none", transform=ax.get_xaxis_transform(), fontsize=7,
                    color=COLORS[color], ha="center", va="top",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip


def _log_axis(ax: Axes) -> None:
    """A logarithmic y axis with whole numbers at 1, 2 and 5, and room above and below."""
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.yaxis.set_minor_locator(NullLocator())
    ax.margins(y=0.3)


def _names(ax: Axes, names: Mapping[int, str]) -> None:
    """Each model's name below the axis, many of them in three rows so that near ones don't meet."""
    rows = 3 if len(names) > 2 else 1
    labels = ["\n\n" * (k % rows) + names[D] for k, D in enumerate(sorted(names))]
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(sorted(names), labels, fontsize=8)
    ax.set_xlabel("model and its parameters D", fontsize=9)
    ax.margins(x=0.12)
