"""d90 against the size of a pretrained model."""

from collections.abc import Collection, Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from ...engine.estimate import Estimate
from ..base.d90_plots import d90_axis, d90_lines
from ..base.plots import COLORS
from ..base.plots import panels as side_by_side

__all__ = ["d90_of_sizes"]


def d90_of_sizes(
    panels: Mapping[str, Mapping[str, Mapping[int, Estimate]]],
    names: Mapping[int, str],
    chosen: Collection[int] = (),
    title: str = "",
) -> Figure:
    """d90 against D, both logarithmic.

    Args:
        panels: for each panel, for each line, d90 by D.
        names: of the models, by D, written below the axis of the panels that have a point there
            (or, for none of the points, below all); a second line may say the size.
        chosen: D of the model to mark, which the number of classes changes a little.
        title: says data, seeds, hardware and date of recorded results.
    """
    bottom = 0.38 if len(names) > 2 else 0.32
    fig, axes = side_by_side([4.4] * len(panels), 4.0, left=0.17, top=0.88, bottom=bottom)
    for ax, (what, lines) in zip(axes, panels.items(), strict=True):
        d90_lines(ax, lines)
        ax.set_xscale("log")
        d90_axis(ax)
        ax.set_title(f"d90, {what}", fontsize=10)
        sizes = [D for by_size in lines.values() for D in by_size]
        own = {D: name for D, name in names.items() if D in sizes}
        _names(ax, own or {D: n for D, n in names.items() if min(sizes) <= D <= max(sizes)})
        for D in set(chosen) & set(sizes):
            ax.axvline(D, color=COLORS["grey"], linewidth=1.2)
        ax.get_figure(root=False).legend(ncols=2, loc="lower center", frameon=False)
    fig.set_label(title)
    return fig


def _names(ax: Axes, names: Mapping[int, str]) -> None:
    """Each model's name below the axis, many of them in three rows so that near ones don't meet."""
    rows = 3 if len(names) > 2 else 1
    labels = ["\n" * (k % rows) + names[D] for k, D in enumerate(sorted(names))]
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(sorted(names), labels)
    ax.set_xlabel("model and its parameters D")
    ax.margins(x=0.12)
