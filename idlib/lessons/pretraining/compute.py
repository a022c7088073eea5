"""What a checkpoint of pretraining fills in, and d90 along the way.

References:
    | Intrinsic Dimensionality Explains the Effectiveness of Language Model Fine-Tuning
      (Aghajanyan et al., 2021), section 5.1, https://arxiv.org/abs/2012.13255
"""

import functools

import torch

from ...engine.estimate import Estimate
from ...errors import IdlibError
from ...problems.checkpoints import CHECKPOINTS, FAMILY, LAST, START, tokens_seen
from ...studies.protocols import MINILM
from ...studies.random_start import RANDOM
from ...studies.reading import cell, cells
from ...studies.results import Cell

__all__ = ["FIXED", "along", "at_fixed_d", "checkpoint_cells", "fill", "start_cells"]

FIXED = {"sst2": (100_000, 10_000), "docstrings": (316_228, 31_623)}  # d recorded at all times


@functools.cache
def checkpoint_cells(part: str) -> dict[str, Cell]:
    """What was recorded of the checkpoints on a task, by time.

    Args:
        part: a value of `idlib.studies.layout.TASKS`.
    """
    return {
        START: cell("pretraining", f"{part}-random"),
        **{c.model: c for c in cells("pretraining", part)},
        LAST: cell("family", part, model=LAST),
    }


def start_cells() -> dict[str, Cell]:
    """What was recorded of MiniLM as pretrained, from random weights, and from random weights in
    three times as many steps."""
    both = {c.model: c for c in cells("random_start", "sst2")}
    return {
        "pretrained": both[MINILM],
        "random weights": both[RANDOM],
        "random weights, 600 steps": cell("random_start", "longer"),
    }


def at_fixed_d(part: str) -> dict[str, dict[int, list[float]]]:
    """Test accuracy of all seeds along pretraining, by tokens seen: with d numbers, the same for
    all checkpoints, and of the full model.

    Args:
        part: see `checkpoint_cells`.
    """
    found = {tokens_seen(model): c for model, c in checkpoint_cells(part).items()}
    fixed = {f"{d:,} numbers": {t: c.scores[d] for t, c in found.items()} for d in FIXED[part]}
    full = {t: [run.score for run in c.full if run.score is not None] for t, c in found.items()}
    return {"full model": full, **fixed}


def along(part: str) -> dict[str, dict[int, Estimate]]:
    """d90 along pretraining, by tokens seen: at each checkpoint's own threshold, and at that of the
    last one for all.

    Args:
        part: see `checkpoint_cells`.
    """
    found = checkpoint_cells(part)
    last = found[LAST].threshold()
    return {
        label: {tokens_seen(m): c.d90(threshold) for m, c in found.items()}
        for label, threshold in (
            ("90 % of its own full model", "relative"),
            (f"accuracy {last:.3f}", last),
        )
    }


def fill(model: str, sentence: str, k: int = 3) -> list[tuple[str, float]]:
    """The likeliest tokens for the one ``<mask>`` in a sentence, and their probabilities.

    Args:
        model: one of `FAMILY` or `CHECKPOINTS`.
        sentence: text with one ``<mask>``.
        k: how many.

    Raises:
        IdlibError: if the sentence does not hold exactly one ``<mask>``.
    """
    if sentence.count("<mask>") != 1:
        raise IdlibError(f"{sentence!r} holds {sentence.count('<mask>')} of <mask>, expected one.")
    tokenizer, network = _masked_model(model)
    # "the" is a token of its own; it takes the spaces around it as a word does, <mask> doesn't
    encoded = tokenizer(sentence.replace("<mask>", "the"), return_tensors="pt", truncation=True)
    place = encoded.char_to_token(sentence.index("<mask>"))
    if place is None:
        raise IdlibError(f"The <mask> lies behind {tokenizer.model_max_length} tokens: shorten.")
    ids = encoded["input_ids"]
    ids[0, place] = tokenizer.mask_token_id
    with torch.no_grad():
        top = network(input_ids=ids).logits[0, place].softmax(-1).topk(k)
    words = (tokenizer.decode([i]).strip() for i in top.indices.tolist())
    return list(zip(words, top.values.tolist(), strict=True))


@functools.lru_cache(maxsize=len(CHECKPOINTS) + len(FAMILY))
def _masked_model(model: str):
    from ...problems.language import masked_model  # transformers takes seconds to import

    return masked_model(model)
