"""Policies in environments: scored as they act, repeated by their seed, learning from rewards."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from idlib import IdlibError, Subspace
from idlib.engine.config import RunConfig
from idlib.engine.training import train
from idlib.problems.environments import ENVIRONMENTS, Episodes, environment_of, play
from idlib.problems.images import load
from idlib.problems.names import build_named, facts_of, problem_of, resolved, run_named
from idlib.problems.networks import fc
from idlib.problems.policies import (
    OTHERS,
    Control,
    advantages,
    layers_of,
    many,
    mean_return,
    policy_fn,
    policy_loss,
)
from idlib.problems.targets import reward_loss

CARTPOLE = ENVIRONMENTS["cartpole"]
SHORT = RunConfig("cartpole", "fc-8-1+es", 4, 3.0, 0, "dense", epochs=3, batch_size=8)
STILL = replace(SHORT, lr=0.0)
METHODS = pytest.mark.parametrize("model", ["fc-8-1+es", "fc-8-1"])


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_it_plays_without_a_display(name, monkeypatch):
    if name == "pendulum":
        pytest.importorskip("mujoco")
    monkeypatch.delenv("DISPLAY", raising=False)
    environment = environment_of(name)
    policy = policy_fn(environment, "fc-8-1")()
    with torch.no_grad():
        episodes = play(environment, lambda x: environment.actions(policy(x)), 3, seed=0)
    T = len(episodes.observations)
    assert episodes.observations.shape == (T, 3, environment.observations)
    assert episodes.alive[0].all() and episodes.returns.max() == T <= environment.longest
    assert (episodes.alive[1:] <= episodes.alive[:-1]).all()  # nobody comes back


def test_an_episode_is_gymnasiums():
    """Alone, in its single environment, it goes through the same states to the same end."""
    import gymnasium

    def act(x):
        return (x[:, 2] + 0.3 * x[:, 3] > 0).long().numpy()

    episodes = play(CARTPOLE, act, 1, seed=3)
    env = gymnasium.make("CartPole-v1")
    start = episodes.observations[0, 0].double().numpy() * CARTPOLE.units
    env.reset(seed=0)
    env.unwrapped.state = start
    seen, steps, done = start, 0, False
    while not done:
        units = torch.tensor(CARTPOLE.units)
        x = torch.as_tensor(np.float32(seen)) / units
        at = min(steps, 20)  # rounding grows
        if steps == at:
            assert torch.allclose(x, episodes.observations[steps, 0], atol=1e-4)
        seen, _, terminated, truncated, _ = env.step(int(act(x[None])[0]))
        steps, done = steps + 1, terminated or truncated
    assert steps == episodes.returns[0] > 20


def test_many_policies_act_as_each_does_alone():
    models = [fc(8, 2, 4, 2) for _ in range(3)]
    thetas = torch.stack([torch.nn.utils.parameters_to_vector(m.parameters()) for m in models])
    x = torch.randn(3, 5, 4)
    alone = torch.stack([m(own) for m, own in zip(models, x, strict=True)])
    assert torch.allclose(many(layers_of(models[0], thetas), x), alone, atol=1e-5)


@METHODS
def test_where_nothing_moves_the_score_is_the_untrained_policys(model):
    run = run_named(replace(STILL, model=model))
    with torch.no_grad():
        untrained = mean_return(CARTPOLE, build_named(replace(STILL, d=None)), STILL.seed)
    assert run.score == untrained
    full = run_named(replace(STILL, model=model, d=None))
    assert full.start == full.score == untrained


@METHODS
def test_seeds_repeat(model):
    config = replace(SHORT, model=model, lr=0.5)
    one, two, other = (run_named(c, True) for c in (config, config, replace(config, seed=1)))
    assert one.score == two.score and torch.equal(one.theta_d, two.theta_d)
    assert not torch.equal(one.theta_d, other.theta_d)


def test_step_sizes_are_chosen_with_other_policies():
    chosen = run_named(replace(SHORT, scored_on="validation"), True)
    other = run_named(replace(SHORT, seed=SHORT.seed + OTHERS), True)
    assert torch.equal(chosen.theta_d, other.theta_d) and chosen.score == other.score
    assert not torch.equal(chosen.theta_d, run_named(SHORT, True).theta_d)


def test_evolution_learns_to_balance():
    config = replace(SHORT, model="fc-32-2+es", d=16, lr=1.0, epochs=15, batch_size=16)
    means: list[float] = []
    run = Control.named("cartpole", config.model)(
        config, on_step=lambda _, theta, mean: means.append(mean)
    )
    start = run_named(replace(config, lr=0.0, epochs=1)).score
    assert run.score > start + 0.2 and len(means) == run.steps <= 15
    assert run.D == 1282


def test_the_policy_gradient_makes_what_paid_more_likely():
    """In episodes of one step each, of which those with action 1 went on for longer."""
    actions = torch.tensor([[1, 0, 1, 0], [1, 1, 1, 1]])
    alive = torch.tensor([[True, True, True, True], [True, False, True, False]])
    a = advantages(Episodes(torch.zeros(2, 4, 4), actions, alive))
    assert (a[0] * (2 * actions[0] - 1) > 0).all() and not a[1].any()
    assert a[alive].mean().abs() < 1e-6


def test_the_policy_gradients_mean_is_the_gradient_of_the_expected_return():
    """Of a game whose return is known: who takes action 1 in state s plays one step more, in which
    nothing can be lost. The expected return is 1 + the mean of p(1 | s)."""
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(3, 2, generator=generator).requires_grad_()
    n = 30_000  # episodes
    states = torch.arange(n) % 3
    p = z.softmax(1)[:, 1]
    (gradient,) = torch.autograd.grad(1 + p.mean(), z)
    actions = (torch.rand(n, generator=generator) < p.detach()[states]).long()
    alive = torch.stack([torch.ones(n, dtype=torch.bool), actions == 1])
    observations = states.repeat(2, 1)[..., None].float()
    episodes = Episodes(observations, actions.repeat(2, 1), alive)
    outputs = z[observations[alive][:, 0].long()]
    (estimate,) = torch.autograd.grad(-policy_loss(outputs, episodes), z)
    cosine = torch.cosine_similarity(estimate.flatten(), gradient.flatten(), dim=0)
    assert cosine > 0.99 and gradient.abs().max() > 0.01


def test_names_that_mean_nothing_are_refused():
    with pytest.raises(IdlibError, match=r"expected fc-8-1 or fc-8-1\+es"):
        run_named(replace(SHORT, model="fc-8-1+sgd"))
    with pytest.raises(IdlibError, match="learned by evolution alone"):
        Control.named("pendulum", "fc-8-1")
    with pytest.raises(IdlibError, match="expected one of"):
        environment_of("cart")


def test_an_environment_is_a_task_like_others():
    assert resolved("cartpole") == "cartpole"
    assert isinstance(build_named(SHORT), Subspace)
    facts = facts_of("cartpole")
    assert facts["majority"] == 0 and "gymnasium" in facts["data"][1]


def test_a_rewards_mean_gradient_is_that_of_the_expected_reward():
    """Of the probability of the right label, averaged over the examples."""
    torch.manual_seed(0)
    outputs, labels = torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    gradient = torch.func.grad(lambda z, _: reward_loss(z, labels))
    draws = torch.func.vmap(gradient, (None, 0), randomness="different")
    each = draws(outputs, torch.empty(20_000))
    z = outputs.clone().requires_grad_()
    (-F.softmax(z, 1).gather(1, labels[:, None]).mean()).backward()
    got, noise = each.mean(0), each.std(0) / math.sqrt(len(each))
    assert ((got - z.grad).abs() < 5 * noise + 1e-6).all()


def test_rewards_teach_digits_and_repeat_with_their_seed():
    problem = problem_of(RunConfig("digits+reward", "fc-20-1", None, 0.0))
    assert problem.loss_fn is reward_loss and problem.train_set is load("digits").train
    config = RunConfig("digits+reward", "fc-20-1", None, 3e-3, epochs=5, batch_size=64)
    one, two = run_named(config), run_named(config)
    assert one.score == two.score > 0.2  # one in ten by chance
    assert run_named(replace(config, task="digits")).score > one.score
    model = fc(20, 1)
    assert train(model, problem.train_set, 0.0, 1, loss_fn=reward_loss).status == "finished"


def test_texts_are_learned_from_rewards_too_by_the_same_model():
    rewarded = RunConfig("docstrings-n64+reward", "roberta-4x128", 50, 0.03, normalize="global")
    problem, plain = problem_of(rewarded), problem_of(replace(rewarded, task="docstrings-n64"))
    assert problem.loss_fn is reward_loss is not plain.loss_fn
    assert problem.train_set.tensors[0].equal(plain.train_set.tensors[0])
    assert len(problem.test_set) == len(plain.test_set)
    assert facts_of("docstrings-n64+reward") == facts_of("docstrings-n64")
    models = build_named(rewarded), build_named(replace(rewarded, task="docstrings-n64"))
    pairs = zip(*(m.model.parameters() for m in models), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
