"""What steers a point, and the angles between random vectors."""

from collections.abc import Sequence

import torch
from matplotlib.axes import Axes
from torch import Tensor

from ...projections import make_projection
from ..base.explorers import Drag, Explorer, say, slider
from ..base.space import axes_of_space, draw, javascript
from ..base.svg import Stage, to_svg
from .plots import angles, steering

__all__ = ["RandomAngles", "SteeredPoint"]

SIZES = (2, 3, 5, 10, 30, 100, 300, 1000, 3000, 10_000)
PAIRS = 1000  # random pairs at each size
WITHIN = (-0.4, 2.2)  # theta_d can be dragged
RATE = 0.5  # of gradient descent
HOW = "Drag the blue dot on the left, and turn the picture on the right; arrow keys do the same."
# What is said of a steered point, here by str.format and in the browser by steer.js
TEXT = (
    "θ<sub>d</sub> = ({two}) steers θ to ({three}), a distance of <b>{now}</b> from the least loss "
    "(star). From here gradient descent (dotted) gets as near as <b>{end}</b>: the point never "
    "leaves the orange plane, and the star lies beside it."
)
ALTS = (
    "The plane of the two numbers of theta_d, now at ({two}), with the path of gradient descent.",
    "The same path in three dimensions, within a plane through theta_0, now at ({three}); seen "
    "from azimuth and elevation {turn} degrees.",
)


class SteeredPoint(Explorer):
    """Two numbers, dragged, that steer a point in D = 3 dimensions, and gradient descent from them.

    The loss is half the squared distance to a point that does not lie in the subspace.

    Args:
        theta_d: where the point starts, from -0.4 to 2.2.
        steps: how many steps of gradient descent are drawn.
        seed: of P, dense.
    """

    def __init__(self, theta_d: tuple[float, float] = (0.2, 1.7), steps: int = 16, seed: int = 1):
        self.P = make_projection("dense", 3, 2, seed).matrix()
        aside = torch.linalg.cross(*self.P.T)  # at right angles to both columns
        self.target = self.P @ torch.tensor([1.8, 0.6]) + aside / aside.norm()
        self.steps = steps
        low, high = WITHIN
        corners = torch.tensor([[low, low], [high, low], [high, high], [low, high], [low, low]])
        self.center = self.P @ torch.tensor([1.0, 0.8])  # of the picture in space
        plane = (corners @ self.P.T - self.center).tolist()
        self.room = [*axes_of_space((-self.center).tolist(), 1.3), ("subspace", plane)]
        self.stage = Stage(steering(self.P, self.target, low, high))
        data = {
            "P": self.P.tolist(), "center": self.center.tolist(),
            "target": (self.target - self.center).tolist(), "rate": RATE, "steps": steps,
            "low": low, "high": high, "frame": self.room, "text": TEXT, "alts": ALTS,
        }  # fmt: skip
        controls = {
            "theta_d": Drag("theta_d, its two numbers", theta_d, 0, "idlib-now"),
            "turn": Drag("azimuth and elevation of the view", (-98, 24), 1),
        }
        super().__init__(controls, self._draw, formula=javascript(__package__, "steer.js", data))

    def path(self, theta_d: Sequence[float]) -> Tensor:
        """Gradient descent from there, shape (steps + 1, 2)."""
        path = [torch.tensor(theta_d)]
        for _ in range(self.steps):
            left = self.P @ path[-1] - self.target
            path.append(path[-1] - RATE * self.P.T @ left)  # chain rule: P' times D numbers
        return torch.stack(path)

    def _draw(self, theta_d: tuple[float, float], turn: tuple[float, float]) -> str:
        path = self.path(theta_d)
        points = path @ self.P.T  # (steps + 1, 3)
        left = (points - self.target).norm(dim=1).tolist()
        words = {
            "two": theta_d, "three": points[0].tolist(), "now": left[:1], "end": left[-1:],
        }  # fmt: skip
        said = {name: ", ".join(f"{v:.2f}" for v in values) for name, values in words.items()}
        said["turn"] = ", ".join(f"{v:.0f}" for v in turn)

        def things(line: Tensor, origin: Tensor) -> list:
            return [("path", line), ("step", line), ("start", origin[None]), ("now", line[:1])]

        def move(plane: Axes, room: Axes) -> None:
            flat = torch.nn.functional.pad(path, (1, 0))  # seen from the front
            draw(plane, (0, 0), things(flat, torch.zeros(3)))
            target = self.target - self.center
            gap = ("gap", torch.stack([points[-1] - self.center, target]))
            seen = things(points - self.center, -self.center)
            draw(room, turn, [*self.room, gap, ("target", target[None]), *seen])

        alts = [alt.format(**said) for alt in ALTS]
        return f"{self.stage.to_svg(alts, move)}\n<p>{HOW}</p>\n{say(TEXT.format(**said))}"


class RandomAngles(Explorer):
    """Angles between pairs of random vectors, for a dimension D to choose.

    Args:
        D: where the slider starts.
        seed: of the vectors.
    """

    def __init__(self, D: int = 2, seed: int = 0):
        generator = torch.Generator().manual_seed(seed)
        self.samples = {}
        for size in SIZES:
            a, b = torch.randn(2, PAIRS, size, generator=generator)
            cosine = torch.nn.functional.cosine_similarity(a, b, dim=1)
            self.samples[size] = torch.rad2deg(cosine.acos())
        super().__init__({"D": slider("D", SIZES, D)}, self._draw)

    def _draw(self, D: int) -> str:
        away = (self.samples[D] - 90).abs()
        most = away.quantile(0.95)
        text = (
            f"D = {D:,}: 95 % of {PAIRS:,} pairs of random vectors lie within <b>{most:.1f}°</b> "
            "of a right angle."
        )
        alts = (
            f"Angles of random vectors as a fan of lines, D = {D:,}; 95 % within {most:.1f} "
            "degrees of the vertical.",
            "The typical distance from 90 degrees falls with D like one over the square root of "
            f"D; a diamond at {D:,}.",
        )
        return to_svg(angles(self.samples, D), alts) + say(text)
