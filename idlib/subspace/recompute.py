"""Gradient checkpointing of a model whose parameters are put in place for a call only.

`torch.utils.checkpoint` runs a block again in the backward pass, when
`torch.func.functional_call` has long put theta_0 back: the gradients would be wrong without a
word. So while a `idlib.Subspace` runs, each block that is checkpointed is told to run again at
theta, and without reentrant autograd, which would miss the gradient of parameters.
"""

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.utils import checkpoint

__all__ = ["recomputed_at"]

#: What torch 2.6 to 2.14 go through without reentrant autograd; a function comes first.
WAYS = ("_checkpoint_without_reentrant_generator", "_checkpoint_without_reentrant_generator_impl")

_running = threading.local()  # the model and theta of the call that this thread is in
_watching = threading.Lock()


@contextmanager
def recomputed_at(model: nn.Module, theta: Mapping[str, Tensor]) -> Iterator[None]:
    """Has blocks that are checkpointed here run again at theta.

    Args:
        model: with or without checkpoints in it.
        theta: tensors by the names of the parameters that they stand for.
    """
    _watch()
    outer = getattr(_running, "call", None)
    _running.call = model, theta
    try:
        yield
    finally:
        _running.call = outer


def _watch() -> None:
    """Stands, once, between `torch.utils.checkpoint` and its two ways; nothing changes for blocks
    outside of a subspace."""
    with _watching:
        if hasattr(checkpoint, "_idlib_watches"):
            return
        for name in WAYS:
            if hasattr(checkpoint, name):
                setattr(checkpoint, name, _watched(getattr(checkpoint, name)))
        reentrant = checkpoint.CheckpointFunction

        class Watched(reentrant):  # type: ignore[misc, valid-type]  # a class known at run time
            @classmethod
            def apply(cls, function: Callable, preserve: bool, *args: Any) -> Any:
                if getattr(_running, "call", None) is None:
                    return reentrant.apply(function, preserve, *args)
                return checkpoint.checkpoint(
                    function, *args, use_reentrant=False, preserve_rng_state=preserve
                )

        checkpoint.CheckpointFunction = Watched  # type: ignore[misc]  # it takes its place
        checkpoint._idlib_watches = True  # type: ignore[attr-defined]  # a mark of our own


def _watched(way: Callable) -> Callable:
    @functools.wraps(way)
    def watched(function: Callable, *args: Any, **kwargs: Any) -> Any:
        return way(_placed(function), *args, **kwargs)

    return watched


def _placed(function: Callable) -> Callable:
    """The function, which in a backward pass runs with the parameters that it runs with now."""
    call = getattr(_running, "call", None)
    if call is None:
        return function

    @functools.wraps(function, updated=())
    def again(*args: Any, **kwargs: Any) -> Any:
        if getattr(_running, "call", None) is call:  # the first time
            return function(*args, **kwargs)
        model, theta = call
        with recomputed_at(model, theta), _at(model, theta):
            return function(*args, **kwargs)

    return again


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
