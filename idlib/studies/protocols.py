"""The protocols that several studies share."""

from dataclasses import replace

from ..engine.rates import Rates
from .study import Protocol, with_rates

__all__ = [
    "DOCSTRINGS",
    "FEW_HUNDRED",
    "GRID",
    "HALF_DECADES",
    "IMAGES",
    "MINILM",
    "SEARCH",
    "SEARCH_MINILM",
    "TEXTS",
]

MINILM = "sentence-transformers/all-MiniLM-L6-v2"

# FC and LeNet: d numbers of the first seed are kept, for the sliders.
IMAGES = Protocol(keep_up_to=2000, rates=Rates(lrs=(0.03, 0.1, 0.3, 1.0)))

# One pass over at most 19,200 texts, in 600 steps of 32.
TEXTS = Protocol(
    epochs=1, batch_size=32, projection="hashed", seeds=(0, 1), rates=Rates(scaled=True)
)

# The smallest d among four values a decade, the rate chosen where most of them lie.
GRID = tuple(round(10 ** (k / 4)) for k in range(4, 23))  # 10 to 316,228
HALF_DECADES = tuple(round(10 ** (k / 2)) for k in range(2, 12))  # the same range, two a decade
SEARCH = replace(
    TEXTS,
    rates=Rates(
        lrs=(1e-2, 3e-2, 1e-1, 3e-1),
        pilots=(10_000,),
        rated_by=2,
        careful=True,
        rechecked=True,
        scaled=True,
    ),
)

# On docstrings d90 lies higher, and one seed chooses.

DOCSTRINGS = with_rates(
    replace(SEARCH, epochs=2), pilots=(31_623,), lrs=(3e-3, 1e-2, 3e-2, 1e-1), rated_by=1
)
# MiniLM's runs take longer: the best rate with one seed, first at one d.
SEARCH_MINILM = with_rates(SEARCH, pilots=(1000,), rated_by=1, careful=False)

# Accuracy at given d on two cores: one pass over 6,400 texts, in 200 steps of 32. At every pilot
# the same lengths of a step are tried, so at another d other rates.
FEW_HUNDRED = replace(
    TEXTS,
    seeds=(0, 1, 2),
    rates=Rates(
        lrs=(1e-3, 3e-3, 1e-2, 3e-2),
        full_lrs=(3e-5, 1e-4, 3e-4),
        tried_for=1000,
        pilots=(316,),
        scaled=True,
    ),
)
