"""A P that knows something: what was recorded of each kind, and what its choice had cost."""

import functools
from dataclasses import dataclass

from ...engine.config import RunConfig
from ...engine.estimate import Estimate
from ...problems.chosen import CHOSEN, paid
from ...studies.informed import READER
from ...studies.questions import STUDENT
from ...studies.reading import cell
from ...studies.results import Cell

__all__ = ["Known", "known"]

KINDS = {  # by label, the part of the study, with "text-" before it on sentences, and the start
    "drawn at random": ("random", ""),
    "drawn, after 10 full steps": ("burn-in", "+warm10"),
    "drawn, after 40 full steps": ("burn-in", "+warm40"),
    "gradients at the start": ("gradients", ""),
    "first 40 steps of a path": ("early", ""),
    "a whole path": ("path", ""),
    "16 solutions, this start": ("solutions", ""),
    "16 solutions, other starts": ("strangers", ""),
}


@dataclass(frozen=True, eq=False)
class Known:
    """What was recorded of a kind of P.

    Args:
        label: of the kind.
        cell: its runs.
        goal: the score to reach, 90 % of the full model's from a random start.
    """

    label: str
    cell: Cell
    goal: float

    @property
    def config(self) -> RunConfig:
        """Of one of its runs."""
        return self.cell.runs[0].config

    @property
    def d90(self) -> Estimate:
        """With an interval; for a warm start, which has no full model, at a fixed goal."""
        return self.cell.d90() if self.cell.full else self.cell.d90(self.goal)

    @property
    def paid(self) -> int:
        """Steps on all D parameters before the d numbers are trained, or as many gradients."""
        return paid(self.config, self.cell.facts["train"])

    def written(self, d: int) -> int:
        """How many numbers are to be written down, beside a seed, with d of them trained: P's too,
        or theta_0's, where no seed gives them."""
        own = d if self.config.projection in CHOSEN else int("+warm" in self.config.model)
        return d + own * self.cell.D


@functools.cache
def known(sentences: bool = False) -> tuple[Known, ...]:
    """All kinds of P that were recorded on images, or on sentences, where no start is warm."""
    prefix, model = ("text-", READER) if sentences else ("", STUDENT)
    found = {
        label: cell("informed", prefix + part, model=model + start)
        for label, (part, start) in KINDS.items()
        if not (sentences and start)
    }
    goal = next(iter(found.values())).threshold()
    return tuple(Known(label, c, goal) for label, c in found.items())
