"""Checks for notebook 15."""

from collections.abc import Callable

import torch
from torch import Tensor

from ...projections import PROJECTIONS, Projection, make_projection
from ...projections.hadamard import hadamard
from ..base.checks import guarded, not_like, verdict

__all__ = ["adjoint_test", "forward_and_adjoint", "own_projection", "walsh_hadamard"]


@guarded
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
        if problem := not_like(got, expected, what) or _other_type(got, x, what):
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


@guarded
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


@guarded
def forward_and_adjoint(
    forward: Callable[[Tensor, Tensor, Tensor], Tensor],
    adjoint: Callable[[Tensor, Tensor, Tensor, int], Tensor],
) -> bool:
    """``forward(x, column, sign)`` and ``adjoint(y, column, sign, d)`` of a hashed P.

    Args:
        forward: the reader's function from (d,) to (D,): row i of P has one entry, of sign
            ``sign[i]``, in column ``column[i]``, and the columns have length 1.
        adjoint: the reader's function from (D,) to (d,), its transpose.
    """
    for seed, (D, d) in enumerate([(6, 2), (1000, 7), (3000, 500)]):
        generator = torch.Generator().manual_seed(seed)
        # every column is used, and not all of them equally often
        column = torch.cat([torch.arange(d), torch.randint(d, (D - d,), generator=generator)])
        column = column[torch.randperm(D, generator=generator)]
        sign = 2.0 * torch.randint(2, (D,), generator=generator, dtype=torch.float64) - 1

        def P(x, column=column, sign=sign):
            return forward(x, column.clone(), sign.clone())

        def P_t(y, column=column, sign=sign, d=d):
            return adjoint(y, column.clone(), sign.clone(), d)

        rows = sign[:, None] * torch.nn.functional.one_hot(column, d)
        expected = rows / rows.norm(dim=0)
        for problem, hint in _faults(P, P_t, D, d, expected):
            return verdict(problem, hint, "")
    return verdict(None, "", "A look-up there, a sum of look-ups back: all that hashing costs.")


@guarded
def own_projection(kind: type[Projection]) -> bool:
    """Whether a subclass of `Projection` may be used in place of those of the package.

    Args:
        kind: the reader's class, with ``_draw``, ``_forward`` and ``_adjoint``.
    """
    if not (isinstance(kind, type) and issubclass(kind, Projection)):
        found = kind.__name__ if isinstance(kind, type) else type(kind).__name__
        hint = "class Mine(Projection): ..."
        return verdict(f"{found} is no subclass of Projection.", hint, "")
    if kind in PROJECTIONS.values():
        hint = "Change what is drawn: which entries of P are there, and how large are they?"
        return verdict(f"{kind.__name__} is in the package already.", hint, "")
    made = {"_draw", "_forward", "_adjoint"}
    for name, P in PROJECTIONS.items():
        if all(getattr(kind, part) is getattr(P, part) for part in made):
            hint = "Draw something else in _draw, or multiply otherwise."
            return verdict(f"{kind.__name__} does what {name!r} does.", hint, "")
    for seed, (D, d) in enumerate([(64, 4), (1000, 7), (3000, 100)]):
        P, again, other = kind(D, d, seed), kind(D, d, seed), kind(D, d, seed + 1)
        for problem, hint in _faults(P, P.adjoint, D, d):
            return verdict(problem, hint, "")
        hint = "Draw everything in _draw, from its generator, and return all that was drawn."
        if not torch.equal(P.matrix(), again.matrix()):
            return verdict(f"for D = {D:,}, d = {d} seed {seed} draws two different P.", hint, "")
        if torch.equal(P.matrix(), other.matrix()):
            return verdict(f"for D = {D:,}, d = {d} seeds {seed} and {seed + 1} agree.", hint, "")
        lengths, cosines = P.matrix().norm(dim=0), _largest_cosine(P.matrix())
        hint = "Divide each column by its own length, or by what it is in expectation."
        if not (lengths - 1).abs().max() < 0.35:
            problem = f"for D = {D:,}, d = {d} columns have lengths from {lengths.min():.3g} to "
            return verdict(f"{problem}{lengths.max():.3g}, expected 1.", hint, "")
        hint = "Two columns that point the same way are one dimension, not two."
        if cosines > 0.8:
            problem = f"for D = {D:,}, d = {d} two columns have a cosine of {cosines:.2f}."
            return verdict(problem, hint, "")
    praise = "It may be passed on: Subspace(model, d) with subspace.projection = yours."
    return verdict(None, "", praise)


def _faults(forward, adjoint, D: int, d: int, expected: Tensor | None = None):
    """What is wrong with a map and its adjoint, as pairs of a problem and a hint.

    `expected` is the matrix, if only one is right.
    """
    case = f"for D = {D:,}, d = {d}"
    generator = torch.Generator().manual_seed(D)
    x, other = torch.randn(2, d, generator=generator, dtype=torch.float64)
    y = torch.randn(D, generator=generator, dtype=torch.float64)
    Px, Pty = forward(x.clone()), adjoint(y.clone())
    for got, what in ((Px, "forward"), (Pty, "adjoint")):
        if problem := isinstance(got, Tensor) and _other_type(got, x, f"{case} in the {what}"):
            yield problem, "Make new tensors with dtype=x.dtype, or by x.new_zeros(…)."
            return
    if problem := not_like(Px, y, f"{case} in the forward"):
        yield problem, "The forward takes d numbers and returns D."
        return
    if problem := not_like(Pty, x, f"{case} in the adjoint"):
        yield problem, "The adjoint takes D numbers and returns d: it sums over rows."
        return
    if not torch.allclose(forward(x + 2 * other), Px + 2 * forward(other), atol=1e-6):
        yield (
            f"{case} P(x + 2 z) is not P x + 2 P z.",
            "P is a matrix: nothing but look-ups and sums.",
        )
    here, there = (Px @ y).item(), (x @ Pty).item()
    if abs(here - there) > 1e-5 * max(abs(here), abs(there), 1e-3):
        ratio = f"{here / there:.3g} times" if there else "something, and not"
        hint = "Is P scaled in the forward and in the adjoint alike, column by column?"
        if expected is not None and torch.allclose(Px, expected @ x):
            hint = (
                "The forward is right. Row by row: y_i goes to where x's number came from. " + hint
            )
        yield f"{case} the adjoint fails: <P x, y> is {ratio} <x, P'y>.", hint
    if expected is not None and not torch.allclose(Px, expected @ x):
        ratio = (Px.norm() / x.norm()).item()
        problem = f"{case} P x is off by up to {(Px - expected @ x).abs().max():.3g}, and |P x| is "
        hint = "A column of k entries ±1 has length sqrt(k): torch.bincount(column) counts them."
        yield f"{problem}{ratio:.3g} times |x|.", hint


def _largest_cosine(P: Tensor) -> float:
    unit = P / P.norm(dim=0)
    return float((unit.T @ unit).fill_diagonal_(0).abs().max())


def _other_type(got: Tensor, x: Tensor, what: str) -> str | None:
    if got.dtype == x.dtype:
        return None
    return f"{what} you return {got.dtype} for {x.dtype}."
