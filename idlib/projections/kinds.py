"""Projections that are written down, densely, sparsely or as an index, and the table of all."""

import math
from collections.abc import Iterable, Sequence

import psutil
import torch
from torch import Tensor

from ..errors import IdlibError
from .base import CHUNK, Projection, argsort, chunk, compact, empty, signs
from .fastfood import Fastfood, FastfoodGlobal, FastfoodUnsigned

__all__ = [
    "PROJECTIONS",
    "Dense",
    "Fastfood",
    "FastfoodGlobal",
    "FastfoodUnsigned",
    "Given",
    "Hashed",
    "Sparse",
    "make_projection",
]


class Dense(Projection):
    """Independent normals, columns scaled to unit norm: the textbook, at O(D d) memory."""

    name = "dense"
    P: Tensor  # (D, d)

    def _draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        need, free = 4 * self.D * self.d, psutil.virtual_memory().available
        if need > free:
            raise IdlibError(
                f"A dense projection with D = {self.D:,} and d = {self.d:,} takes "
                f"{need / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB are free: use "
                f"projection='fastfood' ({2 * self.D / 1e9:,.2f} GB) or 'hashed' instead."
            )
        P = torch.randn(self.D, self.d, generator=generator, dtype=torch.float32)
        return {"P": P.div_(torch.linalg.vector_norm(P, dim=0))}

    def _forward(self, x: Tensor) -> Tensor:
        return self.P.to(x.dtype) @ x

    def _adjoint(self, y: Tensor) -> Tensor:
        return y @ self.P.to(y.dtype)


class Given(Dense):
    """Columns that were chosen, not drawn: no seed gives them again, so that a subspace with such a
    P is saved, but not loaded.

    Args:
        P: shape (D, d), columns of unit norm.
        name: what it is called.

    Raises:
        IdlibError: if a column has another length than 1.
    """

    def __init__(self, P: Tensor, name: str = "given"):
        lengths = torch.linalg.vector_norm(P, dim=0)
        if not torch.allclose(lengths, torch.ones_like(lengths), atol=1e-3):
            raise IdlibError(
                f"Columns of length {lengths.min():.3g} to {lengths.max():.3g} were given, "
                "expected 1: divide each by its norm."
            )
        self._columns = {"P": P.float().contiguous()}
        super().__init__(*P.shape)
        self.name = name

    def _draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        return self.__dict__.pop("_columns")


class Sparse(Projection):
    r"""Entries that are non-zero with probability :math:`1/\sqrt{D}`, of either sign, columns
    scaled to unit norm (Li et al., appendix S7; Li, Hastie and Church, 2006).

    A row is empty with probability :math:`\exp(-d/\sqrt{D})`: at D = 199,210 and d = 750,
    19 % of the parameters can't move.
    """

    name = "sparse"
    rows: Tensor  # of the non-zeros, likewise the next two
    cols: Tensor
    values: Tensor

    def _draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        # Gaps between the non-zeros of a row of D * d coin tosses are geometric: O(non-zeros).
        share, last = min(self.D**-0.5, 0.5), -1
        parts: list[Tensor] = []
        while last < self.D * self.d:  # runs of 2**18: their length is part of the draw
            gaps = torch.empty(2**18, dtype=torch.float64).geometric_(share, generator=generator)
            parts.append(last + gaps.long().cumsum(0))
            last = int(parts[-1][-1])
        positions = torch.cat(parts)
        positions = positions[positions < self.D * self.d]
        cols, rows = positions // self.D, positions % self.D
        empty = (torch.bincount(cols, minlength=self.d) == 0).nonzero().flatten()
        cols = torch.cat([cols, empty])
        rows = torch.cat([rows, torch.randint(self.D, empty.shape, generator=generator)])
        values = signs(len(cols), generator) * torch.bincount(cols)[cols].float().rsqrt()
        return {"rows": rows, "cols": cols, "values": values}

    def _forward(self, x: Tensor) -> Tensor:
        terms = x[self.cols] * self.values.to(x.dtype)
        return x.new_zeros(self.D).scatter_add_(0, self.rows, terms)

    def _adjoint(self, y: Tensor) -> Tensor:
        terms = y[self.rows] * self.values.to(y.dtype)
        return y.new_zeros(self.d).scatter_add_(0, self.cols, terms)


class Hashed(Projection):
    """One non-zero in each row, of random sign: each parameter follows one coordinate.

    Each run of d rows holds a fresh random permutation of the columns, so that the columns
    share the rows evenly and have unit norm exactly. The fastest projection: one look-up per
    parameter, 4 bytes of state each (8 in models of up to 2^18 parameters).
    """

    name = "hashed"
    index: Tensor  # of the column that a row follows, plus d if negative; rows times columns is D
    scale: Tensor  # of the columns, (d,)

    def _draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        blocks = -(-self.D // self.d)
        keys = torch.rand(blocks, self.d, generator=generator, dtype=torch.float32)
        step = max(1, CHUNK // self.d)
        columns = torch.cat([argsort(part).int() for part in keys.split(step)])
        index = columns.flatten()[: self.D]
        scale = torch.bincount(index, minlength=self.d).float().rsqrt()
        index += self.d * torch.randint(2, (self.D,), generator=generator, dtype=torch.int32)
        rows = math.gcd(self.D, 8)  # of a matrix, which torch's kernels share among threads
        return {"index": compact(index).view(rows, -1), "scale": scale}

    def _pieces(self, v: Tensor) -> Iterable[tuple[Tensor, Tensor]]:
        """The (D,) vector `v` as a matrix beside the index, some columns of both at a time."""
        v = v.view_as(self.index)
        if self.index.dtype == torch.int64:
            return [(v, self.index)]
        step = max(1, chunk(v) // len(self.index))
        parts = zip(v.split(step, dim=1), self.index.split(step, dim=1), strict=True)
        return ((part, index.long()) for part, index in parts)

    def _forward(self, x: Tensor) -> Tensor:
        x, y = x * self.scale.to(x.dtype), empty(self.D, x)
        table = torch.cat([x, -x]).expand(len(self.index), -1)  # entry i of P x: table[:, index[i]]
        for part, index in self._pieces(y):
            torch.gather(table, 1, index, out=part)
        return y

    def _adjoint(self, y: Tensor) -> Tensor:
        sums = y.new_zeros(len(self.index), 2 * self.d)
        for part, index in self._pieces(y):
            sums.scatter_add_(1, index, part)
        sums = sums.sum(0)
        return (sums[: self.d] - sums[self.d :]) * self.scale


#: All of them, by name.
PROJECTIONS = {
    cls.name: cls for cls in (Dense, Sparse, Hashed, Fastfood, FastfoodGlobal, FastfoodUnsigned)
}


def make_projection(
    name: str, D: int, d: int, seed: int = 0, sizes: Sequence[int] | None = None
) -> Projection:
    """The projection called `name`, one of ``PROJECTIONS``; the rest as in `Projection`.

    >>> P = make_projection("fastfood", D=1000, d=10)
    >>> P(torch.ones(10)).shape, P.adjoint(torch.ones(1000)).shape
    (torch.Size([1000]), torch.Size([10]))

    Raises:
        IdlibError: if there is no such projection, d is not in 1 to D, or P does not fit.
    """
    if name not in PROJECTIONS:
        raise IdlibError(
            f"projection={name!r} was given, expected one of {', '.join(PROJECTIONS)}."
        )
    return PROJECTIONS[name](D, d, seed, sizes)
