"""Choose a dimension, and see the hubs among random points; choose d, and compare kinds of P."""

from statistics import fmean, median

from ...problems.images import load
from ...studies.reading import provenance
from ..base.explorers import Explorer, say, slider, table
from ..base.svg import to_svg
from .high_dimension import cloud, in_degrees, skewness
from .informed import known
from .plots import hub_panel

__all__ = ["ChosenSubspaces", "Hubs"]

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


class ChosenSubspaces(Explorer):
    """The recorded kinds of P at one d: accuracy, what the choice cost, what must be written down.

    Args:
        d: where the slider starts.
    """

    def __init__(self, d: int = 2):
        self.kinds = known()
        self.title = provenance(k.cell for k in self.kinds)
        ds = sorted({d for k in self.kinds for d in k.cell.scores})
        super().__init__({"d": slider("d", ds, d)}, self._draw)

    def _draw(self, d: int) -> str:
        rows, reached = [], []
        for k in self.kinds:
            scores = k.cell.scores.get(d)
            accuracy = f"{median(scores):.3f}" if scores else "–"
            if scores and median(scores) >= k.goal:
                reached.append(k.label)
            rows.append([k.label, accuracy, f"{k.paid:,}", f"{k.written(d):,}" if scores else "–"])
        head = ["P", "test accuracy", "full steps before", "numbers to write down"]
        above = "; ".join(reached) or "none"
        text = f"At {self.kinds[0].goal:.3f} or above: {above}. – means not tried."
        return f"{table(head, rows)}\n{say(text)}\n<p>{self.title}, medians.</p>"
