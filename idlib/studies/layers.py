"""The first layers of MiniLM, a ladder of sizes of one pretraining (notebook 10).

All six layers were recorded by the same protocol in `idlib.studies.random_start`.
"""

from .protocols import FEW_HUNDRED, MINILM
from .random_start import AT_DECADES, DECADES, SST2
from .study import BOTH_PER_TENSOR, Part, Study

__all__ = ["LADDER", "LAYERS"]

LADDER = tuple(f"{MINILM}@layers={n}" for n in (1, 2, 3, 4))

LAYERS = Study(
    "layers",
    "Do more layers of one pretraining need fewer numbers?",
    (
        Part(
            "full",
            tasks=(SST2,),
            models=LADDER,
            protocol=FEW_HUNDRED,
        ),
        Part(
            "sst2",
            tasks=(SST2,),
            models=LADDER,
            ds=DECADES,
            protocol=AT_DECADES,
            methods=BOTH_PER_TENSOR[:1],
        ),
    ),
)
