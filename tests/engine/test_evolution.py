"""Evolution strategies: steps go along the gradient, and only the order of scores counts."""

import pytest
import torch

from idlib import IdlibError
from idlib.engine.evolution import evolve, mirrored, weights_of

D = 5


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def quadratic(theta: torch.Tensor) -> torch.Tensor:
    """Scores (n,) of parameters (n, D); the best is at (1, ..., D)."""
    target = torch.arange(1.0, D + 1)
    return -((theta - target).square() * torch.linspace(1, 3, D)).sum(-1)


@pytest.mark.parametrize("seed", range(3))
def test_a_step_points_along_the_gradient_of_a_quadratic(seed):
    theta = torch.randn(D, generator=generator(seed), requires_grad=True)
    (gradient,) = torch.autograd.grad(quadratic(theta), theta)
    before, (after,) = theta.detach(), [None]

    def keep(_, moved, scores):
        nonlocal after
        after = moved

    evolve(quadratic, before, 1e-3, 1, 2000, generator(seed), keep)
    cosine = torch.cosine_similarity(after - before, gradient, dim=0)
    assert cosine > 0.99


def test_it_finds_the_best_of_a_quadratic():
    found = evolve(quadratic, torch.zeros(D), 0.5, 200, 16, generator())
    assert torch.allclose(found, torch.arange(1.0, D + 1), atol=0.1)


def test_perturbations_come_with_their_opposites():
    noise = mirrored(6, 4, generator())
    assert noise.shape == (6, 4) and torch.equal(noise[:3], -noise[3:])
    assert noise.abs().min() > 0
    with pytest.raises(IdlibError, match="population = 5 was given, expected an even number"):
        mirrored(5, 4, generator())


def test_only_the_order_of_scores_counts():
    scores = torch.randn(20, generator=generator())
    weights = weights_of(scores)
    assert torch.equal(weights, weights_of(scores.exp() * 100))
    assert torch.equal(weights.argsort(), scores.argsort())
    assert weights.sum().abs() < 1e-6 and weights.abs().sum() == pytest.approx(1)


def test_equal_scores_have_equal_weights_and_move_nothing():
    assert weights_of(torch.tensor([2.0, 1.0, 2.0, 0.0]))[[0, 2]].unique().numel() == 1
    assert not weights_of(torch.ones(4)).any()
    start = torch.randn(D, generator=generator())
    moved = evolve(lambda thetas: torch.zeros(len(thetas)), start, 1.0, 3, 8, generator())
    assert torch.equal(moved, start)


def test_it_repeats_with_its_seed_and_stops_when_told():
    runs = [evolve(quadratic, torch.zeros(D), 0.3, 5, 8, generator(s)) for s in (1, 1, 2)]
    assert torch.equal(runs[0], runs[1]) and not torch.equal(runs[0], runs[2])
    seen = []
    evolve(quadratic, torch.zeros(D), 0.3, 9, 8, generator(), lambda k, *_: seen.append(k) or k > 1)
    assert seen == [1, 2]
