"""Networks of `transformers` by name: whole or their first layers, pretrained or random."""

import copy
import functools
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import IdlibError, needing
from .model_names import parse_model
from .tokens import model_folder, quietly

with needing("language", "A language model"):
    import transformers
    from transformers import AutoConfig, AutoModelForCausalLM

__all__ = ["configured", "loaded"]

# Torch's own attention takes longer on a CPU for the gradient of short texts than all else, and on
# an H100 it may give NaN for finite numbers (https://github.com/pytorch/pytorch/issues/196678).
ATTENTION = {"attn_implementation": "eager"}


def configured(name: str, classes: int = 2) -> transformers.PreTrainedConfig:
    """The configuration of the model of that name, with as many layers as the name says.

    Args:
        name: see `idlib.problems.model_names`.
        classes: of a new head.

    Raises:
        IdlibError: if the model is an encoder with a decoder, or has fewer layers.
    """
    config: Any = copy.deepcopy(_found(model_folder(name)))
    if config.is_encoder_decoder:
        raise IdlibError(
            f"{name!r} is an encoder with a decoder ({config.model_type}), expected one of the two "
            "alone, such as BERT, RoBERTa, GPT-2 or Llama."
        )
    config.num_labels = classes
    layers = parse_model(name).layers
    if layers is not None:
        there = getattr(config, "num_hidden_layers", 0)
        if layers > there:
            raise IdlibError(f"{name!r} was asked for, and there are {there} layers: take fewer.")
        config.num_hidden_layers = layers
        if getattr(config, "layer_types", None):  # a kind of attention for each
            config.layer_types = config.layer_types[:layers]
    return config


def loaded(kind: Any, name: str, classes: int = 2) -> tuple[nn.Module, list[str]]:
    """The network of that name, in float32, and which of its parameters are not pretrained.

    What is not pretrained is drawn from torch's generator. Of a network that is random as a whole
    nothing is said to be.

    Args:
        kind: such as `transformers.AutoModelForSequenceClassification`.
        name: see `idlib.problems.model_names`.
        classes: of a new head.
    """
    config: Any = configured(name, classes)
    config.dtype = torch.float32

    def drawn() -> nn.Module:
        return kind.from_config(config, **ATTENTION)

    def read(at: str, gguf_file: str = "") -> tuple[nn.Module, list[str]]:
        if gguf_file:
            network = drawn()
            return network, network.load_state_dict(_dequantised(at, gguf_file), False).missing_keys
        network, found = kind.from_pretrained(
            at, config=config, ignore_mismatched_sizes=True, output_loading_info=True, **ATTENTION
        )
        return network, [*found["missing_keys"], *(key for key, *_ in found["mismatched_keys"])]

    if parse_model(name).random:
        return drawn(), []
    network, fresh = quietly(model_folder(name), read)
    return network.float(), fresh


@functools.lru_cache(maxsize=8)
def _found(at: str) -> transformers.PreTrainedConfig:
    return quietly(at, AutoConfig.from_pretrained)


@functools.lru_cache(maxsize=1)
def _dequantised(folder: str, file: str) -> dict[str, Tensor]:
    """The weights in a GGUF file. To work them out takes seconds, and every run asks for them."""
    network = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=file, dtype=torch.float32,
        config=copy.deepcopy(_found(str(Path(folder, file)))),  # or it is read again
    )  # fmt: skip
    return network.state_dict()
