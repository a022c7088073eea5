"""Checks for notebook 11."""

import math
from collections.abc import Callable

from ..base.checks import guarded, known_mistake, number, verdict
from .theory import complexity
from .theory import occam_bound as solution

__all__ = ["examples_needed", "occam_bound", "relative_gap"]

CASES = ((0.1, 4000, 60_000, 0.05), (0.02, 900, 2000, 0.01), (0.3, 0, 500, 0.1))


@guarded
def occam_bound(fn: Callable[[float, float, int, float], float]) -> bool:
    """``fn(error, bits, m, delta)``: Occam's bound in Hoeffding's form.

    Args:
        fn: the reader's function.
    """
    problem = None
    for error, bits, m, delta in CASES:
        got, expected = number(fn(error, bits, m, delta)), solution(error, bits, m, delta)
        if math.isclose(got, expected, abs_tol=1e-6):
            continue
        problem = (
            f"for error {error}, {bits} bits, m = {m}, delta = {delta} you return {got:.4f}, not "
            f"{expected:.4f}."
        )
        known = (
            (expected - error, "The training error is missing."),
            (error + math.sqrt((bits + math.log(1 / delta)) / (2 * m)),
             "2**-bits is exp(-bits * log(2)): the factor log(2) is missing."),
            (error + math.sqrt((8 * bits * math.log(2) + math.log(1 / delta)) / (2 * m)),
             "bits are bits already, not bytes."),
            (error + math.sqrt(2) * (expected - error), "Hoeffding's exponent is 2 m t^2: "
             "divide by 2 m."),
            (error + (expected - error) ** 2, "The square root is missing."),
            (error + math.sqrt(bits * math.log(2) / (2 * m)), "ln(1/delta) is missing."),
            (error + math.sqrt(max(0, bits * math.log(2) + math.log(delta)) / (2 * m)),
             "ln(delta) is negative: it is ln(1/delta) that is added."),
        )  # fmt: skip
        problem += known_mistake(got, known, abs_tol=1e-6)
        break
    hint = "error + sqrt((bits * log(2) + log(1 / delta)) / (2 * m)), log being the natural one."
    return verdict(problem, hint, "A bound needs no test set: bits, errors and m are enough.")


@guarded
def relative_gap(fn: Callable[[float, float], float]) -> bool:
    """``fn(train, test)``: the relative generalisation gap of two accuracies.

    Args:
        fn: the reader's function.
    """
    problem = None
    for train, test in ((0.95, 0.9), (1.0, 0.6), (0.7, 0.8)):
        got, expected = number(fn(train, test)), (train - test) / (1 - test)
        if math.isclose(got, expected, abs_tol=1e-6):
            continue
        problem = f"for train {train} and test {test} you return {got:.3f}, not {expected:.3f}."
        known = (
            (train - test, "That is the gap itself: put it in relation to the test errors."),
            (abs(expected), "A gap may be negative."),
            (-expected, "The sign is turned: doing better on old examples counts as a gap."),
            (max(0.0, expected), "A gap may be negative."),
            ((train - test) / test, "Divide by the test errors, not by the test accuracy."),
            ((train - test) / (1 - train) if train < 1 else math.nan,
             "Divide by the test errors, not by the training errors."),
        )  # fmt: skip
        problem += known_mistake(got, known, abs_tol=1e-6)
        break
    hint = "(train - test) / (1 - test): the share of the test errors that the old examples lack."
    return verdict(problem, hint, "At full training accuracy it is 1, whatever the test accuracy.")


@guarded
def examples_needed(fn: Callable[[float, float, float, float], int]) -> bool:
    """``fn(error, bits, delta, target)``: the fewest m for which Occam's bound is the target at
    most, the training error staying what it is; None if there is no such m.

    Args:
        fn: the reader's function.
    """
    problem = None
    for error, bits, delta, target in (
        (0.1, 4000, 0.05, 0.3),
        (0.0, 1000, 0.01, 0.5),
        (0.4, 500, 0.05, 0.35),
        (0.2, 100, 0.05, 0.2),
    ):
        got = fn(error, bits, delta, target)
        case = f"for error {error}, {bits} bits, delta = {delta} and target {target} "
        if target <= error:
            if got is not None:
                problem = f"{case}you return {got}. The bound is above the training error, "
                problem += "whatever m is: return None."
                break
            continue
        gain = target - error
        least = math.ceil(complexity(bits, 1, delta) ** 2 / gain**2)
        if got is None or not math.isclose(number(got), least):
            problem = f"{case}you return {got}, not {least}."
            value = math.nan if got is None else number(got)
            if math.isclose(value, least - 1) or 0 < least - value < 1:
                problem += " With so few the bound is just above the target: round up."
            elif math.isclose(value, math.ceil(complexity(bits, 1, delta) ** 2 / gain)):
                problem += " The gain is squared: half the gap takes four times the examples."
            elif math.isclose(value, math.ceil(complexity(bits, 1, delta) ** 2 / target**2)):
                problem += " What is left for the bits is target - error."
            break
    hint = "Solve target - error = sqrt(nats / (2 m)) for m, nats = bits * log(2) + log(1 / delta)."
    return verdict(problem, hint, "For half the distance to the training error take four times m.")
