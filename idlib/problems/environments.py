"""Environments that give rewards, by name, and episodes played in them.

"cartpole" is gymnasium's CartPole-v1, a pole on a cart that is pushed left or right, 500 steps at
most; "pendulum" is MuJoCo's InvertedPendulum-v5, the same with a motor of any force, 1,000 steps at
most. In both each step for which the pole stands is worth 1.

References:
    | Gymnasium: A Standard Interface for Reinforcement Learning Environments (Towers et al., 2024),
      https://arxiv.org/abs/2407.17032
"""

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import IdlibError, needing

__all__ = ["ENVIRONMENTS", "Environment", "Episodes", "environment_of", "play"]


@dataclass(frozen=True)
class Environment:
    """What an agent sees, does and is paid for.

    Args:
        name: of the task.
        id: gymnasium's.
        observations: numbers seen in each step.
        outputs: numbers that a policy gives in each step.
        longest: steps of an episode at most, each worth 1.
        vectorization: how gymnasium plays several at a time.
        tested: episodes by which a policy is scored.
        discrete: whether the largest output is the action; else the output is.
        units: of the numbers seen: positions and angles as shares of where an episode ends.
        needs: packages beside gymnasium.
    """

    name: str
    id: str
    observations: int
    outputs: int
    longest: int
    vectorization: str
    units: tuple[float, ...]
    tested: int
    discrete: bool = True
    needs: tuple[str, ...] = ()

    def make(self, n: int) -> Any:
        """Gymnasium's vector environment for n episodes side by side; no display is needed."""
        with needing("course", f"The task {self.name!r}"):
            import gymnasium
        with needing("reward", f"The task {self.name!r}"):
            for name in self.needs:
                importlib.import_module(name)
        return gymnasium.make_vec(self.id, num_envs=n, vectorization_mode=self.vectorization)

    def facts(self) -> dict:
        """What is to be known of it, for the file of its runs."""
        made_by = [f"{name} {version(name)}" for name in ("gymnasium", *self.needs)]
        return {
            "train": 0,
            "test": self.tested,
            "metric": f"mean return, of at most {self.longest:,}",
            "majority": 0.0,
            "validation_majority": 0.0,
            "data": [self.id, *made_by],
        }

    def actions(self, outputs: Tensor) -> np.ndarray:
        """What an agent with these outputs (n, outputs) does, without chance."""
        if self.discrete:
            return outputs.argmax(1).numpy()
        return outputs.clamp(-3, 3).numpy()


CART = (2.4, 1.0, 0.2095, 1.0)  # m, m/s, rad, rad/s
PENDULUM = (1.0, 0.2, 1.0, 1.0)  # m, rad, m/s, rad/s

#: By the name of the task.
ENVIRONMENTS = {
    e.name: e
    for e in (
        Environment("cartpole", "CartPole-v1", 4, 2, 500, "vector_entry_point", CART, 100),
        Environment(
            "pendulum",
            "InvertedPendulum-v5",
            4,
            1,
            1000,
            "sync",
            PENDULUM,
            20,
            False,
            ("mujoco",),
        ),
    )
}


@dataclass(frozen=True, eq=False)
class Episodes:
    """n episodes, played side by side for the T steps of the longest.

    Args:
        observations: in the environment's units, shape (T, n, observations).
        actions: shape (T, n) or (T, n, 1).
        alive: whether the episode went on before the step, shape (T, n).
    """

    observations: Tensor
    actions: Tensor
    alive: Tensor

    @property
    def returns(self) -> Tensor:
        """The sum of rewards of each, that is its length, shape (n,)."""
        return self.alive.float().sum(0)


@torch.no_grad()
def play(
    environment: Environment, act: Callable[[Tensor], np.ndarray], n: int, seed: int
) -> Episodes:
    """Plays n episodes to their ends.

    Args:
        environment: where.
        act: from observations (n, observations) to actions, as gymnasium wants them.
        n: episodes.
        seed: of the states in which they start.
    """
    envs, units = _made(environment, n), torch.tensor(environment.units)
    seen, _ = envs.reset(seed=seed)
    alive = np.ones(n, bool)
    kept: tuple[list, list, list] = ([], [], [])
    while alive.any():
        observation = torch.as_tensor(seen, dtype=torch.float32) / units
        action = act(observation)
        for values, value in zip(kept, (observation, torch.as_tensor(action), alive), strict=True):
            values.append(value)
        seen, _, terminated, truncated, _ = envs.step(action)
        alive = alive & ~(terminated | truncated)
    states, actions, went_on = kept
    return Episodes(torch.stack(states), torch.stack(actions), torch.from_numpy(np.stack(went_on)))


@functools.lru_cache(maxsize=4)
def _made(environment: Environment, n: int) -> Any:
    return environment.make(n)


def environment_of(name: str) -> Environment:
    """The environment of a task.

    Raises:
        IdlibError: if there is none of that name.
    """
    if name not in ENVIRONMENTS:
        raise IdlibError(f"task {name!r} was given, expected one of {[*ENVIRONMENTS]}.")
    return ENVIRONMENTS[name]
