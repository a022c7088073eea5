r"""Problems small enough to be solved exactly.

References:
    | Measuring the Intrinsic Dimension of Objective Landscapes (Li et al., 2018), section 2,
      https://arxiv.org/abs/1804.08838
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ...errors import IdlibError, check_integer
from ...projections import make_projection
from ...subspace import Subspace

__all__ = [
    "Solution",
    "SumProblem",
    "descend",
    "losses",
    "smallest_d",
    "solve",
]

SOLVED = 1e-12  # a loss below this is zero up to rounding


class SumProblem(nn.Module):
    """D parameters in consecutive groups: those of group g (1, 2, ...) must average g.

    With 1000 parameters and ten groups, the first hundred must sum to 100, the next to 200,
    and the last to 1000. The start theta_0 is random, independent standard normals.

    Args:
        groups: how many, from 1 to D; of equal size, or one apart if D can't be shared evenly.
        D: number of parameters.
        seed: of theta_0.

    >>> problem = SumProblem()
    >>> problem.targets.tolist()[:3], problem().shape  # the sums wanted, and their number
    ([100.0, 200.0, 300.0], torch.Size([10]))
    """

    def __init__(self, groups: int = 10, D: int = 1000, seed: int = 0):
        super().__init__()
        check_integer("D", D, low=1)
        check_integer("groups", groups, low=1, high=D)
        generator = torch.Generator().manual_seed(seed)
        self.theta = nn.Parameter(torch.randn(D, generator=generator, dtype=torch.float64))
        S = torch.zeros(groups, D, dtype=torch.float64)  # S theta: the sums of the groups
        for row, members in zip(S, torch.arange(D).tensor_split(groups), strict=True):
            row[members] = 1.0
        self.register_buffer("S", S)
        self.register_buffer("sizes", S.sum(1))
        self.register_buffer("targets", self.sizes * torch.arange(1, groups + 1))

    def forward(self) -> Tensor:
        """The sum of each group, shape (groups,)."""
        return self.S @ self.theta

    def loss(self, sums: Tensor) -> Tensor:
        """Mean over the groups of the squared error of their averages."""
        return ((sums - self.targets) / self.sizes).square().mean()


@dataclass(frozen=True)
class Solution:
    """The best point of a subspace.

    Args:
        theta_d: its d coordinates.
        sums: the sums of the groups there.
        loss: the problem's loss there.
        rank: of S P, the sums that the subspace can move independently.
    """

    theta_d: Tensor
    sums: Tensor
    loss: float
    rank: int


def solve(problem: SumProblem, P: Tensor) -> Solution:
    r"""The exact best point of :math:`\theta_0 + P\,\theta_d`, by least squares.

    Args:
        problem: the sums wanted, and theta_0.
        P: any matrix of shape (D, d).
    """
    return _least_squares(problem, _moves(problem, P))


def losses(problem: SumProblem, P: Tensor) -> list[float]:
    """The exact loss in the subspace of the first d columns of P, for d = 1, 2, ..."""
    SP = _moves(problem, P)
    return [_least_squares(problem, SP[:, :d]).loss for d in range(1, P.shape[1] + 1)]


def smallest_d(problem: SumProblem, projection: str = "dense", seed: int = 0) -> int | None:
    """The smallest d whose random subspace holds a solution; None if there is none up to D."""
    D = problem.theta.numel()
    for d in range(1, D + 1):
        P = make_projection(projection, D, d, seed).matrix(torch.float64)
        if solve(problem, P).loss < SOLVED:
            return d
    return None


def descend(
    problem: SumProblem, d: int, projection: str = "dense", seed: int = 0, steps: int = 300
) -> list[float]:
    """The loss before each step of gradient descent (momentum 0.9) on theta_d, from 0.

    The learning rate is 1 over the largest curvature of the loss in the subspace.
    """
    subspace = Subspace(problem, d, projection, seed)
    SP = _moves(problem, subspace.projection.matrix(torch.float64))
    curvature = 2 * torch.linalg.matrix_norm(SP, 2) ** 2 / len(SP)
    optimizer = torch.optim.SGD([subspace.theta_d], lr=float(1 / curvature), momentum=0.9)
    history = []
    for _ in range(steps):
        loss = problem.loss(subspace())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    return history


def _moves(problem: SumProblem, P: Tensor) -> Tensor:
    """S P with its rows divided by the sizes of the groups, as in the loss; (groups, d)."""
    D = problem.theta.numel()
    if P.ndim != 2 or P.shape[0] != D:
        raise IdlibError(f"P of shape {tuple(P.shape)} was given, expected ({D}, d).")
    return problem.S @ P.double() / problem.sizes[:, None]


@torch.no_grad()
def _least_squares(problem: SumProblem, SP: Tensor) -> Solution:
    sums = problem()
    error = (problem.targets - sums) / problem.sizes
    fit = torch.linalg.lstsq(SP, error[:, None], driver="gelsd")
    theta_d = fit.solution[:, 0]
    sums = sums + problem.sizes * (SP @ theta_d)
    return Solution(theta_d, sums, float(problem.loss(sums)), int(fit.rank))
