"""Recorded fine-tuning with adapters, beside random subspaces and the full model.

References:
    | LoRA: Low-Rank Adaptation of Large Language Models (Hu et al., 2022), table 2,
      https://arxiv.org/abs/2106.09685
"""

import functools
import statistics
from dataclasses import dataclass

from .adapters import split_name
from .errors import IdlibError
from .experiments import MINILM
from .recorded import FOLDER, provenance, recorded
from .store import Run
from .tuning import MAJORITY

__all__ = [
    "METHODS",
    "PUBLISHED",
    "SHOWN",
    "Point",
    "compared",
    "found",
    "majority",
    "points",
    "sources",
    "where_from",
]

SHOWN = {  # model, task, and the experiments that hold their runs
    "RoBERTa 4x128 on SST-2": (
        "roberta-4x128", "sst2-n19200", ("sst2_small", "lora_sst2", "lora_vectors")
    ),
    "RoBERTa 4x128 on QQP (sample)": (
        "roberta-4x128", "qqp-sample-n19200",
        ("qqp_small", "lora_qqp", "lora_vectors"),
    ),
    "MiniLM on SST-2": (
        MINILM, "sst2-n19200",
        ("sst2_minilm", "head_minilm", "lora_minilm", "vera_minilm"),
    ),
    "MiniLM on QQP (sample)": (
        MINILM, "qqp-sample-n19200",
        ("qqp_minilm", "head_minilm", "lora_minilm_qqp", "vera_minilm_qqp"),
    ),
}  # fmt: skip
METHODS = ("full", "DID", "SAID", "head", "LoRA", "VeRA", "Uni-LoRA")
ADAPTERS = {"head": "head", "lora": "LoRA", "vera": "VeRA", "unilora": "Uni-LoRA"}
PUBLISHED = {  # accuracy of RoBERTa-base in per cent: LoRA, table 2; its rank is 8
    "SST-2": {"full": 94.8, "LoRA": 95.1},
    "QQP": {"full": 91.9, "LoRA": 90.8},
}


@dataclass(frozen=True)
class Point:
    """The recorded runs of one way to tune a model.

    Args:
        method: one of `METHODS`.
        size: d of a subspace, rank of LoRA and VeRA, length of Uni-LoRA's vector; 0 for the
            head alone, D for the full model.
        numbers: how many are trained, the head's among them.
        lr: learning rate of the scored runs.
        scores: test accuracy, one for each seed.
    """

    method: str
    size: int
    numbers: int
    lr: float
    scores: tuple[float, ...]

    @property
    def score(self) -> float:
        """The mean over the seeds."""
        return statistics.fmean(self.scores)

    @property
    def name(self) -> str:
        """Method and size."""
        sized = {"DID": "d =", "SAID": "d =", "LoRA": "rank", "VeRA": "rank", "Uni-LoRA": "length"}
        if self.method not in sized:
            return {"full": "full model", "head": "head only"}[self.method]
        return f"{self.method}, {sized[self.method]} {self.size:,}"


@functools.cache
def points(shown: str) -> tuple[Point, ...]:
    """What was recorded, by method and size.

    Args:
        shown: a key of `SHOWN`.
    """
    model, task, _ = SHOWN[shown]
    ways: dict[tuple[str, int], list[Run]] = {}
    for r in (r for name in sources(shown) for r in recorded(name)):
        c = r.config
        base, adapter = split_name(c.model)
        if (base, c.task, c.scored_on) == (model, task, "test") and r.score is not None:
            ways.setdefault(_way(r, adapter), []).append(r)
    found = [
        Point(*way, runs[0].config.d or runs[0].D, runs[0].config.lr, _by_seed(runs))
        for way, runs in ways.items()
    ]
    return tuple(sorted(found, key=lambda p: (METHODS.index(p.method), p.size)))


def _by_seed(runs: list[Run]) -> tuple[float, ...]:
    return tuple(r.score for r in sorted(runs, key=lambda r: r.config.seed))


def _way(run: Run, adapter: str) -> tuple[str, int]:
    if run.config.d:
        return ("SAID" if run.config.structure_aware else "DID"), run.config.d
    kind, _, size = adapter.partition("-")
    return (ADAPTERS[kind], int(size or 0)) if adapter else ("full", run.D)


def found(shown: str, method: str) -> tuple[Point, ...]:
    """The points of one method, by size.

    Raises:
        IdlibError: if there is no such method.
    """
    if method not in METHODS:
        raise IdlibError(f"method {method!r} was asked for, expected one of {METHODS}.")
    return tuple(p for p in points(shown) if p.method == method)


def compared() -> list[str]:
    """The keys of `SHOWN` for which LoRA is recorded."""
    return [s for s in SHOWN if found(s, "LoRA")]


def majority(shown: str) -> float:
    """The accuracy of always giving the commonest label."""
    return MAJORITY[SHOWN[shown][1].split("-")[0]]


def sources(shown: str) -> list[str]:
    """The experiments with runs of it that are recorded."""
    return [name for name in SHOWN[shown][2] if (FOLDER / f"{name}.jsonl").exists()]


def where_from(shown: str) -> str:
    """A line for figures: data, seeds, hardware and date of all that was recorded."""
    model, task, _ = SHOWN[shown]
    return provenance(*(recorded(name) for name in sources(shown)), tasks=[task], models=[model])
