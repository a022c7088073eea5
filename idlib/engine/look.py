"""A look at one batch before anything is trained: do data, model, loss and score fit?"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from ..errors import IdlibError
from .config import RunConfig
from .data import all_targets, count, sample
from .form import called, logits, takes_logits, tensors_in
from .runs import Problem, build
from .training import accuracy, check_labels, evaluating

__all__ = ["look_at"]

LOOKED_AT = 2  # examples


def look_at(problem: Problem) -> None:
    """Calls the untrained model, the loss and the score once, and looks at all targets.

    Raises:
        IdlibError: on what would fail in training or scoring, or give a number that means
            nothing: labels without an output, a loss that isn't one number, a score that is none.
    """
    model = build(RunConfig("", "", None, 0.0), problem.model_fn).to(problem.device)
    device = next(model.parameters()).device
    with evaluating(model), torch.random.fork_rng():
        for dataset, name in ((problem.train_set, "training"), (problem.test_set, "test")):
            x, y = _first(dataset, name)
            try:
                output = called(model, x, device)
            except Exception as error:  # whatever a user's model may raise
                raise IdlibError(
                    f"{type(model).__name__} can't be called with a batch of the {name} data, "
                    f"{_shapes(x)} ({_told(error)}): the model and the examples must fit."
                ) from error
            _check_targets(output, dataset, problem, name)
            if name == "training":
                _check_loss(output, y.to(device), problem)
        if problem.score is not accuracy:
            _check_score(model, problem)


def _first(dataset: Dataset, name: str) -> tuple[Any, Tensor]:
    size = min(LOOKED_AT, count(dataset))
    try:
        return next(iter(DataLoader(dataset, size)))
    except IdlibError:
        raise
    except Exception as error:  # whatever a user's data set may raise
        raise IdlibError(
            f"The {name} examples can't be put into a batch ({_told(error)}): expected pairs of "
            "tensors, all of one shape."
        ) from error


def _check_targets(output: Any, dataset: Dataset, problem: Problem, name: str) -> None:
    classes = problem.loss_fn is F.cross_entropy
    if not (classes or problem.score is accuracy):
        return
    targets = all_targets(dataset)
    try:
        check_labels(logits(output).cpu(), targets)
        if problem.score is accuracy and targets.is_floating_point():
            sums = targets.sum(1)
            if not torch.allclose(sums, torch.ones_like(sums), atol=1e-3):
                raise IdlibError(
                    "Targets whose rows do not sum to 1 were given, and accuracy needs classes: "
                    "pass score="
                )
    except IdlibError as error:
        raise IdlibError(f"In the {name} data: {error}") from None


def _check_loss(output: Any, y: Tensor, problem: Problem) -> None:
    taken = logits(output) if takes_logits(problem.loss_fn) else output
    try:
        loss = problem.loss_fn(taken, y)
    except Exception as error:  # whatever a user's loss may raise
        raise IdlibError(
            f"The loss can't be had of outputs {_shapes(taken)} and targets {_shapes(y)} "
            f"({_told(error)}): pass a loss_fn that takes them. A loss of torch's gets the "
            "output's logits, one of yours the output as it is."
        ) from error
    if not isinstance(loss, Tensor) or loss.numel() != 1 or not loss.requires_grad:
        what = _shapes(loss) if isinstance(loss, Tensor) else repr(loss)
        raise IdlibError(
            f"The loss is {what}, expected one number, a tensor that depends on the model's "
            "parameters."
        )


def _check_score(model: nn.Module, problem: Problem) -> None:
    with torch.no_grad():
        try:
            score = float(problem.score(model, sample(problem.test_set)))
        except IdlibError:
            raise
        except Exception as error:  # whatever a user's score may raise
            raise IdlibError(
                f"The score can't be had of {type(model).__name__} and (a part of) the test data "
                f"({_told(error)}): pass a function from a model and a data set to a number."
            ) from error
    if not math.isfinite(score):
        raise IdlibError(
            f"The score of the untrained model is {score}, expected a finite number: correct it."
        )


def _shapes(thing: Any) -> str:
    """What there is, in a few words."""
    found = [
        f"{tuple(t.shape)} of {str(t.dtype).removeprefix('torch.')}" for t in tensors_in(thing)
    ]
    return ", ".join(found) or type(thing).__name__


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
