"""How projections look in every lesson: a colour and a marker for each, a matrix in colours."""

from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from torch import Tensor

__all__ = ["STYLES", "heat_map"]

STYLES = {  # colour and marker of each projection
    "dense": ("blue", "o"),
    "sparse": ("orange", "s"),
    "hashed": ("green", "^"),
    "fastfood": ("red", "D"),
    "fastfood-global": ("purple", "v"),
    "fastfood-unsigned": ("sky", "P"),
}


def heat_map(ax: Axes, matrix: Tensor, limit: float) -> AxesImage:
    """`matrix` in colours: white is zero, blue positive, red negative."""
    ax.grid(False)
    return ax.imshow(matrix.numpy(), cmap="RdBu", vmin=-limit, vmax=limit, aspect="auto",
                     interpolation="nearest")  # fmt: skip
