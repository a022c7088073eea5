"""Checks for notebook 09."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from ..base.checks import guarded, verdict

__all__ = ["d90_or_none", "masking"]

MASK, IGNORED = 4, -100


@guarded
def d90_or_none(fn: Callable[[Mapping[int, float], float, float], int | None]) -> bool:
    """``fn(scores, full, majority)``: d90, or None where there is none or it says nothing.

    Args:
        fn: the reader's function of the score at each d, the full model's score and the score
            of always giving the commonest label.
    """
    cases = (
        ({10: 0.55, 100: 0.74, 1000: 0.80}, 0.80, 0.51, 100, ""),
        ({1000: 0.80, 10: 0.55, 100: 0.74}, 0.80, 0.51, 100, "The values of d come in any order."),
        ({10: 0.55, 100: 0.69}, 0.80, 0.51, None, "No d reaches the threshold."),
        ({10: 0.69, 100: 0.70}, 0.75, 0.684, None, "0.9 x 0.75 is below the commonest label."),
        ({10: 0.30, 100: 0.73}, 0.80, 0.21, 100, ""),
        ({10: 0.60, 100: 0.90}, 1.00, 0.50, 100, "Exactly at the threshold is enough."),
        ({10: 0.60, 100: 0.95}, 1.00, 0.90, None, "0.9 x 1 is just what the commonest label has."),
    )
    problem = None
    for scores, full, majority, right, why in cases:
        got = fn(scores, full, majority)
        if got != right:
            problem = f"scores {scores}, full model {full}, commonest label {majority}: you say "
            problem += f"{got!r}, expected {right!r}. {why}"
            break
    hint = "First ask whether 0.9 x full lies above the commonest label at all."
    return verdict(problem, hint, "A threshold that any guess reaches measures nothing.")


@guarded
def masking(fn: Callable[..., tuple[Tensor, Tensor]]) -> bool:
    """``fn(ids, draw, other)``: what the model sees, and the labels, in BERT's masking.

    Args:
        fn: the reader's function of token numbers, a random number from 0 to 1 for each, and a
            random token for each, all of shape (n,).
    """
    generator = torch.Generator().manual_seed(0)
    n, problem = 5000, None
    ids = torch.randint(10, 1000, (n,), generator=generator)
    other = torch.randint(10, 1000, (n,), generator=generator)
    draw = torch.rand(n, generator=generator)
    seen, labels = fn(ids.clone(), draw.clone(), other.clone())
    masked, swapped = draw < 0.12, (draw >= 0.12) & (draw < 0.135)
    guessed = draw < 0.15
    if labels.dtype != ids.dtype or seen.dtype != ids.dtype:
        problem = f"you return {seen.dtype} and {labels.dtype}; tokens are {ids.dtype}."
    elif not torch.equal(labels != IGNORED, guessed):
        share = (labels != IGNORED).float().mean()
        problem = f"{share:.1%} of the tokens are to be guessed, expected those with draw "
        problem += "below 0.15; all others have the label -100."
    elif not torch.equal(labels[guessed], ids[guessed]):
        problem = "the label of a token that is to be guessed is the token itself."
    elif not torch.equal(seen == MASK, masked):
        problem = f"{(seen == MASK).float().mean():.1%} of the tokens are masked, expected "
        problem += "80 % of those to be guessed: draw below 0.12."
    elif not torch.equal(seen[swapped], other[swapped]):
        problem = "a tenth of those to be guessed (0.12 to 0.135) become `other`."
    elif not torch.equal(seen[~masked & ~swapped], ids[~masked & ~swapped]):
        problem = "all other tokens stay as they are, the last tenth of the guessed too."
    hint = "torch.where(condition, there, elsewhere) chooses place by place."
    return verdict(problem, hint, "The model must guess without knowing which tokens to doubt.")
