"""Measures that several lessons take."""

import math
import statistics
from collections.abc import Sequence

from ...errors import IdlibError

__all__ = ["CLASSES", "bits_needed", "slope"]

CLASSES = 10  # of digits


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """Exponent of the power law y ~ x**slope, by least squares on both logarithms.

    1 says that y grows as x does, 0 that it does not depend on x.

    >>> round(slope([1, 10, 100], [3, 30, 300]), 6)
    1.0
    """
    fit = statistics.linear_regression([math.log(v) for v in x], [math.log(v) for v in y])
    return fit.slope


def bits_needed(n: int, accuracy: float) -> float:
    r"""The fewest bits from which n random labels can be told with the given accuracy.

    .. math:: n\,(\log_2 10 - H(e) - e \log_2 9), \quad e = 1 - \text{accuracy}

    with the binary entropy H: the rate-distortion function of a uniform source under Hamming
    distortion.

    >>> round(bits_needed(1000, 1.0)), round(bits_needed(1000, 0.9)), bits_needed(1000, 0.1)
    (3322, 2536, 0.0)

    References:
        | Elements of Information Theory (Cover and Thomas, 2006), section 10.3

    Args:
        n: labels, each one of ten with the same probability.
        accuracy: from 0 to 1; chance, 0.1, and less need no bits.
    """
    e = 1 - accuracy
    if not 0 <= e <= 1:
        raise IdlibError(f"accuracy = {accuracy} was given, expected a number from 0 to 1.")
    if e >= 1 - 1 / CLASSES:
        return 0.0
    entropy = -sum(p * math.log2(p) for p in (e, 1 - e) if p)
    return n * (math.log2(CLASSES) - entropy - e * math.log2(CLASSES - 1))
