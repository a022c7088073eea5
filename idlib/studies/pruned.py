"""The full networks of notebook 07, pruned step by step and trained again after each step.

The smallest weights are set to zero and held there, and those that are left are trained again for
two epochs: an ordinary way to a small file. It takes about two minutes.

References:
    | Learning both Weights and Connections for Efficient Neural Networks (Han et al., 2015),
      https://arxiv.org/abs/1506.02626
"""

import functools
from collections.abc import Iterator
from dataclasses import asdict

import torch
from torch import nn

from ..engine.training import Step, train
from ..errors import IdlibError
from ..problems.files import zipped
from ..problems.names import facts_of, load
from ..problems.variants import Task
from .bytes import MODELS, FileSize, file_size, full_network
from .reading import cell
from .tables import Table

__all__ = ["KEPT", "PRUNED", "pruned_sizes", "train_again"]

KEPT = (0.3, 0.1, 0.05, 0.02, 0.01, 0.005)  # of the weights, one after the other
BITS = (32, 8, 6, 4, 3)
EPOCHS = 2  # after each step


@functools.cache
def pruned_sizes(model: str) -> tuple[FileSize, ...]:
    """What was recorded of one network, "fc" or "lenet"."""
    if model not in MODELS:
        raise IdlibError(f"model {model!r} was asked for, recorded are {MODELS}.")
    return tuple(FileSize(**row) for row in PRUNED.read() if row["model"] == model)


def train_again(network: nn.Module, task: Task, lr: float, epochs: int, batch_size: int) -> None:
    """Trains the weights that are not zero; those that are stay so."""
    left = [p != 0 for p in network.parameters()]

    @torch.no_grad()
    def hold(step: Step) -> None:
        for p, kept in zip(step.model.parameters(), left, strict=True):
            p.mul_(kept)

    train(network, task.train, lr, epochs, batch_size, on_step=hold)


def _rows(key: tuple[str]) -> Iterator[dict]:
    (model,) = key
    task, c = load("mnist"), cell("mnist", task="mnist", model=model).full[0].config
    assert isinstance(task, Task)
    network = full_network(model, task)
    for keep in KEPT:
        _, network = zipped(network, keep)
        train_again(network, task, c.lr, EPOCHS, c.batch_size)
        for bits in BITS:
            data, out = zipped(network, keep, bits)
            yield asdict(file_size(model, None, keep, bits, data, out, task))


PRUNED = Table(
    "pruned",
    "Into how many bytes does a network fit that is pruned and trained again, step by step?",
    key=("model",),
    asked=lambda: [(model,) for model in MODELS],
    rows=_rows,
    data=lambda: {"mnist": facts_of("mnist")["data"]},
)
