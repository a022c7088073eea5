"""Sliders for d over recorded fine-tuning: accuracy and texts whose answer changes, and the layers
that moved."""

import functools
import html

import numpy as np

from ...studies.reading import provenance
from ...studies.results import Cell
from ...studies.tuned import TUNED, tuned_runs
from ..base.explorers import Explorer, choice, say, slider, table
from ..base.plots import COLORS, layer_label
from ..base.svg import Stage, to_svg
from .compute import CURVES, answers, asked, method_cells, praised
from .plots import layer_shares, method_curves

__all__ = ["LayerShares", "TunedCurves"]

ROWS = 4  # texts shown that are gained, and that are lost


class TunedCurves(Explorer):
    """Accuracy against d under DID and SAID, and the texts whose answer changes at this d.

    The answers to our own sentences were recorded; those to docstrings are worked out anew from a
    seed and d numbers.

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
    """What the first seed's model says at this d, and the texts that it gains or loses from
    the next smaller d to this one."""
    smaller = max((x for x in c.first_seed if x < d), default=None)
    if smaller is None or d not in c.first_seed:
        return f"<p>{c.method.name}: the numbers of this d, or of a smaller one, were not kept.</p>"
    texts, labels, classes = asked(c)
    whose = "our own sentences" if praised(c) else "the first test texts"
    before, after = answers(c, smaller), answers(c, d)
    right = sum(a == y for a, y in zip(after, labels, strict=True))
    parts, turned = [], []
    for what, was in (("gains", after), ("loses", before)):
        rows = [
            (html.escape(text), f"{classes[old]} → {classes[new]}")
            for text, label, old, new, known in zip(texts, labels, before, after, was, strict=True)
            if old != new and known == label
        ]
        turned.append(f"<b>{what} {len(rows)}</b>")
        if rows:
            parts.append(f"<p>It {what}:</p>{table(('text', 'before → after'), rows[:ROWS])}")
    said = (
        f"<p>{c.method.name}, first seed: <b>{right} of {len(texts)}</b> of {whose} are right. "
        f"From d = {smaller:,} to {d:,} it {' and '.join(turned)}.</p>"
    )
    return "\n".join([said, *parts])


class LayerShares(Explorer):
    """Which layers moved: their shares of the squared step under DID and SAID, beside those of the
    parameters, for each d that kept its numbers.

    Args:
        curves: a key of `idlib.lessons.language.compute.CURVES`.
        d: where the slider starts.
    """

    def __init__(self, curves: str, d: int = 1000):
        controls = {
            "curves": choice("recorded", list(CURVES), curves),
            "d": slider("d", _kept, d),
        }
        super().__init__(controls, _layers_html)


def _kept(curves: str) -> list[int]:
    return sorted({d for _, d in tuned_runs(CURVES[curves])})


def _layers_html(curves: str, d: int) -> str:
    found = tuned_runs(CURVES[curves])
    both = {method: found[method == "SAID", d] for method in ("DID", "SAID")}
    sizes = both["DID"].sizes
    fig = layer_shares(sizes, {method: run.shares for method, run in both.items()})
    said = both["SAID"].shares
    most = max(said, key=lambda layer: said[layer])
    words = (
        f"d = {d:,}. Under SAID {layer_label(most)} has the largest share of the step: "
        f"{said[most]:.0%}, "
        f"where it has {sizes[most]:.0%} of the parameters and takes "
        f"{both['DID'].shares[most]:.0%} under DID."
    )
    cells = method_cells(curves)
    rates = " and ".join(f"{cells[m].rates[d]:g} ({m})" for m in both)
    made = TUNED.provenance(cells["DID"].task.split("-")[0])
    alt = f"{curves}, bars for each layer: its share of the parameters and of the step. {words}"
    return f"{to_svg(fig, [alt])}\n{say(words)}\n<p>First seed, learning rate {rates}. {made}.</p>"
