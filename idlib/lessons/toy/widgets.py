"""Explorers for the toy problem: over d, over the number of groups, and in three dimensions."""

import functools
import math

import torch
from torch import Tensor

from ...projections import make_projection
from ..base.explorers import Drag, Explorer, choice, say, slider
from ..base.space import axes_of_space, draw, javascript
from ..base.svg import Stage, to_svg
from .compute import SumProblem, losses, solve
from .plots import loss_by_groups, mark_sums, room, sums_and_loss

__all__ = ["Meetings", "SumsByD", "SumsByGroups"]

GROUPS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 35, 40, 50)
CENTER = torch.tensor([0.9, 0.6, 1.0]).double()  # of the picture in space
REACH = 1.7  # how far a line or a plane is drawn
HOW = (
    "Green: the solutions. Orange: the subspace; drag its round end, or drag elsewhere to turn the "
    "picture; arrow keys do the same. The square is θ<sub>0</sub>."
)
# What is said of a meeting, here by str.format and in the browser by meet.js
TEXTS = (  # where they meet, and where they miss, for a line and a plane
    (
        "The line <b>meets</b> the solutions, {far} from θ<sub>0</sub>: one number is enough.",
        "The plane <b>meets</b> the solutions, {far} from θ<sub>0</sub>: two numbers are enough.",
    ),
    ("The line <b>misses</b> the solutions by {gap}.", "The plane misses them by {gap}."),
)


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
        P, self.targets = _dense(D, largest, seed), problem.targets.tolist()
        self.best = {d: solve(problem, P[:, :d]) for d in range(1, largest + 1)}
        every = torch.stack([best.sums for best in self.best.values()])
        top = max(self.targets)
        limits = (min(-0.15 * top, float(every.min())), max(1.05 * top, float(every.max())))
        losses = [best.loss for best in self.best.values()]
        self.stage = Stage(sums_and_loss(losses, limits, groups, each=-(-groups // 5)))
        super().__init__({"d": slider("d", range(1, largest + 1), d)}, self._draw)

    def _draw(self, d: int) -> str:
        best, targets = self.best[d], self.targets
        now = {"d": d, "loss": best.loss, "sums": best.sums.tolist(), "targets": targets}
        loss = f"{best.loss:.3g}" if best.loss > 1e-12 else "0 up to rounding"
        text = (
            f"d = {d}: loss <b>{loss}</b>, performance <b>{math.exp(-best.loss):.3f}</b>. This "
            f"subspace can move <b>{best.rank} of {len(targets)}</b> sums independently."
        )
        alts = (
            f"Loss against d on a logarithmic axis. At d = {d} it is {loss}.",
            f"The {len(targets)} sums at d = {d} as bars, their targets as dashes.",
        )
        return self.stage.to_svg(alts, functools.partial(mark_sums, **now)) + say(text)


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


class Meetings(Explorer):
    """A line or a plane through theta_0, dragged until it meets the solutions of one or two
    equations with three unknowns, or found to miss them.

    Args:
        equations: 1 or 2, those of `SumProblem` with as many groups.
        d: 1 for a line, 2 for a plane.
        way: azimuth and elevation of the subspace's first direction, in degrees.
    """

    def __init__(self, equations: int = 2, d: int = 1, way: tuple[float, float] = (75, 20)):
        problems = [SumProblem(groups, 3, seed=3) for groups in (1, 2)]
        lengths = [p.S.norm(dim=1) for p in problems]
        self.rows = [p.S / n[:, None] for p, n in zip(problems, lengths, strict=True)]
        self.wanted = [
            p.targets / n - rows @ CENTER
            for p, n, rows in zip(problems, lengths, self.rows, strict=True)
        ]
        self.start_point = problems[0].theta.detach() - CENTER
        self.frame = axes_of_space((-CENTER).tolist(), 1.3)
        self.stage = Stage(room())
        data = {
            "start": self.start_point.tolist(), "rows": [q.tolist() for q in self.rows],
            "wanted": [r.tolist() for r in self.wanted], "reach": REACH, "frame": self.frame,
            "texts": TEXTS, "alts": [[[_alt(e, d, met) for met in (True, False)] for d in (1, 2)]
                                     for e in (1, 2)],
        }  # fmt: skip
        controls = {
            "equations": choice("solutions", {"a plane": 1, "a line": 2}, equations),
            "d": choice("subspace", {"a line, d = 1": 1, "a plane, d = 2": 2}, d),
            "way": Drag("azimuth and elevation of the subspace", way, 0, "idlib-held"),
            "turn": Drag("azimuth and elevation of the view", (-25, 25), 0),
        }
        super().__init__(controls, self._draw, formula=javascript(__package__, "meet.js", data))

    def best(self, equations: int, d: int, way: tuple[float, float]) -> tuple[Tensor, Tensor]:
        """P, shape (3, d), and the point of the subspace that is nearest to the solutions."""
        a, e = (math.radians(angle) for angle in way)
        u = torch.tensor([math.cos(e) * math.cos(a), math.cos(e) * math.sin(a), math.sin(e)])
        level = torch.tensor([-math.sin(a), math.cos(a), 0.0])
        P = torch.stack([u, level][:d], dim=1).double()
        rows, wanted = self.rows[equations - 1], self.wanted[equations - 1]
        theta_d = torch.linalg.pinv(rows @ P) @ (wanted - rows @ self.start_point)
        return P, self.start_point + P @ theta_d

    def _draw(
        self, equations: int, d: int, way: tuple[float, float], turn: tuple[float, float]
    ) -> str:
        rows, wanted = self.rows[equations - 1], self.wanted[equations - 1]
        P, best = self.best(equations, d, way)
        rest = wanted - rows @ best
        met = bool(rest.norm() < 1e-9)
        along = torch.linalg.svd(rows).Vh[equations:].T
        start = self.start_point
        things = [
            *self.frame, ("solutions", _flat(rows.T @ wanted, along)),
            ("subspace", _flat(start, P)), ("way", torch.stack([start, best])),
            ("gap", torch.stack([best, best + rows.T @ rest])), ("start", start[None]),
            ("met" if met else "missed", best[None]), ("held", (start + REACH * P[:, 0])[None]),
        ]  # fmt: skip
        said = {"gap": f"{rest.norm():.2f}", "far": f"{(best - start).norm():.2f}"}
        said |= {"azimuth": f"{turn[0]:.0f}", "elevation": f"{turn[1]:.0f}"}
        drawn = self.stage.to_svg(
            [_alt(equations, d, met).format(**said)], lambda ax: draw(ax, turn, things)
        )
        return f"{drawn}\n<p>{HOW}</p>\n{say(TEXTS[not met][d - 1].format(**said))}"


def _flat(point: Tensor, basis: Tensor) -> Tensor:
    """A line or a plane as far as it is drawn: its ends, or its corners, shape (n, 3)."""
    signs = [[1, 1], [1, -1], [-1, -1], [-1, 1], [1, 1]] if basis.shape[1] == 2 else [[-1], [1]]
    return point + REACH * torch.tensor(signs).double() @ basis.T


def _alt(equations: int, d: int, met: bool) -> str:
    solutions, subspace = ("plane", "line")[equations - 1], ("line", "plane")[d - 1]
    how = "meets them, {far} from theta_0" if met else "misses them by {gap}"
    return (
        f"In three dimensions a {solutions} of solutions, and a {subspace} through theta_0 that "
        f"{how}; seen from azimuth {{azimuth}} and elevation {{elevation}} degrees."
    )


def _dense(D: int, d: int, seed: int) -> Tensor:
    return make_projection("dense", D, d, seed).matrix(torch.float64)
