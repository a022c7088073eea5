"""Checks for the exercises: each runs on the reader's own function and says what is wrong."""

from .lessons.adapters import checks as adapters
from .lessons.base.checks import verdict
from .lessons.bounds import checks as bounds
from .lessons.compression import checks as compression
from .lessons.family import checks as family
from .lessons.inside import checks as inside
from .lessons.language import checks as language
from .lessons.memorising import checks as memorising
from .lessons.mnist import checks as mnist
from .lessons.pretraining import checks as pretraining
from .lessons.questions import checks as questions
from .lessons.reward import checks as reward
from .lessons.shuffled import checks as shuffled
from .lessons.sizes import checks as sizes
from .lessons.subspaces import checks as subspaces
from .lessons.toy import checks as toy

__all__ = [
    "adapters",
    "bounds",
    "compression",
    "family",
    "inside",
    "language",
    "memorising",
    "mnist",
    "pretraining",
    "questions",
    "reward",
    "shuffled",
    "sizes",
    "subspaces",
    "toy",
    "verdict",
]
