"""Checks for notebook 02."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..hadamard import hadamard
from ..projections import PROJECTIONS, make_projection
from .base import verdict

__all__ = ["adjoint_test", "unit_columns", "walsh_hadamard"]


def walsh_hadamard(fn: Callable[[Tensor], Tensor]) -> bool:
    """``fn(x)``: H times the last dimension of `x`, a power of two, unnormalised.

    Args:
        fn: the reader's function.
    """
    problem, hint = None, "With n = 2 it is (a + b, a - b); then do the same with halves."
    for seed, shape in enumerate([(1,), (2,), (4,), (8,), (3, 16), (2, 5, 64), (1024,)]):
        x = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        H, given = hadamard(shape[-1], x.dtype), x.clone()
        expected, got = x @ H, fn(given)
        what = f"for x of shape {shape}"
        if problem := _not_like(got, expected, what):
            break
        if not torch.equal(given, x):
            problem, hint = f"{what} you change x itself.", "Work on x.clone()."
            break
        if not torch.allclose(got, expected):
            problem = f"{what} you are off by up to {(got - expected).abs().max():.3g}."
            if torch.allclose(got * shape[-1] ** 0.5, expected):
                hint = "You divide by the root of n: this H has entries 1 and -1, nothing else."
            elif torch.allclose(got.abs().sort().values, expected.abs().sort().values):
                hint = "The numbers are right, their order or signs are not: look at H for n = 4."
            break
    return verdict(problem, hint, "n log n additions instead of n squared products.")


def unit_columns(fn: Callable[[int, int, torch.Generator], Tensor]) -> bool:
    """``fn(D, d, generator)``: a dense random P of shape (D, d) with \\|P x\\| about \\|x\\|.

    Args:
        fn: the reader's function.
    """
    problem, hint = None, "P x has D entries. How large may each be, for a length of 1?"
    for seed, (D, d) in enumerate([(5000, 20), (20_000, 5), (4000, 400)]):
        generator = torch.Generator().manual_seed(seed)
        P = fn(D, d, generator)
        if problem := _not_like(P, torch.empty(D, d), f"for D = {D}, d = {d}"):
            break
        x = torch.randn(d, generator=generator)
        ratio = float((P.float() @ x).norm() / x.norm()) ** 2
        if not abs(ratio - 1) < 0.15:
            problem = f"for D = {D:,} and d = {d} |P x|² / |x|² is about {ratio:,.2f}, not 1."
            if abs(ratio * d / D - 1) < 0.15:
                hint = "That is D / d: you scale by the number of columns, not of rows."
            break
    return verdict(problem, hint, "A step of length 1 in θ_d is now a step of length 1 in θ.")


def adjoint_test(fn: Callable[[Callable, Callable, int, int], bool]) -> bool:
    """``fn(forward, adjoint, D, d)``: whether <P x, y> = <x, P' y> for random x and y.

    Args:
        fn: the reader's function; ``forward`` maps (d,) to (D,), ``adjoint`` (D,) to (d,).
    """
    problem, hint = None, "Draw x and y, compare the two inner products with torch.isclose."
    D, d = 3000, 20
    for name in PROJECTIONS:
        P, other = make_projection(name, D, d), make_projection(name, D, d, seed=1)
        cases = {
            f"{name} as it is": (P.adjoint, True),
            f"{name} with an adjoint 1/16 as large": (lambda y, P=P: P.adjoint(y) / 16, False),
            f"{name} with an adjoint 1 % too large": (lambda y, P=P: 1.01 * P.adjoint(y), False),
            f"{name} with the adjoint of another seed": (other.adjoint, False),
        }
        for what, (adjoint, right) in cases.items():
            got = fn(P, adjoint, D, d)
            if got is None or bool(got) is not right:
                problem = f"for {what} you return {got}, expected {right}."
                if right:
                    hint += " Sums of many numbers: draw x and y with dtype=torch.float64."
                break
        if problem:
            break
    return verdict(problem, hint, "Two lines that find every wrong backward, of any map.")


def _not_like(got, expected: Tensor, what: str) -> str | None:
    """Whether `got` is no tensor of the shape of `expected`, in words."""
    if not isinstance(got, Tensor):
        return f"{what} you return {type(got).__name__}, expected a tensor."
    if got.shape != expected.shape:
        return f"{what} you return shape {tuple(got.shape)}, expected {tuple(expected.shape)}."
    return None
