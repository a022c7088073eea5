r"""What all projections share: derivatives, normalisation per tensor, checks, memory."""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import IdlibError, check_integer

__all__ = [
    "CHUNK",
    "Projection",
    "argsort",
    "chunk",
    "compact",
    "empty",
    "signs",
    "without_autocast",
]

CHUNK = 2**18  # parameters handled at a time: 1 MB of float32, about a second-level cache
CHUNK_ON_GPU = 2**24  # where each piece costs the start of a few kernels


class Projection(nn.Module):
    r"""A fixed random linear map with D rows and d columns.

    Args:
        D: number of rows, the parameters of the full model.
        d: number of columns, the dimension of the subspace, 1 <= d <= D.
        seed: which draw.
        sizes: row counts that sum to D, one for each parameter tensor. When given, the rows
            of tensor t are multiplied by :math:`\sqrt{D / D_t}`, so that
            :math:`E\,\|P_t x\|^2 = \|x\|^2` for each tensor (``normalize="per-tensor"``)
            instead of for the whole vector.

    Raises:
        IdlibError: if d is not an integer from 1 to D.
    """

    name: str

    def __init__(self, D: int, d: int, seed: int = 0, sizes: Sequence[int] | None = None):
        super().__init__()
        self.D = check_integer("D", D, low=1)
        self.d = check_integer("d", d, low=1, high=self.D)
        self.seed = check_integer("seed", seed, low=0, high=2**63 - 1)
        if sizes is not None and sum(sizes) != D:
            raise IdlibError(f"sizes sum to {sum(sizes)}, expected D = {D}: pass every tensor's.")
        self.sizes = None if sizes is None else tuple(sizes)
        with torch.device("cpu"):  # whatever the default device
            factors = self._draw(torch.Generator().manual_seed(self.seed))
        self._names = tuple(factors)
        for name, factor in factors.items():
            setattr(self, name, factor)  # no buffer: data parallel would send it round in vain

    def forward(self, x: Tensor) -> Tensor:
        """P x: shape (d,) to (D,), in the dtype and on the device of `x`."""
        return _Apply.apply(x, self, False)

    def adjoint(self, y: Tensor) -> Tensor:
        """P' y: shape (D,) to (d,), in the dtype and on the device of `y`."""
        return _Apply.apply(y, self, True)

    def multiply(self, v: Tensor, transpose: bool = False) -> Tensor:
        """P v, or P' v if `transpose`, as fresh memory and without a gradient."""
        n = self.D if transpose else self.d
        if v.shape != (n,):
            raise IdlibError(f"Got a vector of shape {tuple(v.shape)}, expected ({n},).")
        if not v.is_floating_point():
            raise IdlibError(f"Got a vector of {v.dtype}, expected a floating-point one.")
        w = v.float() if v.dtype.itemsize < 4 else v  # sums of many terms need 32 bits
        with without_autocast(v):
            if not transpose:
                out = self._scale_rows(self._forward(w))
            else:
                copy = w if self.sizes is None else empty(self.D, w).copy_(w)
                out = self._adjoint(self._scale_rows(copy))
        return out.to(v.dtype)

    def matrix(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """P itself, shape (D, d): for pictures and tests, at small sizes."""
        device = self._factors()[0].device
        columns = torch.eye(self.d, dtype=dtype, device=device)
        return torch.stack([self(column) for column in columns], dim=1)

    def state_bytes(self) -> int:
        """Memory taken by the drawn factors, in bytes."""
        return sum(factor.nbytes for factor in self._factors())

    def extra_repr(self) -> str:
        return f"D={self.D}, d={self.d}, seed={self.seed}, per_tensor={self.sizes is not None}"

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Has the factors follow the module to another device, but not to another dtype: rounded,
        they would be another P than the one that a seed stands for."""
        for name, factor in zip(self._names, self._factors(), strict=True):
            setattr(self, name, factor.to(fn(factor).device))
        return super()._apply(fn, recurse)

    def _factors(self) -> list[Tensor]:
        return [getattr(self, name) for name in self._names]

    def _draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        """The random factors, drawn on the CPU; they become attributes of these names."""
        raise NotImplementedError

    def _forward(self, x: Tensor) -> Tensor:
        """P x with unit columns, shape (d,) to (D,)."""
        raise NotImplementedError

    def _adjoint(self, y: Tensor) -> Tensor:
        """P' y with unit columns, shape (D,) to (d,)."""
        raise NotImplementedError

    def _scale_rows(self, y: Tensor) -> Tensor:
        """Multiplies each tensor's rows by sqrt(D / D_t), in place, if sizes were given."""
        for rows in y.split(self.sizes) if self.sizes else ():
            rows.mul_(math.sqrt(self.D / max(1, len(rows))))
        return y


class _Apply(torch.autograd.Function):
    """P v, or P' v if `transpose`. Each is the other's derivative, to any order."""

    @staticmethod
    def forward(ctx: Any, v: Tensor, P: Projection, transpose: bool) -> Tensor:
        ctx.P, ctx.transpose = P, transpose
        return P.multiply(v, transpose)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None, None]:
        return _Apply.apply(g, ctx.P, not ctx.transpose), None, None


def empty(size: int, like: Tensor) -> Tensor:
    """An unset vector. NumPy asks Linux for huge pages, torch does not: at D = 22.7 M the
    first write to fresh memory then takes 7 ms instead of 25."""
    if like.device.type != "cpu" or like.dtype == torch.bfloat16:  # unknown to NumPy
        return like.new_empty(size)
    return torch.from_numpy(np.empty(size, str(like.dtype).removeprefix("torch.")))


def chunk(v: Tensor) -> int:
    """How many parameters are handled at a time where `v` lies."""
    return CHUNK if v.device.type == "cpu" else CHUNK_ON_GPU


def argsort(keys: Tensor) -> Tensor:
    """``keys.argsort(dim=1, stable=True)`` in half of the time or less, for float32 from 0 to 1:
    their bits are in the same order, and NumPy sorts them with the places behind them.

    >>> argsort(torch.tensor([[0.5, 0.25, 0.5]]))
    tensor([[1, 0, 2]])
    """
    both = (keys.view(torch.int32).long() << 32) | torch.arange(keys.shape[1])
    return torch.from_numpy(np.sort(both.numpy())).bitwise_and_(2**32 - 1)


def signs(n: int, generator: torch.Generator) -> Tensor:
    """Random signs as int8, shape (n,)."""
    return torch.randint(2, (n,), generator=generator, dtype=torch.int8).mul_(2).sub_(1)


def compact(index: Tensor) -> Tensor:
    """Indices as torch's kernels want them (8 bytes) for small models, in 4 bytes for large."""
    return index.long() if len(index) <= CHUNK else index.int()


def without_autocast(v: Tensor) -> AbstractContextManager:
    """Has what follows computed in its own precision, where autocast is on for such tensors."""
    on = torch.is_autocast_enabled(v.device.type)
    return torch.autocast(v.device.type, enabled=False) if on else nullcontext()
