"""Checks for notebook 01."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..base.checks import guarded, verdict
from .compute import SumProblem, solve

__all__ = ["dimension_of_system", "find_d", "ten_nonzeros"]


@guarded
def dimension_of_system(fn: Callable[[Tensor], int]) -> bool:
    """``fn(A)``: the smallest d at which a random subspace meets the solutions of A theta = b.

    Args:
        fn: the reader's function; ``A`` has shape (equations, D), and b is such that there are
            solutions. Some equations repeat others.
    """
    problem = None
    for seed, (rows, repeated, D) in enumerate([(3, 0, 20), (10, 0, 1000), (4, 2, 30), (1, 5, 8)]):
        generator = torch.Generator().manual_seed(seed)
        A = torch.randn(rows, D, generator=generator, dtype=torch.float64)
        mix = torch.randn(repeated, rows, generator=generator, dtype=torch.float64)
        A = torch.cat([A, mix @ A])[torch.randperm(rows + repeated, generator=generator)]
        got = fn(A.clone())
        if got is None or got != rows:
            which = f", {repeated} of which follow from the others," if repeated else ""
            problem = f"for {rows + repeated} equations{which} in {D} unknowns you return {got}."
            break
    hint = (
        "Equations that follow from others ask for nothing new. Which number of A counts the rest?"
    )
    return verdict(problem, hint, "It is the rank of A; D does not enter.")


@guarded
def find_d(prediction: int | None, fn: Callable[[SumProblem], int]) -> bool:
    """A prediction of the dimension for 7 groups, and ``fn(problem)``, which finds it.

    Args:
        prediction: the reader's, written down first.
        fn: the reader's function of a problem; returns the smallest d of a random subspace that
            solves it.
    """
    problem, hint = None, "Write down a number first. A wrong one costs nothing."
    if not isinstance(prediction, int):
        problem = f"your prediction for 7 groups is {prediction!r}, expected a whole number."
        return verdict(problem, hint, "")
    hint = "For d = 1, 2, ...: take the first d columns of P. Is toy.solve(...).loss zero, < 1e-12?"
    for seed, (groups, D) in enumerate([(7, 700), (7, 3500), (3, 30), (12, 240)]):
        got = fn(SumProblem(groups, D, seed))
        if got != groups:
            problem = f"for {groups} groups in {D:,} parameters you find {got}, not {groups}."
            if isinstance(got, int) and got < groups:
                problem += " At that d a loss is left: what counts as solved?"
            elif isinstance(got, int) and got > D // 2:
                problem += " Do all columns of your P move the same few parameters?"
            break
    if problem is None and prediction != 7:
        problem = f"you predicted {prediction} for 7 groups, and your own function finds 7."
        hint = "How many equations must hold? Which of them does a parameter more change?"
    return verdict(problem, hint, "Predicted and found: one dimension for each sum.")


@guarded
def ten_nonzeros(P: Tensor | None, problem: SumProblem) -> bool:
    """Whether P, shape (D, groups), solves the problem with one non-zero in each column.

    Args:
        P: the reader's matrix.
        problem: the sums wanted.
    """
    groups, D = problem.S.shape
    hint = f"Each column may move one parameter. Which {groups} parameters do you want to move?"
    trouble = None
    if not isinstance(P, Tensor) or P.shape != (D, groups):
        found = tuple(P.shape) if isinstance(P, Tensor) else type(P).__name__
        trouble = f"P is {found}, expected a tensor of shape {(D, groups)}."
    elif (count := int(P.count_nonzero())) != groups:
        trouble = f"P has {count} entries that are not zero, expected {groups}."
    elif (best := solve(problem, P)).loss > 1e-12:
        still = int((problem.S @ P.double()).abs().sum(1).eq(0).sum())
        trouble = f"the best loss is {best.loss:.3g}, and {still} of the sums can't move at all."
    praise = f"d = {groups} is enough, with a P that is zero nearly everywhere."
    return verdict(trouble, hint, praise)
