"""The full models: one for each task and model, which all other studies are held against."""

from dataclasses import replace

from ..problems.checkpoints import CHECKPOINTS, FAMILY, START
from .memorising import MEMORISING
from .mnist import BLOCKS
from .protocols import MINILM, TEXTS
from .sizes import SIZES
from .study import Part, Protocol, Study, with_rates

__all__ = ["BASELINES"]

SST2, QQP = "sst2-n19200", "qqp-sample-n19200"
SMALL_RATES, MINILM_RATES = (3e-4, 1e-3, 3e-3), (3e-5, 1e-4, 3e-4, 1e-3)
RANDOM_RATES = (1e-4, 3e-4, 1e-3)


def _full(name: str, tasks, models, protocol: Protocol, rates: tuple[float, ...]) -> Part:
    return Part(name, tuple(tasks), tuple(models), protocol=with_rates(protocol, full_lrs=rates))


IMAGE_RATES = (3e-4, 1e-3, 3e-3, 1e-2)
THREE_SEEDS = replace(TEXTS, seeds=(0, 1, 2))
TWO_EPOCHS, FIVE_EPOCHS = replace(TEXTS, epochs=2), replace(TEXTS, epochs=5)

BASELINES = Study(
    "baselines",
    "What do the full models score, with the best of a few learning rates?",
    (
        _full("mnist", ("mnist", "mnist-shuffled"), ("fc", "lenet"), Protocol(), IMAGE_RATES),
        _full(
            "mnist-blocks",
            (f"mnist-shuffled-{block}" for block in BLOCKS),
            ("fc", "lenet"),
            Protocol(seeds=(0, 1)),
            (3e-3,),
        ),
        _full(
            "digits",
            ("digits", "digits-shuffled"),
            ("fc", "lenet"),
            Protocol(epochs=30),
            IMAGE_RATES,
        ),
        _full(
            "sizes",
            ("mnist",),
            SIZES.parts[0].models,
            Protocol(epochs=3, seeds=(0, 1)),
            (1e-3, 3e-3),
        ),
        _full(
            "memorising",
            MEMORISING.parts[0].tasks,
            ("fc",),
            Protocol(epochs=200, seeds=(0, 1), scored_on="train"),
            (1e-3, 3e-3),
        ),
        _full("small-sst2", (SST2,), FAMILY, THREE_SEEDS, SMALL_RATES),
        _full("small-docstrings", ("docstrings",), FAMILY, TWO_EPOCHS, SMALL_RATES),
        _full("small-pairs", ("mrpc", "rte"), FAMILY[2:], FIVE_EPOCHS, SMALL_RATES),
        _full("small-qqp", (QQP,), FAMILY[2:], TEXTS, (*SMALL_RATES, 1e-2)),
        _full("checkpoints-sst2", (SST2,), CHECKPOINTS[1:-1], TEXTS, SMALL_RATES),
        _full(
            "checkpoints-docstrings", ("docstrings",), CHECKPOINTS[1:-1], TWO_EPOCHS, SMALL_RATES
        ),
        _full("random-sst2", (SST2,), (START,), TEXTS, RANDOM_RATES),
        _full("random-docstrings", ("docstrings",), (START,), TWO_EPOCHS, RANDOM_RATES),
        _full("minilm-sst2", (SST2,), (MINILM,), THREE_SEEDS, MINILM_RATES),
        _full("minilm-qqp", (QQP,), (MINILM,), TEXTS, MINILM_RATES),
        _full("minilm-pairs", ("mrpc", "rte"), (MINILM,), FIVE_EPOCHS, MINILM_RATES),
    ),
)
