"""How recorded d90 of language models are laid out: in a table shaped like Table 1 of Aghajanyan et
al. (2021), and along an axis (notebooks 08 to 10)."""

import functools

from .reading import cells
from .results import Cell

__all__ = ["TASKS", "d90_table", "method_cells", "paired", "short_name"]

TASKS = {"SST-2": "sst2", "docstrings": "docstrings"}  # parts of `pretraining` and `family`

TABLE = {  # studies and parts for `method_cells`, in the order of precedence
    "family": ("sst2", "sst2-said", "sst2-per-tensor", "docstrings"),
    "methods": ("minilm-sst2", "minilm-sst2-one-p"),
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
PAIRED = (  # studies, and their parts that hold DID and SAID at rates chosen in one way
    ("methods", "minilm-sst2"),
    ("methods", "minilm-sst2-one-p"),
    ("pairs", "minilm"),
    ("pairs", "minilm-one-p"),
    ("pairs", "minilm-qqp"),
    ("pairs", "minilm-qqp-one-p"),
    ("family", "sst2", "sst2-said"),
    ("methods", "small-sst2"),
    ("methods", "small-docstrings"),
)


@functools.cache
def method_cells() -> dict[tuple[str, str, str], dict[str, Cell]]:
    """What was recorded under "DID" and "SAID": by task, normalisation ("global", "per-tensor") and
    model."""
    found: dict[tuple[str, str, str], dict[str, Cell]] = {}
    for study, parts in TABLE.items():
        for c in (c for part in parts for c in cells(study, part)):
            key = c.task.split("-n")[0], c.method.normalize, short_name(c.model)
            found.setdefault(key, {}).setdefault(c.method.name, c)
    tasks = list(dict.fromkeys(task for task, _, _ in found))
    return dict(sorted(found.items(), key=lambda row: (tasks.index(row[0][0]), row[0][1])))


def paired() -> list[tuple[Cell, Cell]]:
    """DID and SAID of one model on one task with P normalised in one way, where both have a d90."""
    found: dict[tuple, dict[str, Cell]] = {}
    for study, *parts in PAIRED:
        for c in (c for part in parts for c in cells(study, part)):
            key = study, c.task, c.model, c.method.normalize
            found.setdefault(key, {})[c.method.name] = c
    pairs = [(both["DID"], both["SAID"]) for both in found.values() if len(both) == 2]
    return [pair for pair in pairs if all(c.d90().d for c in pair)]


def d90_table() -> dict[tuple[str, str, str], tuple[str, str]]:
    """d90 as recorded under DID and SAID, in the words of `idlib.studies.results.Cell.told`, and a
    dash where it was not; rows as in `method_cells`."""
    return {
        row: tuple(both[m].told() if m in both else "–" for m in ("DID", "SAID"))
        for row, both in method_cells().items()
    }


def short_name(model: str) -> str:
    """A model's name as tables and figures have it.

    >>> short_name("sentence-transformers/all-MiniLM-L6-v2"), short_name("roberta-4x128")
    ('MiniLM', '4x128')
    """
    return "MiniLM" if "MiniLM" in model else model.removeprefix("roberta-")
