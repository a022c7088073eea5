"""Checks for notebook 06."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..base.checks import guarded, number, verdict
from ..base.measures import bits_needed
from .compute import without_memorising as best

__all__ = ["bits", "shuffle_labels", "without_memorising"]


@guarded
def shuffle_labels(fn: Callable[[Tensor, float, torch.Generator], Tensor]) -> bool:
    """``fn(labels, share, generator)``: the labels with a random share of them shuffled.

    Args:
        fn: the reader's function; it must leave its argument alone and keep every class as
            frequent as it was.
    """
    problem = None
    for n, share in ((1000, 0.0), (1000, 1.0), (2000, 0.5), (3000, 0.1)):
        labels = torch.arange(n) % 10
        given = labels.clone()
        got = fn(given, share, torch.Generator().manual_seed(n))
        problem = _wrong_labels(got, labels, given, share)
        if problem is None:
            again = fn(labels.clone(), share, torch.Generator().manual_seed(n + 1))
            if share > 0 and torch.equal(again, got):
                problem = "two generators give the same labels: pass `generator` to randperm."
        if problem:
            problem = f"with {n} labels and share {share}, {problem}"
            break
    hint = (
        "Draw the places first: torch.randperm(n, generator=generator)[:k]. Then give these "
        "places their own labels in another random order. Work on labels.clone()."
    )
    return verdict(problem, hint, "The classes are as frequent as before; only who is who is lost.")


@guarded
def without_memorising(fn: Callable[[float], float]) -> bool:
    """``fn(share)``: training accuracy of who knows all digits and no shuffled label by heart.

    Args:
        fn: the reader's function of a share from 0 to 1.
    """
    problem = None
    for share in (0.0, 1.0, 0.5, 0.1):
        got, expected = fn(share), best(100 * share)
        if not abs(number(got) - expected) <= 1e-6:
            problem = f"for share {share} you return {got}, not {expected:.3f}."
            if abs(number(got) - (1 - share)) < 1e-6:
                problem += " A shuffled label is sometimes right by chance."
            break
    hint = "A share 1 - s of the labels is true. Of the others, one in ten is true by chance."
    return verdict(problem, hint, "With 10 % shuffled, 0.91: just enough for 0.90, with no slack.")


@guarded
def bits(fn: Callable[[int, float], float]) -> bool:
    """``fn(n, accuracy)``: the fewest bits that tell n random labels with that accuracy.

    Args:
        fn: the reader's function; accuracies lie between 0.1 and 1.
    """
    problem = None
    for n, accuracy in ((1, 1.0), (1000, 0.5), (300, 0.9), (100, 0.2)):
        got, expected = fn(n, accuracy), bits_needed(n, accuracy)
        if not abs(number(got) - expected) <= 1e-6 * max(1, expected):
            problem = f"for n = {n} and accuracy {accuracy} you return {got}, not {expected:.4f}."
            break
    hint = (
        "e = 1 - accuracy. From log2(10) bits for each label take H(e), what you need not say "
        "about where the errors are, and e log2(9), about what they are. 0 log2(0) is 0."
    )
    return verdict(problem, hint, "That is the rate-distortion function of a fair ten-sided die.")


def _wrong_labels(got: object, labels: Tensor, given: Tensor, share: float) -> str | None:
    if not isinstance(got, Tensor) or got.shape != labels.shape:
        found = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
        return f"you return {found}, expected a tensor of shape {tuple(labels.shape)}."
    if not torch.equal(given, labels):
        return "the labels that you were given have changed: work on a copy."
    if not torch.equal(got.bincount(minlength=10), labels.bincount(minlength=10)):
        return (
            f"the classes occur {got.bincount(minlength=10).tolist()} times; before, each "
            f"occurred {len(labels) // 10} times. Shuffle the labels, do not draw new ones."
        )
    moved, expected = (got != labels).double().mean().item(), 0.9 * share
    if abs(moved - expected) > 0.04:
        return f"a share of {moved:.2f} has changed, expected about {expected:.2f} (0.9 x share)."
    late = (got != labels)[len(labels) // 2 :].double().mean().item()
    if abs(late - expected) > 0.08:
        return (
            f"a share of {late:.2f} of the second half has changed, expected {expected:.2f} as in "
            "the first: draw the places at random."
        )
    return None
