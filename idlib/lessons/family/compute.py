"""d90 of a family of small RoBERTas by size.

References:
    | Intrinsic Dimensionality Explains the Effectiveness of Language Model Fine-Tuning
      (Aghajanyan et al., 2021), section 5.2, https://arxiv.org/abs/2012.13255
"""

from ...engine.estimate import Estimate
from ...studies.layers import LADDER
from ...studies.protocols import MINILM
from ...studies.reading import cell, cells
from ...studies.results import Cell

__all__ = ["by_size", "ladder_cells"]


def ladder_cells() -> dict[str, Cell]:
    """What was recorded of the first layers of MiniLM, and of all six, by the same protocol."""
    steps = {c.model: c for c in cells("layers", "sst2")}
    found = {f"{model.rpartition('=')[2]} of 6 layers": steps[model] for model in LADDER}
    return found | {"all 6 layers": cell("random_start", "sst2", model=MINILM)}


def by_size(part: str) -> dict[int, Estimate]:
    """d90 of the family by D.

    Args:
        part: of the study `family`.
    """
    return {c.D: c.d90() for c in cells("family", part)}
