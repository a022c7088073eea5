"""A network as a file: a seed and d numbers, or all weights, each as small as it gets.

The file of a subspace is one line of text, which says how to draw the network and P, and
behind it the d numbers in `bits` bits each. The code that draws is not in the file: who reads
it needs this package, as who reads a weights file needs the network's code.
"""

import copy
import io
import json
import lzma
import math
import os
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..engine.config import Run, RunConfig, meant, written
from ..errors import IdlibError, check_integer, no_write_to
from ..subspace import Subspace
from .names import build_named

__all__ = [
    "label_bytes",
    "largest",
    "logits",
    "pack",
    "quantise",
    "read",
    "state_dict_bytes",
    "to_bytes",
    "unpack",
    "write",
    "zipped",
]

MAGIC = b"idlib-subspace-1 "
FLOAT = 32  # bits: numbers are kept as they are


def quantise(x: Tensor, bits: int) -> tuple[Tensor, float]:
    """Rounds numbers to the nearest of evenly spaced values, symmetric about 0.

    Args:
        x: numbers, of any shape.
        bits: from 2 to 16; there are ``2**bits - 1`` values.

    Returns:
        Whole numbers q of the same shape and the spacing: ``x`` is about ``spacing * q``, and
        off by at most half the spacing.
    """
    top = 2 ** (check_integer("bits", bits, 2, 16) - 1) - 1
    if not x.isfinite().all():
        raise IdlibError("Some of the numbers are not finite: they can't be quantised.")
    spacing = float(x.abs().max()) / top if x.numel() and x.any() else 1.0
    return (x.double() / spacing).round().clamp(-top, top).to(torch.int32), spacing


def pack(q: Tensor, bits: int) -> bytes:
    """Whole numbers from ``-(2**(bits-1) - 1)`` up to that, in ``ceil(n * bits / 8)`` bytes."""
    codes = q.flatten().numpy().astype(np.int64) + 2 ** (bits - 1) - 1
    digits = codes[:, None] >> np.arange(bits) & 1  # (n, bits)
    return np.packbits(digits.astype(np.uint8)).tobytes()


def unpack(data: bytes, bits: int, n: int) -> Tensor:
    """The n whole numbers that `pack` put into bytes, shape (n,)."""
    if len(data) != math.ceil(n * bits / 8):
        raise IdlibError(
            f"{len(data)} bytes were given for {n} numbers of {bits} bits, expected "
            f"{math.ceil(n * bits / 8)}."
        )
    digits = np.unpackbits(np.frombuffer(data, np.uint8), count=n * bits).reshape(n, bits)
    codes = (digits.astype(np.int64) << np.arange(bits)).sum(axis=1)
    return torch.from_numpy(codes - 2 ** (bits - 1) + 1)


def to_bytes(run: Run, bits: int = FLOAT) -> bytes:
    """The file of a trained subspace: what draws it, and its theta_d. Of a language model, whose
    number of classes goes with the task, who reads it must know the task.

    Args:
        run: with its theta_d, of a network that goes by name.
        bits: for each number: 32 as they are, or 2 to 16 by `quantise`.

    Raises:
        IdlibError: if the run kept no theta_d, or has lambdas, which such a file does not hold.
    """
    if run.theta_d is None:
        raise IdlibError(f"{run.config} carries no theta_d: run it with keep_theta_d=True.")
    c = run.config
    if c.structure_aware:
        raise IdlibError(f"{c} has lambdas, for which there is no room: expected DID.")
    head = {"model": c.model, "seed": c.seed, "d": c.d, "projection": written(c.projection)}
    head |= {"normalize": c.normalize, "bits": bits}
    if bits == FLOAT:
        body = run.theta_d.detach().cpu().numpy().astype("<f4").tobytes()
    else:
        q, head["spacing"] = quantise(run.theta_d, bits)
        body = pack(q, bits)
    return MAGIC + json.dumps(head, separators=(",", ":")).encode() + b"\n" + body


def write(run: Run, path: str | os.PathLike, bits: int = FLOAT) -> int:
    """Writes the file of a trained subspace (see `to_bytes`); returns its length in bytes."""
    data = to_bytes(run, bits)
    with no_write_to(path):
        return Path(path).write_bytes(data)


def read(file: str | os.PathLike | bytes, task: str = "") -> Subspace:
    """The trained subspace that `write` wrote, drawn again from its seed.

    Args:
        file: a path, or what `to_bytes` returned.
        task: of a language model, such as "docstrings".

    Raises:
        IdlibError: if the file is no such file, is cut off or damaged.
    """
    name = "the data" if isinstance(file, bytes) else file
    try:
        data = file if isinstance(file, bytes) else Path(file).read_bytes()
        head, newline, body = data.partition(b"\n")
        if not (head.startswith(MAGIC) and newline):
            raise ValueError(f"it does not begin with {MAGIC.decode()!r}")
        head = json.loads(head.removeprefix(MAGIC))
        d, bits = head["d"], head["bits"]
        if bits == FLOAT:
            numbers = torch.from_numpy(np.frombuffer(body, "<f4").astype(np.float32))
        else:
            numbers = head["spacing"] * unpack(body, bits, d)
        if len(numbers) != d:
            raise ValueError(f"it holds {len(numbers)} numbers, and says d = {d}")
        config = RunConfig(
            task, head["model"], d, 0.0, head["seed"], meant(head["projection"]), head["normalize"]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IdlibError(f"{name} can't be read as a subspace: {error}.") from error
    subspace = build_named(config)
    assert isinstance(subspace, Subspace)  # as there is a d
    subspace.theta_d.data.copy_(numbers)
    return subspace


def largest(model: nn.Module, keep: float) -> list[Tensor]:
    """Where the largest weights of a network are, in size, a mask for each of its tensors.

    Args:
        model: any network.
        keep: share of all its weights that is kept.
    """
    if not 0 < keep <= 1:
        raise IdlibError(f"keep = {keep} was given, expected a share over 0 and up to 1.")
    sizes = [p.detach().abs() for p in model.parameters()]
    ordered = torch.cat([s.flatten() for s in sizes]).sort(descending=True).values
    limit = ordered[math.ceil(keep * len(ordered)) - 1]
    return [s >= limit for s in sizes]


def zipped(model: nn.Module, keep: float = 1.0, bits: int = FLOAT) -> tuple[bytes, nn.Module]:
    """All weights of a network in the smallest file that pruning, rounding and LZMA make of it.

    Args:
        model: left as it was.
        keep: share of the weights that is kept, the largest ones; the others become 0.
        bits: 32 as they are, or 2 to 16 by `quantise`, with one spacing for each tensor.

    Returns:
        The file's bytes, without names and shapes, and the network as it comes out of it.
    """
    out = copy.deepcopy(model)
    parts = []
    with torch.no_grad():
        for p, mask in zip(out.parameters(), largest(out, keep), strict=True):
            p.mul_(mask)
            if bits == FLOAT:
                parts.append(p.numpy().astype("<f4").tobytes())
            else:
                q, spacing = quantise(p, bits)
                p.copy_(spacing * q)
                parts.append(np.float32(spacing).tobytes() + _smallest(q.numpy()).tobytes())
    return lzma.compress(b"".join(parts), preset=9), out


@torch.no_grad()
def logits(model: nn.Module, images: Tensor) -> Tensor:
    """The network's outputs for all images, shape (n, classes), in batches."""
    return torch.cat([model(x) for x in images.split(2000)])


def label_bytes(logits: Tensor, labels: Tensor) -> float:
    r"""Bytes of the labels' code when the network's probabilities are known.

    An ideal code spends :math:`-\log_2 p(y\,|\,x)` bits on a label y.

    Args:
        logits: shape (n, classes).
        labels: shape (n,).
    """
    return F.cross_entropy(logits, labels, reduction="sum").item() / math.log(2) / 8


def state_dict_bytes(model: nn.Module) -> int:
    """Length of the file that ``torch.save(model.state_dict())`` writes."""
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    return buffer.tell()


def _smallest(q: np.ndarray) -> np.ndarray:
    """In bytes where they fit: LZMA finds what packing would save, and more."""
    return q.astype(np.int8 if np.abs(q).max(initial=0) < 128 else "<i2")
