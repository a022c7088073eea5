"""Learning labels by heart: how many numbers it takes, from recorded runs on parts of MNIST.

References:
    | Measuring the Intrinsic Dimension of Objective Landscapes (Li et al., 2018), appendix S5.1
"""

from ...engine.estimate import Estimate
from ...studies.reading import cell
from ..base.measures import CLASSES

__all__ = ["SPOILT", "needed", "without_memorising"]

SPOILT = {  # data sets that had something done to them, each below what it was made of
    "1,000 images": "mnist-n1000-random0",
    "and a copy of each": "mnist-n1000-copies2-random0",
    "all labels random": "mnist-n1000-random100",
    "random, and copies": "mnist-n1000-random100-copies2",
    "2,000 images": "mnist-n2000-random0",
    "as from 14x14 pixels": "mnist-n2000-side14-random0",
    "as from 7x7 pixels": "mnist-n2000-side7-random0",
    "as from 4x4 pixels": "mnist-n2000-side4-random0",
}


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
