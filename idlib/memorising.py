"""Learning labels by heart: how many numbers it takes, from recorded runs on parts of MNIST.

References:
    | Measuring the Intrinsic Dimension of Objective Landscapes (Li et al., 2018), appendix S5.1
"""

import functools
import math
import statistics

from .dimension import Estimate, d90
from .errors import IdlibError
from .recorded import recorded

__all__ = [
    "NS",
    "SHARES",
    "bits_needed",
    "mean_needed",
    "needed",
    "task_name",
    "without_memorising",
]

NS = (500, 1000, 2000, 5000)
SHARES = (0, 10, 50, 100)
CLASSES = 10


def task_name(n: int, percent: int) -> str:
    """The recorded task of n MNIST images with so many per cent of their labels shuffled."""
    if n not in NS or percent not in SHARES:
        raise IdlibError(
            f"n = {n} with {percent} % was asked for, expected n among {NS} and {SHARES} %."
        )
    return f"mnist-n{n}-random{percent}"


@functools.cache
def needed(task: str) -> Estimate:
    """The smallest d whose *training* accuracy reached 0.9, the FC network, each seed.

    Args:
        task: such as "mnist-n500-random50"; as recorded.
    """
    runs = [r for r in recorded("memorising") if r.config.task == task and r.config.decide]
    if not runs:
        raise IdlibError(f"'memorising' holds no runs on {task!r}.")
    return d90(runs, 0.9)


def mean_needed(task: str) -> float:
    """The mean of `needed` over the seeds."""
    return statistics.fmean(needed(task).per_seed)


def without_memorising(percent: float) -> float:
    """The best training accuracy for who knows every true label and no shuffled one by heart.

    A shuffled label is the true one in one of ten cases, by chance.

    >>> without_memorising(50)
    0.55

    Args:
        percent: share of the labels that was shuffled.
    """
    return 1 - percent / 100 * (1 - 1 / CLASSES)


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
