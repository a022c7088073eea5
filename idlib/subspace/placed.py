"""A model that runs for one call with other tensors in the place of its parameters.

It is what `torch.func.functional_call` does, in less time and right for gradient checkpointing:
`torch.utils.checkpoint` runs a block again in the backward pass, when theta_0 has long been put
back, and the gradients would be wrong without a word. So while a `idlib.Subspace` runs, each block
that is checkpointed is told to run again at theta, and without reentrant autograd, which would miss
the gradient of parameters.
"""

import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.utils import checkpoint

__all__ = ["Place", "placed", "places"]

Place = tuple[nn.Module, str, int]  # a module, its name for a parameter, and which of theta that is

#: What torch 2.6 to 2.14 go through without reentrant autograd; a function comes first.
WAYS = ("_checkpoint_without_reentrant_generator", "_checkpoint_without_reentrant_generator_impl")

_running = threading.local()  # the places and theta of the call that this thread is in
_watching = threading.Lock()


def places(model: nn.Module, names: Sequence[str]) -> list[Place]:
    """Where a model keeps the parameters of these names; a tied one has several places."""
    named = dict(model.named_parameters())
    which = {id(named[name]): i for i, name in enumerate(names)}
    return [
        (module, key, which[id(p)])
        for module in model.modules()
        for key, p in module._parameters.items()
        if id(p) in which
    ]


@contextmanager
def placed(where: Sequence[Place], theta: Sequence[Tensor]) -> Iterator[None]:
    """A model with theta in the place of its parameters, also where a block is checkpointed here.

    Args:
        where: see `places`. Parameters that have no place here stay.
        theta: tensors, in the order of the names that the places were looked up for.
    """
    _watch()
    outer = getattr(_running, "call", None)
    _running.call = where, theta
    theta_0 = [module._parameters[key] for module, key, _ in where]
    try:
        for module, key, i in where:
            module._parameters[key] = theta[i]  # type: ignore[assignment]  # a tensor, for a call
        yield
    finally:
        for (module, key, _), p in zip(where, theta_0, strict=True):
            module._parameters[key] = p
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
        with placed(*call):
            return function(*args, **kwargs)

    return again
