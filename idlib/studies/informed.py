"""A P that is drawn beside one that was chosen by training (notebook 13)."""

from dataclasses import replace

from .adapters import SST2
from .protocols import TEXTS
from .questions import STUDENT
from .study import Part, Protocol, Rates, Study, with_rates

__all__ = ["INFORMED", "READER", "TASK"]

TASK = "mnist10k"
FEW = (1, 2, 4, 8, 16)
MANY = (*FEW, 32, 64, 128, 256)
PROTOCOL = Protocol(epochs=5, rates=Rates(lrs=(0.03, 0.1, 0.3, 1.0), full_lrs=(1e-3, 3e-3, 1e-2)))
FIVE_SEEDS = replace(PROTOCOL, seeds=(0, 1, 2, 3, 4))  # all others are held against it
ONE_RATE = with_rates(PROTOCOL, lrs=(0.3,))

# Sentences. A choice of P is paid in runs of six hundred steps.
READER = "roberta-4x128"
TEXT_DS = (1, 4, 16, 64, 256, 1024, 4096, 16_384)
TUNED = with_rates(TEXTS, lrs=(0.1, 0.3, 1.0), pilots=(4, 16), scaled=False)
ONE_SEED = with_rates(replace(TUNED, seeds=(0,)), lrs=(0.1,))  # 16 full runs for each P
DRAWN = with_rates(TEXTS, lrs=(0.03, 0.1, 0.3, 1.0), tried_for=1000, pilots=(16, 256, 4096))


def _kind(
    name: str,
    ds: tuple[int, ...],
    projection: str = "",
    protocol: Protocol = PROTOCOL,
    starts: tuple[str, ...] = ("",),
) -> Part:
    """A kind of P, its learning rate chosen at three d."""
    protocol = replace(protocol, projection=projection or name)
    protocol = with_rates(protocol, pilots=(ds[0], ds[len(ds) // 2], ds[-1]))
    return Part(name, (TASK,), tuple(STUDENT + start for start in starts), ds, protocol)


def _of_texts(kind: str, protocol: Protocol = TUNED) -> Part:
    """The same on sentences."""
    return Part(f"text-{kind}", (SST2,), (READER,), TEXT_DS[:3], replace(protocol, projection=kind))


INFORMED = Study(
    "informed",
    "How many numbers are needed if P was chosen by training, not drawn?",
    (
        Part("full", (TASK,), (STUDENT,), protocol=FIVE_SEEDS),
        _kind("random", (*MANY, 512, 1024), "dense", FIVE_SEEDS),
        _kind("burn-in", MANY, "dense", starts=("+warm10", "+warm40")),
        _kind("gradients", MANY, protocol=replace(PROTOCOL, seeds=(0, 1))),
        _kind("early", FEW, protocol=ONE_RATE),
        _kind("path", FEW, protocol=ONE_RATE),
        _kind("solutions", FEW, protocol=ONE_RATE),
        _kind("strangers", FEW, protocol=ONE_RATE),
        Part("text-random", (SST2,), (READER,), TEXT_DS, DRAWN),
        _of_texts("gradients"),
        _of_texts("path"),
        _of_texts("early"),
        _of_texts("solutions", ONE_SEED),
        _of_texts("strangers", ONE_SEED),
    ),
)
