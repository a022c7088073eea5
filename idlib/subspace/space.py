r"""Training in a random subspace, :math:`\theta = \theta_0 + P\,\theta_d`.

References:
    | Measuring the Intrinsic Dimension of Objective Landscapes (Li et al., 2018), equation 2,
      https://arxiv.org/abs/1804.08838
    | Intrinsic Dimensionality Explains the Effectiveness of Language Model Fine-Tuning
      (Aghajanyan et al., 2021), section 3.1, https://arxiv.org/abs/2012.13255
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import IdlibError, check_integer
from ..projections import make_projection
from ..projections.base import Projection, empty, without_autocast
from .copies import copied
from .layers import chosen_layers
from .placed import Place, placed, places

__all__ = ["Subspace"]

NORMALIZE = ("global", "per-tensor")


class Subspace(nn.Module):
    r"""A model whose D trainable parameters move in a random subspace of d dimensions.

    .. math:: \theta = \theta_0 + P\,\theta_d

    The model is copied and frozen at :math:`\theta_0`; ``theta_d``, of shape (d,) and zero at
    the start, is the only trainable parameter. Calling the subspace calls the model with its
    parameters at :math:`\theta`, with any arguments and any outputs. Tied parameters count
    once, frozen ones (``requires_grad=False``) stay out of D.

    The state dict holds the seed, the projection's name and d numbers, not P (plus the model's
    own buffers, such as BatchNorm's running means). Load it into a `Subspace` around a
    model with the same :math:`\theta_0`.

    Args:
        model: any module with trainable parameters; it is left as it was.
        d: dimension of the subspace, from 1 to D.
        projection: a name in `idlib.projections.PROJECTIONS`.
        seed: which P is drawn.
        normalize: "global" scales P so that :math:`E\,\|P x\|^2 = \|x\|^2` over the whole
            parameter vector (Li et al.); "per-tensor" scales each tensor's rows so that this
            holds for each parameter tensor, which gives biases and other small tensors larger
            steps (as in the code released with Aghajanyan et al., 2021).
        structure_aware: True for SAID (Aghajanyan et al., 2021), where each of m layers has a
            scale of its own, counted inside d:

            .. math:: \theta_i = \theta_{0,i} + \lambda_i\,P(\theta^{d-m})_i

            ``theta_d`` then holds :math:`\lambda_i - 1` for each layer, and the d - m numbers
            after them. Layers follow the module tree (`idlib.subspace.layers.layers_of`); "tensors"
            makes every parameter tensor a layer, as the released code does; a mapping from
            layer names to lists of module names sets them by hand.

    Gradient checkpointing works as it does outside a subspace; it is never reentrant, which makes
    no difference to the result.

    Raises:
        IdlibError: if `model` is no module or has no trainable parameters, d is not in 1 to D
            (in m + 1 to D if structure-aware), a parameter is in no layer, or the projection or
            normalisation is unknown.

    >>> model = nn.Linear(3, 2)
    >>> subspace = Subspace(model, d=4)
    >>> subspace.D, subspace.d, subspace.theta_d.shape
    (8, 4, torch.Size([4]))
    >>> x = torch.randn(5, 3)
    >>> torch.equal(subspace(x), model(x))
    True
    """

    def __init__(
        self,
        model: nn.Module,
        d: int,
        projection: str = "fastfood",
        seed: int = 0,
        normalize: str = "global",
        structure_aware: bool | str | Mapping[str, Sequence[str]] = False,
    ):
        super().__init__()
        if normalize not in NORMALIZE:
            raise IdlibError(f"normalize={normalize!r} was given, expected one of {NORMALIZE}.")
        given: object = model  # whatever the types say
        if not isinstance(given, nn.Module):
            raise IdlibError(
                f"{given!r} was given, expected a torch.nn.Module: pass a model that is built, "
                "such as torch.nn.Linear(3, 2)."
            )
        trainable = {n: p for n, p in model.named_parameters() if p.requires_grad}
        if not trainable:
            raise IdlibError(
                f"{type(model).__name__} has no trainable parameters: pass a model with at least "
                "one parameter whose requires_grad is True."
            )
        if any(nn.parameter.is_lazy(p) for p in trainable.values()):
            raise IdlibError("The model has lazy parameters: call it on one batch first.")
        self.shapes = {name: p.shape for name, p in trainable.items()}
        self.D = sum(math.prod(shape) for shape in self.shapes.values())
        self.d = check_integer("d", d, low=1, high=self.D)
        layers = chosen_layers(self.shapes, structure_aware)
        self.layers = tuple(dict.fromkeys(layers))
        self._layer = tuple(self.layers.index(layer) for layer in layers)  # of each tensor
        if self.d <= len(self.layers):
            raise IdlibError(
                f"d = {d} was given, and {len(self.layers)} layers take one number each: pass at "
                f"least {len(self.layers) + 1}, fewer layers, or structure_aware=False."
            )
        self.model = copied(model).requires_grad_(False)
        self._found: tuple[nn.Module, list[Place]] | None = None
        device = next(iter(trainable.values())).device
        dtype = torch.float32  # at least: small steps vanish in 16 bits
        for p in trainable.values():
            dtype = torch.promote_types(dtype, p.dtype)
        self.theta_d = nn.Parameter(torch.zeros(self.d, dtype=dtype, device=device))
        self._set_projection(projection, seed, normalize)
        self.register_state_dict_post_hook(_drop_theta_0)
        self.register_load_state_dict_pre_hook(_add_theta_0)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The model's output at :math:`\\theta_0 + P\\,\\theta_d`."""
        with placed(self._places, self._theta()):
            return self.model(*args, **kwargs)

    def theta(self) -> dict[str, Tensor]:
        """The parameters :math:`\\theta` by name, in the model's shapes, differentiable."""
        return dict(zip(self.shapes, self._theta(), strict=True))

    @property
    def lambdas(self) -> dict[str, float]:
        """The scale of each layer, by name; empty if the subspace is not structure-aware."""
        scales = 1 + self.theta_d.detach()[: len(self.layers)]
        return dict(zip(self.layers, scales.tolist(), strict=True))

    @torch.no_grad()
    def merged(self) -> nn.Module:
        """An ordinary copy of the model with :math:`\\theta` as its trainable parameters."""
        model = copied(self.model)
        for name, value in self.theta().items():
            model.get_parameter(name).copy_(value).requires_grad_()
        return model

    def extra_repr(self) -> str:
        return f"D={self.D}, d={self.d}"

    def get_extra_state(self) -> Tensor:
        """What a saved subspace says of itself: JSON in bytes, for formats that keep tensors."""
        about = {
            "projection": self.projection.name,
            "seed": self.projection.seed,
            "normalize": self.normalize,
            "d": self.d,
            "D": self.D,
            "layers": self._layer,
            "theta_0": self._fingerprint(),
        }
        return torch.from_numpy(np.frombuffer(json.dumps(about).encode(), np.uint8).copy())

    def set_extra_state(self, state: Tensor | dict) -> None:
        state = _read(state)
        self._set_projection(state["projection"], state["seed"], state["normalize"])

    def _check_saved(self, state: dict) -> None:
        if (state["D"], state["d"]) != (self.D, self.d):
            raise IdlibError(
                f"The saved subspace has D = {state['D']:,} and d = {state['d']}, this one has "
                f"D = {self.D:,} and d = {self.d}: build it with the same model and d."
            )
        if tuple(state.get("layers", ())) != self._layer:
            raise IdlibError(
                f"The saved subspace has {len(set(state.get('layers', ())))} layers, this one "
                f"{len(self.layers)}: build it with the same structure_aware."
            )
        here, saved = self._fingerprint(), state["theta_0"]
        if not all(
            math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-3) for a, b in zip(here, saved, strict=True)
        ):
            raise IdlibError(
                f"The saved subspace starts from another theta_0 (fingerprint {saved}, here "
                f"{here}): build the model with the seed or the weights it was trained from."
            )

    @property
    def _places(self) -> list[Place]:
        """Where the model keeps its parameters; a copy that has another model looks again."""
        if self._found is None or self._found[0] is not self.model:
            self._found = self.model, places(self.model, list(self.shapes))
        return self._found[1]

    def _theta(self) -> tuple[Tensor, ...]:
        theta_0: list = [None] * len(self.shapes)
        for module, key, i in self._places:
            theta_0[i] = module._parameters[key]
        return _Theta.apply(self.theta_d, self.projection, self._layer, *theta_0)

    def _set_projection(self, name: str, seed: int, normalize: str) -> None:
        sizes = [math.prod(shape) for shape in self.shapes.values()]
        per_tensor = sizes if normalize == "per-tensor" else None
        projection = make_projection(name, self.D, self.d - len(self.layers), seed, per_tensor)
        self.projection = projection.to(self.theta_d.device)
        self.normalize = normalize

    def _fingerprint(self) -> list[float]:
        """Two numbers that tell one theta_0 from another, alike on every machine: its norm,
        and the sum over its tensors of their inner product with a fixed wave, each in units of
        that tensor's norm, so that a small head counts as much as a large encoder."""
        square, wave = 0.0, 0.0
        for i, p in enumerate(self.model.parameters()):
            x = p.detach().cpu().double().flatten()
            own = float(x @ x)
            fixed = torch.cos(torch.arange(len(x), dtype=x.dtype, device="cpu") + i)
            square, wave = square + own, wave + float(x @ fixed) / math.sqrt(own or 1.0)
        return [round(math.sqrt(square), 6), round(wave, 6)]


class _Theta(torch.autograd.Function):
    """theta_0 + lambda P theta_d, cut into the model's tensors, in one pass over the parameters:
    a view and an addition per tensor under autograd cost a fifth of a small model's step."""

    @staticmethod
    def forward(
        ctx: Any,
        theta_d: Tensor,
        projection: Projection,
        layer: Sequence[int],
        *theta_0: Tensor,
    ) -> tuple[Tensor, ...]:
        ctx.projection, ctx.layer, ctx.m = projection, layer, max(layer, default=-1) + 1
        ctx.save_for_backward(theta_d)
        shapes = [p.shape for p in theta_0]
        ctx.sizes = [shape.numel() for shape in shapes]
        flat = projection.multiply(theta_d[ctx.m :])
        steps = flat.split(ctx.sizes)
        for step, i in zip(steps, layer, strict=False):  # no layers: no scales
            step.mul_(1 + theta_d[i])
        theta = [step.view(shape) for step, shape in zip(steps, shapes, strict=True)]
        torch._foreach_add_(theta, theta_0)
        if all(p.dtype is flat.dtype for p in theta_0):
            return tuple(theta)
        return tuple(t.to(p.dtype) for t, p in zip(theta, theta_0, strict=True))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        with without_autocast(ctx.saved_tensors[0]):
            return _Theta._backward(ctx, grads)

    @staticmethod
    def _backward(ctx: Any, grads: Sequence[Tensor]) -> tuple[Tensor | None, ...]:
        (theta_d,), P, rest = ctx.saved_tensors, ctx.projection, (None,) * (2 + len(grads))
        parts = [(g.to_dense() if g.is_sparse else g).reshape(-1) for g in grads]
        if torch.is_grad_enabled():  # for a second derivative
            flat = torch.cat(parts).to(theta_d.dtype)  # the gradient with respect to theta
        else:
            flat = torch.cat(parts, out=empty(sum(ctx.sizes), theta_d))
        if not ctx.m:
            return P.adjoint(flat), *rest
        steps = P(theta_d[ctx.m :]).split(ctx.sizes)
        flats = flat.split(ctx.sizes)
        dots = torch.stack([g @ step for g, step in zip(flats, steps, strict=True)])
        index = torch.tensor(ctx.layer, device=dots.device)
        scales = torch.zeros_like(theta_d[: ctx.m]).index_add(0, index, dots)
        if torch.is_grad_enabled():
            flat = torch.cat([g * (1 + theta_d[i]) for g, i in zip(flats, ctx.layer, strict=True)])
        else:
            for g, i in zip(flats, ctx.layer, strict=True):
                g.mul_(1 + theta_d[i])
        return torch.cat([scales, P.adjoint(flat)]), *rest


def _drop_theta_0(subspace: Subspace, state: dict, prefix: str, metadata: dict) -> None:
    for name, _ in subspace.model.named_parameters(remove_duplicate=False):
        state.pop(f"{prefix}model.{name}", None)


def _add_theta_0(subspace: Subspace, state: dict, prefix: str, *_: object) -> None:
    saved = state.get(f"{prefix}_extra_state")
    if saved is not None:
        subspace._check_saved(_read(saved))  # before anything is loaded
    for name, p in subspace.model.named_parameters(remove_duplicate=False):
        state.setdefault(f"{prefix}model.{name}", p)


def _read(state: Tensor | dict) -> dict:
    """What a saved subspace says of itself; before 0.3.0 that was a dict."""
    if isinstance(state, dict):
        return state
    return json.loads(bytes(state.cpu().numpy()))
