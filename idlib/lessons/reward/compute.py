"""Episodes to look at, and what the same share means under several definitions."""

import statistics
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from ...engine.config import Run
from ...engine.estimate import Estimate
from ...engine.evolution import mirrored, weights_of
from ...problems.environments import environment_of, play
from ...problems.names import build_named
from ...studies.reading import replay
from ...studies.results import Cell

__all__ = ["BARS", "alignment", "bar", "motion", "needed", "policy_of", "steps_made", "untrained"]

#: What "90 %" is of: for each name, whose full network is meant, and whether what the untrained
#: network scores is taken off first.
BARS = {
    "its own full network's score": ("own", False),
    "its own full network's gain": ("own", True),
    "the score of the network trained on labels": ("labels", False),
    "the gain of the network trained on labels": ("labels", True),
}


def policy_of(run: Run) -> nn.Module:
    """The trained policy of a run that kept its d numbers."""
    return replay(run).merged()


def untrained(run: Run) -> nn.Module:
    """The policy that a run began with."""
    return build_named(replace(run.config, d=None))


def steps_made(cell: Cell) -> dict[int | None, float]:
    """Of how many steps training took, the median over policies, by d; None is the full network.
    A run that never balanced all episodes of a step has made all of its steps."""
    steps: dict[int | None, list[int]] = {}
    for run in (*cell.runs, *cell.full):
        steps.setdefault(run.config.d, []).append(run.steps)
    return {d: statistics.median(made) for d, made in steps.items()}


@torch.no_grad()
def motion(task: str, policy: nn.Module, seed: int = 0) -> np.ndarray:
    """One episode, shape (T, 4): position, its speed, angle, its speed, in metres, radians and
    seconds as the environment has them.

    Args:
        task: name of the environment.
        policy: what acts, without chance.
        seed: of the state in which the episode starts.
    """
    environment = environment_of(task)
    episodes = play(environment, lambda x: environment.actions(policy(x)), 1, seed)
    return episodes.observations[:, 0].numpy() * np.array(environment.units)


def alignment(
    score: Callable[[Tensor], Tensor], theta: Tensor, step: float, population: int, seed: int = 0
) -> float:
    """The cosine of the angle between an evolution step and the gradient of the score.

    Args:
        score: from parameters (n, d) to a number each, differentiable.
        theta: where, shape (d,).
        step: size of the perturbations.
        population: of them, an even number.
        seed: of the perturbations.
    """
    noise = mirrored(population, len(theta), torch.Generator().manual_seed(seed))
    move = weights_of(score(theta + step * noise)) @ noise
    at = theta.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(score(at[None]).sum(), at)
    return torch.cosine_similarity(move, gradient, dim=0).item()


def bar(cell: Cell, labels: Cell, share: float, whose: str, gain: bool) -> float:
    """The score that is a share of something.

    Args:
        cell: what is to reach it.
        labels: the same network, trained on labels.
        share: from 0 to 1.
        whose: full network, "own" or "labels".
        gain: whether the share is of what it gains over the untrained network.
    """
    full = cell if whose == "own" else labels
    floor = full.floor if gain else 0.0
    return floor + share * (full.baseline - floor)


def needed(cell: Cell, labels: Cell, share: float, whose: str, gain: bool) -> Estimate:
    """How many numbers reach that bar; the arguments are those of `bar`."""
    return cell.d90(bar(cell, labels, share, whose, gain))
