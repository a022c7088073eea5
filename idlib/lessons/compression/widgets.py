"""Choose d and bits, and see the file they make."""

import math

from ...studies.bytes import BITS, BYTES, file_sizes
from ...studies.reading import cell
from ..base.explorers import Explorer, choice, say, slider
from ..base.svg import Stage
from .compute import of_numbers, ways_to_write
from .plots import file_panel, mark_file

__all__ = ["FileSizes"]


class FileSizes(Explorer):
    """Network, d and bits for each number: the file's bytes, its accuracy, and what they buy.

    Args:
        d: as recorded.
        bits: as recorded: 32, 16, 8, 6, 4, 3 or 2.
    """

    def __init__(self, d: int = 750, bits: int = 8):
        ds = sorted({s.d for s in file_sizes("fc") if s.d})
        controls = {
            "model": choice("network", {"FC": "fc", "LeNet": "lenet"}, "fc"),
            "d": slider("d", ds, d),
            "bits": slider("bits a number", BITS[::-1], bits),
        }
        images = cell("mnist", task="mnist", model="fc").facts["train"]
        self.alone = images * math.log2(10) / 8  # bytes of the labels without a network
        self.title = BYTES.provenance("mnist")
        self.stages = {model: Stage(self._panel(model)) for model in ("fc", "lenet")}
        super().__init__(controls, self._draw)

    def _panel(self, model: str):
        return file_panel(ways_to_write(model, (32,), True), "d numbers, these bits", self.alone)

    def _draw(self, model: str, d: int, bits: int) -> str:
        this = next(s for s in file_sizes(model) if (s.d, s.bits) == (d, bits))
        plain = next(s for s in file_sizes(model) if (s.d, s.keep, s.bits) == (None, 1.0, 32))
        parts = this.bytes, this.label_bytes
        text = (
            f"d = {d:,} with {bits} bits each: <b>{this.bytes:,} bytes</b>, test accuracy "
            f"<b>{this.score:.3f}</b> (all weights, zipped: {plain.bytes:,} bytes, "
            f"{plain.score:.3f}). File and labels together {sum(parts) / 1000:.1f} kB, the labels "
            f"alone {self.alone / 1000:.1f} kB."
        )
        alts = (
            "Test accuracy against bytes of the file for subspaces and for the full network, "
            "pruned, rounded and zipped, or pruned and trained again; "
            f"marked: {this.bytes} bytes, {this.score:.3f}.",
            f"A bar of {this.bytes} bytes for the file and {this.label_bytes:.0f} for the labels, "
            f"with a line at {self.alone:.0f}, the labels without a network.",
        )
        drawn = self.stages[model].to_svg(
            alts,
            lambda *axes: mark_file(
                *axes, of_numbers(model, bits), (this.bytes, this.score), parts
            ),
        )
        return f"{drawn}\n{say(text)}\n<p>{self.title}.</p>"
