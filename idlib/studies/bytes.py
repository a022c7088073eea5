"""How many bytes networks on MNIST take, and what is left of their accuracy (notebook 07).

The networks in subspaces are those of the study "mnist" (its first seed's); the full networks are
trained again as there. `BYTES` takes about ten minutes. `PRUNED`, in which they are pruned, trained
again and pruned further, takes about as long.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from torch import Tensor, nn
from torch.utils.data import TensorDataset

from ..engine.config import RunConfig
from ..engine.training import train
from ..errors import IdlibError
from ..problems.files import label_bytes, logits, read, to_bytes, zipped
from ..problems.names import build_named, facts_of, load
from ..problems.sparse import from_sparse, pruned_and_retrained, to_sparse
from ..problems.variants import Task
from .reading import cell
from .tables import Table

__all__ = ["BITS", "BYTES", "PRUNED", "FileSize", "file_sizes", "pruned_sizes"]

BITS = (32, 16, 8, 6, 4, 3, 2)
KEEPS = (1.0, 0.3, 0.1, 0.05, 0.02, 0.01)
FEWER = (0.3, 0.1, 0.03, 0.02, 0.01, 0.007, 0.005, 0.003)  # kept, and trained again
FEWER_BITS = (8, 6, 4)
MODELS = ("fc", "lenet")


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
        label_bytes: what the 60,000 training labels cost with it (see
            `idlib.problems.files.label_bytes`).
    """

    model: str
    d: int | None
    keep: float
    bits: int
    bytes: int
    score: float
    train_score: float
    label_bytes: float


@functools.cache
def file_sizes(model: str) -> tuple[FileSize, ...]:
    """What was recorded of one network, "fc" or "lenet"."""
    return _sizes(BYTES, model)


@functools.cache
def pruned_sizes(model: str) -> tuple[FileSize, ...]:
    """What was recorded of one network, pruned and trained again (`idlib.problems.sparse`)."""
    return _sizes(PRUNED, model)


def _sizes(table: Table, model: str) -> tuple[FileSize, ...]:
    if model not in MODELS:
        raise IdlibError(f"model {model!r} was asked for, recorded are {MODELS}.")
    return tuple(FileSize(**row) for row in table.read() if row["model"] == model)


def _asked() -> list[tuple[str, int | None]]:
    return [(m, d) for m in MODELS for d in (*cell("mnist", task="mnist", model=m).scores, None)]


Way = tuple[float, int, bytes, Callable[[bytes], nn.Module]]  # keep, bits, file, its reader


def _rows(key: tuple[str, int | None]) -> Iterator[dict]:
    model, d = key
    task = _mnist()
    ways = _full(model, task) if d is None else _subspace(model, d)
    return _measured(model, d, task, ways)


def _fewer_rows(key: tuple[str]) -> Iterator[dict]:
    (model,), task = key, _mnist()
    return _measured(model, None, task, _pruned(model, task))


def _mnist() -> Task:
    task = load("mnist")
    assert isinstance(task, Task)
    return task


def _measured(model: str, d: int | None, task: Task, ways: Iterator[Way]) -> Iterator[dict]:
    for keep, bits, data, make in ways:
        network = make(data)
        outputs, labels = logits(network, task.train.tensors[0]), task.train.tensors[1]
        yield asdict(
            FileSize(
                *(model, d, keep, bits, len(data)),
                score=_score(logits(network, task.test.tensors[0]), task.test),
                train_score=_score(outputs, task.train),
                label_bytes=round(label_bytes(outputs, labels), 1),
            )
        )


def _subspace(model: str, d: int) -> Iterator[Way]:
    run = cell("mnist", task="mnist", model=model).first_seed[d]
    for bits in BITS:
        yield 1.0, bits, to_bytes(run, bits), lambda data: read(data).merged()


def _trained(model: str, task: Task) -> tuple[RunConfig, nn.Module]:
    """The full network, and how it was trained."""
    c = cell("mnist", task="mnist", model=model).full[0].config
    network = build_named(c)
    train(network, task.train, c.lr, c.epochs, c.batch_size, c.seed)
    return c, network


def _full(model: str, task: Task) -> Iterator[Way]:
    _, network = _trained(model, task)
    for keep in KEEPS:
        for bits in BITS:
            data, out = zipped(network, keep, bits)
            yield keep, bits, data, lambda _, out=out: out


def _pruned(model: str, task: Task) -> Iterator[Way]:
    config, network = _trained(model, task)
    for keep, smaller in pruned_and_retrained(network, task.train, FEWER, config):
        for bits in FEWER_BITS:
            yield keep, bits, to_sparse(smaller, model, bits), from_sparse


def _score(outputs: Tensor, dataset: TensorDataset) -> float:
    return round((outputs.argmax(-1) == dataset.tensors[1]).double().mean().item(), 5)


def _data() -> dict:
    return {"mnist": facts_of("mnist")["data"]}


BYTES = Table(
    "bytes",
    "Into how many bytes does a network that reads MNIST fit?",
    key=("model", "d"),
    asked=_asked,
    rows=_rows,
    data=_data,
)

PRUNED = Table(
    "pruned",
    "Into how many bytes does it fit if it is pruned, trained again, and pruned further?",
    key=("model",),
    asked=lambda: [(model,) for model in MODELS],
    rows=_fewer_rows,
    data=_data,
)
