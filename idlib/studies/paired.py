"""SAID against DID on MiniLM, seed by seed: the same d and rates, five seeds (notebook 08)."""

from dataclasses import replace

from .protocols import FEW_HUNDRED, MINILM
from .random_start import QQP, SST2
from .study import BOTH_PER_TENSOR, Part, Study, with_rates

__all__ = ["PAIRED"]

# Four values a decade around the threshold, all within half a decade of the pilot; on questions
# the outer two.
DS = (1000, 1778, 3162)
FIVE_SEEDS = with_rates(replace(FEW_HUNDRED, seeds=(0, 1, 2, 3, 4)), pilots=(1778,))

PAIRED = Study(
    "paired",
    "Is SAID ahead of DID at the same d, seed by seed?",
    (
        Part("sst2", (SST2,), (MINILM,), DS, FIVE_SEEDS, BOTH_PER_TENSOR),
        Part("qqp", (QQP,), (MINILM,), DS[::2], FIVE_SEEDS, BOTH_PER_TENSOR),
    ),
)
