"""What was recorded: each study is one question, one declaration, one file of runs.

>>> from idlib.studies import cell
>>> cell("mnist", task="mnist", model="lenet").d90("absolute").d
300
"""

from .cell import Cell
from .cells import cell, cells, full_model, provenance, replay

__all__ = ["Cell", "cell", "cells", "full_model", "provenance", "replay"]
