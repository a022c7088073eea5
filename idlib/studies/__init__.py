"""What was recorded: each study is one question, one declaration, one file of runs.

>>> from idlib.studies import cell
>>> cell("mnist", task="mnist", model="lenet").d90("absolute").d
300
"""

from .reading import cell, cells, full_model, provenance, replay
from .results import Cell

__all__ = ["Cell", "cell", "cells", "full_model", "provenance", "replay"]
