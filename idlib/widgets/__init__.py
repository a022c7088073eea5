"""Widgets for the notebooks: each is one call, and holds a static picture for the web."""

from .alive import alive
from .base import Panel
from .compression import FileSizes
from .family import Checkpoints, FamilySizes
from .generalisation import OccamBound
from .laboratory import Hubs
from .live import LiveTraining, LiveTuning
from .lora import RankAndD
from .memorising import Memorising
from .predictions import predict
from .projections import FastfoodSteps, RandomAngles, SteeredPoint
from .quizzes import quiz
from .recorded import RecordedCurves
from .shuffled import ShuffledBlocks
from .sizes import ModelSizes
from .toy import SumsByD, SumsByGroups
from .tuned import TunedCurves

__all__ = [
    "Checkpoints",
    "FamilySizes",
    "FastfoodSteps",
    "FileSizes",
    "Hubs",
    "LiveTraining",
    "LiveTuning",
    "Memorising",
    "ModelSizes",
    "OccamBound",
    "Panel",
    "RandomAngles",
    "RankAndD",
    "RecordedCurves",
    "ShuffledBlocks",
    "SteeredPoint",
    "SumsByD",
    "SumsByGroups",
    "TunedCurves",
    "alive",
    "predict",
    "quiz",
]
