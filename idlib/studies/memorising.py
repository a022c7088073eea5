"""Labels learned by heart: how many numbers hold how many of them (notebook 06)."""

from ..dimension import lattice
from .study import Part, Protocol, Rates, Study

__all__ = ["MEMORISING", "NS", "SHARES", "task_name"]

NS = (500, 1000, 2000, 5000)  # training images
SHARES = (0, 10, 50, 100)  # per cent of labels that are shuffled


def task_name(n: int, percent: int) -> str:
    """The task of n MNIST images with so many per cent of their labels shuffled."""
    return f"mnist-n{n}-random{percent}"


MEMORISING = Study(
    "memorising",
    "How many numbers does it take to learn labels by heart?",
    (
        Part(
            "labels",
            tasks=(
                *(task_name(n, percent) for percent in SHARES for n in NS),
                *("mnist-n1000-copies2-random0", "mnist-n1000-random100-copies2"),
                *(f"mnist-n2000-side{side}-random0" for side in (14, 7, 4)),
            ),
            models=("fc",),
            ds=tuple(d for d in lattice(20_000) if d >= 20),
            protocol=Protocol(
                epochs=200,
                projection="hashed",
                seeds=(0, 1),
                scored_on="train",  # what counts is what was learned, not what generalises
                # a rate that is too large shows as a collapse: many pilots
                rates=Rates(lrs=(0.03, 0.1, 0.3), pilots=(200, 700, 1500, 3000, 8000)),
            ),
            scores=(0.9,),
        ),
    ),
)
