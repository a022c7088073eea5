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
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from ..engine.runs import Problem
from ..engine.training import accuracy, predict
from ..errors import IdlibError, needing
from .adapters import adapt, split_name
from .texts import TextTask, load_text
from .tokens import LENGTH, encode, quietly, seen, tokenizer_of

with needing("language", "A language model"):
    import transformers
    from transformers import (
        AutoModelForMaskedLM,
        AutoModelForSequenceClassification,
    )

__all__ = [
    "TextClassifier",
    "classifier",
    "fast_in_bfloat16",
    "masked_model",
    "matthews",
    "scores",
    "text_problem",
]

ROWS = 64  # evaluated at a time
# Torch's own attention takes longer on a CPU for the gradient of short texts than all else, and on
# an H100 it may give NaN for finite numbers (https://github.com/pytorch/pytorch/issues/196678).
ATTENTION = {"attn_implementation": "eager"}


class TextClassifier(nn.Module):
    """A `transformers` classifier as a function of token numbers alone.

    Args:
        network: the classifier.
        pad: number of the padding token, the tokenizer's; the network's configuration gets the
            same, as decoders look for the last token of a text by it.
        sep: number of the token that ends a text; where the network knows two segments, what
            follows the first one is the second.
        autocast: whether to compute in bfloat16 where that is faster (`fast_in_bfloat16`); the
            outputs are float32 in any case.

    Shape: token numbers (batch, length), padded at the right, to scores (batch, classes).

    Raises:
        IdlibError: if there is no padding token; when called with a text of more tokens than the
            network has positions.
    """

    def __init__(self, network: nn.Module, pad: int | None, sep: int, autocast: bool = False):
        super().__init__()
        if pad is None:
            raise IdlibError(
                "There is no padding token: give the tokenizer one, such as "
                "tokenizer.pad_token = tokenizer.eos_token, and pass its number as pad."
            )
        config: Any = getattr(network, "config", None)
        if config is not None:
            config.pad_token_id = pad
        self.network, self.pad, self.sep, self.autocast = network, pad, sep, autocast
        self.segments = (getattr(network.config, "type_vocab_size", 0) or 0) > 1
        self.positions = _positions(network)

    def forward(self, ids: Tensor) -> Tensor:
        if self.training or len(ids) <= ROWS:
            return self._scores(ids)
        order = seen(ids, self.pad).sum(1).argsort()  # rows of like lengths, for little padding
        found = torch.cat([self._scores(ids[part]) for part in order.split(ROWS)])
        return found[order.argsort()]

    def _scores(self, ids: Tensor) -> Tensor:
        mask = seen(ids, self.pad)
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
    tokenizer = tokenizer_of(name)
    sep = tokenizer.sep_token_id if tokenizer.sep_token_id is not None else -1

    def make() -> TextClassifier:
        kind = AutoModelForSequenceClassification
        network, loaded = quietly(
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
    return tokenizer_of(name), quietly(name, lambda at: load(at).float().eval())


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
