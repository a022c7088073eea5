"""Language models in random subspaces: any ``AutoModelForSequenceClassification``.

Texts become rows of token numbers in one tensor, padded once; `TextClassifier` cuts off the
padding that a batch does not need and works out the attention mask. So runs on texts go
through the same loop, store and search as runs on images, and there is no second one:
`transformers.Trainer` would bring its own checkpoints, logs and hooks beside these.

References:
    | Intrinsic Dimensionality Explains the Effectiveness of Language Model Fine-Tuning
      (Aghajanyan et al., 2021), https://arxiv.org/abs/2012.13255
"""

import functools
import hashlib
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from ..engine.runs import Problem
from ..engine.training import accuracy, predict
from ..errors import IdlibError, needing
from .adapters import adapt, split_name
from .docstrings import CACHE
from .texts import Texts, TextTask, load_text

with needing("language", "A language model"):
    import transformers
    from transformers import (
        AutoModelForMaskedLM,
        AutoModelForSequenceClassification,
        AutoTokenizer,
    )

__all__ = [
    "TextClassifier",
    "Tokens",
    "classifier",
    "encode",
    "fast_in_bfloat16",
    "masked_model",
    "matthews",
    "model_folder",
    "scores",
    "text_problem",
]

Loaded = TypeVar("Loaded")

PRETRAINED = Path(__file__).parent / "pretrained"
LENGTH = 128  # tokens at most
ROWS = 64  # evaluated at a time
# Torch's own attention takes longer on a CPU for the gradient of short texts than all else, and on
# an H100 it may give NaN for finite numbers (https://github.com/pytorch/pytorch/issues/196678).
ATTENTION = {"attn_implementation": "eager"}


class TextClassifier(nn.Module):
    """A `transformers` classifier as a function of token numbers alone.

    Args:
        network: the classifier.
        pad: number of the padding token.
        sep: number of the token that ends a text; where the network knows two segments, what
            follows the first one is the second.
        autocast: whether to compute in bfloat16 where that is faster (`fast_in_bfloat16`); the
            outputs are float32 in any case.

    Shape: token numbers (batch, length), padded at the right, to scores (batch, classes).

    Raises:
        IdlibError: when called with a text of more tokens than the network has positions.
    """

    def __init__(self, network: nn.Module, pad: int, sep: int, autocast: bool = False):
        super().__init__()
        self.network, self.pad, self.sep, self.autocast = network, pad, sep, autocast
        self.segments = (getattr(network.config, "type_vocab_size", 0) or 0) > 1
        self.positions = _positions(network)

    def forward(self, ids: Tensor) -> Tensor:
        if self.training or len(ids) <= ROWS:
            return self._scores(ids)
        order = _seen(ids, self.pad).sum(1).argsort()  # rows of like lengths, for little padding
        found = torch.cat([self._scores(ids[part]) for part in order.split(ROWS)])
        return found[order.argsort()]

    def _scores(self, ids: Tensor) -> Tensor:
        mask = _seen(ids, self.pad)
        length = max(1, int(mask.sum(1).max()))
        if length > self.positions:
            raise IdlibError(
                f"A text of {length} tokens was given, and {type(self.network).__name__} has "
                f"{self.positions} positions: encode(texts, name, length={self.positions}) cuts it."
            )
        ids, mask = ids[:, :length].long(), mask[:, :length]
        inputs = {"input_ids": ids, "attention_mask": mask.long()}
        if self.segments:
            ends = (ids == self.sep).long()
            second = ((ends.cumsum(1) - ends) > 0) & mask
            inputs["token_type_ids"] = second.long()
        half = self.autocast and fast_in_bfloat16(ids.device.type)
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=half):
            return self.network(**inputs).logits.float()


def _seen(ids: Tensor, pad: int) -> Tensor:
    """All tokens of each row but the padding at its end; a text may hold that token too."""
    return (ids != pad).flip(1).cumsum(1).flip(1) > 0


def fast_in_bfloat16(device: str) -> bool:
    """Whether a device computes faster in bfloat16: a GPU that knows it, or a CPU with AVX-512.
    On others it is emulated, and a step takes ten times as long as in float32."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device != "cpu" or torch.backends.cpu.get_cpu_capability() == "AVX512"


def _positions(network: nn.Module) -> int:
    """The most tokens that a text may have."""
    for name, module in network.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            first = 0 if module.padding_idx is None else module.padding_idx + 1  # RoBERTa's
            return module.num_embeddings - first
    return sys.maxsize


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
        return _seen(self.tensors[0], self.pad).sum(1)


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
    tokenizer = _tokenizer(name)
    if tokenizer.is_fast:
        tokenizer.backend_tokenizer.no_truncation()  # which an earlier call has left behind
    backend = tokenizer.backend_tokenizer.to_str() if tokenizer.is_fast else name
    key = hashlib.blake2b(repr((texts.texts, length, backend)).encode(), digest_size=10).hexdigest()
    path = CACHE / f"tokens-{key}.npy"
    if not path.exists():
        columns = [list(column) for column in zip(*texts.texts, strict=True)]
        rows = tokenizer(*columns, truncation=True, max_length=length)["input_ids"]
        table = np.full((len(rows), max(map(len, rows))), tokenizer.pad_token_id, np.int32)
        for row, numbers in zip(table, rows, strict=True):
            row[: len(numbers)] = numbers
        path.parent.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(f".{os.getpid()}.npy")
        np.save(half, table)
        half.replace(path)
    ids = torch.from_numpy(np.load(path))
    return Tokens(ids, torch.tensor(texts.labels), tokenizer.pad_token_id)


@functools.lru_cache(maxsize=2)
def text_problem(task_name: str, model_name: str) -> Problem:
    """A model on a task of texts, for `idlib.engine.runs.run`.

    Args:
        task_name: see `idlib.problems.texts.load_text`.
        model_name: see `model_folder`. The head is drawn anew from torch's generator.
    """
    task = load_text(task_name)
    score = matthews if task.metric == "matthews" else accuracy
    model_fn = classifier(model_name, len(task.classes))
    with torch.random.fork_rng():
        length = min(LENGTH, model_fn().positions)
    train, test = (encode(part, model_name, length) for part in (task.train, task.test))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return Problem(
        model_fn, train, test, metric=task.metric, device=device,
        score=score,  # type: ignore[arg-type]  # of `Tokens`, which is what it is given
    )  # fmt: skip


def classifier(name: str, classes: int) -> Callable[[], TextClassifier]:
    """What makes the model of that name with a new head for so many classes, and with the adapter
    that the name may end with, see `idlib.problems.adapters`."""
    adapter = split_name(name)[1]
    tokenizer = _tokenizer(name)
    sep = tokenizer.sep_token_id if tokenizer.sep_token_id is not None else -1

    def make() -> TextClassifier:
        kind = AutoModelForSequenceClassification
        network, loaded = _quietly(
            name,
            lambda at: kind.from_pretrained(
                at, num_labels=classes, ignore_mismatched_sizes=True, output_loading_info=True,
                **ATTENTION,
            ),
        )  # fmt: skip
        fresh = [*loaded["missing_keys"], *(key for key, *_ in loaded["mismatched_keys"])]
        network = adapt(network.float(), adapter, fresh)
        return TextClassifier(network, tokenizer.pad_token_id, sep, autocast=True)

    return make


def masked_model(name: str) -> tuple[transformers.PreTrainedTokenizerBase, nn.Module]:
    """The tokenizer and the masked language model of that name, see `model_folder`."""
    load = AutoModelForMaskedLM.from_pretrained
    return _tokenizer(name), _quietly(name, lambda at: load(at).float().eval())


def scores(model: nn.Module, dataset: TensorDataset, task: TextTask) -> dict[str, float]:
    """What GLUE reports for a task: accuracy, with F1 beside it for some, or Matthews' correlation.

    Args:
        model: from token numbers to scores.
        dataset: encoded texts.
        task: the task they belong to.
    """
    if task.metric == "matthews":
        return {"matthews": matthews(model, dataset)}
    found = {"accuracy": accuracy(model, dataset)}
    if task.f1:
        with needing("language", "F1"):
            from sklearn.metrics import f1_score

        found["f1"] = float(f1_score(dataset.tensors[1], predict(model, dataset, 128)))
    return found


def matthews(model: nn.Module, dataset: TensorDataset) -> float:
    """Matthews' correlation between labels and predictions, from -1 to 1; 0 is chance."""
    with needing("language", "Matthews' correlation"):
        from sklearn.metrics import matthews_corrcoef

    return float(matthews_corrcoef(dataset.tensors[1], predict(model, dataset, 128)))


@functools.lru_cache
def _tokenizer(name: str) -> transformers.PreTrainedTokenizerBase:
    base = model_folder(name)
    shipped = Path(base).parent if re.fullmatch(r"step-\d+", Path(base).name) else None
    if shipped and (shipped / "tokenizer_config.json").exists():
        base = str(shipped)
    tokenizer = _quietly(name, lambda _: AutoTokenizer.from_pretrained(base))
    if tokenizer.pad_token_id is None or tokenizer.padding_side != "right":
        raise IdlibError(f"The tokenizer of {name!r} does not pad at the right: take an encoder.")
    return tokenizer


def _quietly(name: str, load: Callable[[str], Loaded]) -> Loaded:
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
