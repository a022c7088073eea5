"""Checks for notebook 04."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from ...engine.training import accuracy, train
from ...problems.images import load
from ...problems.networks import fc
from ..base.checks import guarded, verdict

__all__ = ["harmful", "relabel", "undo", "unnoticed"]


@guarded
def undo(fn: Callable[[Tensor], Tensor]) -> bool:
    """``fn(order)``: the order that puts the pixels back, ``x[:, order][:, fn(order)] == x``.

    Args:
        fn: the reader's function.
    """
    problem = None
    for seed, n in enumerate((3, 6, 784)):
        order = torch.randperm(n, generator=torch.Generator().manual_seed(seed))
        got = fn(order.clone())
        problem = _no_order(got, n)
        if problem is None and not torch.equal(order[got], torch.arange(n)):
            wrong = int((order[got] != torch.arange(n)).sum())
            problem = f"{wrong} of {n} pixels do not come back" + (
                f": for order {order.tolist()} you return {got.tolist()}." if n < 10 else "."
            )
        if problem:
            break
    hint = "Pixel order[i] went to place i. Where in `order` does the number 0 stand? And 1?"
    return verdict(problem, hint, "Nothing was lost: a shuffled image holds all of the image.")


@guarded
def relabel(fn: Callable[[Tensor, Tensor], Tensor]) -> bool:
    """``fn(weight, order)``: a first layer for plain images that answers as ``weight`` does for
    shuffled ones, ``fn(weight, order) @ x == weight @ x[order]``.

    Args:
        fn: the reader's function; ``weight`` has shape (units, pixels).
    """
    problem = None
    for seed, (units, n) in enumerate(((1, 3), (4, 9), (5, 784))):
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(n, generator=generator)
        weight, x = torch.randn(units, n, generator=generator), torch.randn(n, generator=generator)
        got = fn(weight.clone(), order.clone())
        if not isinstance(got, Tensor) or got.shape != weight.shape:
            found = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
            problem = f"you return {found}, expected a tensor of shape {tuple(weight.shape)}."
        elif not torch.allclose(got @ x, weight @ x[order], atol=1e-4):
            off = (got @ x - weight @ x[order]).abs().max()
            problem = f"with {n} pixels the units' answers are off by up to {off:.2g}."
        if problem:
            break
    hint = (
        "Column i of `weight` meets pixel order[i]. Which column of the new matrix meets that "
        "pixel? Your answer to exercise 1 helps."
    )
    return verdict(problem, hint, "The shuffle is nothing but other names for the inputs.")


@guarded
def unnoticed(fn: Callable[[], Tensor]) -> bool:
    """``fn()``: an order of the 784 pixels, not the plain one, that LeNet can't notice.

    Pixels that touch along an edge must still touch: only turns and mirrors of the square do
    that, and convolution and pooling follow them.

    Args:
        fn: the reader's function.
    """
    order = fn()
    problem = _no_order(order, 784)
    hint = "It starts from torch.arange(784).view(28, 28): what can be done to a whole picture?"
    if problem is None and torch.equal(order, torch.arange(784)):
        problem = "every pixel stays where it was, so there is nothing to notice."
    elif problem is None and (torn := _torn_pairs(order)):
        problem = f"{torn:,} of 1,512 pairs of neighbouring pixels are torn apart."
        hint = "LeNet's windows mix neighbours: pixels that touch must touch afterwards. " + hint
    return verdict(problem, hint, "With its kernels turned alike, LeNet gives the same answers.")


@guarded
def harmful(fn: Callable[[Tensor, torch.Generator], Tensor]) -> bool:
    """``fn(images, generator)``: the images with their pixels moved so that FC can't learn them.

    Args:
        fn: the reader's function of images of shape (n, 1, 28, 28); each image must keep its grey
            levels.
    """
    digits = load("digits")
    parts = digits.train.tensors, digits.test.tensors  # moved in one go, so by one rule
    images, labels = (torch.cat(pair) for pair in zip(*parts, strict=True))
    got = fn(images.clone(), torch.Generator().manual_seed(0))
    hint = "Sort the grey levels of an image before and after: they must be the same."
    if not isinstance(got, Tensor) or got.shape != images.shape:
        found = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
        problem = f"you return {found}, expected a tensor of shape {tuple(images.shape)}."
        return verdict(problem, hint, "")
    changed = (got.flatten(1).sort().values != images.flatten(1).sort().values).any(1).sum()
    if changed:
        problem = f"{changed:,} of {len(images):,} images have other grey levels than before."
        return verdict(problem, hint, "")
    n = len(digits.train)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = fc()
    train(net, TensorDataset(got[:n], labels[:n]), lr=1e-3, epochs=10)
    score, problem = accuracy(net, TensorDataset(got[n:], labels[n:])), None
    if score > 0.6:
        problem = f"trained on your images, the full FC still reads {score:.0%} of the test digits."
        hint = (
            "One order for all images only gives FC's inputs other names. What must be different "
            "from image to image?"
        )
    praise = f"FC reads {score:.0%}: a pixel has no place that training could learn."
    return verdict(problem, hint, praise)


def _torn_pairs(order: Tensor) -> int:
    """How many of the 1,512 pairs of pixels that share an edge came from pixels that don't."""
    grid = order.view(28, 28)
    rows, columns = grid // 28, grid % 28
    apart_down = (rows.diff(dim=0).abs() + columns.diff(dim=0).abs()) != 1
    apart_right = (rows.diff(dim=1).abs() + columns.diff(dim=1).abs()) != 1
    return int(apart_down.sum() + apart_right.sum())


def _no_order(got: object, n: int) -> str | None:
    """Why `got` is no order of n pixels; None if it is one."""
    if not isinstance(got, Tensor) or got.shape != (n,):
        found = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
        return f"you return {found}, expected a tensor of shape ({n},)."
    if got.is_floating_point() or not torch.equal(got.sort().values, torch.arange(n)):
        return f"what you return does not hold each whole number from 0 to {n - 1} once."
    return None
