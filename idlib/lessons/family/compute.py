"""d90 of a family of small RoBERTas by size.

References:
    | Intrinsic Dimensionality Explains the Effectiveness of Language Model Fine-Tuning
      (Aghajanyan et al., 2021), section 5.2, https://arxiv.org/abs/2012.13255
"""

from ...engine.estimate import Estimate
from ...studies.reading import cells

__all__ = ["by_size"]


def by_size(part: str) -> dict[int, Estimate]:
    """d90 of the family by D.

    Args:
        part: of the study `family`.
    """
    return {c.D: c.d90() for c in cells("family", part)}
