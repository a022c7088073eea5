"""Choose a size of model, and see its d90 among those of the family; a table of all d90."""

from IPython.display import HTML

from ...problems.checkpoints import FAMILY, held_out, tokens_seen
from ...studies.layout import TASKS, d90_table
from ...studies.published import table1_by_size
from ...studies.reading import cell, cells, provenance
from ..base.explorers import Explorer, choice, say, slider, table
from ..base.svg import to_svg
from .compute import by_size
from .plots import d90_of_sizes

__all__ = ["FamilySizes", "PublishedSizes", "method_table"]

CAPTION = "Bars are 95 % intervals; none: some seed reached 90 % at no d that was tried."
NAMES = {"sst2": "SST-2", "qqp-sample": "QQP", "mrpc": "MRPC", "rte": "RTE"}
PUBLISHED = {117 * 10**6: "base\n110 to 125 M", 347 * 10**6: "large\n340 to 355 M"}
WAYS = {"global": "one P for all", "per-tensor": "a P for each tensor"}


class FamilySizes(Explorer):
    """A slider over the sizes of the family: D, d90, their ratio, what each was pretrained on.

    Args:
        model: the size to start with, one of `idlib.problems.checkpoints.FAMILY`.
    """

    def __init__(self, model: str = FAMILY[0]):
        options = {m.removeprefix("roberta-"): m for m in FAMILY}
        super().__init__({"model": slider("layers x hidden", options, model)}, _size_html)


class PublishedSizes(Explorer):
    """d90 of table 1 of Aghajanyan et al. (2021) against size, under SAID or DID."""

    def __init__(self):
        super().__init__({"method": choice("method", ["SAID", "DID"], "SAID")}, _published_html)


def _published_html(method: str) -> str:
    lines = table1_by_size(method)
    fig = d90_of_sizes({method: lines}, PUBLISHED)
    ends = {label: list(by.values()) for label, by in lines.items()}
    said = "; ".join(f"{x}: {a.value:,.0f} to {b.value:,.0f}" for x, (a, b) in ends.items())
    alt = f"d90 under {method} against D, base and large, both logarithmic. {said}."
    source = "Published, Aghajanyan et al. (2021), table 1."
    return f"{to_svg(fig, [alt])}\n{say(f'{method}, from base to large. {said}.')}\n<p>{source}</p>"


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
    names = {D: f"{name}: {D / 1e6:.1f} M" for D, name in names.items()}
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
