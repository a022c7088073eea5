"""Checks for notebook 02."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..base.checks import guarded, not_like, verdict

__all__ = ["nearest", "unit_columns"]


@guarded
def unit_columns(fn: Callable[[int, int, torch.Generator], Tensor]) -> bool:
    """``fn(D, d, generator)``: a dense random P of shape (D, d) with \\|P x\\| about \\|x\\|.

    Args:
        fn: the reader's function.
    """
    problem, hint = None, "P x has D entries. How large may each be, for a length of 1?"
    for seed, (D, d) in enumerate([(5000, 20), (20_000, 5), (4000, 400)]):
        generator = torch.Generator().manual_seed(seed)
        P = fn(D, d, generator)
        if problem := not_like(P, torch.empty(D, d), f"for D = {D}, d = {d}"):
            break
        x = torch.randn(d, generator=generator)
        ratio = float((P.float() @ x).norm() / x.norm()) ** 2
        if not abs(ratio - 1) < 0.15:
            problem = f"for D = {D:,} and d = {d} |P x|² / |x|² is about {ratio:,.2f}, not 1."
            if abs(ratio * d / D - 1) < 0.15:
                hint = "That is D / d: you scale by the number of columns, not of rows."
            break
    return verdict(
        problem, hint, "A step of length 1 in theta_d is now a step of length 1 in theta."
    )


@guarded
def nearest(fn: Callable[[Tensor, Tensor, Tensor], Tensor]) -> bool:
    """``fn(P, theta_0, target)``: the d numbers with which theta comes nearest to a target.

    Args:
        fn: the reader's function, of a P of shape (D, d) and two vectors of shape (D,).
    """
    problem, hint = None, "P theta_d should be target - theta_0, as nearly as it can be."
    for seed, (D, d) in enumerate([(3, 2), (40, 7), (4000, 5)], start=6):
        generator = torch.Generator().manual_seed(seed)
        options = {"generator": generator, "dtype": torch.float64}
        P = torch.nn.functional.normalize(torch.randn(D, d, **options), dim=0)
        theta_0, target = torch.randn(2, D, **options)
        got = fn(P.clone(), theta_0.clone(), target.clone())
        if problem := not_like(got, P[0], f"for D = {D:,}, d = {d}"):
            break
        got, way = got.to(P.dtype), target - theta_0
        best = torch.linalg.lstsq(P, way).solution
        if not torch.allclose(got, best, rtol=1e-3, atol=1e-5):
            far, least = ((P @ theta_d - way).norm() for theta_d in (got, best))
            problem = (
                f"for D = {D:,}, d = {d} you get as near as {far:.4g}; {least:.4g} is possible."
            )
            if torch.allclose(got, P.T @ way):
                hint = "That would be right if the columns of P stood at right angles."
            elif torch.allclose(got, torch.linalg.lstsq(P, target).solution):
                hint = "The way to the target does not begin at 0, but at theta_0."
            break
    return verdict(problem, hint, "Gradient descent ends there too, if it runs long enough.")
