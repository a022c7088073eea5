"""What the name of a language model says, part by part.

A model is one of those that come with idlib, a folder, a GGUF file, or a name on the hub. Behind it
may stand, in this order,

- ``@2000``: for a model that comes with idlib, the checkpoint after 2,000 steps of its pretraining;
- ``@layers=3``: its first three layers alone;
- ``@random``: random weights, drawn as its configuration says from the run's seed;
- ``@prompt=Review: {} It was|bad|great``: a prompt, and a word for each class, in place of a new
  head (`idlib.problems.prompts`);
- ``+lora-4``: an adapter (`idlib.problems.adapters`).
"""

import re
from dataclasses import dataclass
from pathlib import Path

from ..errors import IdlibError
from .adapters import split_name
from .checkpoints import PRETRAINED
from .prompts import Prompt

__all__ = ["ModelName", "parse_model"]


@dataclass(frozen=True)
class ModelName:
    """The parts of a model's name.

    Args:
        base: what is loaded.
        step: of a checkpoint, "" for the last.
        layers: how many of its layers; None for all.
        random: whether its weights are drawn.
        prompt: what it is asked; None for a new head.
        adapter: such as "lora-4", "" for none.
    """

    base: str
    step: str = ""
    layers: int | None = None
    random: bool = False
    prompt: Prompt | None = None
    adapter: str = ""


def parse_model(name: str) -> ModelName:
    """The parts of a model's name.

    >>> parse_model("roberta-4x128@2000@layers=3+lora-4")
    ModelName(base='roberta-4x128', step='2000', layers=3, random=False, prompt=None, \
adapter='lora-4')

    Raises:
        IdlibError: if a part can't be read.
    """
    rest, adapter = split_name(name)
    if Path(rest).exists():
        return ModelName(rest, adapter=adapter)
    rest, asked, written = rest.partition("@prompt=")
    prompt = Prompt.read(written) if asked else None
    random = rest.endswith("@random")
    before, counted, number = rest.removesuffix("@random").rpartition("@layers=")
    rest = before if counted else number
    if counted and not re.fullmatch(r"[1-9]\d*", number):
        raise IdlibError(f"@layers={number} was given behind {rest!r}, expected a number from 1.")
    base, at, step = (rest, "", "") if Path(rest).exists() else rest.partition("@")
    if at and not is_shipped(base):
        raise IdlibError(
            f"@{step} was given behind {base!r}, expected @layers=3 (or another number from 1), "
            "@random, and @prompt= with template and words, in this order."
        )
    return ModelName(base, step, int(number) if counted else None, random, prompt, adapter)


def is_shipped(base: str) -> bool:
    """Whether a model comes with idlib."""
    return bool(base) and (PRETRAINED / base.replace("/", "_")).is_dir()
