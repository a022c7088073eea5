r"""Adapters: a pretrained network of which only a small part is trained, made with `peft`.

A model's name may end with an adapter: "roberta-4x128+lora-4". What it trains:

- ``head``: the classification head alone, and with it whatever else the pretrained weights
  lack and is drawn anew (DistilBERT's ``pre_classifier``);
- ``lora-4``: beside the head, for each query and value matrix a product :math:`B A` of rank 4
  that is added to it. A is drawn from a normal distribution, B starts at zero;
- ``vera-64``: beside the head, for each such matrix two vectors that scale the rows of A and
  of B. A and B are drawn once for all matrices, of rank 64, and frozen;
- ``unilora-1000``: beside the head, one vector of 1,000 numbers. Every entry of every A and B,
  of rank 4, is one of these numbers, drawn once, over the square root of how often it is drawn;
- ``tinylora-13``: beside the head, one vector of 13 numbers. Each such matrix :math:`U S V^T`
  gets :math:`U_2 S_2^{1/2} R S_2^{1/2} V_2^T` from its two largest singular values, and R, 2 by
  2, is the sum of 13 matrices of the matrix's own, drawn once, times these numbers;
- ``matrices-1000``: beside the head, 1,000 numbers that move all these matrices together in a
  random subspace, as `idlib.Subspace` moves all parameters.

A prompted model (`idlib.problems.prompts`) has no head, and trains the rest alone.

References:
    | LoRA: Low-Rank Adaptation of Large Language Models (Hu et al., 2022),
      https://arxiv.org/abs/2106.09685
    | VeRA: Vector-based Random Matrix Adaptation (Kopiczko et al., 2024),
      https://arxiv.org/abs/2310.11454
    | Uni-LoRA: One Vector Is All You Need (Li et al., 2025), https://arxiv.org/abs/2506.00799
    | Learning to Reason in 13 Parameters (2026), https://arxiv.org/abs/2602.04118
"""

import re
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import nn

from ..errors import IdlibError, needing
from ..subspace import Subspace

__all__ = ["ALPHA", "TARGETS", "UNILORA_RANK", "adapt", "numbers", "shapes", "split_name"]

#: As in table 5 of LoRA; so named in BERT, RoBERTa, ELECTRA and ALBERT, and in Llama and its like.
TARGETS = ("query", "value", "q_proj", "v_proj")
HEADS = ("classifier", "score")  # the names of heads
ALPHA = 8  #: B A is multiplied by alpha / rank (Hu et al., section 4.1)
UNILORA_RANK = 4  #: of A and B, whose entries are numbers of the one vector
TINYLORA_RANK = 2  #: singular values of a matrix that are mixed


def split_name(name: str) -> tuple[str, str]:
    """The model and the adapter of a model's name, "" if it has none.

    >>> split_name("roberta-4x128@2000+lora-4")
    ('roberta-4x128@2000', 'lora-4')

    Raises:
        IdlibError: if there is no such adapter.
    """
    if "+" not in name or Path(name).exists():
        return name, ""
    base, _, adapter = name.rpartition("+")
    _parse(adapter)
    return base, adapter


def _parse(adapter: str) -> tuple[str, int]:
    """Its kind and size."""
    if adapter == "head":
        return adapter, 0
    match = re.fullmatch(r"(lora|vera|unilora|tinylora|matrices)-([1-9]\d*)", adapter)
    if not match:
        raise IdlibError(
            f"The adapter {adapter!r} was asked for, expected 'head', 'lora-4', 'vera-64', "
            "'unilora-1000', 'tinylora-13' or 'matrices-1000', or other numbers from 1."
        )
    return match[1], int(match[2])


def adapt(network: nn.Module, adapter: str, fresh: Sequence[str] = ()) -> nn.Module:
    """The network with an adapter on it; all else is frozen. The network itself is changed.

    Called again with torch's generator at the same seed, it gives the same numbers.
    ``merge_and_unload()`` of what is returned (``merged()`` for "matrices-1000", and nothing for
    "head") adds the adapter to the matrices and gives back the network.

    Args:
        network: of `transformers`: a classifier, or a language model, which has no head.
        adapter: such as "lora-4"; "" changes nothing.
        fresh: names of the parameters that are not pretrained, and trained with the head.

    Raises:
        IdlibError: if there is no such adapter, the network has no module of the names it
            needs, or `peft` is not installed.
    """
    if not adapter:
        return network
    kind, size = _parse(adapter)
    head = next((name for name in HEADS if hasattr(network, name)), None)
    words = getattr(network, "get_output_embeddings", lambda: None)() is not None
    if (head is None and (kind == "head" or not words)) or (kind != "head" and not shapes(network)):
        raise IdlibError(
            f"{type(network).__name__} was given, expected a network with a head called "
            f"{' or '.join(map(repr, HEADS))} and linear modules called 'query' and 'value' or "
            "'q_proj' and 'v_proj', such as BERT, RoBERTa or Llama."
        )
    trained = {name: network.get_parameter(name) for name in fresh}
    if head:
        trained |= {f"{head}.{n}": p for n, p in getattr(network, head).named_parameters()}
    network.requires_grad_(False)
    if kind == "matrices":
        adapted: nn.Module = _moved_together(network, size)
        trained = {name: adapted.get_parameter(f"model.{name}") for name in trained}
    else:
        adapted = network if kind == "head" else _with_matrices(network, kind, size)
    for p in trained.values():
        p.requires_grad_(True)
    return adapted


def _moved_together(network: nn.Module, size: int) -> Subspace:
    """The network with its matrices in a random subspace."""
    for name, module in network.named_modules():
        if _is_target(name, module):
            module.get_parameter("weight").requires_grad_(True)
    return Subspace(network, size, "hashed", seed=int(torch.randint(2**31, ())))


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
        "tinylora": lambda **to: peft.TinyLoraConfig(
            r=TINYLORA_RANK, u=size, weight_tying=1.0, projection_seed=key, **to
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
        if isinstance(m, nn.Linear) and _is_target(name, m)
    ]


def _is_target(name: str, module: nn.Module) -> bool:
    return isinstance(module, nn.Linear) and name.split(".")[-1] in TARGETS


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
