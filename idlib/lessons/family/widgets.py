"""Choose a size of model, and see its d90 among those of the family."""

from ...problems.checkpoints import FAMILY, held_out, tokens_seen
from ...studies.layout import TASKS, seeds_of
from ...studies.reading import cell, cells, provenance
from ..base.explorers import Explorer, say, slider, table
from ..base.svg import to_svg
from .compute import by_size
from .plots import d90_of_sizes

__all__ = ["FamilySizes"]

CAPTION = (
    "Large markers: the median over the seeds, of two the larger; faint dots: single seeds; none: "
    "some seed reached 90 % at no d that was tried."
)


class FamilySizes(Explorer):
    """A slider over the sizes of the family: D, d90, their ratio, what each was pretrained on.

    Args:
        model: the size to start with, one of `idlib.problems.checkpoints.FAMILY`.
    """

    def __init__(self, model: str = FAMILY[0]):
        options = {m.removeprefix("roberta-"): m for m in FAMILY}
        super().__init__({"model": slider("layers x hidden", options, model)}, _size_html)


def _size_html(model: str) -> str:
    panels, rows, names, chosen = {}, [], {}, []
    for name, part in TASKS.items():
        panels[name] = {
            "the family": by_size(part),
            "at three times the learning rate": by_size(f"{part}-faster"),
        }
        names |= {c.D: c.model.removeprefix("roberta-") for c in cells("family", part)}
        c = cell("family", part, model=model)
        chosen.append(c.D)
        ratio = f"{c.D / c.d90().value:,.0f}" if c.d90().value else "–"
        rows.append((name, f"{c.D:,}", f"{c.baseline:.3f}", f"<b>{c.told()}</b>", ratio))
    mini = cell("methods", "minilm-sst2-one-p", method="DID")
    panels["SST-2"]["MiniLM"] = {mini.D: seeds_of(mini.d90())}
    names[mini.D] = "MiniLM"
    names = {D: f"{name}\n{D / 1e6:.1f} million" for D, name in names.items()}
    shown = [c for p in TASKS.values() for c in cells("family", p) + cells("family", f"{p}-faster")]
    fig = d90_of_sizes(panels, names, chosen)
    loss = list(held_out(model).values())[-1]
    said = (
        f"{model}: {tokens_seen(model) / 1e6:.0f} million tokens of pretraining, masked loss "
        f"{loss:.2f}."
    )
    alts = [
        f"d90 on {name} against D, both logarithmic, for the sizes of the family at two learning "
        f"rates{', and far to the right for MiniLM' * (name == 'SST-2')}. {model} is marked."
        for name in panels
    ]
    head = ("task", "D", "full model", "d90 (95 % interval)", "D / d90")
    drawn = to_svg(fig, alts)
    return f"{drawn}\n{say(said)}\n{table(head, rows)}\n<p>{CAPTION} {provenance(shown)}.</p>"
