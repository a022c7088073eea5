"""Scrub through the checkpoints of a pretraining; choose a size of model."""

import html
from collections.abc import Sequence

import ipywidgets as w

from ..dimension import d90
from ..experiments import MINILM
from ..family import (
    CHECKPOINTS,
    SIZES,
    TASKS,
    along,
    by_size,
    checkpoints,
    fill,
    found,
    held_out,
    searched_in,
    sizes,
    tokens_seen,
)
from ..plots import d90_along_pretraining, d90_of_sizes, to_html
from ..recorded import curve, provenance, recorded
from .base import Panel, SliderPanel

__all__ = ["Checkpoints", "FamilySizes"]


class Checkpoints(Panel):
    """A slider over the checkpoints of roberta-4x128: what they fill in, and their d90.

    Args:
        sentences: each with one ``<mask>``.
        model: the checkpoint to start with, one of `idlib.family.CHECKPOINTS`.
    """

    def __init__(self, sentences: Sequence[str], model: str = CHECKPOINTS[-1]):
        self.sentences = list(sentences)
        options = [(f"{tokens_seen(m) / 1e6:.0f} million tokens", m) for m in CHECKPOINTS]
        self.own = w.Text(
            description="your own, with one <mask>", continuous_update=False,
            placeholder="The capital of <mask> is Rome.", layout=w.Layout(width="560px"),
            style={"description_width": "initial"},
        )  # fmt: skip
        self.panel = SliderPanel("after", options, self._draw, model, height="600px")
        self.own.observe(lambda _: self.panel.draw(self.panel.slider.value), "value")
        super().__init__([self.panel, self.own])

    def _draw(self, model: str) -> str:
        sentences = [*self.sentences, *([self.own.value] if self.own.value else [])]
        return _along_html(model) + _filled(model, sentences)


def _along_html(model: str) -> str:
    panels = {name: along(task) for name, task in TASKS.items()}
    tokens = [tokens_seen(m) for m in CHECKPOINTS]
    losses = held_out("roberta-4x128")
    loss = {t: losses[t] for t in tokens if t in losses}
    stores = {searched_in(task, m) for task in TASKS.values() for m in CHECKPOINTS}
    title = provenance(*(recorded(name) for name in sorted(stores)), models=CHECKPOINTS)
    fig = d90_along_pretraining(tokens, loss, panels, tokens_seen(model), title)
    parts = []
    for name, task in TASKS.items():
        if model in checkpoints(task):
            f = found(task, model)
            parts.append(f"{name}: full model {f.full:.3f}, d90 {f.own}")
        else:
            parts.append(f"{name}: not measured at this checkpoint")
    alt = (
        f"Three panels over the checkpoints of pretraining: the masked loss falls from "
        f"{max(loss.values()):.2f} to {min(loss.values()):.2f}; d90 on SST-2 and on docstrings. "
        "The chosen checkpoint is marked."
    )
    parts.append(
        "The checkpoints are evenly spaced, not to scale; the loss of the random start was not "
        "recorded (guessing blindly gives 9.01). Large markers: the median over the seeds, of two "
        "the larger; faint dots: single seeds; none: some seed reached the threshold at no d."
    )
    return to_html(fig, alt, "<br>".join(parts))


def _filled(model: str, sentences: Sequence[str]) -> str:
    rows = []
    for sentence in sentences:
        try:
            words = ", ".join(f"{html.escape(w)} {p:.0%}" for w, p in fill(model, sentence))
        except ValueError as error:
            words = html.escape(str(error))
        rows.append(
            f"<tr><td style='text-align:left'>{html.escape(sentence)}</td>"
            f"<td style='text-align:left'>{words}</td></tr>"
        )
    return f"<table><tr><th>sentence</th><th>likeliest words</th></tr>{''.join(rows)}</table>"


class FamilySizes(Panel):
    """A slider over the sizes of the family: D, d90, their ratio, what each was pretrained on.

    Args:
        model: the size to start with, one of `idlib.family.SIZES`.
    """

    def __init__(self, model: str = SIZES[0]):
        options = [(m.removeprefix("roberta-"), m) for m in SIZES]
        super().__init__([SliderPanel("layers x hidden", options, _size_html, model, "520px")])


def _size_html(model: str) -> str:
    panels, rows, names = {}, [], {}
    for name, task in TASKS.items():
        panels[name] = {
            "the family": by_size(task),
            "at three times the learning rate": by_size(task, faster=True),
        }
        names |= {found(task, m).D: m.removeprefix("roberta-") for m in sizes(task)}
        f = found(task, model)
        ratio = f"{f.D / f.own.d:,.0f}" if f.own.d else "–"
        rows.append(
            f"<tr><td>{name}</td><td>{f.D:,}</td><td>{f.full:.3f}</td><td><b>{f.own}</b></td>"
            f"<td>{ratio}</td></tr>"
        )
    mini = curve("sst2_minilm_global", TASKS["SST-2"], MINILM)
    panels["SST-2"]["MiniLM"] = {mini.D: d90(mini.runs, 0.9 * mini.baseline).per_seed}
    names[mini.D] = "MiniLM"
    chosen = [found(task, model).D for task in TASKS.values()]
    names = {D: f"{name}\n{D / 1e6:.1f} million" for D, name in names.items()}
    tasks = [task.split("-")[0] for task in TASKS.values()]
    stores = [recorded(f"{kind}_{task}") for kind in ("family", "rate") for task in tasks]
    fig = d90_of_sizes(panels, names, chosen, provenance(*stores))
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
