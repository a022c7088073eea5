"""Valleys and saddles: the curvature of random matrices, and a network that can get stuck.

References:
    | Large Deviations of Extreme Eigenvalues of Random Matrices (Dean and Majumdar, 2006),
      https://arxiv.org/abs/cond-mat/0609651
"""

import torch
from torch import Tensor

from ...errors import check_integer

__all__ = ["curvatures", "train_xor"]


def curvatures(D: int, count: int, seed: int = 0) -> Tensor:
    """Eigenvalues of random symmetric matrices of normals (the Gaussian orthogonal ensemble),
    a model of the Hessian at a critical point picked at random; shape (count, D)."""
    check_integer("D", D, low=1)
    check_integer("count", count, low=1)
    generator = torch.Generator().manual_seed(seed)
    G = torch.randn(count, D, D, generator=generator, dtype=torch.float64)
    return torch.linalg.eigvalsh((G + G.mT) / 2)


def train_xor(hidden: int, starts: int = 200, steps: int = 600, seed: int = 0) -> Tensor:
    """Trains a network with `hidden` tanh units on XOR (targets ±1) from many random starts.

    The network has 4 * hidden + 1 parameters.

    Returns:
        The mean squared error of each start at the last step, shape (starts,).
    """
    check_integer("hidden", hidden, low=1)
    generator = torch.Generator().manual_seed(seed)
    x = torch.tensor([[-1, -1], [-1, 1], [1, -1], [1, 1]], dtype=torch.float64)
    y = torch.tensor([-1, 1, 1, -1], dtype=torch.float64)
    W = torch.randn(starts, 2, hidden, generator=generator, dtype=torch.float64)
    v = torch.randn(starts, hidden, 1, generator=generator, dtype=torch.float64) / hidden**0.5
    parameters = [W, torch.zeros_like(W[:, :1]), v, torch.zeros_like(v[:, :1])]
    optimizer = torch.optim.SGD([p.requires_grad_() for p in parameters], lr=0.1, momentum=0.9)
    for _ in range(steps):
        W, b, v, c = parameters
        output = (torch.tanh(x @ W + b) @ v + c)[:, :, 0]  # (starts, 4)
        loss = (output - y).square().mean(1)
        optimizer.zero_grad()
        loss.sum().backward()
        optimizer.step()
    return loss.detach()
