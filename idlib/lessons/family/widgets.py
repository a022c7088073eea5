"""Choose a size of model, and see its d90 among those of the family."""

from ...problems.checkpoints import FAMILY, held_out, tokens_seen
from ...studies.layout import TASKS, seeds_of
from ...studies.reading import cell, cells, provenance
from ..base.panels import Panel, SliderPanel
from ..base.plots import to_html
from .compute import by_size
from .plots import d90_of_sizes

__all__ = ["FamilySizes"]


class FamilySizes(Panel):
    """A slider over the sizes of the family: D, d90, their ratio, what each was pretrained on.

    Args:
        model: the size to start with, one of `idlib.problems.checkpoints.FAMILY`.
    """

    def __init__(self, model: str = FAMILY[0]):
        options = [(m.removeprefix("roberta-"), m) for m in FAMILY]
        super().__init__([SliderPanel("layers x hidden", options, _size_html, model, "520px")])


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
        ratio = f"{c.D / c.d90().d:,.0f}" if c.d90().d else "–"
        rows.append(
            f"<tr><td>{name}</td><td>{c.D:,}</td><td>{c.baseline:.3f}</td><td><b>{c.d90()}</b></td>"
            f"<td>{ratio}</td></tr>"
        )
    mini = cell("methods", "minilm-sst2-one-p", method="DID")
    panels["SST-2"]["MiniLM"] = {mini.D: seeds_of(mini.d90())}
    names[mini.D] = "MiniLM"
    names = {D: f"{name}\n{D / 1e6:.1f} million" for D, name in names.items()}
    shown = [c for p in TASKS.values() for c in cells("family", p) + cells("family", f"{p}-faster")]
    fig = d90_of_sizes(panels, names, chosen, provenance(shown))
    loss = list(held_out(model).values())[-1]
    caption = (
        f"{model}: {tokens_seen(model) / 1e6:.0f} million tokens of pretraining, masked loss "
        f"{loss:.2f}. Large markers: the median over the seeds, of two the larger; faint dots: "
        "single seeds; none: some seed reached 90 % at no d that was tried."
    )
    alt = (
        f"A panel for each of {', '.join(panels)}: d90 against D, both logarithmic, for the sizes "
        f"of the family at two learning rates, and on SST-2 for MiniLM, far to the right. {model} "
        "is marked."
    )
    head = "<tr><th>task</th><th>D</th><th>full model</th><th>d90</th><th>D / d90</th></tr>"
    return to_html(fig, alt, caption) + f"<table>{head}{''.join(rows)}</table>"
