"""Copies of models, whatever a forward pass has left behind in them."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from torch import Tensor
from torch.overrides import TorchFunctionMode

__all__ = ["copied"]

Anything = TypeVar("Anything")


class _Detaching(TorchFunctionMode):
    """Copies of tensors that were computed, which torch can't copy, have no history."""

    def __torch_function__(
        self,
        func: Any,
        types: Sequence[type],
        args: tuple = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if func is Tensor.__deepcopy__ and not args[0].is_leaf:
            tensor, memo = args
            return memo.setdefault(id(tensor), tensor.detach().clone())
        return func(*args, **(kwargs or {}))


def copied(thing: Anything) -> Anything:
    """A deep copy. Tensors with a history are kept by some models: an activation, a hidden state,
    a weight that a hook works out. Their values are copied, and they are detached.

    >>> import torch
    >>> model = torch.nn.Linear(3, 2)
    >>> model.last = model(torch.ones(3))
    >>> copied(model).last.requires_grad, torch.equal(copied(model).last, model.last)
    (False, True)
    """
    with _Detaching():
        return copy.deepcopy(thing)
