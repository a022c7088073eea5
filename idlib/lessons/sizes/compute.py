"""Twenty fully connected networks on MNIST: d90 against their size, from recorded runs.

References:
    | Measuring the Intrinsic Dimension of Objective Landscapes (Li et al., 2018), figure 3
"""

import numpy as np

from ...studies.reading import cell
from ...studies.results import Cell
from ...studies.sizes import DEPTHS, WIDTHS

__all__ = [
    "d90_map",
    "recorded_networks",
]


def recorded_networks() -> dict[tuple[int, int], Cell]:
    """What was recorded of the twenty, for each width and depth, by depth and then by width."""
    sizes = [(width, depth) for depth in DEPTHS for width in WIDTHS]
    return {(w, d): cell("sizes", model=f"fc-{w}-{d}") for w, d in sizes}


def d90_map(definition: str) -> np.ndarray:
    """d90 of the twenty, the median over the seeds, in shape (depths, widths).

    Args:
        definition: "absolute", "relative" or "gain".
    """
    found = [c.d90(definition).value for c in recorded_networks().values()]
    return np.array(found).reshape(len(DEPTHS), len(WIDTHS))
