r"""Random linear maps :math:`P : \mathbb{R}^d \to \mathbb{R}^D`, each with its adjoint.

A projection is drawn from a CPU generator, so that ``(name, D, d, seed)`` is the same matrix
on every machine and device. Its columns have unit norm, exactly or in expectation, and are
nearly orthogonal to each other, so that

.. math:: E\,\|P x\|^2 = \|x\|^2

and a step of length 1 in the subspace is a step of length 1 in the space of parameters.

References:
    | Measuring the Intrinsic Dimension of Objective Landscapes (Li et al., 2018),
      section 2 and appendix S7, https://arxiv.org/abs/1804.08838
    | Fastfood: Approximating Kernel Expansions in Loglinear Time (Le et al., 2013)
    | Intrinsic Dimensionality Explains the Effectiveness of Language Model Fine-Tuning
      (Aghajanyan et al., 2021), section 3, https://arxiv.org/abs/2012.13255
"""

from .base import Projection
from .fastfood import Fastfood, FastfoodGlobal, FastfoodUnsigned
from .kinds import PROJECTIONS, Dense, Given, Hashed, Sparse, make_projection

__all__ = [
    "PROJECTIONS",
    "Dense",
    "Fastfood",
    "FastfoodGlobal",
    "FastfoodUnsigned",
    "Given",
    "Hashed",
    "Projection",
    "Sparse",
    "make_projection",
]
