"""Ordinary networks with few parameters, all of them trained (notebook 03)."""

from .protocols import IMAGES
from .study import Part, Study, with_rates

__all__ = ["RIVALS"]

RIVALS = Study(
    "rivals",
    "What do ordinary networks score that have few parameters in all?",
    (
        Part(
            "full",
            tasks=("mnist",),
            models=(
                *("linear-side4", "fc-5-1-side7", "linear-side7"),
                *("fc-10-1-side7", "fc-20-1-side7", "linear-side14"),
            ),
            protocol=with_rates(IMAGES, full_lrs=(3e-3, 1e-2, 3e-2, 1e-1)),
        ),
    ),
)
