"""Where language models lie, and texts as rows of their token numbers."""

import contextlib
import functools
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from ..errors import IdlibError, needing
from .adapters import split_name
from .checkpoints import PRETRAINED
from .docstrings import CACHE
from .texts import Texts

with needing("language", "A language model"):
    import transformers
    from transformers import (
        AutoTokenizer,
    )

__all__ = ["LENGTH", "Tokens", "encode", "model_folder", "quietly", "seen", "tokenizer_of"]

LENGTH = 128  # tokens at most
Loaded = TypeVar("Loaded")


def seen(ids: Tensor, pad: int) -> Tensor:
    """All tokens of each row but the padding at its end; a text may hold that token too."""
    return (ids != pad).flip(1).cumsum(1).flip(1) > 0


def model_folder(name: str) -> str:
    """Where a model lies: its folder, or its name on the hub.

    Args:
        name: "roberta-4x128", one of the models shipped with idlib, or "roberta-4x128@2000",
            the same after 2,000 steps of its pretraining; a folder; or a hub name, which is
            first looked for in the folder named by ``IDLIB_MODELS`` (under its last part).
            An adapter behind it (`idlib.problems.adapters`) makes no difference.

    Raises:
        IdlibError: if a shipped model has no such checkpoint.
    """
    name, _ = split_name(name)
    base, _, step = name.partition("@")
    shipped = PRETRAINED / base.replace("/", "_")
    if there := sorted(int(p.name.split("-")[1]) for p in shipped.glob("step-*")):
        if step and step not in map(str, there):
            raise IdlibError(f"{base} has no checkpoint {step!r}, expected one of {there}.")
        return str(shipped / f"step-{int(step or there[-1]):06}")
    if Path(name).is_dir():
        return name
    local = Path(os.environ.get("IDLIB_MODELS", "")) / name.split("/")[-1]
    return str(local) if os.environ.get("IDLIB_MODELS") and local.is_dir() else name


class Tokens(TensorDataset):
    """Token numbers (n, length), padded at the right, and labels (n,)."""

    def __init__(self, ids: Tensor, labels: Tensor, pad: int):
        super().__init__(ids, labels)
        self.pad = pad

    def lengths(self) -> Tensor:
        """Tokens in each row, padding apart, shape (n,); batches are made of like rows."""
        return seen(self.tensors[0], self.pad).sum(1)


def encode(texts: Texts, name: str, length: int = LENGTH) -> Tokens:
    """The texts as rows of token numbers.

    Two texts of an example become one row, as the tokenizer joins them. Kept in a cache, by
    the texts and the tokenizer.

    Args:
        texts: what to encode.
        name: of the model whose tokenizer is used, see `model_folder`.
        length: tokens at most; longer texts are cut.
    """
    if not texts.texts:
        raise IdlibError("There are no texts to encode: pass at least one.")
    tokenizer = tokenizer_of(name)
    if tokenizer.is_fast:
        tokenizer.backend_tokenizer.no_truncation()  # which an earlier call has left behind
    backend = tokenizer.backend_tokenizer.to_str() if tokenizer.is_fast else name
    key = hashlib.blake2b(repr((texts.texts, length, backend)).encode(), digest_size=10).hexdigest()
    path = CACHE / f"tokens-{key}.npy"
    if path.exists():
        table = np.load(path)
    else:
        columns = [list(column) for column in zip(*texts.texts, strict=True)]
        rows = tokenizer(*columns, truncation=True, max_length=length)["input_ids"]
        table = np.full((len(rows), max(map(len, rows))), tokenizer.pad_token_id, np.int32)
        for row, numbers in zip(table, rows, strict=True):
            row[: len(numbers)] = numbers
        with contextlib.suppress(OSError):  # without a cache it takes longer, and that is all
            path.parent.mkdir(parents=True, exist_ok=True)
            half = path.with_suffix(f".{os.getpid()}.npy")
            np.save(half, table)
            half.replace(path)
    return Tokens(torch.from_numpy(table), torch.tensor(texts.labels), tokenizer.pad_token_id)


@functools.lru_cache
def tokenizer_of(name: str) -> transformers.PreTrainedTokenizerBase:
    base = model_folder(name)
    shipped = Path(base).parent if re.fullmatch(r"step-\d+", Path(base).name) else None
    if shipped and (shipped / "tokenizer_config.json").exists():
        base = str(shipped)
    tokenizer = quietly(name, lambda _: AutoTokenizer.from_pretrained(base))
    if tokenizer.pad_token_id is None:
        raise IdlibError(
            f"The tokenizer of {name!r} has no padding token: set one, save it with the model in a "
            "folder, and give that."
        )
    if tokenizer.padding_side != "right":
        raise IdlibError(f"The tokenizer of {name!r} does not pad at the right: take an encoder.")
    return tokenizer


def quietly(name: str, load: Callable[[str], Loaded]) -> Loaded:
    """Loads from the hub or a folder, without bars and without word of the head being new."""
    level = transformers.logging.get_verbosity()
    bars = transformers.logging.is_progress_bar_enabled()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        return load(model_folder(name))
    except (OSError, ValueError) as error:
        raise IdlibError(
            f"The model {name!r} can't be had ({_first_line(error)}): give a folder, put "
            "it in the folder named by IDLIB_MODELS, go online, or take 'roberta-4x128', which "
            "comes with idlib."
        ) from error
    finally:
        transformers.logging.set_verbosity(level)
        if bars:
            transformers.logging.enable_progress_bar()


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
