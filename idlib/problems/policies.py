"""Policies that learn from rewards: by evolution strategies, or by a policy gradient.

A run is described as any other, `idlib.engine.config.RunConfig`: the task is an environment, an
epoch one generation (or one step of the policy gradient), the batch its episodes, the learning rate
that of Adam, or the step size of evolution. A run ends early when all episodes of an epoch are of
full length: there is nothing left to tell one action from another. The score is the mean return of
other episodes, as a share of the longest. "validation", by which step sizes are chosen, is another
policy, projection and set of episodes: seeds from `OTHERS` on.

References:
    | Simple Statistical Gradient-Following Algorithms for Connectionist Reinforcement Learning
      (Williams, 1992): the policy gradient
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Adam

from ..engine.config import Run, RunConfig
from ..engine.evolution import evolve
from ..engine.runs import build
from ..errors import IdlibError
from ..subspace import Subspace
from .environments import Environment, Episodes, environment_of, play
from .networks import network

__all__ = [
    "OTHERS",
    "Control",
    "advantages",
    "layers_of",
    "many",
    "mean_return",
    "policy_fn",
    "policy_loss",
]

OTHERS = 1000  # added to the seed of runs that choose a step size
TEST_SEED = 1_000_000  # of the episodes that score a policy; no episode of training starts so

Look = Callable[[int, Tensor, float], bool | None]


def policy_fn(environment: Environment, name: str) -> Callable[[], nn.Module]:
    """What makes the policy of that name, such as "fc-32-2"."""
    return network(name, environment.observations, environment.outputs)


Layers = list[tuple[Tensor, Tensor]]


def layers_of(model: nn.Module, thetas: Tensor) -> Layers:
    """The weights (n, inputs, outputs) and biases (n, 1, outputs) of several policies.

    Args:
        model: an `nn.Sequential` of linear layers with ReLUs between them.
        thetas: the parameters of each, shape (n, D).
    """
    found, place = [], 0
    for module in model.children():
        if isinstance(module, nn.Linear):
            o, i = module.weight.shape
            W, b = thetas[:, place : place + o * i + o].split([o * i, o], 1)
            found.append((W.reshape(-1, o, i).mT, b[:, None]))
            place += o * i + o
    return found


def many(layers: Layers, x: Tensor) -> Tensor:
    """The outputs of several policies, each for observations of its own.

    Args:
        layers: of n policies, see `layers_of`.
        x: observations, shape (n, k, observations).

    Returns:
        Outputs, shape (n, k, outputs).
    """
    for k, (W, b) in enumerate(layers):
        x = torch.baddbmm(b, x.relu() if k else x, W)
    return x


def mean_return(environment: Environment, model: nn.Module, seed: int = 0) -> float:
    """The mean return of a policy that never hesitates, a share of the longest possible."""
    n, start = environment.tested, TEST_SEED + seed
    episodes = play(environment, lambda x: environment.actions(model(x)), n, start)
    return episodes.returns.mean().item() / environment.longest


def advantages(episodes: Episodes) -> Tensor:
    """What still came after each step, less the mean over the episodes that went on, in units of
    its standard deviation; shape (T, n), zero after the end of an episode."""
    alive = episodes.alive.float()
    left = alive.flip(0).cumsum(0).flip(0)  # each step is worth 1
    mean = (left * alive).sum(1, keepdim=True) / alive.sum(1, keepdim=True)
    gap = (left - mean) * alive
    return gap / (gap.square().sum() / alive.sum()).sqrt().clamp(min=1e-6)


def policy_loss(outputs: Tensor, episodes: Episodes) -> Tensor:
    r"""What a policy gradient descends: its gradient is the estimate, turned round, of that of the
    expected return, in units of the advantages.

    .. math:: -\frac1N \sum_{t,i} A_{ti} \log \pi(a_{ti} \mid s_{ti})

    over the N steps of all episodes.

    Args:
        outputs: logits for each step before an episode's end, shape (N, actions).
        episodes: those N steps are where `episodes.alive`.
    """
    alive = episodes.alive
    log_p = F.log_softmax(outputs, 1).gather(1, episodes.actions[alive][:, None])[:, 0]
    return -(advantages(episodes)[alive] * log_p).mean()


@dataclass(frozen=True)
class Control:
    """A policy in an environment; called with a configuration, it makes the run.

    Args:
        environment: what gives the rewards.
        policy: name of the network.
        method: "es", evolution strategies, or "gradient", a policy gradient.
    """

    environment: Environment
    policy: str
    method: str

    @classmethod
    def named(cls, task: str, model: str) -> "Control":
        """What the names of a task and a model stand for: "fc-32-2" learns by a policy gradient,
        "fc-32-2+es" by evolution."""
        policy, plus, change = model.partition("+")
        if plus and change != "es":
            raise IdlibError(f"{model!r} was given, expected {policy} or {policy}+es.")
        environment = environment_of(task)
        if not plus and not environment.discrete:
            raise IdlibError(f"{task} is learned by evolution alone: name {policy}+es.")
        return cls(environment, policy, "es" if plus else "gradient")

    def build(self, config: RunConfig) -> nn.Module:
        """The untrained policy, or subspace."""
        return build(config, policy_fn(self.environment, self.policy))

    def __call__(
        self, config: RunConfig, keep_theta_d: bool = False, on_step: Look | None = None
    ) -> Run:
        """Makes the run. `on_step` is called after each epoch with its number, the trained
        numbers, and the mean return of its episodes, and may end the run by True."""
        seeded = config
        if config.scored_on == "validation":
            seeded = replace(config, seed=config.seed + OTHERS)
        model = self.build(seeded)
        trained = nn.utils.parameters_to_vector(p for p in model.parameters() if p.requires_grad)
        D = model.D if isinstance(model, Subspace) else len(trained)
        before = self._scored(model, seeded) if config.d is None else None
        start = time.perf_counter()
        train = self._evolved if self.method == "es" else self._ascended
        steps, last = train(model, seeded, on_step)
        seconds = time.perf_counter() - start
        theta_d = None
        if keep_theta_d and isinstance(model, Subspace):
            theta_d = model.theta_d.detach().clone()
        return Run(
            config, "finished", self._scored(model, seeded), 1 - last, steps, seconds, D,
            theta_d=theta_d, start=before,
        )  # fmt: skip

    def _scored(self, model: nn.Module, config: RunConfig) -> float:
        merged = model.merged() if isinstance(model, Subspace) else model
        return mean_return(self.environment, merged, config.seed)

    def _solved(self, returns: Tensor) -> bool:
        return bool(returns.min() >= self.environment.longest)

    def _evolved(
        self, model: nn.Module, config: RunConfig, on_step: Look | None
    ) -> tuple[int, float]:
        """Trains by evolution; how many generations, and the mean score of the last."""
        body, start, P = _spanned(model)
        starts = np.random.default_rng(config.seed)
        history: list[float] = []

        def score(thetas: Tensor) -> Tensor:
            layers = layers_of(body, start + (thetas if P is None else thetas @ P))

            def act(x: Tensor) -> np.ndarray:
                return self.environment.actions(many(layers, x[:, None])[:, 0])

            return play(self.environment, act, len(thetas), _seed(starts)).returns

        def look(generation: int, theta: Tensor, scores: Tensor) -> bool:
            history.append(scores.mean().item() / self.environment.longest)
            stop = bool(on_step and on_step(generation, theta, history[-1]))
            return stop or self._solved(scores)

        theta = torch.zeros(len(start) if P is None else len(P))
        generator = torch.Generator().manual_seed(config.seed)
        theta = evolve(score, theta, config.lr, config.epochs, config.batch_size, generator, look)
        with torch.no_grad():
            if isinstance(model, Subspace):
                model.theta_d.copy_(theta)
            else:
                nn.utils.vector_to_parameters(start + theta, model.parameters())
        return len(history), history[-1]

    def _ascended(
        self, model: nn.Module, config: RunConfig, on_step: Look | None
    ) -> tuple[int, float]:
        """Trains by the policy gradient, the rate falling linearly to zero; likewise."""
        parameters = [p for p in model.parameters() if p.requires_grad]
        optimizer = Adam(parameters, lr=config.lr)
        scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, config.epochs)
        rng = np.random.default_rng(config.seed)
        mean, epoch = math.nan, 0
        for epoch in range(1, config.epochs + 1):
            policy = model.merged() if isinstance(model, Subspace) else model

            def act(x: Tensor, policy: nn.Module = policy) -> np.ndarray:
                p = policy(x).softmax(1)[:, 1].numpy()
                return (rng.random(len(p)) < p).astype(np.int64)

            episodes = play(self.environment, act, config.batch_size, _seed(rng))
            loss = policy_loss(model(episodes.observations[episodes.alive]), episodes)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            mean = episodes.returns.mean().item() / self.environment.longest
            numbers = nn.utils.parameters_to_vector(parameters).detach()
            if (on_step and on_step(epoch, numbers, mean)) or self._solved(episodes.returns):
                break
        return epoch, mean


def _spanned(model: nn.Module) -> tuple[nn.Module, Tensor, Tensor | None]:
    """The network, its parameters theta_0 (D,), and P' (d, D), None for all parameters."""
    with torch.no_grad():
        if not isinstance(model, Subspace):
            return model, nn.utils.parameters_to_vector(model.parameters()).detach().clone(), None
        start = nn.utils.parameters_to_vector(model.model.parameters())
        return model.model, start, torch.stack([model.projection(e) for e in torch.eye(model.d)])


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(TEST_SEED))
