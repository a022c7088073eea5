"""A slider from no shuffling to full shuffling."""

import numpy as np

from ...problems.variants import Task, pixel_order
from ...studies.reading import provenance
from ..base.explorers import Explorer, say, slider
from ..base.svg import to_svg
from .compute import BLOCK_D, SIDES, block_cells, block_scores, neighbour_correlation
from .plots import block_accuracy

__all__ = ["ShuffledBlocks"]


class ShuffledBlocks(Explorer):
    """Four digits shuffled within blocks, and both networks' recorded accuracy on such MNIST.

    Args:
        task: where the digits come from.
    """

    def __init__(self, task: Task):
        self.images, self.shown = task.test.tensors[0][:500], task.name
        self.scores = {"FC": block_scores("fc"), "LeNet": block_scores("lenet")}
        self.what = f"test accuracy at d = {BLOCK_D}"
        self.title = provenance(c for m in ("fc", "lenet") for c in block_cells(m).values())
        controls = {"block": slider("side of the blocks, pixels", SIDES, SIDES[0])}
        super().__init__(controls, self._draw)

    def _draw(self, block: int) -> str:
        order = pixel_order(block)
        images = self.images.flatten(1)[:, order].view_as(self.images)
        now = ", ".join(f"{name} {np.mean(s[block]):.3f}" for name, s in self.scores.items())
        fig = block_accuracy(images[:4, 0].numpy(), block, self.scores, self.what)
        alts = (
            f"Four digits, shuffled within blocks of {block} by {block} pixels.",
            f"{self.what} on MNIST against the side of the blocks; marked: {now}.",
        )
        text = (
            f"Blocks of {block} x {block}: correlation between neighbouring pixels of "
            f"{self.shown} <b>{neighbour_correlation(images):.2f}</b>; {self.what}, on MNIST: "
            f"<b>{now}</b>."
        )
        return f"{to_svg(fig, alts)}\n{say(text)}\n<p>{self.title}.</p>"
