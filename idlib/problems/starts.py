"""Where a network starts, and what trains it: weights of equal singular values, a warm start,
other optimisers.

References:
    | How Many Degrees of Freedom Do We Need to Train Deep Networks: A Loss Landscape Perspective
      (Larsen, Fort, Becker, Ganguli, 2022), https://arxiv.org/abs/2107.05802
"""

import functools
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim import LBFGS, SGD, Adam, Optimizer, RMSprop
from torch.utils.data import TensorDataset

from ..engine.config import RunConfig
from ..engine.data import count
from ..engine.runs import data_of
from ..engine.training import train

__all__ = ["OPTIMIZERS", "even", "warm"]

#: By the name that follows a model's: what is called with the parameters and ``lr=``.
OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    "adam": Adam,
    "sgd": functools.partial(SGD, momentum=0.9),
    "rmsprop": RMSprop,
    "lbfgs": functools.partial(LBFGS, line_search_fn="strong_wolfe"),  # wants all data in a batch
}
FULL_LR = 3e-3  # of Adam on all parameters, in a warm start


@torch.no_grad()
def even(rank: int | None, model_fn: Callable[[], nn.Module]) -> nn.Module:
    """The network with equal singular values in each weight matrix, zero beyond the rank; their
    directions and the matrix's norm are kept."""
    model = model_fn()
    for p in (p for p in model.parameters() if p.ndim > 1):
        u, _, vh = torch.linalg.svd(p.flatten(1), full_matrices=False)
        flat = (u[:, :rank] @ vh[:rank]).view_as(p)
        p.copy_(flat * (p.norm() / flat.norm()))
    return model


def warm(
    config: RunConfig,
    steps: int,
    model_fn: Callable[[], nn.Module],
    train_set: TensorDataset,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
) -> nn.Module:
    """The network after that many steps on all its parameters."""
    model = model_fn()
    if steps:
        seen, _ = data_of(config, train_set, train_set)
        epochs = -(-steps * config.batch_size // count(seen))
        train(
            model, seen, FULL_LR, epochs + 1, config.batch_size, config.seed, loss_fn,
            lambda step: step.step >= steps,
        )  # fmt: skip
    return model
