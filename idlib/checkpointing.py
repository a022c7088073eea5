"""Gradient checkpointing of a model whose parameters are put in place for a call only."""

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext

from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

__all__ = ["redirect_checkpoints"]


def redirect_checkpoints(subspace: nn.Module) -> bool:
    """Has checkpointed blocks of a `transformers` model run again at theta, not at theta_0.

    They run again in the backward pass, when `torch.func.functional_call` has long put theta_0
    back: the gradients would be wrong without a word.

    Args:
        subspace: a `idlib.Subspace`, whose ``model`` had checkpointing switched on before.

    Returns:
        Whether there are any such blocks.
    """
    blocks = [m for m in subspace.model.modules() if getattr(m, "gradient_checkpointing", False)]
    for block in blocks:
        block._gradient_checkpointing_func = functools.partial(
            checkpoint, use_reentrant=False, context_fn=functools.partial(_contexts, subspace)
        )
    return bool(blocks)


def _contexts(subspace: nn.Module):
    return nullcontext(), _at(subspace.model, subspace._current)


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
            parameters[key] = theta.get(tied[id(p)], p)
        yield
    finally:
        for parameters, key, p in places.values():
            parameters[key] = p
