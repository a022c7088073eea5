"""Networks of `transformers` by name: whole or their first layers, pretrained or random."""

from typing import Any

import torch
from torch import nn

from ..errors import IdlibError, needing
from .model_names import parse_model
from .tokens import quietly

with needing("language", "A language model"):
    import transformers
    from transformers import AutoConfig

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
    config: Any = quietly(name, AutoConfig.from_pretrained)
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
    if parse_model(name).random:
        config.dtype = torch.float32  # in which the weights are drawn
        return quietly(name, lambda *_, **__: kind.from_config(config, **ATTENTION)), []
    network, found = quietly(
        name,
        lambda at, **gguf: kind.from_pretrained(
            at, config=config, ignore_mismatched_sizes=True, output_loading_info=True,
            **ATTENTION, **gguf,
        ),
    )  # fmt: skip
    fresh = [*found["missing_keys"], *(key for key, *_ in found["mismatched_keys"])]
    return nn.Module.float(network), fresh  # transformers' own refuses what it has dequantised
