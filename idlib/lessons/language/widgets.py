"""A slider for d over recorded fine-tuning: DID and SAID, and the texts whose answer changes."""

import functools
import html
from pathlib import Path

import numpy as np

from ...problems.texts import at_hand, load_text
from ...studies.reading import provenance
from ...studies.results import Cell
from ..base.explorers import Explorer, choice, say, slider, table
from ..base.plots import COLORS
from ..base.svg import Stage
from .compute import CURVES, answers, method_cells
from .plots import method_curves

__all__ = ["TunedCurves"]

LOOKED_AT = 150  # test texts
ROWS = 3  # texts shown that turn right, and that turn wrong
NEEDS = "put GLUE's files in IDLIB_DATA/glue, see the README."


class TunedCurves(Explorer):
    """Accuracy against d under DID and SAID, and the texts whose answer changes at this d.

    The answers are worked out anew from a seed and d numbers, where model and texts are at hand.

    Args:
        curves: a key of `idlib.lessons.language.compute.CURVES`.
        d: where the slider starts, or the recorded d that is nearest.
    """

    def __init__(self, curves: str, d: int = 1000):
        controls = {
            "curves": choice("recorded", list(CURVES), curves),
            "d": slider("d", _ds, min(_ds(curves), key=lambda x: abs(x - d))),
            "method": choice("texts under", ["DID", "SAID"], "DID"),
        }
        super().__init__(controls, _draw)


def _ds(curves: str) -> list[int]:
    return sorted({d for c in method_cells(curves).values() for d in c.scores})


def _draw(curves: str, d: int, method: str) -> str:
    both = method_cells(curves)
    return (
        f'<div class="idlib-beside">\n<div>\n{_curves_html(curves, d)}\n</div>\n'
        f"<div>\n{_flips(both[method], d)}\n</div>\n</div>\n{_table(both, d)}\n"
        f"<p>A dot is a model tuned from the start, one for each seed; lines join the medians. The "
        f"diamonds are d90, with a bar for the 95 % interval. {provenance(both.values())}.</p>"
    )


def _levels(curves: str) -> tuple[float, float]:
    """The threshold of d90, and the score of always giving the commonest label."""
    did = method_cells(curves)["DID"]
    return did.threshold(), did.majority


@functools.cache
def _stage(curves: str) -> Stage:
    both = method_cells(curves)
    scores = {method: c.scores for method, c in both.items()}
    d90s = {method: [c.d90()] for method, c in both.items()}
    return Stage(method_curves(scores, *_levels(curves), d90s))


def _curves_html(curves: str, d: int) -> str:
    threshold, majority = _levels(curves)
    now = ", ".join(
        f"{method} {np.median(c.scores[d]):.3f}"
        for method, c in method_cells(curves).items()
        if d in c.scores
    )
    alt = (
        f"{curves}: test accuracy against d under DID and SAID, from the commonest label at "
        f"{majority:.3f} towards the 90 % line at {threshold:.3f}. At d = {d}: {now}."
    )
    line = {"color": COLORS["grey"], "linewidth": 1.2}
    drawn = _stage(curves).to_svg([alt], lambda ax: ax.axvline(d, **line))
    return drawn + say(f"{curves}, d = {d:,}: test accuracy {now}.")


def _table(both: dict[str, Cell], d: int) -> str:
    rows = [
        (
            method,
            f"<b>{np.median(c.scores[d]):.3f}</b> ({min(c.scores[d]):.3f} to "
            f"{max(c.scores[d]):.3f})",
            f"{np.median(c.scores[d]) / c.baseline:.0%} of {c.baseline:.3f}",
            f"{d:,} of {c.D:,}: 1 in {c.D / d:,.0f}",
        )
        for method, c in both.items()
        if d in c.scores
    ]
    return table(("method", "accuracy (seeds)", "of the full model", "trained numbers"), rows)


def _flips(c: Cell, d: int) -> str:
    """The texts that turn right or wrong from the next smaller d to this one."""
    smaller = max((x for x in c.first_seed if x < d), default=None)
    if smaller is None or d not in c.first_seed:
        return f"<p>{c.method.name}: the numbers of this d, or of a smaller one, were not kept.</p>"
    if not at_hand(c.task):
        return (
            f"<p>Which answers change under {c.method.name} needs the texts of "
            f"{c.task.split('-')[0]}: {NEEDS}</p>"
        )
    if c.model.startswith("sentence-transformers") and not _is_local(c.model):
        return (
            f"<p>Which answers change under {c.method.name} needs {c.model}: put it in "
            "IDLIB_MODELS.</p>"
        )
    test = load_text(c.task).test
    classes = load_text(c.task).classes
    n = min(LOOKED_AT, len(test))
    before, after = (answers(c, x, n).tolist() for x in (smaller, d))
    parts = []
    for what, right in (("turn right", True), ("turn wrong", False)):
        index = [
            i for i in range(n) if before[i] != after[i]
            and (after if right else before)[i] == test.labels[i]
        ]  # fmt: skip
        rows = [
            (html.escape(" / ".join(test.texts[i])), f"{classes[before[i]]} → {classes[after[i]]}")
            for i in index[:ROWS]
        ]
        parts.append(
            f"<p>{c.method.name}, first seed, from d = {smaller:,} to {d:,}: {len(index)} of the "
            f"first {n} test texts <b>{what}</b></p>"
            + (table(("text", "answers before → after"), rows) if rows else "")
        )
    return "\n".join(parts)


def _is_local(model: str) -> bool:
    from ...problems.tokens import model_folder

    return Path(model_folder(model)).is_dir()
