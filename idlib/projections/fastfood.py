r"""Fastfood: random matrices that are never written down, made of Hadamard transforms.

References:
    | Fastfood: Approximating Kernel Expansions in Loglinear Time (Le et al., 2013)
    | Intrinsic Dimensionality Explains the Effectiveness of Language Model Fine-Tuning
      (Aghajanyan et al., 2021), section 3, https://arxiv.org/abs/2012.13255
"""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from .base import Projection, chunk, compact, empty, signs
from .hadamard import next_power_of_two, walsh_hadamard

__all__ = ["Fastfood", "FastfoodGlobal", "FastfoodUnsigned"]

PERIOD = 1024  # rows; where n is small, n signs alone may leave a direction without any weight


class Fastfood(Projection):
    r"""Blocks of Fastfood, :math:`P = [S_k H G_k \Pi H B]_k`, in O(D log d) time.

    H is the Hadamard matrix of order n, the next power of two of d; B and :math:`S_k` hold random
    signs, :math:`\Pi` is a permutation and :math:`G_k` a Gaussian diagonal. :math:`G_k` is drawn
    anew for each block of n rows, :math:`S_k` for the blocks of the first 1,024 rows, and used
    again in turn. The blocks are independent given the rest, :math:`\Pi H B x` is computed once,
    and the state is 2 bytes for each parameter. Columns have unit norm, up to the one block that is
    cut when n does not divide D.

    The signs of the rows are not in the literature; `FastfoodUnsigned` shows what they are for.
    """

    name = "fastfood"
    B: Tensor  # signs of the columns, (d,)
    perm: Tensor  # a permutation, (n,)
    G: Tensor  # normals, (blocks, n)
    S: Tensor  # signs of the rows, (period, n): of blocks 0, period, 2 period, ... the same

    def _draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        n = next_power_of_two(self.d)
        factors = {
            "B": signs(self.d, generator),
            "perm": torch.randperm(n, generator=generator),
            "G": _normals((-(-self.D // n), n), generator),
            "S": self._row_signs(n, generator),
        }
        squares = factors["G"].float().square_().sum(1)  # (blocks,)
        cut = self.D - n * (len(squares) - 1)  # rows of the last block
        self.scale = float(n * squares[:-1].sum() + cut * squares[-1]) ** -0.5
        return factors

    def _row_signs(self, n: int, generator: torch.Generator) -> Tensor:
        return signs(max(n, PERIOD), generator).view(-1, n)

    def _pieces(self, y: Tensor) -> Iterable[tuple[Tensor, Tensor]]:
        """Blocks of G beside their rows of the (D,) vector `y`, some periods of both at a time."""
        period, n = self.S.shape
        blocks = max(1, chunk(self.G) // (period * n)) * period
        return zip(self.G.split(blocks), y.split(blocks * n), strict=True)

    def _forward(self, x: Tensor) -> Tensor:
        n, S = len(self.perm), self.S.flatten().to(x.dtype)
        u = walsh_hadamard(F.pad(x * self.B, (0, n - self.d)))[self.perm] * self.scale
        y = empty(self.D, x)
        for G, part in self._pieces(y):
            rows = walsh_hadamard(G.to(x.dtype).mul_(u))  # (blocks, n)
            _signed(rows.view(-1)[: len(part)], S, out=part)
        return y

    def _adjoint(self, y: Tensor) -> Tensor:
        n, S = len(self.perm), self.S.flatten().to(y.dtype)
        u = y.new_zeros(n)
        for G, part in self._pieces(y):
            rows = y.new_empty(G.numel())
            _signed(part, S, out=rows[: len(part)])
            rows[len(part) :] = 0  # what is cut off the last block
            u += walsh_hadamard(rows.view(G.shape)).mul_(G.to(y.dtype)).sum(0)
        u = torch.empty_like(u).index_copy_(0, self.perm, u)
        return walsh_hadamard(u)[: self.d] * self.B * self.scale


class FastfoodUnsigned(Fastfood):
    r"""The same draw without the signs of the rows, :math:`P = [H G_k \Pi H B]_k`.

    Here the inner product of a block of P x with row m of H is :math:`n\,G_k[m]\,(\Pi H B x)[m]`.
    So all that is smooth along a block, a sum or a slow wave, hangs on the same few coordinates
    in every block, and at small d they run out: kept for comparison (notebooks 01 and 02), and for
    runs recorded with it.
    """

    name = "fastfood-unsigned"

    def _row_signs(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.ones(1, n, dtype=torch.int8)


class FastfoodGlobal(Projection):
    r"""One Fastfood over the whole vector, :math:`P = H_N G \Pi H_N B`, as in both papers.

    N is the next power of two of D, and x is padded with zeros to length N, so that
    :math:`H_N B x` only repeats :math:`H_n B x`, n being the next power of two of d. Columns
    have unit norm in expectation. O(D log D) time, up to 12 bytes of state per
    parameter (20 where N is at most 2^18).
    """

    name = "fastfood-global"
    B: Tensor  # signs, (d,)
    index: Tensor  # a permutation of N places modulo n, (N,)
    G: Tensor  # normals, (N,)

    def _draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        n, N = next_power_of_two(self.d), next_power_of_two(self.D)
        perm = torch.randperm(N, generator=generator)
        factors = {
            "B": signs(self.d, generator),
            "index": compact(perm % n),
            "G": _normals((N,), generator),
        }
        self.scale = float(self.D * factors["G"].float().square_().sum()) ** -0.5
        return factors

    def _forward(self, x: Tensor) -> Tensor:
        n = next_power_of_two(self.d)
        v = walsh_hadamard(F.pad(x * self.B, (0, n - self.d))) * self.scale
        return walsh_hadamard(v.index_select(0, self.index).mul_(self.G))[: self.D]

    def _adjoint(self, y: Tensor) -> Tensor:
        n = next_power_of_two(self.d)
        u = walsh_hadamard(F.pad(y, (0, len(self.G) - self.D))) * self.G
        v = y.new_zeros(n).scatter_add_(0, self.index.long(), u)
        return walsh_hadamard(v)[: self.d] * self.B * self.scale


def _signed(rows: Tensor, S: Tensor, out: Tensor) -> None:
    """Writes rows times the signs, over and over again, into `out`; both are vectors."""
    whole = len(rows) // len(S) * len(S)
    torch.mul(rows[:whole].view(-1, len(S)), S, out=out[:whole].view(-1, len(S)))
    torch.mul(rows[whole:], S[: len(rows) - whole], out=out[whole:])


def _normals(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Normals in steps of 1/4096, as int16: half of float32, and the same after `.to(dtype)`.
    The step itself cancels when P is scaled to unit columns."""
    normals = torch.randn(shape, generator=generator, dtype=torch.float32)
    return normals.mul_(4096).round_().clamp_(-32767, 32767).short()
