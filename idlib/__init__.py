"""Measure how many numbers a training problem really needs.

>>> import idlib, torch
>>> subspace = idlib.Subspace(torch.nn.Linear(784, 10), d=100)
>>> subspace(torch.zeros(1, 784)).shape
torch.Size([1, 10])
"""

from .dimension import intrinsic_dimension
from .errors import IdlibError
from .subspace import Subspace

__all__ = ["IdlibError", "Subspace", "intrinsic_dimension"]
__version__ = "0.1.0"
