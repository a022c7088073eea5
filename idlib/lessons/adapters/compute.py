"""Recorded fine-tuning with adapters, beside random subspaces and the full model."""

import functools
import statistics
from dataclasses import dataclass

from ...engine.config import Run
from ...errors import IdlibError
from ...problems.adapters import split_name
from ...problems.checkpoints import LAST, tokens_seen
from ...studies.adapters import EARLIER, SST2
from ...studies.decoder import PROMPTED
from ...studies.protocols import MINILM
from ...studies.reading import cell, cells
from ...studies.results import Cell

__all__ = [
    "CLOSER",
    "COMPARED",
    "PLACE",
    "WAYS",
    "Tuned",
    "compared_cells",
    "earlier_scores",
    "tuned_ways",
]

COMPARED = {  # model, and the study and part that hold its random subspaces
    "RoBERTa 4x128 on SST-2": ("roberta-4x128", "methods", "small-sst2"),
    "RoBERTa 4x128 on QQP (sample)": ("roberta-4x128", "pairs", "small-qqp"),
    "MiniLM on SST-2": (MINILM, "methods", "minilm-sst2"),
    "MiniLM on QQP (sample)": (MINILM, "pairs", "minilm-qqp"),
}
CLOSER = {  # where the place was kept and the way changed, and where very few numbers were trained
    "RoBERTa 4x128 on SST-2": COMPARED["RoBERTa 4x128 on SST-2"],
    "MiniLM on SST-2, 200 steps": (MINILM, "random_start", "sst2"),
    "SmolLM2 on SST-2, prompted, 40 steps": (PROMPTED, "decoder", "prompted"),
}
PLACE = "LoRA's matrices"  # a random subspace of those that LoRA changes
WAYS = ("full", "DID", "SAID", "head", "LoRA", "VeRA", "Uni-LoRA")
ALL_WAYS = (*WAYS, "TinyLoRA", PLACE)
ADAPTERS = {
    "head": "head", "lora": "LoRA", "vera": "VeRA", "unilora": "Uni-LoRA", "tinylora": "TinyLoRA",
    "matrices": PLACE,
}  # fmt: skip


@dataclass(frozen=True)
class Tuned:
    """The recorded runs of one way to tune a model, of one size.

    Args:
        way: one of `WAYS`, "TinyLoRA" or `PLACE`.
        size: d of a subspace, rank of LoRA and VeRA, length of Uni-LoRA's and TinyLoRA's vector;
            0 for the head alone, D for the full model.
        numbers: how many are trained, the head's among them.
        lr: learning rate of the scored runs.
        scores: test accuracy, one for each seed.
    """

    way: str
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
        """Way and size."""
        if self.way in ("full", "head"):
            return {"full": "full model", "head": "head only"}[self.way]
        sized = {"LoRA": "rank", "VeRA": "rank", "Uni-LoRA": "length", "TinyLoRA": "length"}
        return f"{self.way}, {sized.get(self.way, 'd =')} {self.size:,}"


def compared_cells(compared: str) -> list[Cell]:
    """What was recorded of a model on a task: in random subspaces, and with adapters.

    Args:
        compared: a key of `COMPARED` or `CLOSER`.
    """
    model, study, part = (COMPARED | CLOSER)[compared]
    inside = cells(study, part, model=model)
    adapted = cells("adapters", task=inside[0].task)
    return inside + [c for c in adapted if split_name(c.model)[0] == model]


def earlier_scores() -> dict[int, dict[str, list[float]]]:
    """The small RoBERTa on SST-2 along its pretraining, by tokens seen: LoRA of rank 4, and a
    random subspace of 10,000 dimensions."""
    found = {}
    for step in EARLIER:
        model = f"{LAST}@{step}"
        found[model] = (
            cell("adapters", f"earlier-{step}"),
            cell("pretraining", "sst2", model=model),
        )
    found[LAST] = (
        cell("adapters", "small", model=f"{LAST}+lora-4", task=SST2),
        cell("family", "sst2", model=LAST),
    )
    return {
        tokens_seen(model): {
            "LoRA, rank 4": [run.score for run in adapted.runs],
            "subspace, d = 10,000": inside.scores[10_000],
        }
        for model, (adapted, inside) in found.items()
    }


def tuned_ways(compared: str, *ways: str) -> tuple[Tuned, ...]:
    """What is compared, by way and size.

    Args:
        compared: a key of `COMPARED` or `CLOSER`.
        ways: of `WAYS`, "TinyLoRA" and `PLACE`; `WAYS` if there are none.

    Raises:
        IdlibError: if there is no such way.
    """
    for way in ways:
        if way not in ALL_WAYS:
            raise IdlibError(f"way {way!r} was asked for, expected one of {ALL_WAYS}.")
    return tuple(t for t in _all_ways(compared) if t.way in (ways or WAYS))


@functools.cache
def _all_ways(compared: str) -> tuple[Tuned, ...]:
    found = compared_cells(compared)
    runs = {r.config: r for c in found for r in (*c.full, *c.runs) if r.score is not None}
    by_size: dict[tuple[str, int], list[Run]] = {}
    for r in sorted(runs.values(), key=lambda r: r.config.seed):
        by_size.setdefault(_way(r), []).append(r)
    tuned = [
        Tuned(*way, own[0].config.d or own[0].D, own[0].config.lr, tuple(r.score for r in own))
        for way, own in by_size.items()
    ]
    return tuple(sorted(tuned, key=lambda t: (ALL_WAYS.index(t.way), t.size)))


def _way(run: Run) -> tuple[str, int]:
    if run.config.d:
        return ("SAID" if run.config.structure_aware else "DID"), run.config.d
    kind, _, size = split_name(run.config.model)[1].partition("-")
    return (ADAPTERS[kind], int(size or 0)) if kind else ("full", run.D)
