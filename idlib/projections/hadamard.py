r"""The Walsh-Hadamard transform, the mixing step of every Fastfood projection.

References:
    | Fastfood: Approximating Kernel Expansions in Loglinear Time (Le et al., 2013), section 3
"""

import functools

import torch
from torch import Tensor

from ..errors import IdlibError

__all__ = ["hadamard", "next_power_of_two", "walsh_hadamard"]


def next_power_of_two(n: int) -> int:
    """The smallest power of two that is at least `n`.

    >>> [next_power_of_two(n) for n in (1, 2, 3, 750)]
    [1, 2, 4, 1024]
    """
    return 1 << (n - 1).bit_length()


@functools.lru_cache(maxsize=64)
@torch.inference_mode(False)  # what is kept must serve training too
def hadamard(
    n: int, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
) -> Tensor:
    """The Hadamard matrix of order `n`, a power of two, with entries ±1; shape (n, n).

    >>> hadamard(4, torch.int64)
    tensor([[ 1,  1,  1,  1],
            [ 1, -1,  1, -1],
            [ 1,  1, -1, -1],
            [ 1, -1, -1,  1]])
    """
    _check_power_of_two(n)
    H = torch.ones(1, 1, dtype=dtype, device=device)
    while len(H) < n:
        H = torch.cat([torch.cat([H, H], 1), torch.cat([H, -H], 1)])
    return H


def walsh_hadamard(x: Tensor) -> Tensor:
    r"""Multiplies the last dimension by :math:`H_n`, unnormalised, in :math:`O(n \log n)`.

    :math:`H_n = H_r \otimes H_s \otimes \dots` is applied one Kronecker factor of order at
    most 64 at a time: a few matrix products, faster than :math:`\log_2 n` butterflies on any
    processor with a good matrix library.

    Args:
        x: shape ``(*, n)`` with n a power of two.

    Returns:
        Shape ``(*, n)``. The map is symmetric, and its square is n times the identity.

    >>> walsh_hadamard(torch.tensor([1.0, 0.0, 0.0, 2.0]))
    tensor([ 3., -1., -1.,  3.])
    """
    shape, right = x.shape, 1
    _check_power_of_two(shape[-1])
    for r in reversed(_factors(shape[-1])):
        H = hadamard(r, x.dtype, x.device)
        if right == 1:
            x = x.reshape(-1, r) @ H  # (* n / r, r)
        else:
            x = H @ x.reshape(-1, r, right)  # (* n / (r right), r, right)
        right *= r
    return x.reshape(shape)


def _factors(n: int) -> list[int]:
    """Powers of two, at most 64 and as equal as can be, whose product is `n`."""
    bits = n.bit_length() - 1
    parts = max(1, -(-bits // 6))
    return [2 ** (bits // parts + (i < bits % parts)) for i in range(parts)]


def _check_power_of_two(n: int) -> None:
    if n < 1 or n & (n - 1):
        raise IdlibError(f"Size {n} was given, expected a power of two: pad with zeros.")
