"""How recorded d90 of language models are laid out: in a table shaped like Table 1 of Aghajanyan et
al. (2021), and along an axis (notebooks 08 to 10)."""

import functools
import itertools

from ..engine.estimate import Estimate
from .reading import cells
from .results import USELESS

__all__ = ["TASKS", "d90_table", "seeds_of"]

TASKS = {"SST-2": "sst2", "docstrings": "docstrings"}  # parts of `pretraining` and `family`

TABLE = {  # studies and parts for `d90_table`, in the order of precedence
    "family": ("sst2", "sst2-said", "sst2-per-tensor", "docstrings"),
    "methods": ("minilm-sst2", "minilm-sst2-one-p", "small-docstrings"),
    "pairs": (
        "small-qqp",
        "small-qqp-per-tensor",
        "minilm-qqp",
        "minilm-qqp-one-p",
        "small",
        "minilm",
        "minilm-one-p",
    ),
}


@functools.cache
def d90_table() -> dict[tuple[str, str, str], dict[str, str]]:
    """d90 as recorded, in the words of `idlib.studies.results.Cell.told`: by task, method ("DID",
    "SAID") and normalisation ("global", "per-tensor"), and then by model."""
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for study, parts in TABLE.items():
        for c in (c for part in parts for c in cells(study, part)):
            key = c.task.split("-n")[0], c.method.name, c.method.normalize
            model = c.model.split("/")[-1].removeprefix("roberta-")
            rows.setdefault(key, {}).setdefault(model, c.told())
    for one, another in itertools.permutations(rows, 2):  # which the full model alone decides
        if one[0] == another[0]:
            useless = (model for model, told in rows[another].items() if told == USELESS)
            rows[one] = dict.fromkeys(useless, USELESS) | rows[one]
    tasks = list(dict.fromkeys(task for task, _, _ in rows))
    return dict(sorted(rows.items(), key=lambda row: tasks.index(row[0][0])))


def seeds_of(estimate: Estimate) -> tuple[float, ...]:
    """d90 of all seeds, between the d tried, to be drawn; empty where there is no d90."""
    return () if estimate.d is None else tuple(d for d in estimate.between if d)
