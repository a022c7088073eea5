"""Sliders and steps for random projections: a steered point, angles, Fastfood taken apart."""

import torch

from ...projections import make_projection
from ..base.explorers import Explorer, choice, say, slider
from ..base.svg import to_svg
from .plots import angles, fastfood_stage, steering
from .stages import fastfood_stages

__all__ = ["FastfoodSteps", "RandomAngles", "SteeredPoint"]

SIZES = (2, 3, 5, 10, 30, 100, 300, 1000, 3000, 10_000)
PAIRS = 1000  # random pairs at each size


class SteeredPoint(Explorer):
    """Gradient descent on d = 2 numbers that steer a point in D = 3 dimensions.

    The loss is half the squared distance to a point that does not lie in the subspace.

    Args:
        steps: how many steps of gradient descent the slider goes through.
        seed: of P, dense.
    """

    def __init__(self, steps: int = 16, seed: int = 1):
        self.P = make_projection("dense", 3, 2, seed).matrix()
        aside = torch.linalg.cross(*self.P.T)  # at right angles to both columns
        self.target = self.P @ torch.tensor([1.8, 0.6]) + aside / aside.norm()
        path = [torch.zeros(2)]
        for _ in range(steps):
            gradient = self.P.T @ (
                self.P @ path[-1] - self.target
            )  # chain rule: P' times D numbers
            path.append(path[-1] - 0.5 * gradient)
        self.path = torch.stack(path)
        controls = {"step": slider("step of gradient descent", range(steps + 1), min(4, steps))}
        super().__init__(controls, self._draw)

    def _draw(self, step: int) -> str:
        theta_d = self.path[step]
        theta = self.P @ theta_d
        two, three = (", ".join(f"{v:.2f}" for v in vector) for vector in (theta_d, theta))
        left = (theta - self.target).norm()
        text = (
            f"Step {step}: θ_d = ({two}) steers θ to ({three}), a distance of <b>{left:.2f}</b> "
            "from the least loss (star). The point never leaves the orange plane: the star lies "
            "beside it, and descent stops at the nearest point that d = 2 can reach."
        )
        alts = (
            f"The path of the two numbers of theta_d, now at ({two}).",
            f"The same path in three dimensions, within a plane through theta_0, now at ({three}).",
        )
        return to_svg(steering(self.P, self.path[: step + 1], self.target), alts) + say(text)


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


class FastfoodSteps(Explorer):
    """One block of Fastfood, factor by factor, on an input to choose.

    Args:
        n: order of the block, a power of two of at least 8; d is the same.
        seed: of P.
    """

    def __init__(self, n: int = 16, seed: int = 0):
        self.P = make_projection("fastfood", 4 * n, n, seed)
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(n, generator=generator)
        self.inputs = {
            "one coordinate": torch.eye(n)[2],
            "all equal": torch.full((n,), n**-0.5),
            "random": noise / noise.norm(),
        }
        formulas = [s.formula for s in fastfood_stages(self.P, noise)]
        controls = {
            "name": choice("input x", list(self.inputs), "one coordinate"),
            "number": choice("step", {f: i for i, f in enumerate(formulas)}, 2),
        }
        super().__init__(controls, self._draw)

    def _draw(self, name: str, number: int) -> str:
        stages = fastfood_stages(self.P, self.inputs[name])
        formula, n = stages[number].formula, len(stages[number].vector)
        log = n.bit_length() - 1
        text = (
            "<b>x</b>: the step in θ_d, here of length 1.",
            f"<b>B</b> flips random signs. Cost: {n} signs. After them no "
            "input is likely to match a row of H.",
            f"<b>H</b>, the Hadamard matrix, adds and subtracts all coordinates: the input is "
            f"spread over all {n}. Cost: n log₂ n = {n * log} additions. All lengths grow by √n = "
            f"{n**0.5:g}.",
            f"<b>Π</b> shuffles the coordinates. Cost: {n} moves. Without it the second H would "
            "meet the pattern of the first.",
            f"<b>G</b> multiplies by {n} independent normals: the only factor that is drawn anew "
            f"for each block. Cost: {n} products.",
            f"<b>H</b> again mixes: each of the {n} results is a sum over all of G, so each looks "
            f"normal. Cost: {n * log} additions.",
            f"<b>S</b> flips {n} signs once more, so that sums of neighbours are nothing special. "
            "Divided by n times the root of the number of blocks, this is the block's part of P x.",
        )[number]
        alts = (
            f"The matrix of the factor that makes {formula}.",
            f"The {n} coordinates of {formula} as bars, for the input {name}; circles show them "
            "before this step.",
        )
        return to_svg(fastfood_stage(stages, number), alts) + say(text)
