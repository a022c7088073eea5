"""The form of data and models that people bring: understood, or refused before any training."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, default_collate

from ..errors import IdlibError

__all__ = ["Rows", "as_dataset", "called", "logits", "takes_logits", "tensors_in"]

TARGETS = ("labels", "label", "targets", "target", "y")  # of an example that is a dict
EXPECTED = (
    "expected pairs of inputs and targets: a torch data set, a list of pairs, or two arrays (X, y)"
)


class Rows(Dataset):
    """Examples of any kind as pairs of tensors: inputs, perhaps several by name, and a target.

    Args:
        data: with a length; each example is a pair, or a dict with the target under one of
            "labels", "label", "targets", "target" and "y". Arrays and numbers become tensors,
            those of 64 bits in the types that models and losses work with.
    """

    def __init__(self, data: Any):
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, i: int) -> tuple[Any, Tensor]:
        x, y = _pair(self.data[i])
        target = _tensor(y)
        return _inputs(x), target if target.is_floating_point() else target.long()


def as_dataset(data: Any) -> Dataset:
    """The data set that is meant: one of torch's as it is if its examples are pairs of tensors.

    >>> len(as_dataset((np.zeros((3, 2)), np.array([0, 1, 0]))))
    3

    Args:
        data: a data set of torch's, a `DataLoader` (whose data set is taken, and neither its
            batches nor their order), a sequence of pairs or dicts (see `Rows`), or two arrays.

    Raises:
        IdlibError: if it is none of these.
    """
    if isinstance(data, DataLoader):
        if data.collate_fn is not default_collate:
            raise IdlibError(
                "A DataLoader with a collate_fn of its own was given, whose batches can't be "
                "drawn again: pass a data set whose examples need none."
            )
        return as_dataset(data.dataset)
    if isinstance(data, TensorDataset):
        if len(data.tensors) != 2:
            raise IdlibError(
                f"A TensorDataset of {len(data.tensors)} tensors was given, {EXPECTED}."
            )
        return data
    if isinstance(data, tuple | list) and len(data) == 2 and all(map(_is_array, data)):
        if len(data[0]) != len(data[1]):
            raise IdlibError(f"{len(data[0])} inputs and {len(data[1])} targets were given.")
        y = _tensor(data[1])
        return TensorDataset(_tensor(data[0]), y if y.is_floating_point() else y.long())
    countable = hasattr(data, "__len__") and hasattr(data, "__getitem__")
    if not countable or isinstance(data, IterableDataset | str | Mapping) or _is_array(data):
        raise IdlibError(f"{type(data).__name__} was given, {EXPECTED}.")
    if not len(data):
        return data if isinstance(data, Dataset) else Rows(data)
    if isinstance(data, Dataset) and _plain(data[0]):
        return data
    rows = Rows(data)
    first, _ = rows[0]  # refused here if it is no example
    if isinstance(data, Sequence) and isinstance(first, Tensor):
        return _stacked(rows)
    return rows


def called(model: nn.Module, x: Any, device: torch.device) -> Any:
    """The model's output for a batch of inputs: one tensor, several by name, or several."""
    if isinstance(x, Tensor):
        return model(x.to(device))
    if isinstance(x, Mapping):
        return model(**{name: part.to(device) for name, part in x.items()})
    return model(*(part.to(device) for part in x))


def logits(output: Any) -> Tensor:
    """What a model says of the classes: its output, or that part of it which is called "logits"
    (models of `transformers`, torchvision's Inception) or "out" (torchvision's segmentation).

    Raises:
        IdlibError: if the output is neither a tensor nor has such a part.
    """
    if isinstance(output, Tensor):
        return output
    for name in ("logits", "out"):
        found = output.get(name) if isinstance(output, Mapping) else getattr(output, name, None)
        if isinstance(found, Tensor):
            return found
    if isinstance(output, tuple | list) and len(output) == 1 and isinstance(output[0], Tensor):
        return output[0]
    what = type(output).__name__
    if isinstance(output, Mapping):
        what += f" with {[*output]}"
    elif isinstance(output, tuple | list):
        what += f" of {len(output)}"
    raise IdlibError(
        f"The model's output is a {what}, expected a tensor or something with logits: wrap the "
        "model in one that returns the tensor that is meant."
    )


def takes_logits(loss_fn: Callable) -> bool:
    """Whether a loss is one of torch's, which takes a tensor; one of the user's own gets what the
    model gives."""
    kind = type(loss_fn) if isinstance(loss_fn, nn.Module) else loss_fn
    return loss_fn is F.cross_entropy or (getattr(kind, "__module__", "") or "").startswith(
        ("torch.nn.", "torch._C")
    )


def tensors_in(thing: Any) -> Iterator[Tensor]:
    """All tensors in dicts, tuples and lists, in their order."""
    if isinstance(thing, Tensor):
        yield thing
    elif isinstance(thing, Mapping):
        for part in thing.values():
            yield from tensors_in(part)
    elif isinstance(thing, tuple | list):
        for part in thing:
            yield from tensors_in(part)


def _plain(example: Any) -> bool:
    """Whether torch's own loader makes of such examples what a model can take."""
    pair = isinstance(example, tuple | list) and len(example) == 2
    return (
        pair
        and isinstance(example[0], Tensor)
        and isinstance(example[1], Tensor | int | float)
        and not isinstance(example[1], np.generic)  # NumPy's float64 is a float
    )


def _pair(example: Any) -> tuple[Any, Any]:
    if isinstance(example, Mapping):
        found = [name for name in TARGETS if name in example]
        if len(found) == 1 and len(example) > 1:
            return {k: v for k, v in example.items() if k != found[0]}, example[found[0]]
        raise IdlibError(
            f"An example is a dict with {[*example]}, expected the target under one of "
            f"{', '.join(TARGETS)}, and inputs beside it."
        )
    if isinstance(example, tuple | list) and len(example) == 2:
        return example[0], example[1]
    what = type(example).__name__
    what += f" of {len(example)}" if isinstance(example, tuple | list) else ""
    raise IdlibError(f"An example is a {what}, {EXPECTED}.")


def _inputs(x: Any) -> Any:
    if isinstance(x, Mapping):
        return {name: _tensor(part) for name, part in x.items()}
    if isinstance(x, tuple):
        return tuple(map(_tensor, x))
    return _tensor(x)


def _tensor(value: Any) -> Tensor:
    if isinstance(value, Tensor):
        return value
    try:
        tensor = torch.as_tensor(value if isinstance(value, int | float) else np.array(value))
    except (TypeError, ValueError, RuntimeError) as error:
        raise IdlibError(
            f"A {type(value).__name__} is part of an example, expected numbers: make tensors of "
            "texts and pictures first, and leave out what is no input of the model."
        ) from error
    return tensor.float() if tensor.dtype == torch.float64 else tensor


def _is_array(value: Any) -> bool:
    return isinstance(value, Tensor | np.ndarray) and value.ndim > 0


def _stacked(rows: Rows) -> Dataset:
    """In memory, if all examples have one shape."""
    xs, ys = zip(*(rows[i] for i in range(len(rows))), strict=True)
    if any(len({(t.shape, t.dtype) for t in part}) > 1 for part in (xs, ys)):
        return rows
    return TensorDataset(torch.stack(xs), torch.stack(ys))
