r"""Evolution strategies: steps from scores alone, of parameters drawn around the ones in hand.

References:
    | Natural Evolution Strategies (Wierstra et al., 2014), https://arxiv.org/abs/1106.4487: ranks
    | Evolution Strategies as a Scalable Alternative to Reinforcement Learning (Salimans et al.,
      2017), https://arxiv.org/abs/1703.03864: pairs of opposite perturbations
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ..errors import IdlibError, check_integer

__all__ = ["evolve", "mirrored", "weights_of"]


def mirrored(population: int, d: int, generator: torch.Generator) -> Tensor:
    """Normal perturbations and their opposites, shape (population, d).

    Args:
        population: an even number.
        d: numbers in each.
        generator: draws them.
    """
    if check_integer("population", population, 2) % 2:
        raise IdlibError(f"population = {population} was given, expected an even number.")
    half = torch.randn(population // 2, d, generator=generator)
    return torch.cat([half, -half])


def weights_of(scores: Tensor) -> Tensor:
    """The weight of each perturbation in a step, by the rank of its score, shape (n,): from
    negative for the lowest to positive for the highest, their sizes add up to one. Equal scores
    have equal weights; if all are equal, all weights are zero.

    >>> weights_of(torch.tensor([9.0, 500.0, 23.0]))
    tensor([-0.5000,  0.5000,  0.0000])
    """
    below = (scores[:, None] > scores).sum(1)
    above = (scores[:, None] < scores).sum(1)
    ranks = (below - above).float()  # twice the rank, counted from the middle
    return ranks / ranks.abs().sum().clamp(min=1)


def evolve(
    score: Callable[[Tensor], Tensor],
    theta: Tensor,
    step: float,
    generations: int,
    population: int,
    generator: torch.Generator,
    on_step: Callable[[int, Tensor, Tensor], bool | None] | None = None,
) -> Tensor:
    r"""Parameters of a higher score, found without a gradient.

    .. math:: \theta \leftarrow \theta + \sigma_t \sum_i w_i\,\epsilon_i, \qquad
        \epsilon_i \sim N(0, I), \text{ with } -\epsilon_i \text{ beside each}

    where :math:`w_i` weighs the rank of the score at :math:`\theta + \sigma_t \epsilon_i`. The step
    size sigma_t is both how far perturbations reach and how far a step goes; it falls linearly to
    zero, as learning rates do in `idlib.engine.training.train`.

    Args:
        score: from parameters (population, d) to a number each; larger is better.
        theta: the start, shape (d,).
        step: sigma of the first generation.
        generations: steps made.
        population: perturbations in a generation, an even number.
        generator: draws them.
        on_step: called after each generation with its number from 1, the parameters, and the
            scores of its perturbations; no more are made when it returns True.

    Returns:
        The parameters, shape (d,).
    """
    for generation in range(1, generations + 1):
        noise = mirrored(population, len(theta), generator)
        sigma = step * (1 - (generation - 1) / generations)
        scores = score(theta + sigma * noise)
        theta = theta + sigma * (weights_of(scores) @ noise)
        if on_step and on_step(generation, theta, scores):
            break
    return theta
