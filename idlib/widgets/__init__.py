"""Widgets for the notebooks: each is one call, and holds a static picture for the web."""

from .alive import alive
from .base import Panel, predict
from .compression import FileSizes
from .live import LiveTraining
from .memorising import Memorising
from .projections import FastfoodSteps, RandomAngles, SteeredPoint
from .recorded import RecordedCurves
from .shuffled import ShuffledBlocks
from .sizes import ModelSizes
from .toy import SumsByD, SumsByGroups

__all__ = [
    "FastfoodSteps",
    "FileSizes",
    "LiveTraining",
    "Memorising",
    "ModelSizes",
    "Panel",
    "RandomAngles",
    "RecordedCurves",
    "ShuffledBlocks",
    "SteeredPoint",
    "SumsByD",
    "SumsByGroups",
    "alive",
    "predict",
]
