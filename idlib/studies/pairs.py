"""DID and SAID on pairs of sentences, as in Table 1 of Aghajanyan et al. (2021) (notebook 08)."""

from dataclasses import replace

from ..problems.checkpoints import FAMILY
from .protocols import GRID, HALF_DECADES, MINILM, SEARCH, SEARCH_MINILM, TEXTS
from .study import BOTH, BOTH_PER_TENSOR, Part, Study, with_rates

__all__ = ["PAIRS"]

QQP, LARGEST = ("qqp-sample-n19200",), FAMILY[2:]

PAIRS = Study(
    "pairs",
    "Is SAID below DID on pairs of sentences?",
    (
        Part(  # is there anything to measure?
            "small",
            tasks=("mrpc", "rte"),
            models=LARGEST,
            methods=BOTH,
            ds=GRID,
            protocol=replace(SEARCH, epochs=5),
            share=0.9,
        ),
        Part(
            "minilm",
            tasks=("mrpc", "rte"),
            models=(MINILM,),
            methods=BOTH_PER_TENSOR,
            ds=HALF_DECADES[:7],  # 10 to 10,000
            protocol=with_rates(
                replace(SEARCH_MINILM, epochs=5), lrs=(3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
            ),
            share=0.9,
        ),
        Part(
            "minilm-one-p",
            tasks=("mrpc",),
            models=(MINILM,),
            methods=BOTH,
            ds=HALF_DECADES[2:8],  # 100 to 31,623
            protocol=with_rates(replace(SEARCH_MINILM, epochs=5), lrs=(3e-2, 1e-1, 3e-1, 1.0)),
            share=0.9,
        ),
        Part(
            "small-qqp",
            tasks=QQP,
            models=LARGEST,
            methods=BOTH,
            ds=(10, 30, 100, 300, 1000, 3000, 10_000),
            protocol=with_rates(TEXTS, lrs=(1e-2, 3e-2, 1e-1, 3e-1, 1.0), pilots=(100, 1000)),
        ),
        Part(
            "small-qqp-per-tensor",
            tasks=QQP,
            models=LARGEST,
            methods=BOTH_PER_TENSOR,
            ds=HALF_DECADES,
            protocol=with_rates(SEARCH, lrs=(1e-4, 3e-4, 1e-3, 3e-3), rated_by=1),
            share=0.9,
        ),
        Part(
            "minilm-qqp",
            tasks=QQP,
            models=(MINILM,),
            methods=BOTH_PER_TENSOR,
            ds=(100, 1000, 3000),
            protocol=with_rates(
                TEXTS, lrs=(3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1), pilots=(300, 3000)
            ),
        ),
        Part(
            "minilm-qqp-one-p",
            tasks=QQP,
            models=(MINILM,),
            methods=BOTH,
            ds=(30, 100, 300, 1000, 3000),
            protocol=with_rates(SEARCH_MINILM, lrs=(3e-2, 1e-1, 3e-1, 1.0)),
            share=0.9,
        ),
    ),
)
