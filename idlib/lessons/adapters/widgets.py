"""A slider for LoRA's rank next to a slider for d."""

import functools

from ...studies.reading import provenance
from ..base.explorers import Explorer, choice, say, slider, table
from ..base.svg import Stage
from .compute import COMPARED, Tuned, compared_cells, tuned_ways
from .plots import adapter_scores, mark_sizes

__all__ = ["RankAndD"]

CAPTION = (
    "A mark is a model tuned from the start, one for each seed; lines join the means. The "
    "upright lines are where the sliders stand; rank 0 is the head alone."
)
HEAD = (
    "trained", "numbers", "beside the head", "bytes for a task", "accuracy (seeds)",
    "of the full model",
)  # fmt: skip


class RankAndD(Explorer):
    """LoRA of a rank beside random subspaces of d numbers, as recorded.

    Args:
        compared: a key of `idlib.lessons.adapters.compute.COMPARED`.
        rank: where the slider for the rank starts; 0 trains the head alone.
        d: where the slider for d starts.
    """

    def __init__(self, compared: str, rank: int = 4, d: int = 10_000):
        def near(sizes: list[int], size: int) -> int:
            return min(sizes, key=lambda x: abs(x - size))

        controls = {
            "compared": choice("recorded", list(COMPARED), compared),
            "rank": slider("rank", _ranks, near(_ranks(compared), rank)),
            "d": slider("d", _ds, near(_ds(compared), d)),
        }
        super().__init__(controls, _html)


def _ranks(compared: str) -> list[int]:
    return sorted({t.size for t in tuned_ways(compared, "head", "LoRA")})


def _ds(compared: str) -> list[int]:
    return sorted({t.size for t in tuned_ways(compared, "DID", "SAID")})


@functools.cache
def _stage(compared: str) -> Stage:
    did = compared_cells(compared)[0]
    return Stage(adapter_scores(tuned_ways(compared), did.majority, did.threshold()))


def _html(compared: str, rank: int, d: int) -> str:
    (full,) = tuned_ways(compared, "full")
    adapters = tuned_ways(compared, "head", "LoRA")
    lora = next(t for t in adapters if t.size == rank)
    inside = [t for t in tuned_ways(compared, "DID", "SAID") if t.size == d]
    marked = {lora.way: lora.numbers, **({"DID": d} if inside else {})}
    now = "; ".join(f"{t.name}: {t.score:.3f}" for t in (lora, *inside))
    alt = (
        f"{compared}: test accuracy against the number of trained numbers for random subspaces, "
        f"LoRA, its relatives and the full model at {full.score:.3f}. {now}."
    )
    rows = [_row(t, full, adapters[0]) for t in (lora, *inside, full)]
    drawn = _stage(compared).to_svg([alt], lambda ax: mark_sizes(ax, marked))
    title = provenance(compared_cells(compared))
    return f"{drawn}\n{say(f'{now}.')}\n{table(HEAD, rows)}\n<p>{CAPTION} {title}.</p>"


def _row(t: Tuned, full: Tuned, head: Tuned) -> tuple[str, ...]:
    beside = f"{t.numbers - head.numbers:,}" if t.way in ("LoRA", "head") else "–"
    size = 4 * t.numbers + 8 * (t.way in ("DID", "SAID"))  # and a seed
    score = f"<b>{t.score:.3f}</b> ({min(t.scores):.3f} to {max(t.scores):.3f})"
    return (
        t.name, f"{t.numbers:,}", beside, f"{size:,}", score, f"{t.score / full.score:.1%}",
    )  # fmt: skip
