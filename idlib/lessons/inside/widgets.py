"""Fastfood taken apart."""

import torch

from ...projections import make_projection
from ..base.explorers import Explorer, choice, say
from ..base.svg import to_svg
from .plots import fastfood_stage
from .stages import fastfood_stages

__all__ = ["FastfoodSteps"]


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
            "<b>x</b>: the step in θ<sub>d</sub>, here of length 1.",
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
