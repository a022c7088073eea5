r"""Fastfood: random matrices that are never written down, made of Hadamard transforms.

References:
    | Fastfood: Approximating Kernel Expansions in Loglinear Time (Le et al., 2013)
    | Intrinsic Dimensionality Explains the Effectiveness of Language Model Fine-Tuning
      (Aghajanyan et al., 2021), section 3, https://arxiv.org/abs/2012.13255
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from .base import Projection, chunk, compact, empty, signs
from .hadamard import next_power_of_two, walsh_hadamard

__all__ = ["Fastfood", "FastfoodGlobal"]


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
    B: Tensor  # signs, (d,)
    perm: Tensor  # a permutation, (n,)
    G: Tensor  # normals, (blocks, n)

    def _draw(self, generator: torch.Generator) -> dict[str, Tensor]:
        n = next_power_of_two(self.d)
        factors = {
            "B": signs(self.d, generator),
            "perm": torch.randperm(n, generator=generator),
            "G": _normals((-(-self.D // n), n), generator),
        }
        squares = factors["G"].float().square_().sum(1)  # (blocks,)
        cut = self.D - n * (len(squares) - 1)  # rows of the last block
        self.scale = float(n * squares[:-1].sum() + cut * squares[-1]) ** -0.5
        return factors

    def _chunks(self, *vectors: Tensor) -> Iterator[tuple[Tensor, ...]]:
        """Runs of blocks of G, each with the matching slices of (D,) vectors."""
        n = len(self.perm)
        step = max(1, chunk(self.G) // n)
        return zip(self.G.split(step), *(v.split(step * n) for v in vectors), strict=True)

    def _forward(self, x: Tensor) -> Tensor:
        n, y = len(self.perm), empty(self.D, x)
        u = walsh_hadamard(F.pad(x * self.B, (0, n - self.d)))[self.perm] * self.scale
        for G, part in self._chunks(y):
            rows = walsh_hadamard(G.to(x.dtype).mul_(u))  # (blocks, n)
            part.copy_(rows.flatten()[: len(part)])
        return y

    def _adjoint(self, y: Tensor) -> Tensor:
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


def _normals(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Normals in steps of 1/4096, as int16: half of float32, and the same after `.to(dtype)`.
    The step itself cancels when P is scaled to unit columns."""
    normals = torch.randn(shape, generator=generator, dtype=torch.float32)
    return normals.mul_(4096).round_().clamp_(-32767, 32767).short()
