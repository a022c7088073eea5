"""What a class has guessed, from the folder that it shares: see `idlib.lessons.base.guesses`."""

from collections import Counter
from collections.abc import Sequence
from math import log10

import numpy as np
from IPython.display import HTML
from matplotlib.figure import Figure

from .curve_plots import curves
from .guesses import everyone
from .plots import COLORS, figure
from .questions import Guess, Question, question
from .svg import PAPER, to_svg

__all__ = ["guessed", "poll"]

BINS = 12  # of a histogram of numbers


def poll(name: str) -> HTML:
    """A picture of all guesses on a prediction; run its cell again to see those made since.

    Args:
        name: of the prediction, such as "mnist/fc".
    """
    asked = question(name)
    found = [guess for guess in everyone(name) if asked.is_guess(guess)]
    made = [guess for guess in found if guess is not None]
    count = f"{len(made)} guess{'es' * (len(made) != 1)}"
    skipped = f", {len(found) - len(made)} skipped" if len(found) > len(made) else ""
    alt = f"{count}{skipped}. {_summary(asked, made)}".strip()
    drawn = to_svg(guessed(asked, made), [alt])
    return HTML(
        f'<figure style="margin:0;overflow-x:auto;{PAPER}">{drawn}'
        f"<figcaption>{asked.question} {count}{skipped}.</figcaption></figure>"
    )


def guessed(asked: Question, made: Sequence[Guess]) -> Figure:
    """Guesses: a bar for each option, a histogram of numbers, or all curves.

    Args:
        asked: the question.
        made: what was guessed; nobody's name.
    """
    if asked.options:
        fig, ax = figure(6.0, 0.8 + 0.4 * len(asked.options))
        counts = Counter(made)
        ax.barh(list(asked.options), [counts[o] for o in asked.options], color=COLORS["blue"])
        ax.invert_yaxis()
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set(xlabel="guesses", xlim=(0, max(1, ax.get_xlim()[1])))
        return fig
    if asked.curve:
        return curves(asked.curve, made)
    fig, ax = figure(6.0, 3.0)
    low, high = asked.between
    wide = high > 100 * max(low, 1)
    numbers = [max(n, 1) if wide else n for n in made]
    edges = np.geomspace(max(low, 1), high, BINS + 1) if wide else np.linspace(low, high, BINS + 1)
    if wide and numbers:  # finer where the guesses are
        first, last = np.floor(log10(min(numbers))), np.floor(log10(max(numbers))) + 1
        edges = np.logspace(first, last, int(last - first) * 4 + 1)
    ax.hist(numbers, bins=edges, color=COLORS["blue"], edgecolor="white")
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.set(xscale="log" if wide else "linear", xlabel="guess", ylabel="guesses")
    ax.set_ylim(0, max(1, ax.get_ylim()[1]))
    if wide:
        ax.xaxis.set_major_formatter("{x:,.0f}")
    return fig


def _summary(asked: Question, made: Sequence[Guess]) -> str:
    """The guesses in words, for an alternative text."""
    if not made or asked.curve:
        return ""
    if asked.options:
        counts = Counter(made)
        return ", ".join(f"{option}: {counts[option]}" for option in asked.options) + "."
    return f"From {min(made):,} to {max(made):,}, median {np.median(made):,.0f}."
