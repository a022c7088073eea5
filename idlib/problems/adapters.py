r"""Adapters: a pretrained network of which only a small part is trained, made with `peft`.

A model's name may end with an adapter: "roberta-4x128+lora-4". What it trains:

- ``head``: the classification head alone, and with it whatever else the pretrained weights
  lack and is drawn anew (DistilBERT's ``pre_classifier``);
- ``lora-4``: beside the head, for each query and value matrix a product :math:`B A` of rank 4
  that is added to it. A is drawn from a normal distribution, B starts at zero;
- ``vera-64``: beside the head, for each such matrix two vectors that scale the rows of A and
  of B. A and B are drawn once for all matrices, of rank 64, and frozen;
- ``unilora-1000``: beside the head, one vector of 1,000 numbers. Every entry of every A and B,
  of rank 4, is one of these numbers, drawn once, over the square root of how often it is drawn.

References:
    | LoRA: Low-Rank Adaptation of Large Language Models (Hu et al., 2022),
      https://arxiv.org/abs/2106.09685
    | VeRA: Vector-based Random Matrix Adaptation (Kopiczko et al., 2024),
      https://arxiv.org/abs/2310.11454
    | Uni-LoRA: One Vector Is All You Need (Li et al., 2025), https://arxiv.org/abs/2506.00799
"""

import re
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import nn

from ..errors import IdlibError, needing

__all__ = ["ALPHA", "TARGETS", "UNILORA_RANK", "adapt", "numbers", "shapes", "split_name"]

TARGETS = ("query", "value")  #: as in table 5 of LoRA; so named in BERT, RoBERTa, ELECTRA, ALBERT
HEAD = "classifier"
ALPHA = 8  #: B A is multiplied by alpha / rank (Hu et al., section 4.1)
UNILORA_RANK = 4  #: of A and B, whose entries are numbers of the one vector


def split_name(name: str) -> tuple[str, str]:
    """The model and the adapter of a model's name, "" if it has none.

    >>> split_name("roberta-4x128@2000+lora-4")
    ('roberta-4x128@2000', 'lora-4')

    Raises:
        IdlibError: if there is no such adapter.
    """
    if "+" not in name or Path(name).is_dir():
        return name, ""
    base, _, adapter = name.rpartition("+")
    _parse(adapter)
    return base, adapter


def _parse(adapter: str) -> tuple[str, int]:
    """Its kind and size."""
    if adapter == "head":
        return adapter, 0
    match = re.fullmatch(r"(lora|vera|unilora)-([1-9]\d*)", adapter)
    if not match:
        raise IdlibError(
            f"The adapter {adapter!r} was asked for, expected 'head', 'lora-4', 'vera-64' or "
            "'unilora-1000', or other numbers from 1."
        )
    return match[1], int(match[2])


def adapt(network: nn.Module, adapter: str, fresh: Sequence[str] = ()) -> nn.Module:
    """The network with an adapter on it; all else is frozen. The network itself is changed.

    Called again with torch's generator at the same seed, it gives the same numbers.
    ``merge_and_unload()`` of what is returned (but for "head") adds the adapter to the matrices
    and gives back the network.

    Args:
        network: a `transformers` classifier with a ``classifier``.
        adapter: such as "lora-4"; "" changes nothing.
        fresh: names of the parameters that are not pretrained, and trained with the head.

    Raises:
        IdlibError: if there is no such adapter, the network has no module of the names it
            needs, or `peft` is not installed.
    """
    if not adapter:
        return network
    kind, size = _parse(adapter)
    if not hasattr(network, HEAD) or (kind != "head" and not shapes(network)):
        raise IdlibError(
            f"{type(network).__name__} was given, expected a network with a {HEAD!r} and linear "
            f"modules called {' and '.join(map(repr, TARGETS))}, such as BERT or RoBERTa."
        )
    adapted = network.requires_grad_(False)
    drawn = [network.get_parameter(name) for name in fresh]
    if kind != "head":
        adapted = _with_matrices(network, kind, size)
    for p in (*getattr(network, HEAD).parameters(), *drawn):
        p.requires_grad_(True)
    return adapted


def _with_matrices(network: nn.Module, kind: str, size: int) -> nn.Module:
    """What peft makes of the network. Its own way of training the head beside, a copy of it in
    ``modules_to_save``, can't be merged again but for LoRA (version 0.21)."""
    with needing("language", f"The adapter '{kind}-{size}'"):
        import peft
    key = int(torch.randint(2**31, ()))  # so that what is frozen, too, follows torch's generator
    config = {
        "lora": lambda **to: peft.LoraConfig(r=size, lora_alpha=ALPHA, **to),
        "vera": lambda **to: peft.VeraConfig(r=size, projection_prng_key=key, **to),
        "unilora": lambda **to: peft.UniLoraConfig(
            r=UNILORA_RANK, theta_d_length=size, proj_seed=key, **to
        ),
    }[kind](target_modules=list(TARGETS))
    with warnings.catch_warnings():  # peft asks for what transformers has renamed
        warnings.filterwarnings("ignore", ".*is_gradient_checkpointing", FutureWarning)
        adapted = peft.get_peft_model(network, config)
    for name, p in adapted.named_parameters():
        if ".lora_A." in name:
            # peft's "gaussian" has a deviation of 1 / r: with it, the larger the rank, the less
            # a step of the same rate changes the matrix.
            nn.init.normal_(p, std=p.shape[1] ** -0.5)
    return adapted


def shapes(network: nn.Module) -> list[tuple[int, int]]:
    """Rows and columns of each matrix that an adapter is put on, of a network without one."""
    return [
        (m.out_features, m.in_features)
        for name, m in network.named_modules()
        if isinstance(m, nn.Linear) and name.split(".")[-1] in TARGETS
    ]


def numbers(adapter: str, matrices: Iterable[tuple[int, int]]) -> int:
    """How many numbers an adapter trains beside the head.

    Args:
        adapter: such as "lora-4".
        matrices: rows and columns of each matrix that it is put on (`shapes`).

    RoBERTa-base has 12 blocks of two matrices, and table 2 of LoRA gives 0.3 million:

    >>> numbers("lora-8", [(768, 768)] * 24)
    294912
    """
    kind, size = _parse(adapter)
    each = {
        "lora": lambda rows, columns: size * (rows + columns),
        "vera": lambda rows, columns: size + rows,
    }
    if kind in each:
        return sum(each[kind](*matrix) for matrix in matrices)
    return size  # of the one vector; 0 for the head
