r"""Random linear maps :math:`P : \mathbb{R}^d \to \mathbb{R}^D`, each with its adjoint.

A projection is drawn from a CPU generator, so that ``(name, D, d, seed)`` is the same matrix
on every machine and device. Its columns have unit norm, exactly or in expectation, and are
nearly orthogonal to each other, so that

.. math:: E\,\|P x\|^2 = \|x\|^2

and a step of length 1 in the subspace is a step of length 1 in the space of parameters.

References:
    | Measuring the Intrinsic Dimension of Objective Landscapes (Li et al., 2018),
      section 2 and appendix S7, https://arxiv.org/abs/1804.08838
    | Fastfood: Approximating Kernel Expansions in Loglinear Time (Le et al., 2013)
    | Intrinsic Dimensionality Explains the Effectiveness of Language Model Fine-Tuning
      (Aghajanyan et al., 2021), section 3, https://arxiv.org/abs/2012.13255
"""

import math
from collections.abc import Sequence

import psutil
import torch
import torch.nn.functional as F
from torch import Tensor

from .errors import IdlibError
from .hadamard import next_power_of_two, walsh_hadamard
from .projection_base import Projection, empty

__all__ = [
    "PROJECTIONS",
    "Dense",
    "Fastfood",
    "FastfoodGlobal",
    "Hashed",
    "Sparse",
    "make_projection",
]

CHUNK = 2**18  # parameters handled at a time: 1 MB of float32, about a second-level cache
CHUNK_ON_GPU = 2**24  # where each piece costs the start of a few kernels


class Dense(Projection):
    """Independent normals, columns scaled to unit norm: the textbook, at O(D d) memory."""

    name = "dense"

    def _draw(self, generator):
        need, free = 4 * self.D * self.d, psutil.virtual_memory().available
        if need > free:
            raise IdlibError(
                f"A dense projection with D = {self.D:,} and d = {self.d:,} takes "
                f"{need / 1e9:,.1f} GB, and {free / 1e9:,.1f} GB are free: use "
                f"projection='fastfood' ({2 * self.D / 1e9:,.2f} GB) or 'hashed' instead."
            )
        P = torch.randn(self.D, self.d, generator=generator, dtype=torch.float32)
        return {"P": P.div_(torch.linalg.vector_norm(P, dim=0))}

    def _forward(self, x):
        return self.P.to(x.dtype) @ x

    def _adjoint(self, y):
        return y @ self.P.to(y.dtype)


class Sparse(Projection):
    r"""Entries that are non-zero with probability :math:`1/\sqrt{D}`, of either sign, columns
    scaled to unit norm (Li et al., appendix S7; Li, Hastie and Church, 2006).

    A row is empty with probability :math:`\exp(-d/\sqrt{D})`: at D = 199,210 and d = 750,
    19 % of the parameters can't move.
    """

    name = "sparse"

    def _draw(self, generator):
        # Gaps between the non-zeros of a row of D * d coin tosses are geometric: O(non-zeros).
        share, last = min(self.D**-0.5, 0.5), -1
        positions = []
        while last < self.D * self.d:  # runs of 2**18: their length is part of the draw
            gaps = torch.empty(2**18, dtype=torch.float64).geometric_(share, generator=generator)
            positions.append(last + gaps.long().cumsum(0))
            last = int(positions[-1][-1])
        positions = torch.cat(positions)
        positions = positions[positions < self.D * self.d]
        cols, rows = positions // self.D, positions % self.D
        empty = (torch.bincount(cols, minlength=self.d) == 0).nonzero().flatten()
        cols = torch.cat([cols, empty])
        rows = torch.cat([rows, torch.randint(self.D, empty.shape, generator=generator)])
        values = _signs(len(cols), generator) * torch.bincount(cols)[cols].float().rsqrt()
        return {"rows": rows, "cols": cols, "values": values}

    def _forward(self, x):
        terms = x[self.cols] * self.values.to(x.dtype)
        return x.new_zeros(self.D).scatter_add_(0, self.rows, terms)

    def _adjoint(self, y):
        terms = y[self.rows] * self.values.to(y.dtype)
        return y.new_zeros(self.d).scatter_add_(0, self.cols, terms)


class Hashed(Projection):
    """One non-zero in each row, of random sign: each parameter follows one coordinate.

    Each run of d rows holds a fresh random permutation of the columns, so that the columns
    share the rows evenly and have unit norm exactly. The fastest projection: one look-up per
    parameter, 4 bytes of state each (8 in models of up to 2^18 parameters).
    """

    name = "hashed"

    def _draw(self, generator):
        blocks = -(-self.D // self.d)
        keys = torch.rand(blocks, self.d, generator=generator, dtype=torch.float32)
        step = max(1, CHUNK // self.d)
        columns = [part.argsort(dim=1, stable=True).int() for part in keys.split(step)]
        index = torch.cat(columns).flatten()[: self.D]
        scale = torch.bincount(index, minlength=self.d).float().rsqrt()
        index += self.d * torch.randint(2, (self.D,), generator=generator, dtype=torch.int32)
        rows = math.gcd(self.D, 8)  # of a matrix, which torch's kernels share among threads
        return {"index": _compact(index).view(rows, -1), "scale": scale}

    def _pieces(self, v: Tensor):
        """The (D,) vector `v` as a matrix beside the index, some columns of both at a time."""
        v = v.view_as(self.index)
        if self.index.dtype == torch.int64:
            return [(v, self.index)]
        step = max(1, _chunk(v) // len(self.index))
        parts = zip(v.split(step, dim=1), self.index.split(step, dim=1), strict=True)
        return ((part, index.long()) for part, index in parts)

    def _forward(self, x):
        x, y = x * self.scale.to(x.dtype), empty(self.D, x)
        table = torch.cat([x, -x]).expand(len(self.index), -1)  # entry i of P x: table[:, index[i]]
        for part, index in self._pieces(y):
            torch.gather(table, 1, index, out=part)
        return y

    def _adjoint(self, y):
        sums = y.new_zeros(len(self.index), 2 * self.d)
        for part, index in self._pieces(y):
            sums.scatter_add_(1, index, part)
        sums = sums.sum(0)
        return (sums[: self.d] - sums[self.d :]) * self.scale


class Fastfood(Projection):
    r"""Blocks of Fastfood, :math:`P = [H G_k \Pi H B]_k`, in O(D log d) time.

    H is the Hadamard matrix of order n, the next power of two of d; B holds random signs,
    :math:`\Pi` is a permutation and :math:`G_k` a Gaussian diagonal. Only :math:`G_k` is drawn
    anew for each block of n rows: the blocks are independent given B and :math:`\Pi`,
    :math:`\Pi H B x` is computed once, and the state is 2 bytes for each parameter. Columns
    have unit norm, up to the one block that is cut when n does not divide D. What the blocks
    share shows where a loss sums rows in step with the blocks: notebook 01, section 6.
    """

    name = "fastfood"

    def _draw(self, generator):
        n = next_power_of_two(self.d)
        factors = {
            "B": _signs(self.d, generator),
            "perm": torch.randperm(n, generator=generator),
            "G": _normals((-(-self.D // n), n), generator),
        }
        squares = factors["G"].float().square_().sum(1)  # (blocks,)
        cut = self.D - n * (len(squares) - 1)  # rows of the last block
        self.scale = float(n * squares[:-1].sum() + cut * squares[-1]) ** -0.5
        return factors

    def _chunks(self, *vectors: Tensor):
        """Runs of blocks of G, each with the matching slices of (D,) vectors."""
        n = len(self.perm)
        step = max(1, _chunk(self.G) // n)
        return zip(self.G.split(step), *(v.split(step * n) for v in vectors), strict=True)

    def _forward(self, x):
        n, y = len(self.perm), empty(self.D, x)
        u = walsh_hadamard(F.pad(x * self.B, (0, n - self.d)))[self.perm] * self.scale
        for G, part in self._chunks(y):
            rows = walsh_hadamard(G.to(x.dtype).mul_(u))  # (blocks, n)
            part.copy_(rows.flatten()[: len(part)])
        return y

    def _adjoint(self, y):
        n = len(self.perm)
        u = y.new_zeros(n)
        for G, part in self._chunks(y):
            if len(part) < G.numel():
                part = F.pad(part, (0, G.numel() - len(part)))
            u += walsh_hadamard(part.reshape(G.shape)).mul_(G.to(y.dtype)).sum(0)
        u = torch.empty_like(u).index_copy_(0, self.perm, u)
        return walsh_hadamard(u)[: self.d] * self.B * self.scale


class FastfoodGlobal(Projection):
    r"""One Fastfood over the whole vector, :math:`P = H_N G \Pi H_N B`, as in both papers.

    N is the next power of two of D, and x is padded with zeros to length N, so that
    :math:`H_N B x` only repeats :math:`H_n B x`, n being the next power of two of d. Columns
    have unit norm in expectation. O(D log D) time, up to 12 bytes of state per
    parameter (20 where N is at most 2^18).
    """

    name = "fastfood-global"

    def _draw(self, generator):
        n, N = next_power_of_two(self.d), next_power_of_two(self.D)
        perm = torch.randperm(N, generator=generator)
        factors = {
            "B": _signs(self.d, generator),
            "index": _compact(perm % n),
            "G": _normals((N,), generator),
        }
        self.scale = float(self.D * factors["G"].float().square_().sum()) ** -0.5
        return factors

    def _forward(self, x):
        n = next_power_of_two(self.d)
        v = walsh_hadamard(F.pad(x * self.B, (0, n - self.d))) * self.scale
        return walsh_hadamard(v.index_select(0, self.index).mul_(self.G))[: self.D]

    def _adjoint(self, y):
        n = next_power_of_two(self.d)
        u = walsh_hadamard(F.pad(y, (0, len(self.G) - self.D))) * self.G
        v = y.new_zeros(n).scatter_add_(0, self.index.long(), u)
        return walsh_hadamard(v)[: self.d] * self.B * self.scale


PROJECTIONS = {cls.name: cls for cls in (Dense, Sparse, Hashed, Fastfood, FastfoodGlobal)}


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


def _chunk(v: Tensor) -> int:
    return CHUNK if v.device.type == "cpu" else CHUNK_ON_GPU


def _signs(n: int, generator: torch.Generator) -> Tensor:
    return torch.randint(2, (n,), generator=generator, dtype=torch.int8).mul_(2).sub_(1)


def _normals(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Normals in steps of 1/4096, as int16: half of float32, and the same after `.to(dtype)`.
    The step itself cancels when P is scaled to unit columns."""
    normals = torch.randn(shape, generator=generator, dtype=torch.float32)
    return normals.mul_(4096).round_().clamp_(-32767, 32767).short()


def _compact(index: Tensor) -> Tensor:
    """Indices as torch's kernels want them (8 bytes) for small models, in 4 bytes for large."""
    return index.long() if len(index) <= CHUNK else index.int()
