"""Fine-tuning language models in subspaces: recorded curves, and shares of a step."""

import functools
from collections.abc import Mapping, Sequence

import torch
from torch import nn

from ...engine.estimate import Estimate
from ...engine.training import predict
from ...errors import IdlibError
from ...problems.texts import load_text
from ...studies.decoder import MASKED, SMALL
from ...studies.layout import paired, short_name
from ...studies.protocols import MINILM
from ...studies.published import TABLE1, as_estimate
from ...studies.reading import cell, cells, replay
from ...studies.results import Cell
from ...studies.tuned import SENTENCES, tuned_runs

__all__ = [
    "CURVES",
    "GROUPS",
    "answers",
    "apart",
    "asked",
    "d90_pairs",
    "decoder_cells",
    "group_of",
    "method_cells",
    "praised",
    "said_ahead",
    "scores_by_rate",
    "step_shares",
]

TASK_NAMES = {"sst2": "SST-2", "qqp": "QQP", "mrpc": "MRPC", "docstrings": "docstrings"}
WAYS = {"global": "one P", "per-tensor": "per tensor"}
CURVES = {  # parts of the study `methods`, each a pair of recorded curves
    "MiniLM on SST-2": "minilm-sst2",
    "RoBERTa 4x128 on SST-2": "small-sst2",
    "RoBERTa 4x128 on docstrings": "small-docstrings",
}
LOOKED_AT = 150  # test texts
GROUPS = ("embeddings", "weight matrices", "biases and LayerNorm", "head")


def method_cells(curves: str) -> dict[str, Cell]:
    """What was recorded under DID and SAID.

    Args:
        curves: a key of `CURVES`.
    """
    return {c.method.name: c for c in cells("methods", CURVES[curves])}


def scores_by_rate(normalize: str) -> dict[float, float]:
    """The validation accuracy at each learning rate, recorded at d = 1000 on SST-2.

    Args:
        normalize: "global" or "per-tensor".
    """
    rated = cell("methods", "every-rate", normalize=normalize).rated[1000]
    return {lr: score for lr, (score,) in rated.items()}


def decoder_cells() -> dict[str, Cell]:
    """What was recorded of the study `decoder`: SmolLM2 with a prompt and with a new head, our
    small RoBERTa asked at a mask and with a new head, and MiniLM with a new head."""
    light = {c.model: c for c in cells("decoder", "light")}
    return {
        "SmolLM2, prompt": cell("decoder", "prompted"),
        "SmolLM2, new head": cell("decoder", "head"),
        "MiniLM, new head": light[MINILM],
        "4x128, at a mask": light[MASKED],
        "4x128, new head": light[SMALL],
    }


def asked(c: Cell) -> tuple[Sequence[str], Sequence[int], Sequence[str]]:
    """Texts that a tuned model is shown, the numbers of their classes, and the classes' names: our
    own sentences on films, or the first test texts of the task."""
    if praised(c):
        texts, labels = zip(*SENTENCES, strict=True)
        return texts, labels, ("blame", "praise")
    task = load_text(c.task)
    texts = [" / ".join(text) for text in task.test.texts[:LOOKED_AT]]
    return texts, task.test.labels[:LOOKED_AT], task.classes


def praised(c: Cell) -> bool:
    """Whether it was recorded what the cell's models say of our own sentences."""
    return any(run.praise for run in tuned_runs(c.part).values())


@functools.cache
def answers(c: Cell, d: int) -> list[int]:
    """What the first seed's recorded subspace of d dimensions answers to the texts of `asked`: as
    recorded, or rebuilt from its seed and d numbers."""
    if praised(c):
        return [round(p) for p in tuned_runs(c.part)[bool(c.method.structure_aware), d].praise]
    from ...problems.tokens import encode  # transformers takes seconds to import

    test = encode(load_text(c.task).test, c.model)
    few = torch.utils.data.TensorDataset(*(t[:LOOKED_AT] for t in test.tensors))
    return predict(replay(c.first_seed[d]).merged(), few).tolist()


def group_of(name: str) -> str:
    """The group of `GROUPS` that a parameter of that name belongs to.

    >>> group_of("bert.encoder.layer.0.output.LayerNorm.weight")
    'biases and LayerNorm'
    """
    if name.split(".")[0] == "classifier" or ".classifier." in name or ".pooler." in name:
        return "head"
    if name.endswith("bias") or "LayerNorm" in name:
        return "biases and LayerNorm"
    return "embeddings" if "embeddings" in name else "weight matrices"


def step_shares(model: nn.Module) -> dict[str, Mapping[str, float]]:
    r"""The part of :math:`E\,\|P x\|^2` that falls on each group of parameters.

    With one P over the whole vector ("global") it is the group's share of the parameters,
    :math:`D_t / D`; with a P for each tensor ("per-tensor") its share of the tensors.

    Args:
        model: only names and shapes of its parameters matter; it may lie on torch's meta device.

    Returns:
        For "global" and "per-tensor" the share of each group, which sum to 1.
    """
    sizes = {name: p.numel() for name, p in model.named_parameters()}
    found = {}
    for way in ("global", "per-tensor"):
        weight = {n: size if way == "global" else 1 for n, size in sizes.items()}
        whole = sum(weight.values())
        found[way] = {
            group: sum(w for n, w in weight.items() if group_of(n) == group) / whole
            for group in GROUPS
        }
    return found


def d90_pairs() -> dict[str, dict[str, tuple[Estimate, Estimate]]]:
    """d90 under DID and under SAID, of the published pairs and of the recorded ones."""
    published = {
        f"{model}, {task}": (as_estimate(TABLE1["DID", task][model]), as_estimate(said))
        for task in ("MRPC", "QQP")
        for model, said in TABLE1["SAID", task].items()
    }
    here: dict[str, tuple[Estimate, Estimate]] = {}
    for did, said in paired():
        name = f"{short_name(did.model)}, {TASK_NAMES[did.task.split('-')[0]]}"
        name += f", {WAYS[did.method.normalize]}"
        here[name.replace("one P", "other rates") if name in here else name] = did.d90(), said.d90()
    return {"published": published, "here": here}


def said_ahead(part: str) -> dict[int, list[float]]:
    """How much more MiniLM scores under SAID than under DID, by d: one for each seed.

    Args:
        part: of the study `paired`.
    """
    did, said = (
        {(r.config.d, r.config.seed): r.score for r in cell("paired", part, method=name).runs}
        for name in ("DID", "SAID")
    )
    found: dict[int, list[float]] = {}
    for d, seed in sorted(did):
        found.setdefault(d, []).append(said[d, seed] - did[d, seed])
    return found


def apart(one: Estimate, other: Estimate) -> bool:
    """Whether the intervals of two d90 have nothing in common."""
    if one.interval is None or other.interval is None:
        raise IdlibError("A d90 without an interval was given: pass two that have one.")
    return max(one.interval[0], other.interval[0]) > min(one.interval[1], other.interval[1])
