"""Widgets for the notebooks: each is one call, and holds a static picture for the web."""

from .base import Panel, predict
from .live import LiveTraining
from .recorded import RecordedCurves

__all__ = ["LiveTraining", "Panel", "RecordedCurves", "predict"]
