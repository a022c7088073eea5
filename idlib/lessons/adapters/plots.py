"""Adapters: accuracy against trained numbers; the step of LoRA and its first order."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from ..base.plots import COLORS, figure, panels

__all__ = ["adapter_scores", "first_order_error", "mark_sizes"]

STYLES = {  # colour, marker, line
    "DID": ("blue", "o", "-"),
    "SAID": ("red", "s", "--"),
    "LoRA": ("green", "^", "-."),
    "head": ("black", "x", ""),
    "VeRA": ("purple", "D", ""),
    "Uni-LoRA": ("orange", "v", ""),
    "TinyLoRA": ("black", "+", ""),
    "LoRA's matrices": ("orange", "s", ":"),
}
AFTER_THE_HEAD = ("LoRA", "LoRA's matrices")  # of rank 0 or d = 0, each is the head alone
LABELS = {"head": "head only"}


class Scored(Protocol):
    """What is drawn: one way to tune a model, of one size."""

    way: str
    numbers: int
    scores: Sequence[float]


def adapter_scores(
    ways: Sequence[Scored],
    majority: float,
    threshold: float,
    title: str = "",
) -> Figure:
    """Accuracy against trained numbers, a line for each way with several sizes.

    Args:
        ways: any of `STYLES`, and "full", which is drawn as a line across.
        majority: the score of always giving the commonest label.
        threshold: 90 % of the full model's score.
        title: says data, seeds, hardware and date of recorded results.
    """
    fig, (ax,) = panels([5.6], 4.0, left=0.12, right=0.76, bottom=0.13, top=0.86)
    for way, (color, marker, line) in STYLES.items():
        own = [t for t in ways if t.way == way]
        if not own:
            continue
        dots = [(t.numbers, s) for t in own for s in t.scores]
        if way in AFTER_THE_HEAD:
            own = [t for t in ways if t.way == "head"] + own
        xs = [t.numbers for t in own]
        ax.plot(xs, [t.score for t in own], line or "none", color=COLORS[color], zorder=2)
        ax.plot(*zip(*dots, strict=True), marker, color=COLORS[color], markersize=6, alpha=0.8,
                markeredgewidth=1.5 if marker in "x+" else 0.5, zorder=3,
                label=LABELS.get(way, way))  # fmt: skip
    full = [s for t in ways if t.way == "full" for s in t.scores]
    lines = [(majority, "commonest label", ":", "top")]
    if full:
        lines += [(np.mean(full), "full model", "-", "bottom")]
        lines += [(threshold, "90 % of it", "--", "bottom")]
    for y, text, style, side in lines:
        color = COLORS["grey"] if style == ":" else COLORS["black"]
        ax.axhline(y, color=color, linestyle=style, linewidth=1, zorder=1)
        ax.annotate(f"{text}\n{y:.3f}", (1.01, y), xycoords=("axes fraction", "data"), va=side,
                    annotation_clip=False)  # fmt: skip
    every = [s for t in ways for s in t.scores] + [majority]
    margin = 0.1 * (max(every) - min(every))
    ax.set(xscale="log", xlabel="trained numbers, the head's among them (logarithmic)",
           ylabel="test accuracy", ylim=(min(every) - margin, max(every) + margin))  # fmt: skip
    ax.xaxis.set_major_locator(LogLocator(subs=_subs(ways)))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.xaxis.set_minor_locator(NullLocator())
    ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False,
              columnspacing=1.2, handletextpad=0.3)  # fmt: skip
    fig.set_label(title)
    return fig


def mark_sizes(ax: Axes, marked: Mapping[str, int]) -> None:
    """Lines upright in `adapter_scores`.

    Args:
        ax: its axes.
        marked: trained numbers, by label.
    """
    for label, x in marked.items():
        color = COLORS[STYLES[label][0]]
        ax.axvline(x, color=color, linestyle=STYLES[label][2] or "-", linewidth=1.6, zorder=1)


def _subs(ways: Sequence[Scored]) -> tuple[int, ...]:
    """Which multiples of the powers of ten are ticks: the fewer, the more decades they span."""
    numbers = [t.numbers for t in ways if t.way != "full"]
    span = max(numbers) / min(numbers)
    return (1, 2, 5) if span < 10 else (1, 3) if span < 100 else (1,)


def first_order_error(errors: Mapping[str, Mapping[float, float]]) -> Figure:
    """How far the first-order step is from what training A and B does, both axes logarithmic.

    Args:
        errors: for each label a length at each learning rate.
    """
    fig, ax = figure(6.4, 3.4)
    styles = (("blue", "o", "-"), ("red", "s", "--"), ("green", "^", "-."))
    for (label, values), (color, marker, line) in zip(errors.items(), styles, strict=False):
        rates = sorted(values)
        ax.plot(rates, [values[lr] for lr in rates], line, marker=marker, color=COLORS[color],
                label=label)  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="learning rate (logarithmic)",
           ylabel="length (Frobenius norm)")  # fmt: skip
    ax.legend(framealpha=0.9)
    return fig
