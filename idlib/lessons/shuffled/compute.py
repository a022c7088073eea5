"""Shuffled pixels: how much of an image's local structure is left, and what it costs."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from ...problems.variants import pixel_order
from ...studies.mnist import BLOCKS, MNIST
from ...studies.reading import cell
from ...studies.results import Cell

__all__ = [
    "BLOCK_D",
    "SIDES",
    "beside_published",
    "block_cells",
    "block_scores",
    "neighbour_correlation",
    "precise",
    "window_sources",
]

SIDES = (1, *BLOCKS, 28)  # of the blocks, in pixels: nothing moves in the first
(BLOCK_D,) = next(part.ds for part in MNIST.parts if part.name == "blocks")


def precise(dataset: TensorDataset) -> TensorDataset:
    """The same images in double precision, so that sums in another order agree."""
    images, labels = dataset.tensors
    return TensorDataset(images.double(), labels)


def neighbour_correlation(images: Tensor) -> float:
    """The correlation between a pixel's grey level and its right neighbour's.

    Args:
        images: shape (n, 1, height, width).
    """
    left, right = images[..., :-1].flatten(), images[..., 1:].flatten()
    return torch.corrcoef(torch.stack([left, right]))[0, 1].item()


def window_sources(block: int, size: int = 5, row: int = 12, column: int = 9) -> Tensor:
    """Where the pixels of one window of a shuffled image come from.

    Args:
        block: see `idlib.problems.variants.pixel_order`.
        size: side of the window, 5 for LeNet's kernels.
        row: of the window's upper left pixel.
        column: of the same.

    Returns:
        Shape (28, 28): 1 where the window looks in the unshuffled image, 0 elsewhere.
    """
    pixels = torch.arange(784).view(28, 28)[row : row + size, column : column + size].flatten()
    sources = torch.zeros(784)
    sources[pixel_order(block)[pixels]] = 1
    return sources.view(28, 28)


def block_cells(model: str) -> dict[int, Cell]:
    """What was recorded on MNIST shuffled within blocks, by the side of the blocks.

    Args:
        model: "fc" or "lenet".
    """
    tasks = {side: f"mnist-shuffled-{side}" for side in SIDES}
    tasks |= {1: "mnist", 28: "mnist-shuffled"}
    return {side: cell("mnist", task=task, model=model) for side, task in tasks.items()}


def block_scores(model: str) -> dict[int, list[float]]:
    """The test accuracies of `block_cells` at `BLOCK_D` dimensions, those of all seeds."""
    return {side: c.scores[BLOCK_D] for side, c in block_cells(model).items()}


def beside_published(published: Mapping[tuple[str, str], tuple[str, str]]) -> str:
    """A table of d90 on MNIST, in Markdown: at accuracy 0.90, and by each network's own score.

    It is narrow, so that a phone shows all of it.

    Args:
        published: the two d90 of the paper, by model and task.
    """
    lines = ["| | here | paper |", "| --- | --- | --- |"]
    for (model, task), of_paper in published.items():
        c, name = cell("mnist", task=task, model=model), task.replace("mnist", model)
        found = (c.d90("absolute"), c.d90("relative"))
        here = [f"{e.value:.0f}" if e.d else f"over {max(c.scores):,}" for e in found]
        for what, *both in zip(("at 0.90", "own"), here, of_paper, strict=True):
            lines.append(f"| {name.replace('-', ', ')}, {what} | {' | '.join(both)} |")
    return "\n".join(lines)
