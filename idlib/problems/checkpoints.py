"""The small RoBERTas that come with idlib, and how they were pretrained."""

import functools
import json
from pathlib import Path

from ..errors import IdlibError

__all__ = ["CHECKPOINTS", "FAMILY", "LAST", "PRETRAINED", "START", "held_out", "tokens_seen"]

PRETRAINED = Path(__file__).parent / "pretrained"  #: the folder that holds them
FAMILY = ("roberta-2x64", "roberta-2x128", "roberta-4x128", "roberta-4x256")  #: by size
LAST = "roberta-4x128"  #: the end of its pretraining
START = "roberta-4x128@0"  #: random weights
#: by time
CHECKPOINTS = (
    START, *(f"roberta-4x128@{step}" for step in (1000, 2000, 4000, 8000, 16_000)), LAST
)  # fmt: skip


@functools.cache
def held_out(model: str) -> dict[int, float]:
    """The masked loss on text kept apart, in nats, by tokens seen in pretraining.

    Args:
        model: one of `FAMILY`.
    """
    _, *lines = _log(model)
    return {line["tokens"]: line["held_out"] for line in lines}


def tokens_seen(model: str) -> int:
    """Tokens that one of `FAMILY` or `CHECKPOINTS` has been pretrained on."""
    base, _, step = model.partition("@")
    plan, *lines = _log(base)
    batch = plan["plan"]["batch"] * plan["plan"]["length"]
    return int(step) * batch if step else lines[-1]["tokens"]


@functools.cache
def _log(model: str) -> list[dict]:
    if model not in FAMILY:
        raise IdlibError(f"{model!r} was given, expected one of {FAMILY}.")
    text = (PRETRAINED / model / "loss.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]
