"""Does it matter how P is drawn? Accuracy at three d on a part of MNIST (notebooks 15 and 03)."""

from .study import Part, Protocol, Rates, Study

__all__ = ["PROJECTIONS"]

DS = (50, 100, 200)
KINDS = ("dense", "fastfood", "fastfood-unsigned")

PROJECTIONS = Study(
    "projections",
    "Does it matter how P is drawn?",
    tuple(
        Part(
            kind,
            tasks=("mnist10k",),
            models=("fc", "lenet"),
            ds=DS,
            protocol=Protocol(
                projection=kind,
                seeds=tuple(range(16)),
                rates=Rates(lrs=(0.1, 0.3, 1.0, 3.0), pilots=DS, rated_by=2),
            ),
        )
        for kind in KINDS
    ),
)
