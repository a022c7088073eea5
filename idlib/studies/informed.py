"""A P that is drawn beside one that was chosen by training (notebook 13)."""

from dataclasses import replace

from .questions import STUDENT
from .study import Part, Protocol, Rates, Study, with_rates

__all__ = ["INFORMED", "TASK"]

TASK = "mnist10k"
FEW = (1, 2, 4, 8, 16)
MANY = (*FEW, 32, 64, 128, 256)
PROTOCOL = Protocol(epochs=5, rates=Rates(lrs=(0.03, 0.1, 0.3, 1.0), full_lrs=(1e-3, 3e-3, 1e-2)))
FIVE_SEEDS = replace(PROTOCOL, seeds=(0, 1, 2, 3, 4))  # all others are held against it
ONE_RATE = with_rates(PROTOCOL, lrs=(0.3,))


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
    ),
)
