"""The small RoBERTa family that comes with idlib: how it was pretrained, and its d90.

References:
    | Intrinsic Dimensionality Explains the Effectiveness of Language Model Fine-Tuning
      (Aghajanyan et al., 2021), sections 4 and 5, https://arxiv.org/abs/2012.13255
"""

import functools
import itertools
import json
import statistics
from dataclasses import dataclass

import torch

from .dimension import Estimate, d90
from .errors import IdlibError
from .experiments import EXPERIMENTS, FAMILY
from .recorded import recorded, settled
from .theory import relative_gap
from .tuning import MAJORITY

__all__ = [
    "CHECKPOINTS",
    "FIXED",
    "SIZES",
    "TASKS",
    "Found",
    "along",
    "by_size",
    "checkpoints",
    "fill",
    "found",
    "held_out",
    "searched_in",
    "sizes",
    "table",
    "tokens_seen",
]

SIZES = FAMILY
LAST = "roberta-4x128"
START = "roberta-4x128@0"
CHECKPOINTS = (START, *EXPERIMENTS["checkpoints_sst2"].models, LAST)  # by time
TABLE = (  # experiments for `table`
    "family_sst2", "family_said", "family_tensors", "sst2_minilm", "sst2_minilm_global",
    "family_docstrings", "docstrings_small", "qqp_small", "qqp_tensors", "qqp_minilm",
    "qqp_minilm_global", "pairs_small", "pairs_minilm", "mrpc_minilm_global",
)  # fmt: skip
USELESS = "not informative"
TASKS = {"SST-2": "sst2-n19200", "docstrings": "docstrings"}
FIXED = {  # 0.9 times the last checkpoint's full model
    task: EXPERIMENTS[f"checkpoints_{task.split('-')[0]}"].thresholds[0] for task in TASKS.values()
}


@dataclass(frozen=True)
class Found:
    """What was recorded of a model on a task.

    Args:
        model: its name.
        D: parameters.
        full: test accuracy of the full model, the mean over the seeds.
        train: its accuracy on (a sample of) the training data, likewise.
        majority: accuracy of always giving the commonest label.
        own: d90, the smallest d that reaches 0.9 times `full`.
        fixed: the smallest d that reaches a threshold that is the same for all checkpoints;
            None where none was set.
    """

    model: str
    D: int
    full: float
    train: float | None
    majority: float
    own: Estimate
    fixed: Estimate | None

    @property
    def gap(self) -> float | None:
        """See `idlib.theory.relative_gap`; None if `train` is."""
        return None if self.train is None else relative_gap(self.train, self.full)


@functools.cache
def found(task: str, model: str, structure_aware: bool = False, faster: bool = False) -> Found:
    """d90 of a checkpoint or a size on a task, from the recorded searches.

    Args:
        task: a value of `TASKS`.
        model: one of `SIZES` or `CHECKPOINTS`.
        structure_aware: SAID instead of DID.
        faster: one of `SIZES` at three times the learning rate that was chosen for all of them.

    Raises:
        IdlibError: if it was not recorded.
    """
    name = "family_said" if structure_aware else searched_in(task, model)
    name = f"rate_{task.split('-')[0]}" if faster else name
    runs = [r for r in recorded(name) if (r.config.task, r.config.model) == (task, model)]
    full = _full(runs)
    if not full:
        raise IdlibError(f"{name!r} holds no runs of {model!r} on {task!r}.")
    inside = settled(name, (r for r in runs if r.config.structure_aware == structure_aware))
    baseline, majority = statistics.fmean(r.score for r in full), MAJORITY[task.split("-")[0]]
    seen = [r.train_score for r in full if r.train_score is not None]
    searched = {r.config.decide for r in inside}
    own = _estimate(inside, 0.9 * baseline, majority)
    fixed = FIXED[task] if any(FIXED[task] in thresholds for thresholds in searched) else None
    return Found(
        model,
        full[0].D,
        baseline,
        statistics.fmean(seen) if seen else None,
        majority,
        own,
        None if fixed is None else _estimate(inside, fixed, majority),
    )


def searched_in(task: str, model: str) -> str:
    """The experiment in which d90 of a checkpoint or a size on a task was searched.

    Args:
        task: a value of `TASKS`.
        model: one of `SIZES` or `CHECKPOINTS`.
    """
    kind = "untrained" if model == START else "checkpoints" if "@" in model else "family"
    return f"{kind}_{task.split('-')[0]}"


def checkpoints(task: str) -> tuple[str, ...]:
    """The checkpoints whose d90 was recorded on a task, by time."""
    return tuple(m for m in CHECKPOINTS if _planned(task, m))


def _planned(task: str, model: str) -> bool:
    experiment = EXPERIMENTS.get(searched_in(task, model))
    return experiment is not None and model in experiment.models


def along(task: str) -> dict[str, dict[int, tuple[int, ...]]]:
    """d90 along pretraining, by tokens seen: under each checkpoint's own threshold, and under
    one that is the same for all; empty where no d was found. Checkpoints that were not measured
    are left out.

    Args:
        task: a value of `TASKS`.
    """
    own = {tokens_seen(m): found(task, m).own for m in checkpoints(task)}
    fixed = {tokens_seen(m): found(task, m).fixed for m in checkpoints(task)}
    fixed[tokens_seen(LAST)] = found(task, LAST).own  # the same there
    return {
        "90 % of its own full model": _seeds(own),
        f"accuracy {FIXED[task]:.3f}": _seeds(fixed),
    }


def sizes(task: str) -> tuple[str, ...]:
    """The sizes whose d90 was recorded on a task."""
    return tuple(m for m in SIZES if _planned(task, m))


def by_size(task: str, faster: bool = False) -> dict[int, tuple[int, ...]]:
    """d90 of the family by D; empty where no d was found.

    Args:
        task: a value of `TASKS`.
        faster: see `found`.
    """
    measured = [found(task, model, faster=faster) for model in sizes(task)]
    return _seeds({f.D: f.own for f in measured})


@functools.cache
def table() -> dict[tuple[str, str, str], dict[str, str]]:
    """d90 as recorded, in the shape of Table 1 of the paper: by task, method ("DID", "SAID") and
    normalisation ("global", "per-tensor"), and then by model.

    A number is the median over the seeds. "≤" stands before it where no smaller d was tried,
    "none" for it where some seed reached 90 % of the full model's score at no d, and "not
    informative" where always giving the commonest label reaches that.
    """
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for name in TABLE:
        experiment = EXPERIMENTS[name]
        for model, task in itertools.product(experiment.models, experiment.tasks):
            runs = [r for r in recorded(name) if (r.config.task, r.config.model) == (task, model)]
            threshold = 0.9 * statistics.fmean(r.score for r in _full(runs))
            for normalize, aware in experiment.methods:
                of = (normalize, aware)
                inside = [r for r in runs if (r.config.normalize, r.config.structure_aware) == of]
                method = "SAID" if aware else "DID"
                row = rows.setdefault((task.split("-n")[0], method, normalize), {})
                label = model.split("/")[-1].removeprefix("roberta-")
                cell = _cell(settled(name, inside), threshold, MAJORITY[task.split("-")[0]])
                if inside or cell == USELESS:
                    row.setdefault(label, cell)
    for one, another in itertools.permutations(rows, 2):  # which the full model alone decides
        if one[0] == another[0]:
            useless = (label for label, cell in rows[another].items() if cell == USELESS)
            rows[one] = dict.fromkeys(useless, USELESS) | rows[one]
    tasks = list(dict.fromkeys(task for task, _, _ in rows))
    return dict(sorted(rows.items(), key=lambda row: tasks.index(row[0][0])))


def _full(runs: list) -> list:
    """Those of the full model that were scored on test data."""
    runs = [r for r in runs if r.config.d is None and r.config.scored_on == "test"]
    return [r for r in runs if r.score is not None]


def _cell(runs: list, threshold: float, majority: float) -> str:
    estimate = _estimate(runs, threshold, majority)
    if estimate.d is None:
        return USELESS if threshold <= majority else "none"
    return "≤ " * (estimate.d == min(r.config.d for r in runs)) + f"{estimate.d:,}"


def _seeds(estimates: dict[int, Estimate]) -> dict[int, tuple[int, ...]]:
    return {at: e.per_seed if e.d is not None else () for at, e in estimates.items()}


def _estimate(runs: list, threshold: float, majority: float) -> Estimate:
    if threshold <= majority:
        note = f"says nothing, the commonest label scores {majority:.3f}"
        return Estimate(threshold, (), note)
    return d90(runs, threshold)


@functools.cache
def held_out(model: str) -> dict[int, float]:
    """The masked loss on text kept apart, in nats, by tokens seen in pretraining.

    Args:
        model: one of `SIZES`.
    """
    _, *lines = _log(model)
    return {line["tokens"]: line["held_out"] for line in lines}


def tokens_seen(model: str) -> int:
    """Tokens that a checkpoint or a size has been pretrained on."""
    base, _, step = model.partition("@")
    plan, *lines = _log(base)
    batch = plan["plan"]["batch"] * plan["plan"]["length"]
    return int(step) * batch if step else lines[-1]["tokens"]


@functools.cache
def _log(model: str) -> list[dict]:
    from .language import PRETRAINED  # transformers takes seconds to import

    if model not in SIZES:
        raise IdlibError(f"{model!r} was given, expected one of {SIZES}.")
    text = (PRETRAINED / model / "loss.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def fill(model: str, sentence: str, k: int = 3) -> list[tuple[str, float]]:
    """The likeliest tokens for the one ``<mask>`` in a sentence, and their probabilities.

    Args:
        model: one of `SIZES` or `CHECKPOINTS`.
        sentence: text with one ``<mask>``.
        k: how many.

    Raises:
        IdlibError: if the sentence does not hold exactly one ``<mask>``.
    """
    if sentence.count("<mask>") != 1:
        raise IdlibError(f"{sentence!r} holds {sentence.count('<mask>')} of <mask>, expected one.")
    tokenizer, network = _masked_model(model)
    # "the" is a token of its own; it takes the spaces around it as a word does, <mask> doesn't
    encoded = tokenizer(sentence.replace("<mask>", "the"), return_tensors="pt", truncation=True)
    place = encoded.char_to_token(sentence.index("<mask>"))
    if place is None:
        raise IdlibError(f"The <mask> lies behind {tokenizer.model_max_length} tokens: shorten.")
    ids = encoded["input_ids"]
    ids[0, place] = tokenizer.mask_token_id
    with torch.no_grad():
        top = network(input_ids=ids).logits[0, place].softmax(-1).topk(k)
    words = (tokenizer.decode([i]).strip() for i in top.indices.tolist())
    return list(zip(words, top.values.tolist(), strict=True))


@functools.lru_cache(maxsize=len(CHECKPOINTS) + len(SIZES))
def _masked_model(model: str):
    from .language import masked_model  # transformers takes seconds to import

    return masked_model(model)
