"""A task to learn, and what can be done to its images and labels."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import TensorDataset

from ..errors import IdlibError

__all__ = ["Task", "changed", "parse", "pixel_order", "shuffle_pixels"]


@dataclass(frozen=True)
class Task:
    """A data set to learn: images (n, 1, 28, 28), normalised, and labels (n,) from 0 to 9."""

    name: str
    train: TensorDataset
    test: TensorDataset
    source: str

    @property
    def majority(self) -> float:
        """The accuracy of always answering with the test set's commonest label."""
        labels = self.test.tensors[1]
        return labels.bincount().max().item() / len(labels)

    def __str__(self) -> str:
        return (
            f"{self.name}: {len(self.train):,} training and {len(self.test):,} test images, "
            f"from {self.source}"
        )


def parse(name: str) -> tuple[str, list[tuple[str, int]]]:
    """The data set that a task's name begins with, and the changes to it that follow.

    - ``-shuffled``: the pixels of all images in one random order;
    - ``-shuffled-7``: the same within blocks of 7x7 (see `shuffle_pixels`);
    - ``-side14``: images with the detail of 14x14 pixels, enlarged to 28x28 again;
    - ``-n500``: 500 training images, drawn at random;
    - ``-copies2``: every training image twice;
    - ``-random50``: the labels of 50 % of the training images, shuffled among these.

    >>> parse("digits-n500-random50")
    ('digits', [('n', 500), ('random', 50)])

    Raises:
        IdlibError: if the name is not of this form.
    """
    change = r"-(shuffled)(?:-(\d+))?|-(side|n|copies|random)(\d+)"
    match = re.fullmatch(rf"(auto|mnist|mnist10k|digits)((?:{change})*)", name)
    if not match:
        raise IdlibError(
            f"task {name!r} was asked for, expected auto, mnist, mnist10k or digits, and behind it "
            "any of -shuffled, -shuffled-7, -side14, -n500, -copies2 and -random50, or other "
            "numbers."
        )
    found = re.findall(change, match[2])
    return match[1], [(a or c, int(b or d or 28)) for a, b, c, d in found]


def changed(task: Task, changes: Sequence[tuple[str, int]]) -> Task:
    """The task with changes made from left to right, as `parse` gives them.

    Raises:
        IdlibError: if one can't be made.
    """
    for kind, value in changes:
        task = _CHANGES[kind](task, value)
    return task


def pixel_order(block: int = 28, seed: int = 0) -> Tensor:
    """A random order of 28x28 pixels, shape (784,): pixel i is taken from ``order[i]``.

    Args:
        block: pixels move only within blocks of this many by this many; a divisor of 28, from
            1 (nothing moves) to 28 (every pixel may go anywhere).
        seed: which order.
    """
    if block not in (1, 2, 4, 7, 14, 28):
        raise IdlibError(f"block = {block} was given, expected a divisor of 28.")
    generator = torch.Generator().manual_seed(seed)
    side = 28 // block
    blocks = torch.arange(784).view(side, block, side, block).transpose(1, 2)
    blocks = blocks.reshape(side * side, block * block)  # pixel numbers, block by block
    order = torch.arange(784)
    for pixels in blocks:
        order[pixels] = pixels[torch.randperm(block * block, generator=generator)]
    return order


def shuffle_pixels(task: Task, block: int = 28, seed: int = 0) -> Task:
    """The task with its 28x28 pixels in one `pixel_order`, the same for all images."""
    order = pixel_order(block, seed)

    def permuted(dataset: TensorDataset) -> TensorDataset:
        images, labels = dataset.tensors
        return TensorDataset(images.flatten(1).index_select(1, order).view_as(images), labels)

    return replace(task, train=permuted(task.train), test=permuted(task.test))


def _side(task: Task, side: int) -> Task:
    if not 1 <= side <= 28:
        raise IdlibError(f"side = {side} was given, expected 1 to 28 pixels.")

    def coarse(dataset: TensorDataset) -> TensorDataset:
        images, labels = dataset.tensors
        small = F.interpolate(images, size=side, mode="area")
        return TensorDataset(F.interpolate(small, size=28, mode="bilinear"), labels)

    return replace(task, train=coarse(task.train), test=coarse(task.test))


def _n(task: Task, n: int) -> Task:
    if not 1 <= n <= len(task.train):
        raise IdlibError(
            f"n = {n} was given, expected 1 to {len(task.train)}, the training images there are."
        )
    picked = torch.randperm(len(task.train), generator=torch.Generator().manual_seed(0))[:n]
    return replace(task, train=TensorDataset(*(t[picked] for t in task.train.tensors)))


def _copies(task: Task, copies: int) -> Task:
    if not 1 <= copies <= 100:
        raise IdlibError(f"copies = {copies} was given, expected 1 to 100.")
    images, labels = task.train.tensors
    repeated = TensorDataset(images.repeat(copies, 1, 1, 1), labels.repeat(copies))
    return replace(task, train=repeated)


def _random(task: Task, percent: int) -> Task:
    """At even distances in the order by which images are set apart for validation, as a sample or
    by ``-n``: each such part has its share of the labels."""
    if not 0 <= percent <= 100:
        raise IdlibError(f"random = {percent} was given, expected 0 to 100 per cent.")
    images, labels = task.train.tensors
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(len(labels), generator=generator)
    n = round(percent * len(labels) / 100)
    picked = order[torch.arange(n) * len(labels) // max(1, n)]
    labels = labels.clone()
    labels[picked] = labels[picked[torch.randperm(n, generator=generator)]]
    return replace(task, train=TensorDataset(images, labels))


_CHANGES: dict[str, Callable[[Task, int], Task]] = {
    "shuffled": shuffle_pixels,
    "side": _side,
    "n": _n,
    "copies": _copies,
    "random": _random,
}
