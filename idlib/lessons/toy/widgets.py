"""Sliders for the toy problem: over d, and over the number of groups."""

import math

import torch
from torch import Tensor

from ...projections import make_projection
from ..base.explorers import Explorer, say, slider
from ..base.svg import to_svg
from .compute import SumProblem, losses, solve
from .plots import loss_by_groups, sums_and_loss

__all__ = ["SumsByD", "SumsByGroups"]

GROUPS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 35, 40, 50)


class SumsByD(Explorer):
    """The exact best sums and loss in a random subspace, for each d from 1 to twice the groups.

    One random P is drawn; d takes its first d columns, so that each step adds a direction.

    Args:
        problem: the sums wanted.
        d: where the slider starts.
        seed: of P, dense.
    """

    def __init__(self, problem: SumProblem, d: int = 1, seed: int = 0):
        groups, D = problem.S.shape
        largest = min(2 * groups, D)
        self.problem, self.P = problem, _dense(D, largest, seed)
        self.losses = losses(problem, self.P)
        super().__init__({"d": slider("d", range(1, largest + 1), d)}, self._draw)

    def _draw(self, d: int) -> str:
        best = solve(self.problem, self.P[:, :d])
        targets = self.problem.targets.tolist()
        fig = sums_and_loss(self.losses, d, best.sums.tolist(), targets)
        loss = f"{best.loss:.3g}" if best.loss > 1e-12 else "0 up to rounding"
        text = (
            f"d = {d}: loss <b>{loss}</b>, performance <b>{math.exp(-best.loss):.3f}</b>. This "
            f"subspace can move <b>{best.rank} of {len(targets)}</b> sums independently."
        )
        alts = (
            f"Loss against d on a logarithmic axis. At d = {d} it is {loss}.",
            f"The {len(targets)} sums at d = {d} as bars, their targets as dashes.",
        )
        return to_svg(fig, alts) + say(text)


class SumsByGroups(Explorer):
    """The exact loss against d, for a number of groups to choose.

    Args:
        groups: where the slider starts.
        seed: of theta_0, and of P, dense.
    """

    D = 1000  # parameters

    def __init__(self, groups: int = 10, seed: int = 0):
        self.seed = seed
        self.P = _dense(self.D, 60, seed)
        super().__init__({"groups": slider("number of groups", GROUPS, groups)}, self._draw)

    def _draw(self, groups: int) -> str:
        curve = losses(SumProblem(groups, self.D, self.seed), self.P)
        d = next(d for d, loss in enumerate(curve, start=1) if loss < 1e-12)
        text = (
            f"{groups} groups of the {self.D:,} parameters: the solutions have dimension "
            f"{self.D - groups:,}, and the loss drops to zero at <b>d = {d}</b>."
        )
        alt = f"Loss against d for {groups} groups: it drops to zero at d = {d}."
        return to_svg(loss_by_groups(curve, groups), [alt]) + say(text)


def _dense(D: int, d: int, seed: int) -> Tensor:
    return make_projection("dense", D, d, seed).matrix(torch.float64)
