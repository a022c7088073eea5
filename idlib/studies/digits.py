"""The same on the 8x8 digits that every machine holds (notebooks 04, 07)."""

from dataclasses import replace

from .protocols import IMAGES
from .study import Part, Study, with_rates

__all__ = ["DIGITS"]

DIGITS = Study(
    "digits",
    "How many numbers read 90 % of the embedded digits, with and without shuffled pixels?",
    (
        Part(
            "curves",
            tasks=("digits", "digits-shuffled"),
            models=("fc", "lenet"),
            ds=(5, 10, 20, 30, 40, 50, 60, 75, 100, 125, 150, 200, 300, 400, 600, 800),
            protocol=with_rates(replace(IMAGES, epochs=30), pilots=(40, 100, 300)),
        ),
    ),
)
