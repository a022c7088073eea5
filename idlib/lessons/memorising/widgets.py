"""Choose how many images and how many shuffled labels, and see what they cost."""

import functools

from ...studies.memorising import NS, SHARES, task_name
from ...studies.reading import cell, provenance
from ..base.explorers import Explorer, say, slider
from ..base.measures import bits_needed
from ..base.svg import Stage
from .compute import needed, without_memorising
from .plots import mark_memorised, memorised_panel

__all__ = ["Memorising"]

CAPTION = (
    "Runs end early once they lie clearly above 0.90; a point below the line is where a run ended."
)


class Memorising(Explorer):
    """Number of images and share of shuffled labels: the recorded d for training accuracy 0.9.

    Args:
        n: 500, 1000, 2000 or 5000 images.
        percent: 0, 10, 50 or 100.
    """

    def __init__(self, n: int = 1000, percent: int = 50):
        controls = {
            "n": slider("images", NS, n),
            "percent": slider("shuffled labels, %", SHARES, percent),
        }
        self.needed = {p: {m: needed(task_name(m, p)).between for m in NS} for p in SHARES}
        shown = [cell("memorising", task=task_name(m, p)) for p in SHARES for m in NS]
        self.title = provenance(shown)
        self.stage = Stage(memorised_panel(self.needed))
        super().__init__(controls, self._draw)

    def _draw(self, n: int, percent: int) -> str:
        task, without = task_name(n, percent), without_memorising(percent)
        scores = cell("memorising", task=task).scores
        points = [(d, score) for d, every in scores.items() for score in every]
        chosen = {"chosen": (percent, n), "points": points, "without": without}
        move = functools.partial(mark_memorised, needed=self.needed, **chosen)
        d = needed(task).value
        text = f"{n:,} images, {percent} % of the labels shuffled: <b>d = {d:,.0f}</b>, "
        text += f"<b>{d / n:.2f} for each image</b>. Knowing every digit but no shuffled label "
        text += f"scores {without:.2f}. "
        if percent == 100:
            bits = bits_needed(n, 0.9)
            text += f"To tell such labels takes {bits:,.0f} bits, {bits / d:.1f} for each number. "
        alts = (
            "d for training accuracy 0.90 against the number of images, a line for each share of "
            f"shuffled labels; {n} images with {percent} % shuffled are marked at {d:.0f}.",
            "Training accuracy of that point's runs against d, crossing 0.90 at "
            f"{' and '.join(f'{x:.0f}' for x in self.needed[percent][n])} in the two seeds.",
        )
        return f"{self.stage.to_svg(alts, move)}\n{say(text)}\n<p>{CAPTION} {self.title}.</p>"
