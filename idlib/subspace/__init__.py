"""A model whose parameters move in a random subspace."""

from .space import Subspace

__all__ = ["Subspace"]
