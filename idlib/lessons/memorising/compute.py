"""Learning labels by heart: how many numbers it takes, from recorded runs on parts of MNIST.

References:
    | Measuring the Intrinsic Dimension of Objective Landscapes (Li et al., 2018), appendix S5.1
"""

from ...engine.estimate import Estimate
from ...studies.reading import cell
from ..base.measures import CLASSES

__all__ = ["needed", "without_memorising"]


def needed(task: str) -> Estimate:
    """The smallest d whose *training* accuracy reached 0.9, the FC network, each seed.

    Args:
        task: such as "mnist-n500-random50"; as recorded.
    """
    return cell("memorising", task=task).d90("absolute")


def without_memorising(percent: float) -> float:
    """The best training accuracy for who knows every true label and no shuffled one by heart.

    A shuffled label is the true one in one of ten cases, by chance.

    >>> without_memorising(50)
    0.55

    Args:
        percent: share of the labels that was shuffled.
    """
    return 1 - percent / 100 * (1 - 1 / CLASSES)
