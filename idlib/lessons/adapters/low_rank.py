r"""LoRA seen from the gradient, and as an optimiser that leaves the model as it is.

Let :math:`W = W_0 + B A` and :math:`G = \partial L / \partial W`. Then
:math:`\partial L / \partial B = G A'` and :math:`\partial L / \partial A = B' G`, and a step of
gradient descent on A and B, of learning rate :math:`\eta`, changes W by

.. math:: \Delta W = -\eta\,(G A'A + B B' G) + \eta^2\, G A'B' G.

To first order, W makes the sum of two steps of gradient descent, one with the rows of G
multiplied by :math:`A'A`, one with its columns multiplied by :math:`B B'`.

References:
    | LoRA: Low-Rank Adaptation of Large Language Models (Hu et al., 2022), section 4.1,
      https://arxiv.org/abs/2106.09685
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.optim import SGD, Optimizer

from ...errors import IdlibError, check_integer

__all__ = ["LowRank", "change", "first_order"]


def change(gradient: Tensor, B: Tensor, A: Tensor, lr: float) -> Tensor:
    """What a step of gradient descent on B and A does to B A, shape (rows, columns).

    Args:
        gradient: of the loss with respect to W, shape (rows, columns).
        B: shape (rows, rank).
        A: shape (rank, columns).
        lr: learning rate.
    """
    return (B - lr * gradient @ A.T) @ (A - lr * B.T @ gradient) - B @ A


def first_order(gradient: Tensor, B: Tensor, A: Tensor, lr: float) -> Tensor:
    """The part of `change` that is linear in the learning rate; same arguments and shape."""
    return -lr * (gradient @ A.T @ A + B @ B.T @ gradient)


class LowRank(Optimizer):
    r"""Moves each matrix W as if it were :math:`W_0 + s\,B A`, and A and B were trained.

    A and B are kept here, not in the model: its modules and their names stay as they are, and
    there is nothing to merge. For every matrix the state of the inner optimiser (such as Adam's
    two moments) has the size of A and B; the gradient with respect to W is needed in full.
    Parameters that are no matrices, such as biases, go to the inner optimiser as they are. It is
    for lessons, not for training that resumes: no state dict can be loaded, and no group added.

    Args:
        params: parameters, or groups of them.
        lr: learning rate.
        rank: columns of B and rows of A; at most the smaller side of a matrix is of use.
        scale: s, alpha / rank in the paper.
        optimizer_fn: the inner optimiser; called with groups and ``lr=``.
        seed: of the A, whose entries are drawn with the variance 1 / columns. B starts at zero.

    Raises:
        IdlibError: if the rank is no integer of at least 1; from `load_state_dict` and
            `add_param_group`.

    >>> layer = torch.nn.Linear(5, 3, bias=False)
    >>> before = layer.weight.detach().clone()
    >>> optimizer = LowRank(layer.parameters(), lr=0.1, rank=1)
    >>> layer(torch.randn(4, 5)).square().sum().backward()
    >>> optimizer.step()
    >>> int(torch.linalg.matrix_rank(layer.weight.detach() - before))
    1
    """

    def __init__(
        self,
        params: Iterable,
        lr: float,
        rank: int,
        scale: float = 1.0,
        optimizer_fn: Callable[..., Optimizer] = SGD,
        seed: int = 0,
    ):
        check_integer("rank", rank, 1)
        super().__init__(params, {"lr": lr})
        self.scale = scale
        generator = torch.Generator().manual_seed(seed)
        for p in (p for group in self.param_groups for p in group["params"] if p.ndim == 2):
            A = torch.randn(rank, p.shape[1], generator=generator) * p.shape[1] ** -0.5
            self.state[p] = {"B": p.new_zeros(p.shape[0], rank), "A": A.to(p)}
        groups = [
            {**group, "params": [t for p in group["params"] for t in self._trained(p)]}
            for group in self.param_groups
        ]
        self.inner = optimizer_fn(groups, lr=lr)

    def _trained(self, p: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.state[p].values()) if p in self.state else (p,)

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Makes a step; `closure` works out the loss and gradients anew, if it is given."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group, inner in zip(self.param_groups, self.inner.param_groups, strict=True):
            inner["lr"] = group["lr"]
        moving = [(p, s["B"], s["A"]) for p, s in self.state.items() if p.grad is not None]
        before = [B @ A for _, B, A in moving]
        for p, B, A in moving:
            B.grad, A.grad = self.scale * p.grad @ A.T, self.scale * B.T @ p.grad
        self.inner.step()
        for (p, B, A), BA in zip(moving, before, strict=True):
            p.add_(B @ A - BA, alpha=self.scale)
            B.grad = A.grad = None
        return loss

    def load_state_dict(self, state_dict: dict) -> None:
        raise IdlibError("LowRank can't go on from a state dict: make a new one, and train anew.")

    def add_param_group(self, param_group: dict) -> None:
        if hasattr(self, "inner"):
            raise IdlibError("LowRank takes all parameters at the start: make a new one.")
        super().add_param_group(param_group)

    def numbers(self) -> int:
        """How many numbers are trained: B, A, and the parameters that are no matrices."""
        return sum(t.numel() for group in self.inner.param_groups for t in group["params"])
