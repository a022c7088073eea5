"""Checks for notebook 14."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ...engine.evolution import weights_of
from ..base.checks import guarded, known_mistake, number, verdict

__all__ = ["bits", "by_rank", "reward_loss"]


@guarded
def by_rank(fn: Callable[[Tensor], Tensor]) -> bool:
    """``fn(scores)``: the weight of each perturbation, by its rank.

    Args:
        fn: the reader's function; scores have shape (n,).
    """
    problem = None
    for scores in ([9.0, 500.0, 23.0], [3.0, 1.0, 2.0, 10.0], [5.0, 1.0, 5.0, 9.0], [9.0] * 4):
        given = torch.tensor(scores)
        expected = weights_of(given)
        got = torch.as_tensor(fn(given.clone())).float()
        if got.shape != given.shape:
            problem = f"for {len(scores)} scores you return shape {tuple(got.shape)}."
        elif not torch.allclose(got, expected, atol=1e-5):
            problem = f"for scores {scores} you return {_told(got)}, expected {_told(expected)}."
            if not got.isfinite().all():
                problem += " Equal scores: what do you divide by?"
            elif torch.allclose(got, -expected, atol=1e-5):
                problem += " The sign is the wrong way round."
            elif abs(got.sum()) > 1e-4:
                problem += " The weights of all should add up to zero."
            elif abs(got.abs().sum() - 1) > 1e-4 and expected.any():
                problem += " Their sizes should add up to one."
            elif len(set(scores)) < len(scores):
                problem += " Equal scores have equal weights."
        if problem:
            break
    hint = (
        "For each score, count those below it and those above it: the difference is its rank from "
        "the middle. Then divide by the sum of the sizes, if that isn't zero."
    )
    return verdict(problem, hint, "Only the order counts: 500 against 23 is worth no more than 3.")


@guarded
def reward_loss(fn: Callable[[Tensor, Tensor, Tensor], Tensor]) -> bool:
    """``fn(outputs, drawn, rewards)``: the loss whose gradient is the policy gradient, with the
    mean reward as a baseline.

    Args:
        fn: the reader's function; outputs are logits (n, classes), drawn and rewards (n,).
    """
    problem = None
    for seed, n in enumerate((4, 50)):
        generator = torch.Generator().manual_seed(seed)
        outputs = torch.randn(n, 5, generator=generator)
        drawn = torch.randint(5, (n,), generator=generator)
        rewards = (torch.rand(n, generator=generator) < 0.4).float()
        rewards[:2] = torch.tensor([0.0, 1.0])
        log_p = F.log_softmax(outputs, 1).gather(1, drawn[:, None])[:, 0]
        gap = rewards - rewards.mean()
        expected = -(gap * log_p).mean().item()
        got = number(fn(outputs.clone(), drawn, rewards))
        if math.isclose(got, expected, abs_tol=1e-5):
            continue
        problem = f"for {n} examples you return {got:.4f}, expected {expected:.4f}."
        known = (
            (-expected, "The sign: training minimises, and rewards are to grow."),
            (-(rewards * log_p).mean().item(), "The baseline is missing."),
            (expected * n, "Take the mean over the examples, not the sum."),
            (-(gap * log_p.exp()).mean().item(), "Take the logarithm of the probability."),
        )
        problem += known_mistake(got, known, abs_tol=1e-5)
        break
    hint = "Minus the mean of (reward - mean reward) times the log-probability of what was drawn."
    return verdict(problem, hint, "The true labels are not among its arguments.")


@guarded
def bits(fn: Callable[[float], float]) -> bool:
    """``fn(p)``: how many bits "right or wrong" tells at most, where a share p is right.

    Args:
        fn: the reader's function; p from 0 to 1.
    """
    problem = None
    for p in (0.5, 0.1, 0.9, 0.0, 1.0):
        expected = -sum(q * math.log2(q) for q in (p, 1 - p) if q)
        got = number(fn(p))
        if math.isclose(got, expected, abs_tol=1e-6):
            continue
        problem = f"for p = {p} you return {got:.4f}, expected {expected:.4f}."
        if math.isclose(got, expected * math.log(2), abs_tol=1e-6):
            problem += " That is in nats: take log2."
        elif p and math.isclose(got, -p * math.log2(p), abs_tol=1e-6):
            problem += " Wrong tells something too: add the same for 1 - p."
        elif math.isclose(got, -expected, abs_tol=1e-6):
            problem += " The sign is the wrong way round."
        break
    hint = "H(p) = -p log2 p - (1 - p) log2 (1 - p), where 0 log2 0 is 0."
    return verdict(problem, hint, "A label out of ten would tell up to 3.32 bits.")


def _told(weights: Tensor) -> str:
    return "[" + ", ".join(f"{w:.3g}" for w in weights.tolist()) + "]"
