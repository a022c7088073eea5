"""Gradient checkpointing of a model whose parameters are put in place for a call only."""

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

__all__ = ["recomputed_at"]


@contextmanager
def recomputed_at(model: nn.Module, theta: Mapping[str, Tensor]) -> Iterator[None]:
    """Has checkpointed blocks of a `transformers` model that run here run again at theta.

    They run again in the backward pass, when `torch.func.functional_call` has long put theta_0
    back: the gradients would be wrong without a word.

    Args:
        model: with or without gradient checkpointing switched on.
        theta: tensors by the names of the parameters that they stand for.
    """
    blocks = [m for m in model.modules() if getattr(m, "gradient_checkpointing", False)]
    blocks = [m for m in blocks if hasattr(m, "_gradient_checkpointing_func")]
    before = [block._gradient_checkpointing_func for block in blocks]
    again = functools.partial(
        checkpoint, use_reentrant=False, context_fn=lambda: (nullcontext(), _at(model, theta))
    )
    try:
        for block in blocks:
            # torch takes any attribute of a module for a tensor or a module
            block._gradient_checkpointing_func = again  # type: ignore[assignment]  # it is a function
        yield
    finally:
        for block, function in zip(blocks, before, strict=True):
            block._gradient_checkpointing_func = function


@contextmanager
def _at(model: nn.Module, theta: Mapping[str, Tensor]) -> Iterator[None]:
    """The model with other tensors in the place of its parameters."""
    places = {}
    for name, p in model.named_parameters(remove_duplicate=False):
        owner, _, key = name.rpartition(".")
        places[name] = model.get_submodule(owner)._parameters, key, p
    tied = {id(p): name for name, p in model.named_parameters()}
    try:
        for parameters, key, p in places.values():
            stand_in = theta.get(tied[id(p)], p)
            parameters[key] = stand_in  # type: ignore[assignment]  # a tensor, for the time of a call
        yield
    finally:
        for parameters, key, p in places.values():
            parameters[key] = p
