"""750 numbers for FC and 290 for LeNet, and what shuffled pixels do to them (notebooks 03, 04)."""

from dataclasses import replace

from .protocols import IMAGES
from .study import Part, Study, with_rates

__all__ = ["BLOCKS", "MNIST"]

BLOCKS = (2, 4, 7, 14)  # pixels are shuffled within blocks of this many by this many

MNIST = Study(
    "mnist",
    "How many numbers read 90 % of MNIST, with and without shuffled pixels?",
    (
        Part(
            "curves",
            tasks=("mnist", "mnist-shuffled"),
            models=("fc", "lenet"),
            ds=(
                *(10, 25, 50, 100, 150, 200, 250, 300, 350, 400),
                *(500, 625, 750, 875, 1000, 1400, 2000),
            ),
            protocol=with_rates(IMAGES, pilots=(100, 400, 1400)),
        ),
        Part(  # the steps between the two tasks, at one d
            "blocks",
            tasks=tuple(f"mnist-shuffled-{block}" for block in BLOCKS),
            models=("fc", "lenet"),
            ds=(400,),
            protocol=with_rates(replace(IMAGES, seeds=(0, 1)), lrs=(0.1, 1.0), pilots=(400,)),
        ),
    ),
)
