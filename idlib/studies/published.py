"""Published numbers that the course is held against, each with its source."""

import math

from ..engine.estimate import Estimate

__all__ = ["LORA", "MILLIONS", "TABLE1", "as_estimate", "table1_by_size"]

# d90 of Aghajanyan et al. (2021), table 1, https://arxiv.org/abs/2012.13255: method, task, model
TABLE1 = {
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
MILLIONS = {"BERT-base": 110, "BERT-large": 340, "RoBERTa-base": 125, "RoBERTa-large": 355}  # D

# Accuracy of RoBERTa-base in per cent, rank 8: Hu et al. (2022), table 2,
# https://arxiv.org/abs/2106.09685
LORA = {
    "SST-2": {"full": 94.8, "LoRA": 95.1},
    "QQP": {"full": 91.9, "LoRA": 90.8},
}


def as_estimate(d: int) -> Estimate:
    """A published d90, which comes without its threshold and without an interval."""
    return Estimate(math.nan, (d,), between=(float(d),))


def table1_by_size(method: str) -> dict[str, dict[int, Estimate]]:
    """`TABLE1` by D: for each family and task, such as "BERT, MRPC", a d90 for each size.

    Args:
        method: "DID" or "SAID".
    """
    lines: dict[str, dict[int, Estimate]] = {}
    for task in ("MRPC", "QQP"):
        for model, d in TABLE1[method, task].items():
            line = lines.setdefault(f"{model.split('-')[0]}, {task}", {})
            line[MILLIONS[model] * 10**6] = as_estimate(d)
    return lines
