"""Shuffled pixels: how much of an image's local structure is left, and what it costs."""

import torch
from torch import Tensor

from .experiments import EXPERIMENTS
from .recorded import curve
from .tasks import pixel_order

__all__ = ["BLOCKS", "block_scores", "neighbour_correlation", "window_sources"]

BLOCKS = (1, 2, 4, 7, 14, 28)
(D_RECORDED,) = EXPERIMENTS["blocks"].ds


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
        block: see `idlib.tasks.pixel_order`.
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


def block_scores(model: str) -> dict[int, list[float]]:
    """Recorded test accuracies on MNIST shuffled within blocks, at d = 400: for each block those
    of all seeds.

    Args:
        model: "fc" or "lenet".
    """
    scores = {}
    for block in BLOCKS:
        task = {1: "mnist", 28: "mnist-shuffled"}.get(block, f"mnist-shuffled-{block}")
        experiment = "mnist" if block in (1, 28) else "blocks"
        scores[block] = curve(experiment, task, model).scores[D_RECORDED]
    return scores
