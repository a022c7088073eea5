"""Checks for notebook 08."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ...projections import make_projection
from ..base.checks import guarded, verdict

__all__ = ["read_lambdas", "said", "shares"]


@guarded
def said(fn: Callable[..., Tensor]) -> bool:
    """``fn(theta_0, P, layer, theta_d)``: theta under SAID, shape (D,).

    Args:
        fn: the reader's function of theta_0, shape (D,); a projection P, to be called as
            ``P(x)``; ``layer``, shape (D,), the number of each parameter's layer from 0 to
            m - 1; and theta_d, shape (d,), of which the first m are the lambdas.
    """
    generator, problem = torch.Generator().manual_seed(0), None
    for m, D, inside in ((3, 40, 5), (7, 300, 60)):
        P = make_projection("hashed", D, inside, seed=m)
        theta_0 = torch.randn(D, generator=generator)
        layer = torch.arange(m).repeat(-(-D // m))[:D].sort().values
        theta_d = torch.randn(m + inside, generator=generator)
        scales, step = theta_d[:m][layer], P(theta_d[m:])
        got = fn(theta_0.clone(), P, layer.clone(), theta_d.clone())
        if not isinstance(got, Tensor) or got.shape != theta_0.shape:
            shape = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
            problem = f"you return {shape}, expected a tensor of shape ({D},)."
        elif not torch.allclose(got, theta_0 + scales * step, atol=1e-5):
            worst = (got - theta_0 - scales * step).abs().max()
            problem = f"for m = {m}, D = {D} some parameter is off by {worst:.3f}."
            if torch.allclose(got, theta_0 + step, atol=1e-5):
                problem += " That is DID: no lambda is in it."
            elif torch.allclose(got, scales * (theta_0 + step), atol=1e-5):
                problem += " You scale theta_0 as well: only the step is scaled."
            elif torch.allclose(got, theta_0 + theta_d[:m].mean() * step, atol=1e-5):
                problem += " Each layer has a lambda of its own: theta_d[:m][layer]."
        if problem:
            break
    hint = "m = int(layer.max()) + 1; P takes the d - m numbers after the lambdas."
    return verdict(problem, hint, "A layer's lambda turns its whole step up or down.")


@guarded
def shares(fn: Callable[[Sequence[int]], tuple[Sequence[float], Sequence[float]]]) -> bool:
    """``fn(sizes)``: each tensor's share of E |P x|^2, with one P and with a P for each.

    Args:
        fn: the reader's function of the tensors' sizes; returns two sequences.
    """
    problem = None
    for sizes in ((3, 1), (1000, 10, 10), (768 * 768, 768, 768, 768, 2)):
        expected = [[n / sum(sizes) for n in sizes], [1 / len(sizes)] * len(sizes)]
        answer = fn(list(sizes))
        try:
            got = [[float(x) for x in part] for part in answer]
        except (TypeError, ValueError) as error:
            problem = f"for sizes {sizes} you return something else than two sequences: {error}."
            break
        for name, right, part in zip(("global", "per-tensor"), expected, got, strict=False):
            close = len(part) == len(right) and torch.allclose(
                torch.tensor(part), torch.tensor(right), atol=1e-6
            )
            if not close and problem is None:
                problem = f"for sizes {sizes} the {name} shares are "
                problem += f"{[round(x, 4) for x in right]}, not {[round(x, 4) for x in part]}."
                if abs(sum(part) - 1) > 1e-6:
                    problem += " Shares sum to 1."
        if len(got) != 2 and problem is None:
            problem = f"you return {len(got)} sequences, expected 2: global, per-tensor."
        if problem:
            break
    hint = (
        "Global: the rows of P are alike, so every parameter moves as far as any other. "
        "Per-tensor: E |P_t x|^2 = |x|^2 for every tensor t, whatever its size."
    )
    return verdict(problem, hint, "A bias of 768 numbers then moves as far as a matrix.")


@guarded
def read_lambdas(fn: Callable[[Tensor, Tensor], Tensor]) -> bool:
    """``fn(lambdas, sizes)``: each layer's share of the squared step, with one P.

    Args:
        fn: the reader's function of the lambdas after training and the number of parameters of
            each layer, both of shape (m,); returns shares of shape (m,).
    """
    problem, hint = (
        None,
        (
            "The rows of the one P are alike, so E |P_i x|^2 goes with the layer's size. Layer i "
            "moves by lambda_i times that step. Which power of lambda_i is in its square?"
        ),
    )
    generator = torch.Generator().manual_seed(0)
    for m in (2, 6, 14):
        lambdas = torch.randn(m, generator=generator, dtype=torch.float64)
        sizes = torch.randint(10, 10_000, (m,), generator=generator)
        right = lambdas.square() * sizes / (lambdas.square() * sizes).sum()
        got = fn(lambdas.clone(), sizes.clone())
        if not isinstance(got, Tensor) or got.shape != right.shape:
            found = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
            problem = f"for {m} layers you return {found}, expected a tensor of shape ({m},)."
        elif not torch.allclose(got.double(), right, atol=1e-6):
            i = int((got - right).abs().argmax())
            problem = f"layer {i}, lambda {lambdas[i]:.2f}, {sizes[i]:,} of {sizes.sum():,} "
            problem += f"parameters: its share is {right[i]:.3f}, you say {got[i]:.3f}."
            for wrong, why in (
                (lambdas.square() * sizes, "Shares sum to 1."),
                (lambdas.square() / lambdas.square().sum(), "How large the layer is counts too."),
                (sizes / sizes.sum(), "Without the lambdas: that is DID."),
                (lambdas * sizes / (lambdas * sizes).sum(), "A square has no sign: a layer with a "
                 "negative lambda moves as well, the other way."),
                (lambdas.abs() * sizes / (lambdas.abs() * sizes).sum(), "Twice the lambda is four "
                 "times the squared step."),
            ):  # fmt: skip
                if torch.allclose(got.double(), wrong.double(), atol=1e-6):
                    problem += f" {why}"
                    break
        if problem:
            break
    return verdict(
        problem, hint, "A lambda small beside the others: its layer stays near its start."
    )
