"""Images of handwritten digits: MNIST, the part of it that comes with idlib, scikit-learn's digits.

``load("auto")`` takes MNIST from the folder named by ``IDLIB_DATA``, from torchvision's cache,
or from a download, in this order; when none works it takes "mnist10k", 10,000 training and 2,000
test images of MNIST. Setting ``IDLIB_DATA=embedded`` asks for these at once. "digits" are the
1,797 images of 8x8 pixels that come with scikit-learn, enlarged to 28x28: a run on them takes a
second. A name may go on with changes to images or labels, as in "mnist-shuffled" and
"digits-n500-random50" (see `idlib.problems.variants.parse`).
"""

import functools
import gzip
import os
import socket
import threading
import urllib.parse
import zlib
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import TensorDataset

from ..errors import IdlibError, needing
from .variants import Task, changed, parse

__all__ = ["load", "small_digits"]

CACHE = Path(torch.hub.get_dir()).parent / "datasets"  # ~/.cache/torch/datasets
PART = Path(__file__).parent / "mnist"
TIMEOUT = 3.0  # seconds to wait for the network
FILES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


@functools.cache
def load(name: str = "auto") -> Task:
    """A task by name: "auto", "mnist", "mnist10k" or "digits", and behind it what is to be changed.

    Raises:
        IdlibError: if there is no such task, if MNIST is asked for by name and can't be
            had, or if a data file is damaged.
    """
    base, changes = parse(name)
    if changes:
        task = load(base)
        return replace(changed(task, changes), name=task.name + name.removeprefix(base))
    if base == "digits":
        return _digits()
    if base == "mnist10k":
        return _part()
    mnist, why = _mnist()
    if mnist is None and base == "mnist":
        raise IdlibError(
            f"MNIST was asked for, but {why}. Set IDLIB_DATA, or use 'mnist10k', the part of it "
            "that comes with idlib."
        )
    return mnist or replace(_part(), source=f"idlib, because {why}")


def _part() -> Task:
    """The part of MNIST that comes with idlib."""
    task = _read(PART, "idlib")
    if task is None:
        raise IdlibError(f"{PART} lacks some of its four files: install idlib again.")
    return replace(task, name="mnist10k")


def small_digits() -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's digits: grey levels from 0 to 16, shape (1797, 8, 8), and their labels.

    Its file is read without importing it, which takes longer than to train on them.

    Raises:
        IdlibError: if scikit-learn is not installed.
    """
    with needing("course", "The task 'digits'"):
        found = find_spec("sklearn")
        if found is None or found.origin is None:
            raise ModuleNotFoundError(name="sklearn")
    path = Path(found.origin).with_name("datasets") / "data" / "digits.csv.gz"
    rows = np.loadtxt(path, delimiter=",")
    return rows[:, :-1].reshape(-1, 8, 8), rows[:, -1].astype(int)


def _digits() -> Task:
    levels, targets = small_digits()
    small = torch.from_numpy(levels).float().unsqueeze(1) * (255 / 16)  # (1797, 1, 8, 8)
    images = F.interpolate(small, size=28, mode="bilinear").round()
    labels = torch.from_numpy(targets).long()
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(labels)))
    train, test = order[:1347], order[1347:]
    return Task(
        "digits",
        TensorDataset(_normalise(images[train]), labels[train]),
        TensorDataset(_normalise(images[test]), labels[test]),
        "scikit-learn",
    )


def _mnist() -> tuple[Task | None, str]:
    """MNIST, or None and the reason."""
    reasons = []
    if os.environ.get("IDLIB_DATA") == "embedded":
        return None, "IDLIB_DATA=embedded asks for its part"
    if folder := os.environ.get("IDLIB_DATA"):
        if not Path(folder).is_dir():
            raise IdlibError(f"IDLIB_DATA = {folder!r} is no folder: correct or unset it.")
        for sub in ("mnist", "MNIST/raw", "."):
            if task := _read(Path(folder) / sub, f"IDLIB_DATA ({folder})"):
                return task, ""
        reasons.append(f"IDLIB_DATA ({folder}) holds no MNIST")
    raw = CACHE / "MNIST" / "raw"
    if task := _read(raw, f"torchvision's cache ({CACHE})"):
        return task, ""
    if problem := _download():
        return None, " and ".join([*reasons, problem])
    return _read(raw, f"torchvision's download ({CACHE})"), ""


def _read(folder: Path, source: str) -> Task | None:
    parts = []
    for name in FILES:
        paths = [p for end in ("", ".gz") if (p := folder / f"{name}-ubyte{end}").is_file()]
        if not paths:
            return None
        parts.append(_idx(paths[0]))
    for images, labels in (parts[:2], parts[2:]):
        if (*images.shape[1:], *labels.shape) != (28, 28, len(images)):
            raise IdlibError(
                f"{folder} holds images of shape {tuple(images.shape)} with labels of shape "
                f"{tuple(labels.shape)}: put good copies of its four files in their place."
            )
    train = TensorDataset(_normalise(parts[0].unsqueeze(1).float()), parts[1].long())
    test = TensorDataset(_normalise(parts[2].unsqueeze(1).float()), parts[3].long())
    return Task("mnist", train, test, source)


def _idx(path: Path) -> Tensor:
    """The array in an IDX file: two zero bytes, 8 for bytes, the number of axes, the axes'
    lengths as big-endian 32-bit integers, then the bytes."""
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if path.suffix == ".gz" else content
        axes = content[3]
        shape = np.frombuffer(content, ">i4", count=axes, offset=4)
        array = np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)
        if content[:3] != b"\0\0\x08":
            raise ValueError("it does not begin like an IDX file of bytes")
    except (OSError, EOFError, ValueError, IndexError, zlib.error) as error:
        raise IdlibError(
            f"{path} is damaged ({error}); it was left as it is. Delete it or put a good copy "
            "in its place, and load again."
        ) from error
    return torch.from_numpy(array.copy())


def _download() -> str | None:
    """Downloads MNIST through torchvision; on failure, says why."""
    try:
        with needing("course", "its download"):
            from torchvision.datasets import MNIST
    except IdlibError as error:
        return str(error)
    hosts = [urllib.parse.urlsplit(mirror).hostname for mirror in MNIST.mirrors]
    if not any(_reachable(host) for host in hosts):
        return "there is no network to download it"
    before = socket.getdefaulttimeout()
    try:
        socket.setdefaulttimeout(TIMEOUT)
        MNIST(CACHE, download=True)
    except Exception as error:  # whatever goes wrong out there, the part still works
        return f"its download failed ({type(error).__name__}: {error})"
    finally:
        socket.setdefaulttimeout(before)
    return None


@functools.cache
def _reachable(host: str) -> bool:
    """Whether `host` answers in time. The look-up of its name has no timeout of its own, so
    all of it happens in a thread that is waited for and then left alone."""
    answered = threading.Event()

    def knock() -> None:
        try:
            socket.create_connection((host, 443), timeout=TIMEOUT).close()
            answered.set()
        except OSError:
            pass

    thread = threading.Thread(target=knock, daemon=True)
    thread.start()
    thread.join(TIMEOUT)
    return answered.is_set()


def _normalise(images: Tensor) -> Tensor:
    """Grey levels 0 to 255 to roughly zero mean and unit variance (MNIST's own figures)."""
    return (images / 255).sub_(0.1307).div_(0.3081)
