"""Checks for notebook 05."""

import math
import random
from collections.abc import Callable, Sequence

from ...problems.networks import fc
from ..base.checks import guarded, number, verdict
from ..base.measures import slope

__all__ = ["exponent", "parameters"]


@guarded
def parameters(fn: Callable[[int, int], int]) -> bool:
    """``fn(width, depth)``: D of a fully connected net from 784 inputs to 10 outputs.

    Args:
        fn: the reader's function.
    """
    problem = None
    for width, depth in ((50, 1), (200, 2), (37, 4), (400, 5)):
        expected = sum(p.numel() for p in fc(width, depth).parameters())
        got = fn(width, depth)
        if got != expected:
            problem = f"for width {width} and depth {depth} you return {got}, not {expected:,}."
            if isinstance(got, int) and expected - got == width * depth + 10:
                problem += " As many are missing as there are biases."
            break
    hint = (
        "A layer from a to b units has a * b weights and b biases. There are depth hidden layers, "
        "and one more to the 10 outputs."
    )
    return verdict(problem, hint, "Width enters squared, depth only once.")


@guarded
def exponent(fn: Callable[[Sequence[float], Sequence[float]], float]) -> bool:
    """``fn(D, d90)``: the slope of log d90 against log D, by least squares.

    Args:
        fn: the reader's function of two sequences of equal length.
    """
    rng, problem = random.Random(0), None
    for power in (0.0, 1.0, 0.5, -0.3):
        x = [rng.uniform(1e4, 1e6) for _ in range(8)]
        y = [3 * v**power * rng.uniform(0.9, 1.1) for v in x]
        expected, got = slope(x, y), fn(list(x), list(y))
        if not abs(number(got) - expected) <= 1e-6:
            given = repr(got) if math.isnan(number(got)) else f"{number(got):.4g}"
            problem = f"for noisy data drawn from D to the power {power} you return {given}, and "
            problem += f"the slope by least squares is {expected:.4f}."
            break
    hint = "Take the logarithm of both lists, then fit a line: numpy.polyfit(x, y, 1)[0]."
    return verdict(problem, hint, "0 would mean: D does not matter. 1 would mean: d90 is a share.")
