"""Fine-tuning language models in subspaces: recorded curves, shares of a step, published d90.

References:
    | Intrinsic Dimensionality Explains the Effectiveness of Language Model Fine-Tuning
      (Aghajanyan et al., 2021), table 1, https://arxiv.org/abs/2012.13255
"""

import functools
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from .experiments import MINILM
from .recorded import Curve, curve, recorded, replay
from .texts import load_text
from .training import predict

__all__ = [
    "GROUPS",
    "MAJORITY",
    "METHODS",
    "PUBLISHED",
    "SHOWN",
    "answers",
    "curves",
    "group_of",
    "published_by_size",
    "rates",
    "step_shares",
]

METHODS = {"DID": False, "SAID": True}  # the value of structure_aware
SHOWN = {  # experiment, task and model of each recorded pair of curves
    "MiniLM on SST-2": ("sst2_minilm", "sst2-n19200", MINILM),
    "RoBERTa 4x128 on SST-2": ("sst2_small", "sst2-n19200", "roberta-4x128"),
    "RoBERTa 4x128 on docstrings": ("docstrings_small", "docstrings", "roberta-4x128"),
}
MAJORITY = {  # share of the commonest label in the test data, as recorded
    "sst2": 0.509, "docstrings": 0.210, "qqp": 0.624, "mrpc": 0.684, "rte": 0.527
}  # fmt: skip
GROUPS = ("embeddings", "weight matrices", "biases and LayerNorm", "head")
PUBLISHED = {  # d90 of Aghajanyan et al. (2021), table 1: method, task, model
    ("SAID", "MRPC"): {
        "BERT-base": 1608, "BERT-large": 1037, "RoBERTa-base": 896, "RoBERTa-large": 207
    },
    ("SAID", "QQP"): {
        "BERT-base": 8030, "BERT-large": 1200, "RoBERTa-base": 896, "RoBERTa-large": 774
    },
    ("DID", "MRPC"): {
        "BERT-base": 1861, "BERT-large": 2493, "RoBERTa-base": 1000, "RoBERTa-large": 322
    },
    ("DID", "QQP"): {
        "BERT-base": 9295, "BERT-large": 1389, "RoBERTa-base": 1389, "RoBERTa-large": 774
    },
}  # fmt: skip
MILLIONS = {"BERT-base": 110, "BERT-large": 340, "RoBERTa-base": 125, "RoBERTa-large": 355}


def published_by_size(method: str) -> dict[str, dict[int, list[int]]]:
    """`PUBLISHED` by D: for each family and task, such as "BERT, MRPC", one d90 for each size.

    Args:
        method: a key of `METHODS`.
    """
    lines: dict[str, dict[int, list[int]]] = {}
    for task in ("MRPC", "QQP"):
        for model, d in PUBLISHED[method, task].items():
            line = lines.setdefault(f"{model.split('-')[0]}, {task}", {})
            line[MILLIONS[model] * 10**6] = [d]
    return lines


def curves(shown: str) -> dict[str, Curve]:
    """The recorded curves under DID and SAID of a key of `SHOWN`."""
    return {method: curve(*SHOWN[shown], aware) for method, aware in METHODS.items()}


def rates(normalize: str) -> dict[float, float]:
    """The validation accuracy at each learning rate, recorded at d = 1000 on SST-2.

    Args:
        normalize: "global" or "per-tensor".
    """
    return {
        r.config.lr: r.score or 0.0
        for r in recorded("normalisation")
        if r.config.d and r.config.scored_on == "validation" and r.config.normalize == normalize
    }


@functools.cache
def answers(run_curve: Curve, d: int, n: int) -> Tensor:
    """What the first seed's recorded subspace of d dimensions answers to the first n test texts,
    shape (n,): rebuilt from its seed and d numbers."""
    from .language import encode  # transformers takes seconds to import

    test = encode(load_text(run_curve.task).test, run_curve.model)
    few = torch.utils.data.TensorDataset(*(t[:n] for t in test.tensors))
    return predict(replay(run_curve.first_seed[d]).merged(), few)


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
