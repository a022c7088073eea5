"""Choose a size of model, and see its d90 among those of the family; a table of all d90."""

from IPython.display import HTML

from ...problems.checkpoints import FAMILY, held_out, tokens_seen
from ...studies.layout import TASKS, d90_table
from ...studies.reading import cell, cells, provenance
from ..base.explorers import Explorer, say, slider, table
from ..base.svg import to_svg
from .compute import by_size
from .plots import d90_of_sizes

__all__ = ["FamilySizes", "method_table"]

CAPTION = "Bars are 95 % intervals; none: some seed reached 90 % at no d that was tried."
NAMES = {"sst2": "SST-2", "qqp-sample": "QQP", "mrpc": "MRPC", "rte": "RTE"}
WAYS = {"global": "one P for all", "per-tensor": "a P for each tensor"}


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
        faster = cell("family", f"{part}-faster", model=model).told()
        rows.append((name, f"{c.baseline:.3f}", f"<b>{c.told()}</b>", faster))
    mini = cell("methods", "minilm-sst2-one-p", method="DID")
    panels["SST-2"]["MiniLM"] = {mini.D: mini.d90()}
    names[mini.D] = "MiniLM"
    names = {D: f"{name}\n{D / 1e6:.1f} million" for D, name in names.items()}
    shown = [c for p in TASKS.values() for c in cells("family", p) + cells("family", f"{p}-faster")]
    fig = d90_of_sizes(panels, names, chosen)
    loss = list(held_out(model).values())[-1]
    said = (
        f"{model}: {chosen[0]:,} parameters, {tokens_seen(model) / 1e6:.0f} million tokens of "
        f"pretraining, masked loss {loss:.2f}."
    )
    alts = [
        f"d90 on {name} against D, both logarithmic, for the sizes of the family at two learning "
        f"rates{', and far to the right for MiniLM' * (name == 'SST-2')}. {model} is marked."
        for name in panels
    ]
    head = ("task", "full model", "d90 (95 % interval)", "at three times the rate")
    drawn = to_svg(fig, alts)
    return f"{drawn}\n{say(said)}\n{table(head, rows)}\n<p>{CAPTION} {provenance(shown)}.</p>"


def method_table() -> HTML:
    """d90 of all models on all tasks, under DID and SAID, in three columns: a heading for each task
    and normalisation, below it a line for each model."""
    lines = ["<tr><th>model</th><th>DID</th><th>SAID</th></tr>"]
    heading = ""
    for (task, way, model), both in d90_table().items():
        above = f"{NAMES.get(task, task)}, {WAYS[way]}"
        if above != heading:
            lines.append(f'<tr><th colspan="3" style="text-align:left">{above}</th></tr>')
        heading = above
        shown = "".join(f'<td style="text-align:left">{x}</td>' for x in (model, *both))
        lines.append(f"<tr>{shown}</tr>")
    return HTML("<table>\n" + "\n".join(lines) + "\n</table>")
