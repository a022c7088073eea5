"""Choose d, bits, examples and confidence, and see the bound on the test error they give."""

import functools
import json
import math
from importlib.resources import files

from ...problems.files import to_bytes
from ...studies.bytes import BITS, BYTES, file_sizes
from ...studies.reading import cell
from ..base.explorers import Explorer, choice, say, slider
from ..base.plots import COLORS
from ..base.svg import Stage
from .compute import Bound, bound_of, examples_of
from .plots import KINDS, bound_panel, mark_bound
from .theory import count_bits

__all__ = ["OccamBound"]

MS = (100, 300, 1000, 3000, 10_000, 30_000)
CONFIDENCES = {"90 %": 0.1, "95 %": 0.05, "99 %": 0.01, "99.9 %": 0.001, "99.9999 %": 1e-6}
CHANCE = 0.9  # the error of guessing one of ten digits
MODELS = {"FC": "fc", "LeNet": "lenet"}
# What is said of a bound, here by str.format and in the browser by bounds.js
TEXT = (
    "File: {head:,.0f} bits for the line of text and {body:,.0f} for the numbers, B = "
    "{file:,.0f}; the confidence costs as much as {price:,.1f} bits. Bound: {error:,.3f} + "
    "√(({file:,.0f} · ln 2 + ln {inverse:,.0f}) / {twice:,.0f}) = {error:,.3f} + {added:,.3f} = "
    "<b>{hoeffding:,.3f}</b>, VERDICT. Chernoff's form <b>{kl:,.3f}</b>, test error "
    "<b>{test:,.3f}</b>. √(d/m) = {root:,.3f}."
)
SUPPOSED = (
    " The training error on all {all:,.0f} images is <b>supposed</b> for {m:,.0f}."  # not measured
)
VERDICTS = ("below 1", "1 or more: it says nothing")
ALTS = (
    "Bounds, test and training error against d, d = {d:,.0f} marked.",
    "Bars for Hoeffding's form ({error:,.3f} + {added:,.3f}), Chernoff's ({kl:,.3f}), the test "
    "error ({test:,.3f}) and the root of d/m ({root:,.3f}).",
)
MARKS = {  # of matplotlib's names, as paths of SVG from their middle
    "o": "m-2 0a2 2 0 1 0 4 0a2 2 0 1 0 -4 0",
    "s": "m-2 -2h4v4h-4z",
    "^": "m0 -2.3l2.2 4.3h-4.4z",
    "D": "m0 -2.8l2.8 2.8l-2.8 2.8l-2.8 -2.8z",
}
DASHES = {"-": "none", "--": "5.5 2.4", "-.": "9.6 2.4 1.5 2.4"}


class OccamBound(Explorer):
    """Network, d, bits of a number, training examples and confidence: each term of the bound.

    There are thousands of bounds, so the browser works them out.

    Args:
        d: as recorded.
        bits: as recorded: 32, 16, 8, 6, 4, 3 or 2.
    """

    def __init__(self, d: int = 750, bits: int = 6):
        self.ds = sorted({s.d for s in file_sizes("fc") if s.d})
        self.all = examples_of(file_sizes("fc")[0])
        controls = {
            "model": choice("network", MODELS, "fc"),
            "d": slider("d", self.ds, d),
            "bits": slider("bits a number", BITS[::-1], bits),
            "m": slider("m, examples", (*MS, self.all), self.all),
            "delta": slider("confidence", CONFIDENCES, 0.05),
        }
        self.stage = Stage(bound_panel(self.ds, CHANCE))
        script = (files(__package__) / "bounds.js").read_text(encoding="utf-8").strip()
        formula = f"({script})({json.dumps(self._data())})"
        super().__init__(controls, self._draw, formula=formula)

    def _draw(self, model: str, d: int, bits: int, m: int, delta: float) -> str:
        bounds = {k: bound_of(_files(model)[k, bits], m, delta) for k in self.ds}
        b, root, head = bounds[d], math.sqrt(d / m), _head(model, d, bits)
        terms = {
            **vars(b), "added": b.complexity, "hoeffding": b.hoeffding, "root": root, "head": head,
            "body": b.file - head, "all": self.all, "twice": 2 * m, "inverse": 1 / delta,
            "price": math.log2(1 / delta),
        }  # fmt: skip
        text = TEXT.replace("VERDICT", VERDICTS[b.hoeffding >= 1])
        text += "" if m == self.all else SUPPOSED
        drawn = self.stage.to_svg(
            [alt.format(**terms) for alt in ALTS],
            lambda *axes: mark_bound(*axes, bounds, b, root),
        )
        title = BYTES.provenance("mnist")
        return f"{drawn}\n{say(text.format(**terms))}\n<p>{title}.</p>"

    def _data(self) -> dict:
        """What the browser needs for every bound."""

        def facts(model: str, d: int, bits: int) -> list[float]:
            b: Bound = bound_of(_files(model)[d, bits])
            return [b.file, b.error, b.test, _head(model, d, bits)]

        shown = zip(("hoeffding", "kl", "test", "error"), KINDS.values(), strict=True)
        ends = (("error", "orange"), ("hoeffding", "sky"), ("kl", "green"), ("test", "red"),
                ("root", "grey"))  # fmt: skip
        return {
            "files": [
                [[facts(model, d, bits) for bits in BITS[::-1]] for d in self.ds]
                for model in MODELS.values()
            ],
            "d": self.ds,
            "m": [*MS, self.all],
            "delta": list(CONFIDENCES.values()),
            "lines": [
                {"value": v, "color": COLORS[color], "mark": MARKS[mark], "dash": DASHES[dash]}
                for v, (color, mark, dash) in shown
            ],
            "bars": [
                {"row": max(0, k - 1), "from": "error" if k == 1 else "", "to": name,
                 "color": COLORS[color], "most": 1.6 * (k > 0)}
                for k, (name, color) in enumerate(ends)
            ],
            "grey": COLORS["grey"], "text": TEXT, "supposed": SUPPOSED, "verdicts": VERDICTS,
            "alts": ALTS,
        }  # fmt: skip


@functools.cache
def _files(model: str) -> dict:
    return {(s.d, s.bits): s for s in file_sizes(model) if s.d}


@functools.cache
def _head(model: str, d: int, bits: int) -> int:
    """Bits of the line of text that begins the file."""
    run = cell("mnist", task="mnist", model=model).first_seed[d]
    return count_bits(to_bytes(run, bits)).head
