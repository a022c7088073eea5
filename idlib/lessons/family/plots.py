"""d90 against the size of a pretrained model."""

from collections.abc import Collection, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ..base.d90_plots import d90_axis, d90_lines
from ..base.plots import COLORS, figure

__all__ = ["d90_of_sizes"]


def d90_of_sizes(
    panels: Mapping[str, Mapping[str, Mapping[int, Sequence[float]]]],
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
        d90_lines(ax, lines)
        ax.set_xscale("log")
        d90_axis(ax)
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


def _names(ax: Axes, names: Mapping[int, str]) -> None:
    """Each model's name below the axis, many of them in three rows so that near ones don't meet."""
    rows = 3 if len(names) > 2 else 1
    labels = ["\n\n" * (k % rows) + names[D] for k, D in enumerate(sorted(names))]
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(sorted(names), labels, fontsize=8)
    ax.set_xlabel("model and its parameters D", fontsize=9)
    ax.margins(x=0.12)
