"""The playground on the web site's front page: a network that trains in the page.

Its program is plain JavaScript in ``playground_assets``; its data, two sets of small images, are
made here and written beside it, so that the page needs no server.
"""

import base64
import functools
import json
import re
import zlib
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from ..problems.images import load, small_digits

__all__ = ["LEVELS", "MEAN", "SPREAD", "add_playground", "write_playground"]

LEVELS = 16  # grey levels above the darkest one
MEAN, SPREAD = 0.1307, 0.3081  # of MNIST's grey levels, as `idlib.problems.images` has them
PARTS = (3000, 1000)  # training and test images of MNIST's that the page takes along
EPOCHS = {"digits": 20, "mnist": 10}  # about 450 steps of 64 images
STYLE, DATA = "playground.css", "playground_data.js"
PICTURE = re.compile(r"^!\[[^\]]*\]\([^)]*\)\n", re.M)  # a paragraph of its own
PROGRAMS = ("playground.js", "playground_view.js")


def add_playground(page: str) -> str:
    """The Markdown of a page, with the playground in place of its picture, or below its title."""
    above, rest = (PICTURE if PICTURE.search(page) else re.compile("\n")).split(page, 1)
    words = {name: _words(**data) for name, data in _data().items()}
    options = (f'<option value="{n}">{d["label"]}</option>' for n, d in _data().items())
    words |= {"options": "".join(options), "levels": LEVELS + 1}
    fragment = _asset("playground.html").strip().format(**words)
    links = [f'<link rel="stylesheet" href="_static/{STYLE}">']
    links += [f'<script defer src="_static/{name}"></script>' for name in (DATA, *PROGRAMS)]
    return "\n".join([above.rstrip(), "", "```{raw} html", *links, fragment, "```", rest])


def write_playground(folder: Path) -> None:
    """Writes the playground's style, programs and data."""
    for name in (STYLE, *PROGRAMS):
        (folder / name).write_text(_asset(name), encoding="utf-8")
    (folder / DATA).write_text(f"const playgroundData = {json.dumps(_data())};\n", encoding="utf-8")


def _asset(name: str) -> str:
    return (files("idlib.tools") / "playground_assets" / name).read_text(encoding="utf-8")


@functools.cache
def _data() -> dict[str, dict]:
    """What the page is given of each data set, by name.

    ``bytes`` is base64 of deflated bytes: all images, those to train with first, a byte for each
    pixel from 0 to ``levels``; then as many labels.
    """
    return {
        "digits": _packed("8×8 pixels", EPOCHS["digits"], *_digits()),
        "mnist": _packed("MNIST, 14×14", EPOCHS["mnist"], *_mnist()),
    }


def _packed(label: str, epochs: int, train: int, images: np.ndarray, labels: np.ndarray) -> dict:
    content = images.astype(np.uint8).tobytes() + labels.astype(np.uint8).tobytes()
    return {
        "label": label, "side": images.shape[-1], "train": train, "test": len(labels) - train,
        "epochs": epochs,
        "levels": LEVELS, "mean": MEAN, "deviation": SPREAD,
        "bytes": base64.b64encode(zlib.compress(content, 9)).decode(),
    }  # fmt: skip


def _words(train: int, test: int, epochs: int, **_) -> str:
    return f"{train:,} to train with, {epochs} times, and {test:,} to test"


def _digits() -> tuple[int, np.ndarray, np.ndarray]:
    """How many to train with, the images (n, 8, 8), and the labels (n,), in the order of
    ``load("digits")``, which enlarges them to 28x28."""
    levels, labels = small_digits()
    order = np.random.default_rng(0).permutation(len(labels))
    return len(load("digits").train), levels[order], labels[order]


def _mnist() -> tuple[int, np.ndarray, np.ndarray]:
    """The same of a part of MNIST, averaged to 14x14."""
    task = load("mnist10k")
    parts = [
        tuple(t[:n] for t in dataset.tensors)
        for dataset, n in zip((task.train, task.test), PARTS, strict=True)
    ]
    images = np.concatenate([_grey(images) for images, _ in parts])
    return PARTS[0], images, np.concatenate([labels.numpy() for _, labels in parts])


def _grey(images: Tensor) -> np.ndarray:
    """Grey levels, 0 to `LEVELS`, shape (n, 14, 14), of normalised images (n, 1, 28, 28)."""
    averages = F.avg_pool2d(images * SPREAD + MEAN, 2).squeeze(1)
    return (averages * LEVELS).round().clamp(0, LEVELS).numpy()
