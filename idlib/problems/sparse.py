r"""The ordinary rival of a small file: a network of which few weights are left, trained again.

A network is trained, its smallest weights are set to zero and stay there while it is trained again,
and so on to ever fewer weights. Its file holds the weights that are left and their places.

References:
    | Learning both Weights and Connections for Efficient Neural Networks (Han et al., 2015),
      https://arxiv.org/abs/1506.02626: prune, train again, prune further
    | Deep Compression (Han et al., 2016), https://arxiv.org/abs/1510.00149: places as the distances
      between them
"""

import copy
import functools
import json
import math
import struct
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from ..engine.config import RunConfig
from ..engine.training import Step, train
from ..errors import IdlibError
from .files import FLOAT, largest, pack, quantise, unpack
from .names import build_named

__all__ = ["from_sparse", "pruned_and_retrained", "to_sparse"]

MAGIC = b"idlib-sparse-1 "
TENSOR = "<IBf"  # of each: weights that are left, bits of a remainder, spacing


def pruned_and_retrained(
    model: nn.Module, dataset: Dataset, keeps: Iterable[float], config: RunConfig
) -> Iterator[tuple[float, nn.Module]]:
    """Networks with ever fewer weights, each pruned from the one before and trained again.

    Args:
        model: trained; left as it was.
        dataset: to train on.
        keeps: shares of its weights, falling.
        config: rate, epochs, batch size and seed of each training.

    Yields:
        The share that is kept, and the network.
    """
    c = config
    for keep in keeps:
        model = copy.deepcopy(model)
        mask = functools.partial(_mask, model, largest(model, keep))
        mask()
        train(model, dataset, c.lr, c.epochs, c.batch_size, c.seed, on_step=mask)
        yield keep, model


@torch.no_grad()
def _mask(model: nn.Module, masks: Iterable[Tensor], step: Step | None = None) -> None:
    """Sets to zero what isn't kept, as a hook of training after each step."""
    for p, mask in zip(model.parameters(), masks, strict=True):
        p.mul_(mask)


def to_sparse(model: nn.Module, name: str, bits: int = FLOAT) -> bytes:
    r"""The file of a network of which few weights are left: a line of text, and for each tensor the
    places of its weights and the weights, in `bits` bits each.

    A place is the number of zeros before it, in Rice's code: its remainder by :math:`2^k` takes k
    bits, the quotient q is q ones and a zero. Each tensor has the k that makes it shortest.

    Args:
        model: of which most weights are zero.
        name: that builds it, see `idlib.problems.names`.
        bits: 32 as they are, or 2 to 16 by `quantise`, with one spacing for each tensor.
    """
    body = b""
    for p in model.parameters():
        x = p.detach().flatten()
        q, spacing = (x, 1.0) if bits == FLOAT else quantise(x, bits)
        at = q.nonzero().flatten()
        gaps = np.diff(at.numpy(), prepend=-1) - 1
        k = min(range(32), key=lambda k: int((gaps >> k).sum()) + k * len(gaps))
        body += struct.pack(TENSOR, len(at), k, spacing) + _rice(gaps, k)
        body += q[at].numpy().astype("<f4").tobytes() if bits == FLOAT else pack(q[at], bits)
    head = json.dumps({"model": name, "bits": bits}, separators=(",", ":"))
    return MAGIC + head.encode() + b"\n" + body


def from_sparse(data: bytes) -> nn.Module:
    """The network whose file `to_sparse` wrote.

    Raises:
        IdlibError: if it is no such file, is cut off or damaged.
    """
    try:
        head, _, body = data.partition(b"\n")
        if not head.startswith(MAGIC):
            raise ValueError(f"it does not begin with {MAGIC.decode()!r}")
        head = json.loads(head.removeprefix(MAGIC))
        model, bits = build_named(RunConfig("", head["model"], None, 0.0)), head["bits"]
        for p in model.parameters():
            n, k, spacing = struct.unpack_from(TENSOR, body)
            body = body[struct.calcsize(TENSOR) :]
            gaps, used = _from_rice(body, k, n)
            size = math.ceil(n * bits / 8)
            values, body = body[used : used + size], body[used + size :]
            x = torch.zeros(p.numel())
            at = torch.from_numpy(gaps + 1).cumsum(0) - 1
            if bits == FLOAT:
                x[at] = torch.from_numpy(np.frombuffer(values, "<f4").astype(np.float32))
            else:
                x[at] = (spacing * unpack(values, bits, n)).float()
            p.data.copy_(x.view_as(p))
    except (ValueError, KeyError, IndexError, struct.error) as error:
        raise IdlibError(f"The data can't be read as a network: {error}.") from error
    return model


def _rice(gaps: np.ndarray, k: int) -> bytes:
    """Each gap: its quotient by 2**k as ones and a zero, its remainder in k bits."""
    digits = "".join("1" * (g >> k) + "0" + f"{g % 2**k + 2**k:b}"[1:] for g in gaps.tolist())
    return np.packbits(np.frombuffer(digits.encode(), np.uint8) - ord("0")).tobytes()


def _from_rice(data: bytes, k: int, n: int) -> tuple[np.ndarray, int]:
    """n gaps that `_rice` wrote, and how many bytes they take."""
    digits = (np.unpackbits(np.frombuffer(data, np.uint8)) + ord("0")).tobytes().decode()
    gaps, place = [], 0
    for _ in range(n):
        end = digits.index("0", place) + 1
        gaps.append((end - 1 - place) * 2**k + int("0" + digits[end : end + k], 2))
        place = end + k
    return np.array(gaps, np.int64), math.ceil(place / 8)
