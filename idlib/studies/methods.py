"""DID and SAID, one P or a P for each tensor, on single sentences (notebook 08)."""

from dataclasses import replace

from .protocols import GRID, MINILM, SEARCH_MINILM, TEXTS
from .study import BOTH, BOTH_PER_TENSOR, Method, Part, Study, with_rates

__all__ = ["METHODS"]

SST2 = ("sst2-n19200",)
SMALL = ("roberta-4x128",)
DECADES = (30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)
LRS = (1e-2, 3e-2, 1e-1, 3e-1, 1.0)

METHODS = Study(
    "methods",
    "What do a lambda for each layer, and a P for each tensor, do to d90?",
    (
        Part(
            "minilm-sst2",
            tasks=SST2,
            models=(MINILM,),
            methods=BOTH_PER_TENSOR,
            ds=(10, *DECADES[:-1]),
            protocol=with_rates(
                replace(TEXTS, seeds=(0, 1, 2), keep_up_to=1000),
                lrs=(1e-3, 3e-3, 1e-2, 3e-2, 1e-1),
                pilots=(30, 300, 3000),
            ),
        ),
        Part(
            "minilm-sst2-one-p",
            tasks=SST2,
            models=(MINILM,),
            methods=BOTH,
            ds=GRID,
            protocol=with_rates(SEARCH_MINILM, lrs=LRS),
            share=0.9,
        ),
        Part(
            "small-sst2",
            tasks=SST2,
            models=SMALL,
            methods=BOTH,
            ds=DECADES,
            protocol=with_rates(
                replace(TEXTS, keep_up_to=1000), lrs=LRS, pilots=(300, 3000, 30_000)
            ),
        ),
        Part(  # the task that every machine holds
            "small-docstrings",
            tasks=("docstrings",),
            models=SMALL,
            methods=BOTH,
            ds=DECADES,
            protocol=with_rates(
                replace(TEXTS, epochs=2, keep_up_to=10_000),
                lrs=LRS,
                pilots=(300, 10_000, 100_000),
            ),
        ),
        Part(  # a lambda for each tensor, as in the released code
            "lambda-per-tensor",
            tasks=("docstrings",),
            models=SMALL,
            methods=(Method(structure_aware="tensors"),),
            ds=(300, 3000),
            protocol=with_rates(replace(TEXTS, epochs=2), lrs=LRS, pilots=(300, 3000)),
        ),
        Part(  # at one d, every rate from too small to too large
            "every-rate",
            tasks=SST2,
            models=SMALL,
            methods=(Method(), Method("per-tensor")),
            ds=(1000,),
            protocol=with_rates(TEXTS, lrs=(1e-4, 3e-4, 1e-3, 3e-3, *LRS), pilots=(1000,)),
        ),
    ),
)
