"""Fastfood one factor at a time, with dense matrices: to look at, and to check it by.

References:
    | Fastfood: Approximating Kernel Expansions in Loglinear Time (Le et al., 2013), section 3
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ...projections import Fastfood
from ...projections.hadamard import hadamard

__all__ = ["Stage", "fastfood_stages"]


@dataclass(frozen=True)
class Stage:
    """A vector on its way through Fastfood, just after one of the factors.

    Args:
        formula: what the vector is, such as "H B x".
        factor: the factor's matrix, shape (n, n); None for x itself.
        vector: shape (n,).
    """

    formula: str
    factor: Tensor | None
    vector: Tensor


def fastfood_stages(P: Fastfood, x: Tensor, block: int = 0) -> list[Stage]:
    """x, B x, H B x, Π H B x, G Π H B x, H G Π H B x and S H G Π H B x for one block of P.

    G is scaled to a mean square of 1 over all blocks. The last vector is ``size`` times the
    block's rows of P x, where ``size`` is n times the root of the number of blocks.

    Args:
        P: a `Fastfood` with D a multiple of n, the next power of two of d.
        x: shape (d,).
        block: which block, from 0.
    """
    n = len(P.perm)
    B = torch.ones(n)
    B[: P.d] = P.B
    G = P.G.float()
    G = G[block] / G.square().mean().sqrt()
    H, Pi = hadamard(n), torch.eye(n)[P.perm]
    stages = [Stage("x", None, F.pad(x, (0, n - P.d)))]
    S = P.S[block % len(P.S)].float().diag()
    factors = ("B", B.diag()), ("H", H), ("Π", Pi), ("G", G.diag()), ("H", H), ("S", S)
    for name, factor in factors:
        before = stages[-1]
        stages.append(Stage(f"{name} {before.formula}", factor, factor @ before.vector))
    return stages
