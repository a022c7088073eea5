"""Learning labels by heart: how many numbers it takes, from recorded runs on parts of MNIST.

References:
    | Measuring the Intrinsic Dimension of Objective Landscapes (Li et al., 2018), appendix S5.1
"""

import math

from ...dimension import Estimate
from ...errors import IdlibError
from ...studies.cells import cell

__all__ = ["bits_needed", "mean_needed", "needed", "without_memorising"]

CLASSES = 10


def needed(task: str) -> Estimate:
    """The smallest d whose *training* accuracy reached 0.9, the FC network, each seed.

    Args:
        task: such as "mnist-n500-random50"; as recorded.
    """
    return cell("memorising", task=task).d90("absolute")


def mean_needed(task: str) -> float:
    """The mean of `needed` over the seeds."""
    return cell("memorising", task=task).mean_d90("absolute")


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
