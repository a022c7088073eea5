"""Checks for notebook 13."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ...problems.networks import fc
from ..base.checks import guarded, known_mistake, verdict
from .gradients import gradient_norms
from .high_dimension import cloud, in_degrees

__all__ = ["hubs", "input_bound"]


@guarded
def hubs(fn: Callable[[np.ndarray], np.ndarray]) -> bool:
    """``fn(distances)``: of how many others each point is the nearest neighbour.

    Args:
        fn: the reader's function; distances have shape (n, n), with 0 on the diagonal.
    """
    problem = None
    for n, dimension in ((4, 1), (30, 3), (200, 50)):
        points = cloud(n, dimension, seed=n)
        distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
        expected = in_degrees(points, k=1)
        got = np.asarray(fn(distances.copy()))
        if got.shape != (n,):
            problem = f"for {n} points you return shape {got.shape}, expected ({n},)."
        elif not np.array_equal(got, expected):
            i = int(np.argmax(got != expected))
            problem = f"among {n} points, point {i} is the nearest neighbour of {expected[i]}, "
            problem += f"you say of {got[i]}."
            if np.all(got == 1):
                problem += " All of yours are 1: is each point its own nearest neighbour?"
            elif got.sum() != n:
                problem += f" Your numbers sum to {got.sum():g}: each of {n} points has one."
        if problem:
            break
    hint = (
        "Put infinity on the diagonal (np.fill_diagonal), take argmin along a row, and count with "
        "np.bincount(..., minlength=n)."
    )
    return verdict(problem, hint, "The mean is 1 in any dimension; the largest is not.")


@guarded
def input_bound(fn: Callable[[Tensor, Tensor, Tensor, Tensor], float]) -> bool:
    """``fn(W, x, grad_W, grad_b)``: a bound on the squared gradient with respect to x.

    Args:
        fn: the reader's function; W and grad_W have shape (h, n), x (n,) and grad_b (h,).
    """
    problem = None
    for seed in range(4):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model, x = fc(6, 1, inputs=5, classes=3), torch.randn(1, 5) / (1 + seed)
        y = torch.tensor([seed % 3])
        norms = gradient_norms(model, x, y)
        W, b = model[1].weight, model[1].bias
        loss = torch.nn.functional.cross_entropy(model(x), y)
        grad_W, grad_b = torch.autograd.grad(loss, (W, b))
        got = float(fn(W.detach().clone(), x[0].clone(), grad_W, grad_b))
        expected, actual = norms.bound.item(), norms.inputs.item()
        if math.isclose(got, expected, rel_tol=1e-3):
            continue
        problem = f"you return {got:.4f}; the squared gradient is {actual:.4f}, and the bound "
        problem += f"{expected:.4f}."
        size, spectral = x.square().sum().item(), torch.linalg.matrix_norm(W, 2).item()
        frobenius = W.square().sum().item() / spectral**2
        factors = (
            (frobenius, "Yours is the Frobenius norm of W: true, but looser. Take the spectral."),
            (1 / spectral, "The norm of W is squared."),
            ((size + 1) / size, "The bias has a gradient too: |x|^2 + 1."),
            (size + 1, "Divide by |x|^2 + 1: that is what turns gradients into |delta|^2."),
        )
        known = ((factor * expected, why) for factor, why in factors)
        problem += known_mistake(got, known, rel_tol=1e-3)
        break
    hint = (
        "|grad_W|^2 + |grad_b|^2 = |delta|^2 (|x|^2 + 1), and |W' delta| is at most "
        "torch.linalg.matrix_norm(W, 2) times |delta|."
    )
    return verdict(problem, hint, "Flat in the parameters is flat in the input, for small |W|.")
