"""d90 along the pretraining of one small RoBERTa (notebook 09); its end is in `family`."""

from ..problems.checkpoints import CHECKPOINTS, LAST, START
from .protocols import DOCSTRINGS, GRID, SEARCH
from .study import Part, Study, with_rates

__all__ = ["PRETRAINING"]

# So little is learned from random weights that every rate looks like a collapse.
FROM_RANDOM = {"lrs": (1e-3, 3e-3, 1e-2, 3e-2), "careful": False}

PRETRAINING = Study(
    "pretraining",
    "Does pretraining lower d90?",
    tuple(
        Part(
            name,
            tasks=(task,),
            models=models,
            ds=GRID,
            protocol=protocol,
            share=0.9,
            also=(LAST,),  # its threshold, the same for all checkpoints
        )
        for name, task, models, protocol in (
            ("sst2", "sst2-n19200", CHECKPOINTS[1:-1], SEARCH),
            ("docstrings", "docstrings", CHECKPOINTS[1:-1], DOCSTRINGS),
            ("sst2-random", "sst2-n19200", (START,), with_rates(SEARCH, **FROM_RANDOM)),
            ("docstrings-random", "docstrings", (START,), with_rates(DOCSTRINGS, **FROM_RANDOM)),
        )
    ),
)
