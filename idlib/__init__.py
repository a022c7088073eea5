"""Measure how many numbers a training problem really needs.

>>> import idlib, torch
>>> subspace = idlib.Subspace(torch.nn.Linear(784, 10), d=100)
>>> subspace(torch.zeros(1, 784)).shape
torch.Size([1, 10])
"""

from .dimension import intrinsic_dimension
from .engine.estimate import d90
from .engine.store import RunStore
from .errors import IdlibError
from .problems.names import load
from .subspace import Subspace

__all__ = ["IdlibError", "RunStore", "Subspace", "d90", "intrinsic_dimension", "load"]
__version__ = "0.2.0"
