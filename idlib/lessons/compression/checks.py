"""Checks for notebook 07."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ...problems.files import label_bytes
from ...problems.files import quantise as solution
from ..base.checks import guarded, known_mistake, verdict

__all__ = ["labels", "quantise"]


@guarded
def quantise(fn: Callable[[Tensor, int], Tensor]) -> bool:
    """``fn(x, bits)``: the numbers rounded to ``2**bits - 1`` evenly spaced ones about 0.

    Args:
        fn: the reader's function; returns numbers of the same shape, already rounded.
    """
    problem = None
    for seed, (n, bits) in enumerate(((5, 2), (100, 3), (1000, 4), (1000, 8))):
        x = torch.randn(n, generator=torch.Generator().manual_seed(seed))
        got = fn(x.clone(), bits)
        if not isinstance(got, Tensor) or got.shape != x.shape:
            found = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
            problem = f"for {n} numbers you return {found}, expected shape ({n},)."
            break
        _, spacing = solution(x, bits)
        values = len(got.double().div(spacing / 64).round().unique())
        error = (got.double() - x.double()).abs().max().item()
        if values > 2**bits - 1:
            problem = f"with {bits} bits your numbers take {values} values: {2**bits - 1} are left."
        elif error > spacing * 0.5001:
            problem = f"with {bits} bits a number is off by {error:.3f}, more than half the "
            problem += f"spacing of {spacing:.3f}."
        if problem:
            break
    hint = (
        "top = 2**(bits - 1) - 1 is the largest whole number; the spacing is the largest |x| over "
        "top. Divide, round, multiply."
    )
    return verdict(problem, hint, "No number is off by more than half the spacing.")


@guarded
def labels(fn: Callable[[Tensor, Tensor], float]) -> bool:
    """``fn(logits, labels)``: bytes of the labels' code, given the network's outputs.

    Args:
        fn: the reader's function; logits have shape (n, classes).
    """
    problem = None
    for seed, (n, classes) in enumerate(((1, 2), (8, 10), (500, 10))):
        generator = torch.Generator().manual_seed(seed)
        logits = 3 * torch.randn(n, classes, generator=generator)
        y = torch.randint(classes, (n,), generator=generator)
        got, expected = float(fn(logits.clone(), y.clone())), label_bytes(logits, y)
        if not math.isclose(got, expected, rel_tol=1e-4):
            problem = f"for {n} labels out of {classes} you return {got:.3f}, not {expected:.3f}."
            factors = (
                (8, "These are bits: a byte has 8."),
                (8 * math.log(2), "These are nats: a bit is log(2) of them."),
                (math.log(2), "The logarithm is to the base 2."),
                (1 / n, "That is the mean: the code needs all labels."),
            )
            known = ((factor * expected, why) for factor, why in factors)
            problem += known_mistake(got, known, rel_tol=1e-4)
            break
    hint = "F.cross_entropy(logits, labels, reduction='sum') is the sum of -ln p, in nats."
    return verdict(problem, hint, "Training minimises just this number: the length of a code.")
