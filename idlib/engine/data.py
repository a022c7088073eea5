"""Data sets as the engine sees them: pairs of inputs and targets, whatever they mean."""

import copy
import hashlib
from collections.abc import Mapping, Sequence
from typing import TypeGuard

import torch
from torch import Tensor
from torch.utils.data import Dataset, Subset, TensorDataset

from ..errors import IdlibError

__all__ = [
    "all_targets",
    "commonest",
    "count",
    "fingerprint",
    "in_memory",
    "sample",
    "split",
    "validation",
]

VALIDATION_SHARE = 0.1
SAMPLE = 2000  # training examples scored at the end of a run


def count(dataset: Dataset) -> int:
    """How many examples there are."""
    return len(dataset)  # type: ignore[arg-type]  # torch declares no length, all used here have one


def in_memory(dataset: Dataset) -> TypeGuard[TensorDataset]:
    """Whether the examples are the rows of a `TensorDataset`'s tensors, as they are."""
    own = type(dataset).__getitem__ if isinstance(dataset, TensorDataset) else None
    return own is TensorDataset.__getitem__


def split(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """A fixed 90 % for training, and the rest for choosing the learning rate.

    Raises:
        IdlibError: if there are fewer than two examples.
    """
    order, held = _order(dataset)
    return _part(dataset, order[held:]), _part(dataset, order[:held])


def validation(dataset: Dataset) -> Dataset:
    """The second part of `split`, without a copy of the first."""
    order, held = _order(dataset)
    return _part(dataset, order[:held])


def _order(dataset: Dataset) -> tuple[Tensor, int]:
    """A fixed order of the examples, and how many of the first ones are held out."""
    n = count(dataset)
    if n < 2:
        raise IdlibError(f"The training set has {n} examples: at least 2 are needed.")
    order = torch.randperm(n, generator=torch.Generator().manual_seed(0))
    return order, max(1, round(VALIDATION_SHARE * n))


def sample(dataset: Dataset) -> Dataset:
    """At most `SAMPLE` of the examples, drawn at random, always the same."""
    order = torch.randperm(count(dataset), generator=torch.Generator().manual_seed(0))
    return _part(dataset, order[:SAMPLE])


def _part(dataset: Dataset, index: Tensor) -> Dataset:
    if not in_memory(dataset):
        return Subset(dataset, index.tolist())
    picked = copy.copy(dataset)  # of the same class
    picked.tensors = tuple(t[index] for t in dataset.tensors)
    return picked


def fingerprint(dataset: Dataset) -> str:
    """Ten hexadecimal digits that tell one data set from another.

    They come from all bytes of a `TensorDataset`; from what ``identity()`` returns, bytes, where a
    data set has such a method; and from all labels and a few of the inputs of any other (one with
    a `__getitem__` of its own among them).

    >>> fingerprint(TensorDataset(torch.zeros(3, 2)))
    'e4fb850b57'
    """
    if hasattr(dataset, "identity"):
        tensors: Sequence[Tensor] = [
            torch.frombuffer(bytearray(dataset.identity()), dtype=torch.uint8)
        ]
    elif in_memory(dataset):
        tensors = dataset.tensors
    else:
        n = count(dataset)
        picked = range(0, n, max(1, n // 4))
        inputs = [torch.as_tensor(part) for i in picked for part in _parts(dataset[i][0])]
        tensors = [*inputs, all_targets(dataset)]
    digest = hashlib.blake2b(digest_size=5)
    for tensor in tensors:
        digest.update(repr((tuple(tensor.shape), str(tensor.dtype))).encode())
        numbers = tensor.cpu().contiguous()
        numbers = numbers.view(torch.int16) if numbers.dtype == torch.bfloat16 else numbers
        digest.update(numbers.flatten().view(torch.uint8).numpy().data)  # its bytes, not copied
    return digest.hexdigest()


def commonest(dataset: Dataset) -> float:
    """The accuracy of always answering with the commonest label of pairs of inputs and labels;
    where targets are probabilities, the most probable class is the label.

    >>> commonest(TensorDataset(torch.zeros(4, 2), torch.tensor([1, 0, 1, 1])))
    0.75
    """
    targets = all_targets(dataset)
    labels = targets.argmax(1) if targets.is_floating_point() and targets.ndim > 1 else targets
    return int(labels.unique(return_counts=True)[1].max()) / labels.numel()


def all_targets(dataset: Dataset) -> Tensor:
    """The targets of all examples, in one tensor; whole numbers are 64 bits long."""
    if in_memory(dataset):
        targets = dataset.tensors[1]
    else:
        targets = torch.stack([torch.as_tensor(dataset[i][1]) for i in range(count(dataset))])
    return targets if targets.is_floating_point() else targets.long()


def _parts(x: object) -> list:
    """The inputs of an example that has several, or one."""
    if isinstance(x, Mapping):
        return [x[name] for name in sorted(x)]
    return list(x) if isinstance(x, tuple) else [x]
