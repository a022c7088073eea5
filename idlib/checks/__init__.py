"""Checks for the exercises: each runs on the reader's own function and says what is wrong."""

from . import (
    compression,
    family,
    generalisation,
    laboratory,
    language,
    lora,
    memorising,
    mnist,
    projections,
    shuffled,
    sizes,
    toy,
)
from .base import verdict

__all__ = [
    "compression",
    "family",
    "generalisation",
    "laboratory",
    "language",
    "lora",
    "memorising",
    "mnist",
    "projections",
    "shuffled",
    "sizes",
    "toy",
    "verdict",
]
