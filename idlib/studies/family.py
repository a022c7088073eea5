"""d90 by size, in a family of four small RoBERTas (notebook 10)."""

from dataclasses import replace

from ..problems.checkpoints import FAMILY
from .protocols import DOCSTRINGS, GRID, HALF_DECADES, SEARCH
from .study import BOTH_PER_TENSOR, SAID, Part, Study, with_rates

__all__ = ["FAMILY_STUDY"]

SST2, LARGEST = ("sst2-n19200",), FAMILY[2:]

FAMILY_STUDY = Study(
    "family",
    "Do larger pretrained models have a lower d90?",
    (
        Part("sst2", SST2, FAMILY, GRID, replace(SEARCH, seeds=(0, 1, 2)), share=0.9),
        Part("docstrings", ("docstrings",), FAMILY, GRID, DOCSTRINGS, share=0.9),
        Part("sst2-said", SST2, LARGEST, GRID, SEARCH, (SAID,), share=0.9),
        Part(
            "sst2-per-tensor",
            SST2,
            LARGEST,
            HALF_DECADES,
            with_rates(SEARCH, lrs=(1e-4, 3e-4, 1e-3, 3e-3)),
            BOTH_PER_TENSOR,
            share=0.9,
        ),
        # At three times the rate of most, which was passed over as too near to a collapse.
        Part("sst2-faster", SST2, FAMILY, GRID, with_rates(SEARCH, lrs=(1e-1,)), share=0.9),
        Part(
            "docstrings-faster",
            ("docstrings",),
            FAMILY,
            GRID,
            with_rates(DOCSTRINGS, lrs=(3e-2,)),
            share=0.9,
        ),
    ),
)
