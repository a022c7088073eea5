"""Figures: one look for all, with alternative text, drawn without pyplot."""

from .base import COLORS, figure, picture, thumbnails, to_html
from .curves import accuracy_curves, training_curve

__all__ = [
    "COLORS",
    "accuracy_curves",
    "figure",
    "picture",
    "thumbnails",
    "to_html",
    "training_curve",
]
