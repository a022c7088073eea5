"""Language models in random subspaces: classifiers of `transformers`, by a new head or by words.

Texts become rows of token numbers in one tensor, padded once; `TextClassifier` cuts off the
padding that a batch does not need and works out the attention mask. So runs on texts go
through the same loop, store and search as runs on images, and there is no second one:
`transformers.Trainer` would bring its own checkpoints, logs and hooks beside these.

References:
    | Intrinsic Dimensionality Explains the Effectiveness of Language Model Fine-Tuning
      (Aghajanyan et al., 2021), https://arxiv.org/abs/2012.13255
"""

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from ..engine.runs import Problem
from ..engine.training import accuracy, predict
from ..errors import IdlibError, needing
from .adapters import adapt
from .loading import loaded
from .model_names import parse_model
from .prompts import Answer, answer_of
from .texts import TextTask, load_text
from .tokens import LENGTH, encode, seen, tokenizer_of

with needing("language", "A language model"):
    import transformers
    from transformers import (
        AutoModelForCausalLM,
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
SIDES = ("right", "left")


class TextClassifier(nn.Module):
    """A network of `transformers` as a function of token numbers alone.

    Args:
        network: a classifier; or a language model, if there is an answer to read.
        pad: number of the padding token, the tokenizer's; the network's configuration gets the
            same, as decoders look for the last token of a text by it.
        sep: number of the token that ends a text; where the network knows two segments, what
            follows the first one is the second.
        autocast: whether to compute in bfloat16 where that is faster (`fast_in_bfloat16`); the
            outputs are float32 in any case.
        answer: the words whose scores are the scores of the classes, and where they are read;
            None for a network with a head for the classes.
        side: where rows are padded. Those of `idlib.problems.tokens.encode` are at the right,
            whatever the tokenizer's own side.

    Shape: token numbers (batch, length) to scores (batch, classes).

    Raises:
        IdlibError: if there is no padding token, or no such side; when called with a text of more
            tokens than the network has positions.
    """

    def __init__(
        self,
        network: nn.Module,
        pad: int | None,
        sep: int,
        autocast: bool = False,
        answer: Answer | None = None,
        side: str = "right",
    ):
        super().__init__()
        if pad is None:
            raise IdlibError(
                "There is no padding token: give the tokenizer one, such as "
                "tokenizer.pad_token = tokenizer.eos_token, and pass its number as pad."
            )
        if side not in SIDES:
            raise IdlibError(f"side={side!r} was given, expected one of {SIDES}.")
        config: Any = getattr(network, "config", None)
        if config is not None:
            config.pad_token_id = pad
        self.network, self.pad, self.sep, self.autocast = network, pad, sep, autocast
        self.answer, self.side = answer, side
        self.segments = (getattr(config, "type_vocab_size", 0) or 0) > 1
        self.positions = _positions(network)
        self._chosen = "logits_to_keep" in inspect.signature(network.forward).parameters

    def forward(self, ids: Tensor) -> Tensor:
        ids = ids if self.side == "right" else _turned(ids, self.pad)
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
            if self.answer is None:
                return self.network(**inputs).logits.float()
            place = (mask.sum(1) - 1 - self.answer.behind).clamp(min=0)
            if self._chosen:  # scores of all words are worked out at these places alone
                inputs["logits_to_keep"], place = place.unique(return_inverse=True)
            words = self.network(**inputs).logits  # (batch, places, words)
            at = torch.arange(len(ids), device=ids.device)
            return words[at, place][:, list(self.answer.words)].float()


def _turned(ids: Tensor, pad: int) -> Tensor:
    """Rows that are padded at the left, padded at the right."""
    first = (ids != pad).long().argmax(1, keepdim=True)
    places = torch.arange(ids.shape[1], device=ids.device) + first
    return ids.gather(1, places % ids.shape[1])


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
    config = getattr(network, "config", None)
    return getattr(config, "max_position_embeddings", None) or sys.maxsize


@functools.lru_cache(maxsize=2)
def text_problem(task_name: str, model_name: str) -> Problem:
    """A model on a task of texts, for `idlib.engine.runs.run`.

    Args:
        task_name: see `idlib.problems.texts.load_text`.
        model_name: see `idlib.problems.model_names`. The head is drawn anew from torch's generator.
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
    """What makes the model of that name, see `idlib.problems.model_names`, with a new head for so
    many classes; with a prompt, it is the language model that answers with a word for each.

    Raises:
        IdlibError: if the name can't be read, there is no such model, the prompt has not a word
            for each class, or a word is none of the model's; when called, if the pretrained
            weights have nothing to score words with.
    """
    named = parse_model(name)
    tokenizer = tokenizer_of(name)
    sep = tokenizer.sep_token_id if tokenizer.sep_token_id is not None else -1
    kind, answer = AutoModelForSequenceClassification, None
    if named.prompt:
        if len(named.prompt.words) != classes:
            raise IdlibError(
                f"{name!r} has {len(named.prompt.words)} words, and there are {classes} classes: "
                "give a word for each."
            )
        answer = answer_of(tokenizer, named.prompt)
        masked = tokenizer.mask_token_id is not None
        kind = AutoModelForMaskedLM if masked else AutoModelForCausalLM

    def make() -> TextClassifier:
        network, fresh = loaded(kind, name, classes)
        if named.prompt and fresh:
            raise IdlibError(
                f"{name!r} has a prompt, and the pretrained weights can't score words: they lack "
                f"{fresh[0]}. Leave the prompt away, or take a language model, such as "
                "'roberta-4x128'."
            )
        model = TextClassifier(network, tokenizer.pad_token_id, sep, autocast=True, answer=answer)
        model.network = adapt(network, named.adapter, fresh)
        return model

    return make


def masked_model(name: str) -> tuple[transformers.PreTrainedTokenizerBase, nn.Module]:
    """The tokenizer and the masked language model of that name (`idlib.problems.model_names`)."""
    return tokenizer_of(name), loaded(AutoModelForMaskedLM, name)[0].eval()


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
