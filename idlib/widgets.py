"""Widgets for the notebooks: each is one call, and holds a static picture for the web."""

from .errors import needing

with needing("course", "idlib.widgets"):
    from .lessons.adapters.widgets import RankAndD
    from .lessons.base.alive import alive
    from .lessons.base.guesses import forget
    from .lessons.base.panels import Panel
    from .lessons.base.polls import poll
    from .lessons.base.predictions import predict
    from .lessons.base.quizzes import quiz
    from .lessons.bounds.widgets import OccamBound
    from .lessons.compression.widgets import FileSizes
    from .lessons.family.widgets import FamilySizes, PublishedSizes, method_table
    from .lessons.inside.widgets import FastfoodSteps
    from .lessons.language.live import LiveTuning
    from .lessons.language.widgets import LayerShares, TunedCurves
    from .lessons.memorising.widgets import Memorising
    from .lessons.mnist.live import LiveTraining
    from .lessons.mnist.widgets import RecordedCurves
    from .lessons.pretraining.widgets import Checkpoints
    from .lessons.questions.widgets import ChosenSubspaces, Hubs
    from .lessons.reward.widgets import PoleOnCart, ShareOfWhat
    from .lessons.shuffled.widgets import ShuffledBlocks
    from .lessons.sizes.widgets import ModelSizes
    from .lessons.subspaces.widgets import RandomAngles, SteeredPoint
    from .lessons.toy.widgets import Meetings, SumsByD, SumsByGroups

__all__ = [
    "Checkpoints",
    "ChosenSubspaces",
    "FamilySizes",
    "FastfoodSteps",
    "FileSizes",
    "Hubs",
    "LayerShares",
    "LiveTraining",
    "LiveTuning",
    "Meetings",
    "Memorising",
    "ModelSizes",
    "OccamBound",
    "Panel",
    "PoleOnCart",
    "PublishedSizes",
    "RandomAngles",
    "RankAndD",
    "RecordedCurves",
    "ShareOfWhat",
    "ShuffledBlocks",
    "SteeredPoint",
    "SumsByD",
    "SumsByGroups",
    "TunedCurves",
    "alive",
    "forget",
    "method_table",
    "poll",
    "predict",
    "quiz",
]
