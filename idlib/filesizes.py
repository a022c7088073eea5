"""Recorded: how many bytes networks on MNIST take, and what is left of their accuracy.

The networks in subspaces are those of the experiment "mnist" (its first seed's); the full
networks are trained again as there. `python -m idlib record compression` takes about ten
minutes, and goes on where it was when it is started again.
"""

import functools
import io
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import TensorDataset
from tqdm.auto import tqdm

from .compression import encode, read, zipped
from .data import fingerprint, load
from .errors import IdlibError
from .recorded import FOLDER, curve, recorded
from .runs import build
from .store import read_lines, session, write_lines
from .tasks import Task
from .training import train

__all__ = [
    "FileSize",
    "file_sizes",
    "label_bytes",
    "logits",
    "record_file_sizes",
    "state_dict_bytes",
]

PATH = FOLDER / "compression.jsonl"
BITS = (32, 16, 8, 6, 4, 3, 2)
KEEPS = (1.0, 0.3, 0.1, 0.05, 0.02, 0.01)


@dataclass(frozen=True)
class FileSize:
    """One way to write down a network, and what it costs.

    Args:
        model: "fc" or "lenet".
        d: numbers trained; None for the full network.
        keep: share of the weights kept (full network).
        bits: of each number.
        bytes: of the file.
        score: test accuracy of what comes out of the file.
        train_score: training accuracy of the same.
        label_bytes: what the 60,000 training labels cost with it (see `label_bytes`).
    """

    model: str
    d: int | None
    keep: float
    bits: int
    bytes: int
    score: float
    train_score: float
    label_bytes: float


def record_file_sizes(path: str | Path | None = None) -> None:
    """Makes those that are missing in the file, the package's own if `path` is None."""
    path = Path(path or PATH)
    task = load("mnist")
    data = {"mnist": [fingerprint(task.train), fingerprint(task.test)]}
    about = {"command": "python -m idlib record compression", "data": data}
    lines = read_lines(path) or [{"session": session(about)}]
    made = {(line["model"], line["d"]) for line in lines[1:]}
    networks = [(m, d) for m in ("fc", "lenet") for d in (*curve("mnist", "mnist", m).scores, None)]
    for model, d in tqdm([n for n in networks if n not in made], unit="network"):
        lines += [asdict(size) for size in _sizes(model, d, task)]
        write_lines(path, lines)


@functools.cache
def file_sizes(model: str) -> tuple[FileSize, ...]:
    """What was recorded of one network, "fc" or "lenet"."""
    lines = read_lines(PATH)
    sizes = tuple(FileSize(**line) for line in lines[1:] if line["model"] == model)
    if not sizes:
        known = sorted({line["model"] for line in lines[1:]})
        raise IdlibError(f"model {model!r} was asked for, recorded in {PATH} are {known}.")
    return sizes


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


def provenance() -> str:
    """A line for figures: data, hardware, date."""
    about = read_lines(PATH)[0]["session"]
    return f"Recorded on mnist, 1 seed, {about['hardware']}, {about['date'][:10]}"


def _sizes(model: str, d: int | None, task: Task) -> Iterator[FileSize]:
    ways = _full(model, task) if d is None else _subspace(model, d)
    for keep, bits, data, make in ways:
        network = make(data)
        outputs, labels = logits(network, task.train.tensors[0]), task.train.tensors[1]
        yield FileSize(
            *(model, d, keep, bits, len(data)),
            score=_score(logits(network, task.test.tensors[0]), task.test),
            train_score=_score(outputs, task.train),
            label_bytes=round(label_bytes(outputs, labels), 1),
        )


Way = tuple[float, int, bytes, Callable[[bytes], nn.Module]]


def _subspace(model: str, d: int) -> Iterator[Way]:
    run = curve("mnist", "mnist", model).first_seed[d]
    for bits in BITS:
        yield 1.0, bits, encode(run, bits), lambda data: read(data).merged()


def _full(model: str, task: Task) -> Iterator[Way]:
    c = next(
        r.config
        for r in recorded("mnist")
        if (r.config.task, r.config.model, r.config.d, r.config.seed) == ("mnist", model, None, 0)
        and r.config.scored_on == "test"
    )
    network = build(c)
    train(network, task.train, c.lr, c.epochs, c.batch_size, c.seed)
    for keep in KEEPS:
        for bits in BITS:
            data, out = zipped(network, keep, bits)
            yield keep, bits, data, lambda _, out=out: out


def _score(outputs: Tensor, dataset: TensorDataset) -> float:
    return round((outputs.argmax(-1) == dataset.tensors[1]).double().mean().item(), 5)
