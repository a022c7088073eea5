"""Checks for notebook 03."""

import random
from collections.abc import Callable

import torch

from ..projections import make_projection
from .base import verdict

__all__ = ["smallest_d", "subspace_step", "threshold"]


def smallest_d(fn: Callable[[dict[int, float], float], int | None]) -> bool:
    """``fn(scores, threshold)``: the smallest d whose score reaches the threshold, or None.

    Args:
        fn: the reader's function; ``scores`` maps d to a score, in any order.
    """
    rng = random.Random(0)
    problem = None
    for _ in range(50):
        ds = rng.sample(range(1, 2000), 6)
        scores = {d: round(rng.random(), 2) for d in ds}
        limit = rng.choice([*scores.values(), 1.1])  # a score that just reaches it, or none does
        expected = min((d for d, s in scores.items() if s >= limit), default=None)
        got = fn(dict(scores), limit)
        if got != expected:
            problem = f"for scores {scores} and threshold {limit} you return {got}, not {expected}."
            break
    hint = "Keep the d whose score is at least the threshold; the keys may come in any order."
    return verdict(problem, hint, "A score that just reaches the threshold counts.")


def threshold(fn: Callable[[float, float], float | None]) -> bool:
    """``fn(alpha, majority)``: 0.9 alpha, or None where that says nothing.

    Args:
        fn: the reader's function of the full model's score and the majority class's score.
    """
    problem = None
    for alpha, majority in ((0.9, 0.1), (0.85, 0.5), (0.75, 0.684), (0.6, 0.54)):
        expected = 0.9 * alpha if 0.9 * alpha > majority else None
        got = fn(alpha, majority)
        same = got is None if expected is None else got is not None and abs(got - expected) < 1e-6
        if not same:
            problem = (
                f"for alpha = {alpha}, majority = {majority} you return {got}, not {expected}."
            )
            break
    hint = "A threshold that the majority class reaches by itself needs no training at all."
    return verdict(problem, hint, "On MRPC, 0.9 x 0.75 = 0.675 lies below the majority's 0.684.")


def subspace_step(fn: Callable) -> bool:
    """``fn(theta_d, P, g, lr)``: theta_d after one step of gradient descent.

    Args:
        fn: the reader's function; ``P`` is a projection, ``g`` the gradient of the loss with
            respect to all D parameters, shape (D,), ``lr`` the learning rate.
    """
    problem = None
    for seed, (D, d) in enumerate([(30, 4), (100, 7), (64, 64)]):
        P = make_projection("fastfood", D, d, seed)
        generator = torch.Generator().manual_seed(seed)
        theta_d, g = torch.randn(d, generator=generator), torch.randn(D, generator=generator)
        expected = theta_d - 0.1 * P.adjoint(g)
        got = fn(theta_d.clone(), P, g, 0.1)
        if not isinstance(got, torch.Tensor) or got.shape != (d,):
            shape = tuple(got.shape) if isinstance(got, torch.Tensor) else type(got).__name__
            problem = f"for d = {d}, D = {D} you return {shape}, expected a tensor of shape ({d},)."
        elif not torch.allclose(got, expected, atol=1e-5):
            problem = f"for d = {d}, D = {D} the step is off by {(got - expected).norm():.3g}."
        if problem:
            break
    hint = "By the chain rule the gradient of theta_d is P' g, which is P.adjoint(g)."
    return verdict(problem, hint, "That is all the training there is: D gradients become d.")
