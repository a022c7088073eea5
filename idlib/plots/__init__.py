"""Figures: one look for all, with alternative text, drawn without pyplot."""

from .base import COLORS, figure, picture, thumbnails, to_html
from .curves import accuracy_curves, training_curve
from .shuffled import bars, block_accuracy, image_rows
from .toy import curvature_odds, descents, loss_by_groups, meetings, performance_by_d, sums_and_loss

__all__ = [
    "COLORS",
    "accuracy_curves",
    "bars",
    "block_accuracy",
    "curvature_odds",
    "descents",
    "figure",
    "image_rows",
    "loss_by_groups",
    "meetings",
    "performance_by_d",
    "picture",
    "sums_and_loss",
    "thumbnails",
    "to_html",
    "training_curve",
]
