"""Twenty fully connected networks on MNIST: d90 against their size, from recorded runs.

References:
    | Measuring the Intrinsic Dimension of Objective Landscapes (Li et al., 2018), figure 3
"""

import functools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from .dimension import Estimate, d90
from .errors import IdlibError
from .recorded import curve

__all__ = ["DEPTHS", "WIDTHS", "Size", "size", "sizes", "slope"]

WIDTHS = (50, 100, 200, 400)
DEPTHS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Size:
    """One of the networks and what was recorded of it.

    Args:
        width: units in a hidden layer.
        depth: hidden layers.
        D: parameters.
        baseline: accuracy of the full model, the mean over the seeds.
        relative: d90 at 0.9 times the baseline.
        absolute: d90 at accuracy 0.9.
    """

    width: int
    depth: int
    D: int
    baseline: float
    relative: Estimate
    absolute: Estimate

    def d90(self, definition: str) -> float:
        """The mean over the seeds under a definition, "absolute" or "relative"."""
        if definition not in ("absolute", "relative"):
            raise IdlibError(f"definition {definition!r} was given, expected absolute or relative.")
        return statistics.fmean(getattr(self, definition).per_seed)


@functools.cache
def size(width: int, depth: int) -> Size:
    """The network of that width and depth."""
    c = curve("model_size", "mnist", f"fc-{width}-{depth}")
    relative, absolute = d90(c.runs, 0.9 * c.baseline), d90(c.runs, 0.9)
    return Size(width, depth, c.D, c.baseline, relative, absolute)


def sizes() -> list[Size]:
    """All twenty, by depth and then by width."""
    return [size(width, depth) for depth in DEPTHS for width in WIDTHS]


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Exponent of the power law y ~ x**slope, by least squares on both logarithms.

    1 says that y grows as x does, 0 that it does not depend on x.

    >>> round(slope([1, 10, 100], [3, 30, 300]), 6)
    1.0
    """
    fit = statistics.linear_regression([math.log(v) for v in x], [math.log(v) for v in y])
    return fit.slope
