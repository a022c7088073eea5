"""Fine-tuning language models in subspaces: recorded curves, and shares of a step."""

import functools
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ...engine.training import predict
from ...problems.texts import load_text
from ...studies.reading import cell, cells, replay
from ...studies.results import Cell

__all__ = [
    "CURVES",
    "GROUPS",
    "answers",
    "group_of",
    "method_cells",
    "scores_by_rate",
    "step_shares",
]

CURVES = {  # parts of the study `methods`, each a pair of recorded curves
    "MiniLM on SST-2": "minilm-sst2",
    "RoBERTa 4x128 on SST-2": "small-sst2",
    "RoBERTa 4x128 on docstrings": "small-docstrings",
}
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


@functools.cache
def answers(tuned: Cell, d: int, n: int) -> Tensor:
    """What the first seed's recorded subspace of d dimensions answers to the first n test texts,
    shape (n,): rebuilt from its seed and d numbers."""
    from ...problems.tokens import encode  # transformers takes seconds to import

    test = encode(load_text(tuned.task).test, tuned.model)
    few = torch.utils.data.TensorDataset(*(t[:n] for t in test.tensors))
    return predict(replay(tuned.first_seed[d]).merged(), few)


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
