"""A P that is drawn beside one that was chosen by training (notebook 13)."""

from dataclasses import replace

from .questions import STUDENT
from .study import Part, Protocol, Rates, Study, with_rates

__all__ = ["INFORMED", "TASKS"]

TASKS = {"MNIST": "mnist10k", "digits": "digits"}
FEW = (1, 2, 4, 8, 16, 32, 64)
SEVERAL = (*FEW, 128, 256)
RATES = Rates(lrs=(0.03, 0.1, 0.3, 1.0), full_lrs=(1e-3, 3e-3, 1e-2))
PROTOCOLS = {
    "MNIST": Protocol(epochs=5, rates=RATES),
    "digits": Protocol(epochs=12, rates=RATES),  # as in "questions", which has the full model
}
FIVE_SEEDS = replace(PROTOCOLS["MNIST"], seeds=(0, 1, 2, 3, 4))  # all others are held against it


def _kind(
    data: str,
    name: str,
    projection: str,
    ds: tuple[int, ...],
    starts: tuple[str, ...] = ("",),
    protocol: Protocol | None = None,
) -> Part:
    """A kind of P, its learning rate chosen at three d."""
    protocol = replace(protocol or PROTOCOLS[data], projection=projection)
    protocol = with_rates(protocol, pilots=(ds[0], ds[len(ds) // 2], ds[-1]))
    models = tuple(STUDENT + start for start in starts)
    return Part(name, (TASKS[data],), models, ds, protocol)


INFORMED = Study(
    "informed",
    "How many numbers are needed if P was chosen by training, not drawn?",
    (
        Part("full", (TASKS["MNIST"],), (STUDENT,), protocol=FIVE_SEEDS),
        _kind("MNIST", "random", "dense", (*SEVERAL, 512, 1024), protocol=FIVE_SEEDS),
        _kind("MNIST", "burn-in", "dense", SEVERAL, ("+warm10", "+warm40")),
        _kind("MNIST", "gradients", "gradients", SEVERAL),
        _kind("MNIST", "early", "early", FEW[:-1]),
        _kind("MNIST", "path", "path", FEW),
        _kind("MNIST", "solutions", "solutions", FEW[:-1]),
        _kind("MNIST", "strangers", "strangers", FEW[:-1]),
        _kind("digits", "digits-random", "dense", SEVERAL),
        _kind("digits", "digits-path", "path", FEW),
        _kind("digits", "digits-solutions", "solutions", FEW[:-1]),
        _kind("digits", "digits-strangers", "strangers", FEW[:-1]),
    ),
)
