"""Checks for the exercises: each runs on the reader's own function and says what is wrong."""

from . import mnist, projections, shuffled, sizes, toy
from .base import verdict

__all__ = ["mnist", "projections", "shuffled", "sizes", "toy", "verdict"]
