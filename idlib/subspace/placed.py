"""A model that runs for one call with other tensors in the place of its parameters.

It is what `torch.func.functional_call` does, in less time and right for gradient checkpointing:
`torch.utils.checkpoint` runs a block again in the backward pass, when theta_0 has long been put
back, and the gradients would be wrong without a word. So while a `idlib.Subspace` runs, each block
that is checkpointed is told to run again at theta, and without reentrant autograd, which would miss
the gradient of parameters.
"""

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.utils import checkpoint

__all__ = ["placed"]

#: What torch 2.6 to 2.14 go through without reentrant autograd; a function comes first.
WAYS = ("_checkpoint_without_reentrant_generator", "_checkpoint_without_reentrant_generator_impl")

_running = threading.local()  # the model and theta of the call that this thread is in
_watching = threading.Lock()


@contextmanager
def placed(model: nn.Module, theta: Mapping[str, Tensor]) -> Iterator[None]:
    """The model with theta in the place of its parameters, also where a block is checkpointed here.

    Args:
        model: with or without checkpoints in it. Parameters that theta does not name stay.
        theta: tensors by the names of the parameters that they stand for.
    """
    _watch()
    outer = getattr(_running, "call", None)
    _running.call = model, theta
    stand_ins = {id(p): theta[name] for name, p in model.named_parameters() if name in theta}
    places = [  # a tied parameter has several
        (module._parameters, key, p)
        for module in model.modules()
        for key, p in module._parameters.items()
        if id(p) in stand_ins
    ]
    try:
        for parameters, key, p in places:
            parameters[key] = stand_ins[id(p)]  # type: ignore[assignment]  # a tensor, for a call
        yield
    finally:
        for parameters, key, p in places:
            parameters[key] = p
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
        with placed(model, theta):
            return function(*args, **kwargs)

    return again
