"""One training loop, for full models and subspaces alike."""

import contextlib
import ctypes
import functools
import math
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import Adam, Optimizer
from torch.utils.data import DataLoader, Dataset

from ..errors import IdlibError, check_integer
from .data import count, in_memory
from .form import as_dataset, called, logits, takes_logits, tensors_in

__all__ = [
    "DRAWING",
    "History",
    "Step",
    "accuracy",
    "check_labels",
    "check_schedule",
    "correct",
    "evaluating",
    "predict",
    "train",
]

DRAWING = threading.RLock()  #: Held while torch's own generator is in use: threads share it


@dataclass(frozen=True)
class Step:
    """What a hook sees after each step of training.

    Args:
        step: 1, 2, ..., steps.
        steps: in all.
        loss: on the batch of this step, before it.
        model: as it is now.
    """

    step: int
    steps: int
    loss: float
    model: nn.Module


@dataclass(frozen=True)
class History:
    """How a training run went.

    Args:
        status: "finished", "stopped" by the hook, or "diverged".
        steps: made.
        loss: of the last step.
        message: the reason, if diverged.
    """

    status: str
    steps: int
    loss: float
    message: str = ""


def train(
    model: nn.Module,
    dataset: Dataset,
    lr: float,
    epochs: int = 5,
    batch_size: int = 128,
    seed: int = 0,
    loss_fn: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    on_step: Callable[[Step], bool | None] | None = None,
    optimizer_fn: Callable[..., Optimizer] = Adam,
) -> History:
    """Minimises the loss with a learning rate that falls linearly to zero.

    Args:
        model: any module; its parameters with ``requires_grad`` are trained in place, on the
            device where they lie.
        dataset: pairs of inputs and targets, see `idlib.engine.form.as_dataset`.
        lr: learning rate of the first step.
        epochs: passes over the data.
        batch_size: examples in a step. A model with BatchNorm can't learn from one example alone:
            if one is left over at the end of an epoch, it joins another batch.
        seed: order of the data and dropout. On the CPU a run repeats exactly.
        loss_fn: from outputs (batch, classes) and targets to a scalar; cross-entropy takes
            labels (batch,) or probabilities (batch, classes). Cross-entropy and other losses of
            torch's get the logits of outputs that hold some (`idlib.engine.form.logits`).
        on_step: called after each step; training stops when it returns True.
        optimizer_fn: called with the parameters and ``lr=``; its step takes a closure, as all of
            torch's do, and may call it more than once.

    Returns:
        The history. A loss that is not finite ends the run with the status "diverged".

    Raises:
        IdlibError: if the dataset is empty, a label has no output, nothing is trainable, or a
            number makes no sense (`epochs` below 1, a negative `lr`).
    """
    check_schedule(lr, epochs, batch_size)
    dataset = as_dataset(dataset)
    if not count(dataset):
        raise IdlibError("The training set is empty: pass at least one example.")
    parameters = [p for p in model.parameters() if p.requires_grad]
    if not parameters:
        raise IdlibError(f"{type(model).__name__} has no trainable parameters: nothing to train.")
    _keep_freed_memory()
    device = parameters[0].device
    optimizer = optimizer_fn(parameters, lr=lr)
    joined = batch_size > 1 and any(isinstance(m, _BatchNorm) for m in model.modules())
    steps = epochs * _batches_in(count(dataset), batch_size, joined)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
    history = History("finished", 0, math.nan)

    by_logits = takes_logits(loss_fn)

    def backward(x: Any, y: Tensor) -> Tensor:
        output = called(model, x, device)
        output = logits(output) if by_logits else output
        if loss_fn is F.cross_entropy:
            check_labels(output, y)
        loss = loss_fn(output, y.to(device))
        optimizer.zero_grad()
        loss.backward()
        return loss.detach()

    with _seeded(seed, device):
        order = torch.Generator().manual_seed(seed)
        model.train()
        batches = _epochs(dataset, epochs, batch_size, order, joined)
        for step, (x, y) in enumerate(batches, start=1):
            with DRAWING:
                closure = functools.partial(backward, x, y)
                # torch's stub wants a float from it, where all its optimisers take a tensor
                loss = optimizer.step(closure)  # type: ignore[arg-type]  # see above
            scheduler.step()
            history = History("finished", step, float(loss))
            if not math.isfinite(history.loss):
                return _diverged(history, lr, x)
            if on_step and on_step(Step(step, steps, history.loss, model)) and step < steps:
                return History("stopped", step, history.loss)
    return history


@torch.no_grad()
def predict(model: nn.Module, dataset: Dataset, batch_size: int = 1000) -> Tensor:
    """The class with the largest output for each example, shape (n,), or for each of its pixels;
    classes lie where cross-entropy has them, in the second axis."""
    dataset = as_dataset(dataset)
    device = next(model.parameters()).device
    with evaluating(model):
        batches = _batches(dataset, batch_size)
        return torch.cat([_largest(logits(called(model, x, device))).cpu() for x, _ in batches])


def _largest(output: Tensor) -> Tensor:
    return output.argmax(1 if output.ndim > 2 else -1)


@contextlib.contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Has a model in evaluation mode; afterwards each of its modules is in its own mode again."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def accuracy(model: nn.Module, dataset: Dataset) -> float:
    """The share of examples (or pixels) whose label `predict` finds, from 0 to 1.

    Where the targets are probabilities (n, classes), the most probable class is the label.
    """
    return correct(model, dataset).double().mean().item()


def correct(model: nn.Module, dataset: Dataset) -> Tensor:
    """Whether `predict` finds the label, for each example (n,), or for each of its pixels."""
    dataset = as_dataset(dataset)
    if not count(dataset):
        raise IdlibError("The evaluation set is empty: pass at least one example.")
    labels = torch.cat([y for _, y in _batches(dataset, 1000)]).cpu()
    labels = labels.argmax(1) if labels.is_floating_point() and labels.ndim > 1 else labels
    return predict(model, dataset) == labels


@contextlib.contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Has torch's own generators begin with a seed; afterwards they are as they were before."""
    with contextlib.ExitStack() as stack:
        with DRAWING:
            stack.enter_context(torch.random.fork_rng([device] if device.type == "cuda" else []))
            torch.manual_seed(seed)
        try:
            yield
        finally:
            with DRAWING:
                stack.close()


def _epochs(
    dataset: Dataset, epochs: int, batch_size: int, generator: torch.Generator, joined: bool
) -> Iterator[tuple[Any, Tensor]]:
    for _ in range(epochs):
        yield from _batches(dataset, batch_size, generator, joined)


def _batches(
    dataset: Dataset,
    batch_size: int,
    generator: torch.Generator | None = None,
    joined: bool = False,
) -> Iterator[tuple[Any, Tensor]]:
    """Batches, shuffled if there is a generator, none of a single example if `joined`. Tensors in
    memory are indexed directly, which for MNIST is several times faster than a `DataLoader`."""
    n = count(dataset)
    if in_memory(dataset):
        order = torch.arange(n) if generator is None else torch.randperm(n, generator=generator)
        parts = list(order.split(batch_size))
        if generator is not None and hasattr(dataset, "lengths"):
            parts = _of_like_lengths(order, dataset.lengths(), batch_size, generator)
        for index in _joined(parts) if joined else parts:
            x, y = (t[index] for t in dataset.tensors)
            yield x, y
    elif joined and n % batch_size == 1:
        parts = _joined(list(torch.randperm(n, generator=generator).split(batch_size)))
        yield from DataLoader(dataset, batch_sampler=[part.tolist() for part in parts])
    else:
        shuffle = generator is not None
        yield from DataLoader(dataset, batch_size, shuffle=shuffle, generator=generator)


def _batches_in(n: int, batch_size: int, joined: bool) -> int:
    """How many batches an epoch over n examples has."""
    full, left = divmod(n, batch_size)
    return full if joined and left == 1 and full else full + (left > 0)


def _joined(parts: list[Tensor]) -> list[Tensor]:
    """Batches; one of a single example joins the batch before it, or behind it if it is first."""
    single = next((i for i, part in enumerate(parts) if len(part) == 1), None)
    if single is not None and len(parts) > 1:
        left = parts.pop(single)
        parts[max(0, single - 1)] = torch.cat([parts[max(0, single - 1)], left])
    return parts


def _of_like_lengths(
    order: Tensor, lengths: Tensor, batch_size: int, generator: torch.Generator
) -> list[Tensor]:
    """Batches of examples of about the same length, in random order, so that little is padded:
    sixteen batches at a time are sorted."""
    parts = [p for group in order.split(16 * batch_size)
             for p in group[lengths[group].argsort(stable=True)].split(batch_size)]  # fmt: skip
    return [parts[i] for i in torch.randperm(len(parts), generator=generator)]


@functools.cache
def _keep_freed_memory() -> None:
    """Has glibc keep what a step frees for the next one. By default it goes back to the system
    and returns page by page, which for LeNet takes a quarter of a step."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError, OSError):  # another C library
            libc = ctypes.CDLL(None)
            libc.mallopt(-1, 2**30)  # M_TRIM_THRESHOLD, bytes
            libc.mallopt(-3, 2**25)  # M_MMAP_THRESHOLD, the largest there is


def check_schedule(lr: float, epochs: int, batch_size: int) -> None:
    """Raises an `IdlibError` if one of the numbers makes no sense."""
    check_integer("epochs", epochs, 1)
    check_integer("batch_size", batch_size, 1)
    if not 0 <= lr < math.inf:
        raise IdlibError(f"lr = {lr} was given, expected a finite number that is not negative.")


def check_labels(output: Tensor, y: Tensor) -> None:
    """Raises an `IdlibError` if the targets don't fit a model's output, (batch, classes)."""
    if output.ndim < 2:
        raise IdlibError(
            f"The model's output has the shape {tuple(output.shape)}, expected (batch, classes)."
        )
    soft = y.is_floating_point() and y.shape[1:] == output.shape[1:]
    if not soft and y.dtype != torch.long:
        raise IdlibError(
            f"Labels of {y.dtype} were given, expected torch.long: convert them, or if they are no "
            "classes, pass another loss_fn and score."
        )
    if not soft and y.shape[1:] != output.shape[2:]:
        raise IdlibError(
            f"Labels of shape {tuple(y.shape)} were given, and the model's output has "
            f"{tuple(output.shape)}: expected one label for each of {tuple(output.shape[:1])}, or "
            "probabilities (batch, classes)."
        )
    if y.numel() and not (y.min() >= 0 and y.max() < output.shape[1]):
        raise IdlibError(
            f"Labels from {y.min()} to {y.max()} were given, and the model has "
            f"{output.shape[1]} outputs: expected labels from 0 to {output.shape[1] - 1}."
        )


def _diverged(history: History, lr: float, x: Any) -> History:
    if not all(t.isfinite().all() for t in tensors_in(x) if t.is_floating_point()):
        why = "the inputs hold values that are not finite: clean them"
    else:
        why = f"the loss is {history.loss} at learning rate {lr:g}: try a smaller one"
    return History(
        "diverged", history.steps, history.loss, f"diverged at step {history.steps}: {why}"
    )
