"""A curve that the reader draws by hand, on an axis whose x is logarithmic."""

from collections.abc import Mapping
from math import exp, log
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from ...errors import IdlibError
from .questions import Axes, Points

__all__ = ["Curve"]


class Curve(anywidget.AnyWidget):
    """Axes to draw in, by pointer or by arrow keys.

    Args:
        axes: what can be drawn.

    Attributes:
        value: y at each x of the axes; None where nothing is drawn yet.
    """

    _esm = Path(__file__).with_name("curve.js")
    _css = Path(__file__).with_name("curve.css")
    axes = traitlets.Dict().tag(sync=True)
    value = traitlets.List().tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)

    def __init__(self, axes: Axes):
        super().__init__(axes=dict(vars(axes)), value=[None] * len(axes.x))

    def drawn(self) -> Points:
        """The curve: straight between what was drawn, level beyond it.

        Raises:
            IdlibError: if fewer than two values were drawn.
        """
        xs, log_y = self.axes["x"], self.axes["log"]
        there = [(x, y) for x, y in zip(xs, self.value, strict=True) if y is not None]
        if len(there) < 2:
            raise IdlibError("Draw a curve from left to right first.")
        at, heights = zip(*there, strict=True)
        filled = np.interp(np.log(xs), np.log(at), np.log(heights) if log_y else heights)
        return tuple(zip(xs, (np.exp(filled) if log_y else filled).tolist(), strict=True))

    def apart(self, points: Points, recorded: Mapping[float, float]) -> str:
        """How far a curve lies from what was recorded, in words; y for each x."""
        xs, heights = zip(*points, strict=True)
        at = [x for x in recorded if xs[0] <= x <= xs[-1]]
        drawn = np.interp(np.log(at), np.log(xs), heights)
        if self.axes["log"]:
            off = [abs(log(y / recorded[x])) for x, y in zip(at, drawn, strict=True)]
            mean, worst = (f"by a factor of {exp(size):.1f}" for size in (np.mean(off), max(off)))
        else:
            off = [abs(y - recorded[x]) for x, y in zip(at, drawn, strict=True)]
            mean, worst = (f"by {size:.2f}" for size in (np.mean(off), max(off)))
        farthest = at[int(np.argmax(off))]
        return f"Your curve is off {mean} on average, and most, {worst}, at {farthest:,}."
