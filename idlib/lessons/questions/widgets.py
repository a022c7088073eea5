"""Choose a dimension, and see the hubs among random points."""

from statistics import fmean

from ...problems.images import load
from ..base.explorers import Explorer, say, slider
from ..base.svg import to_svg
from .high_dimension import cloud, in_degrees, skewness
from .plots import hub_panel

__all__ = ["Hubs"]

DIMENSIONS = (1, 2, 3, 5, 10, 30, 100, 300, 1000)
POINTS = 500
K = 10
DRAWS = 5


class Hubs(Explorer):
    """Nearest neighbours among random points, for a number of dimensions to choose.

    Args:
        dimension: where the slider starts.
        seed: of the points.
    """

    def __init__(self, dimension: int = 3, seed: int = 0):
        self.counts = {n: in_degrees(cloud(POINTS, n, seed), K) for n in DIMENSIONS}
        self.skews = {n: self._skew(n, seed) for n in DIMENSIONS}
        images = load("digits").train.tensors[0][:POINTS].flatten(1).numpy()
        self.real = skewness(in_degrees(images, K))
        controls = {"dimension": slider("dimensions", DIMENSIONS, dimension)}
        super().__init__(controls, self._draw)

    def _skew(self, dimension: int, seed: int) -> float:
        """The mean over `DRAWS` clouds, the one that is shown among them."""
        others = (in_degrees(cloud(POINTS, dimension, seed + k), K) for k in range(1, DRAWS))
        return fmean(map(skewness, (self.counts[dimension], *others)))

    def _draw(self, dimension: int) -> str:
        counts = self.counts[dimension]
        lonely = int((counts == 0).sum())
        text = (
            f"{POINTS} normal points in {dimension:,} dimensions, {K} nearest neighbours each: "
            f"one point is a neighbour of <b>{counts.max()}</b> others; neighbours of none: "
            f"<b>{lonely}</b>. Right: the mean skewness of {DRAWS} draws, here "
            f"<b>{self.skews[dimension]:.1f}</b>; {POINTS} digits have {self.real:.1f}."
        )
        alts = (
            f"How many points are how often a neighbour in {dimension} dimensions; the mean "
            f"is {K}, the largest {counts.max()}.",
            "Skewness against dimensions, a diamond at the chosen ones: it is "
            f"{round(self.skews[DIMENSIONS[0]], 1) + 0.0:.1f} in one dimension and "
            f"{self.skews[DIMENSIONS[-1]]:.1f} in {DIMENSIONS[-1]:,}; "
            f"digits lie at {self.real:.1f}.",
        )
        fig = hub_panel(counts, self.skews, dimension, K, self.real)
        return to_svg(fig, alts) + say(text)
