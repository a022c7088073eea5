r"""Training in a random subspace, :math:`\theta^D = \theta_0^D + P\,\theta^d`.

References:
    | Measuring the Intrinsic Dimension of Objective Landscapes (Li et al., 2018), equation 2,
      https://arxiv.org/abs/1804.08838
"""

import copy
import math

import torch
from torch import Tensor, nn
from torch.func import functional_call

from .errors import IdlibError
from .projection_base import Projection, check_integer
from .projections import make_projection

__all__ = ["Subspace"]

NORMALIZE = ("global", "per-tensor")


class Subspace(nn.Module):
    r"""A model whose D trainable parameters move in a random subspace of d dimensions.

    .. math:: \theta^D = \theta_0^D + P\,\theta^d

    The model is copied and frozen at :math:`\theta_0`; ``theta_d``, of shape (d,) and zero at
    the start, is the only trainable parameter. Calling the subspace calls the model with its
    parameters at :math:`\theta^D`, with any arguments and any outputs. Tied parameters count
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

    Raises:
        IdlibError: if the model has no trainable parameters, d is not in 1 to D, or the
            projection or normalisation is unknown.

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
    ):
        super().__init__()
        if normalize not in NORMALIZE:
            raise IdlibError(f"normalize={normalize!r} was given, expected one of {NORMALIZE}.")
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
        self.model = copy.deepcopy(model).requires_grad_(False)
        first = next(iter(trainable.values()))
        dtype = torch.promote_types(first.dtype, torch.float32)  # small steps vanish in 16 bits
        self.theta_d = nn.Parameter(torch.zeros(self.d, dtype=dtype, device=first.device))
        self._set_projection(projection, seed, normalize)
        self.register_state_dict_post_hook(_drop_theta_0)
        self.register_load_state_dict_pre_hook(_add_theta_0)

    def forward(self, *args, **kwargs):
        """The model's output at :math:`\\theta_0 + P\\,\\theta^d`."""
        return functional_call(self.model, self.theta(), args, kwargs)

    def theta(self) -> dict[str, Tensor]:
        """The parameters :math:`\\theta^D` by name, in the model's shapes, differentiable."""
        theta_0 = dict(self.model.named_parameters())
        frozen = [theta_0[name] for name in self.shapes]
        theta = _Theta.apply(self.theta_d, self.projection, *frozen)
        return dict(zip(self.shapes, theta, strict=True))

    @torch.no_grad()
    def merged(self) -> nn.Module:
        """An ordinary copy of the model with :math:`\\theta^D` as its trainable parameters."""
        model = copy.deepcopy(self.model)
        for name, value in self.theta().items():
            model.get_parameter(name).copy_(value).requires_grad_()
        return model

    def extra_repr(self) -> str:
        return f"D={self.D}, d={self.d}"

    def get_extra_state(self) -> dict:
        return {
            "projection": self.projection.name,
            "seed": self.projection.seed,
            "normalize": self.normalize,
            "d": self.d,
            "D": self.D,
            "theta_0": self._fingerprint(),
        }

    def set_extra_state(self, state: dict) -> None:
        if (state["D"], state["d"]) != (self.D, self.d):
            raise IdlibError(
                f"The saved subspace has D = {state['D']:,} and d = {state['d']}, this one has "
                f"D = {self.D:,} and d = {self.d}: build it with the same model and d."
            )
        here, saved = self._fingerprint(), state["theta_0"]
        if not all(
            math.isclose(a, b, rel_tol=1e-3, abs_tol=1e-3) for a, b in zip(here, saved, strict=True)
        ):
            raise IdlibError(
                f"The saved subspace starts from another theta_0 (fingerprint {saved}, here "
                f"{here}): build the model with the seed or the weights it was trained from."
            )
        self._set_projection(state["projection"], state["seed"], state["normalize"])

    def _set_projection(self, name: str, seed: int, normalize: str) -> None:
        sizes = [math.prod(shape) for shape in self.shapes.values()]
        per_tensor = sizes if normalize == "per-tensor" else None
        projection = make_projection(name, self.D, self.d, seed, per_tensor)
        self.projection = projection.to(self.theta_d.device)
        self.normalize = normalize

    def _fingerprint(self) -> list[float]:
        """Two numbers that tell one theta_0 from another, alike on every machine: its norm,
        and its inner product with a fixed wave, in units of that norm."""
        square, wave = 0.0, 0.0
        for i, p in enumerate(self.model.parameters()):
            p = p.detach().double().flatten().cpu()
            square += float(p @ p)
            wave += float(p @ torch.cos(torch.arange(len(p), dtype=p.dtype, device="cpu") + i))
        return [round(math.sqrt(square), 6), round(wave / math.sqrt(square or 1.0), 6)]


class _Theta(torch.autograd.Function):
    """theta_0 + P theta_d, cut into the model's tensors, in one pass over the parameters:
    a view and an addition per tensor under autograd cost a fifth of a small model's step."""

    @staticmethod
    def forward(ctx, theta_d: Tensor, projection: Projection, *theta_0: Tensor):
        ctx.projection, ctx.dtype = projection, theta_d.dtype
        steps = projection.multiply(theta_d).split([p.numel() for p in theta_0])
        return tuple(
            step.view_as(p).add_(p).to(p.dtype) for step, p in zip(steps, theta_0, strict=True)
        )

    @staticmethod
    def backward(ctx, *grads: Tensor):
        g = torch.cat([g.flatten() for g in grads]).to(ctx.dtype)
        return ctx.projection.adjoint(g), None, *(None for _ in grads)


def _drop_theta_0(subspace: Subspace, state: dict, prefix: str, metadata: dict) -> None:
    for name, _ in subspace.model.named_parameters(remove_duplicate=False):
        state.pop(f"{prefix}model.{name}", None)


def _add_theta_0(subspace: Subspace, state: dict, prefix: str, *_) -> None:
    for name, p in subspace.model.named_parameters(remove_duplicate=False):
        state.setdefault(f"{prefix}model.{name}", p.detach())
