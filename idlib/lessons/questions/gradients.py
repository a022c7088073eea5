r"""Gradients with respect to the inputs and to the parameters, example by example.

For the first layer :math:`z = W x + b`, with :math:`\delta = \partial L / \partial z`,

.. math:: \frac{\partial L}{\partial W} = \delta\, x', \quad
          \frac{\partial L}{\partial b} = \delta, \quad
          \frac{\partial L}{\partial x} = W' \delta

so that :math:`\|\partial L/\partial W\|^2 + \|\partial L/\partial b\|^2 =
\|\delta\|^2 (\|x\|^2 + 1)` and :math:`\|\partial L/\partial x\|^2 \le
\|W\|^2\, \|\delta\|^2` with the spectral norm of W. Together, for every example,

.. math:: \|\nabla_x L\|^2 \le \frac{\|W\|^2}{\|x\|^2 + 1}\, \|\nabla_{W, b} L\|^2
          \le \frac{\|W\|^2}{\|x\|^2 + 1}\, \|\nabla_\theta L\|^2.

References:
    | On Linear Stability of SGD and Input-Smoothness of Neural Networks (Ma, Ying, 2021),
      https://arxiv.org/abs/2105.13462
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from ...engine.config import Run, RunConfig
from ...engine.runs import Problem, run
from ...engine.training import Step
from ...errors import IdlibError
from ...subspace import Subspace

__all__ = ["GradientNorms", "Trace", "first_layer", "gradient_norms", "trace"]

CHUNK = 50  # examples whose gradients are in memory at once


@dataclass(frozen=True)
class GradientNorms:
    """Squared lengths of gradients of the loss, each of shape (n,).

    Args:
        inputs: with respect to the input.
        first: with respect to W and b of the first layer.
        parameters: with respect to all parameters.
        factor: between `first` and a bound of `inputs`.
    """

    inputs: Tensor
    first: Tensor
    parameters: Tensor
    factor: Tensor

    @property
    def bound(self) -> Tensor:
        """The bound of `inputs` from `first`, shape (n,)."""
        return self.factor * self.first

    @property
    def loose(self) -> Tensor:
        """The same bound from all parameters, shape (n,)."""
        return self.factor * self.parameters


def gradient_norms(model: nn.Module, inputs: Tensor, labels: Tensor) -> GradientNorms:
    """Squared gradient norms of the cross-entropy of each example.

    Args:
        model: an MLP; a subspace is merged first.
        inputs: shape (n, ...).
        labels: shape (n,).

    Raises:
        IdlibError: if the first layer is not an `nn.Linear` with a bias.
    """
    model = model.merged() if isinstance(model, Subspace) else model
    name, layer = first_layer(model)
    theta = {n: p.detach() for n, p in model.named_parameters()}

    def loss(theta: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(functional_call(model, theta, (x[None],)), y[None])

    def norms(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        by_theta, by_x = grad(loss, argnums=(0, 1))(theta, x, y)
        squares = {n: g.square().sum() for n, g in by_theta.items()}
        first = squares[f"{name}.weight"] + squares[f"{name}.bias"]
        return by_x.square().sum(), first, sum(squares.values())

    by_x, first, everything = vmap(norms, chunk_size=CHUNK)(inputs, labels)
    spectral = torch.linalg.matrix_norm(layer.weight.detach(), 2)
    factor = spectral**2 / (inputs.flatten(1).square().sum(1) + 1)
    return GradientNorms(by_x, first, everything, factor)


def first_layer(model: nn.Module) -> tuple[str, nn.Linear]:
    """Name and layer of the linear layer that sees the input."""
    layers = (
        (n, m) for n, m in model.named_modules() if next(m.parameters(False), None) is not None
    )
    name, layer = next(layers, ("", None))
    if not isinstance(layer, nn.Linear) or layer.bias is None:
        raise IdlibError(
            f"The first layer is {type(layer).__name__}, expected a Linear with a bias: the "
            "inequality is about fully connected networks, such as idlib.problems.networks.fc()."
        )
    return name, layer


@dataclass(frozen=True)
class Trace:
    """Means over examples along a run.

    Args:
        run: the run.
        steps: where they were measured.
        inputs: mean squared norm of the gradient with respect to the input.
        parameters: the same with respect to all parameters.
        bound: the mean of the bound on `inputs` from all parameters.
    """

    run: Run
    steps: list[int]
    inputs: list[float]
    parameters: list[float]
    bound: list[float]


def trace(config: RunConfig, problem: Problem, at: Sequence[int], examples: int = 100) -> Trace:
    """Makes a run, and measures gradient norms on the first training examples on the way.

    Args:
        config: the run.
        problem: a fully connected network and data in memory.
        at: steps after which to measure; those beyond the last are left out.
        examples: how many.
    """
    x, y = (t[:examples] for t in problem.train_set.tensors)
    result = Trace(None, [], [], [], [])

    def measure(step: Step) -> None:
        if step.step in at:
            norms = gradient_norms(step.model, x, y)
            result.steps.append(step.step)
            result.inputs.append(norms.inputs.mean().item())
            result.parameters.append(norms.parameters.mean().item())
            result.bound.append(norms.loose.mean().item())

    made = run(config, problem, measure)
    return Trace(made, result.steps, result.inputs, result.parameters, result.bound)
