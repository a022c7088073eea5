"""MiniLM as pretrained against the same network from random weights (notebook 09)."""

from dataclasses import replace

from .protocols import FEW_HUNDRED, MINILM
from .study import BOTH_PER_TENSOR, Part, Study, with_rates

__all__ = ["AT_DECADES", "DECADES", "QQP", "RANDOM", "RANDOM_START", "SST2"]

RANDOM = f"{MINILM}@random"
SST2 = "sst2-n6400-held3000"
QQP = "qqp-sample-n6400"  # a second task: is a question asked twice?
THREE_TIMES = "sst2-n19200-held3000"  # 600 steps, not 200
TWO_SEEDS = replace(FEW_HUNDRED, seeds=(0, 1))
DECADES = (100, 1000, 10_000)
AT_DECADES = with_rates(FEW_HUNDRED, pilots=(316, 31_623))
DID_PER_TENSOR = BOTH_PER_TENSOR[:1]

RANDOM_START = Study(
    "random_start",
    "Is it pretraining that lets a few numbers move a network?",
    (
        Part(
            "full",
            tasks=(SST2,),
            models=(MINILM, RANDOM),
            protocol=FEW_HUNDRED,
        ),
        Part(
            "sst2",
            tasks=(SST2,),
            models=(MINILM, RANDOM),
            ds=(*DECADES, 100_000),
            protocol=replace(AT_DECADES, keep_up_to=1000),
            methods=DID_PER_TENSOR,
        ),
        Part(
            "sst2-ten",
            tasks=(SST2,),
            models=(MINILM, RANDOM),
            ds=(10,),
            protocol=with_rates(FEW_HUNDRED, pilots=(10,)),
            methods=DID_PER_TENSOR,
        ),
        Part(  # is it the number of steps that the random start lacks?
            "longer-full",
            tasks=(THREE_TIMES,),
            models=(RANDOM,),
            protocol=with_rates(TWO_SEEDS, full_lrs=(1e-4,)),
        ),
        Part(
            "longer",
            tasks=(THREE_TIMES,),
            models=(RANDOM,),
            ds=(10_000,),
            protocol=with_rates(TWO_SEEDS, lrs=(1e-2,), pilots=(10_000,)),
            methods=DID_PER_TENSOR,
        ),
        Part(
            "qqp-full",
            tasks=(QQP,),
            models=(MINILM, RANDOM),
            protocol=TWO_SEEDS,
        ),
        Part(
            "qqp",
            tasks=(QQP,),
            models=(MINILM, RANDOM),
            ds=(1000, 10_000),
            protocol=with_rates(TWO_SEEDS, pilots=(3162,)),
            methods=DID_PER_TENSOR,
        ),
    ),
)
