"""The twenty networks of Li et al. (2018), figure 3, D from 39,760 to 959,610 (notebook 05)."""

from .study import Part, Protocol, Rates, Study

__all__ = ["DEPTHS", "SIZES", "WIDTHS"]

WIDTHS = (50, 100, 200, 400)
DEPTHS = (1, 2, 3, 4, 5)

SIZES = Study(
    "sizes",
    "Does a larger network need more numbers?",
    (
        Part(
            "networks",
            tasks=("mnist",),
            models=tuple(f"fc-{width}-{depth}" for depth in DEPTHS for width in WIDTHS),
            ds=(250, 325, 400, 475, 525, 575, 625, 675, 725, 775, 875, 1000, 1200),
            protocol=Protocol(
                epochs=3,
                projection="hashed",
                seeds=(0, 1),
                rates=Rates(lrs=(0.1, 0.3, 1.0), pilots=(600,)),
            ),
        ),
    ),
)
