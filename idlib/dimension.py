r"""The intrinsic dimension d90: the smallest d that reaches 90 % of the full model's score.

Three definitions are in use and give different numbers, so all are reported: relative, a score of
at least 0.9 times the full model's own; absolute, a score of at least 0.9 (which Li et al.'s
released MNIST figures use); and gain, at least 0.9 of what the full model gains over what is had
for nothing (see `idlib.engine.estimate`). Each is an upper bound: it depends on the model, the
data, the projection, the optimiser and the number of steps.

References:
    | Measuring the Intrinsic Dimension of Objective Landscapes (Li et al., 2018), section 2,
      https://arxiv.org/abs/1804.08838
"""

import hashlib
import math
import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset

from .engine.config import Run, RunConfig
from .engine.data import commonest, count, fingerprint
from .engine.estimate import DEFINITIONS, Estimate, bracket, d90, goal_of, interval
from .engine.form import as_dataset
from .engine.look import look_at
from .engine.models import count_parameters, model_label
from .engine.rates import Chooser, Rates
from .engine.runs import NEVER, Problem, build
from .engine.search import rate_at, search
from .engine.store import RunStore
from .engine.sweeps import bar_of, shared, sweep
from .engine.training import accuracy
from .errors import IdlibError, check_integer

__all__ = ["IntrinsicDimension", "intrinsic_dimension", "lattice"]

FULL_LRS, LRS = Rates.full_lrs, Rates.lrs  # with 1.0 LeNet learns nothing from some seeds
FIRST_D = 128
KNOWN = (F.cross_entropy.__qualname__, accuracy.__qualname__)
PILOTS = tuple(round(FIRST_D * 10.0**k) for k in range(-2, 7))  # a rate is chosen at the nearest


@dataclass(frozen=True)
class IntrinsicDimension:
    """What `intrinsic_dimension` found; print it for a summary.

    Args:
        D: parameters of the full model.
        baseline: the full model's score, the mean over the seeds.
        majority: the accuracy of always giving the commonest label, None for another score.
        floor: what is had for nothing: the untrained model's score, the mean over the seeds, or
            `majority`, whichever is higher.
        relative: d90 at 0.9 times the baseline.
        absolute: d90 at the absolute threshold.
        gain: d90 at the floor and 0.9 times what the baseline lies above it.
        lr: the learning rate chosen on the validation split, near d90.
        runs: every run made or found in the store.
    """

    D: int
    baseline: float
    majority: float | None
    floor: float
    relative: Estimate
    absolute: Estimate
    gain: Estimate
    lr: float
    runs: tuple[Run, ...]

    def __str__(self) -> str:
        return (
            f"D = {self.D:,}, full model's score {self.baseline:.3f}, had for nothing "
            f"{self.floor:.3f}\n"
            f"d90, relative: {self.relative}\n"
            f"d90, absolute: {self.absolute}\n"
            f"d90, gain: {self.gain}\n"
            f"{len(self.runs)} runs, learning rate {self.lr:g}"
        )


def intrinsic_dimension(
    model_fn: Callable[[], nn.Module],
    train: Dataset,
    test: Dataset,
    *,
    absolute: float = 0.9,
    seeds: Sequence[int] = (0, 1, 2),
    projection: str = "fastfood",
    normalize: str = "global",
    epochs: int = 5,
    batch_size: int = 128,
    lrs: Sequence[float] = LRS,
    full_lrs: Sequence[float] = FULL_LRS,
    d_max: int | None = None,
    per_octave: int = 4,
    loss_fn: Callable[[Any, Tensor], Tensor] = F.cross_entropy,
    score: Callable[[nn.Module, Dataset], float] = accuracy,
    device: str = "cpu",
    jobs: int = 1,
    store: RunStore | str | os.PathLike | None = None,
    progress: bool = True,
) -> IntrinsicDimension:
    """Measures the d90 of a model on a data set, by search.

    Trains the full model; then moves up or down from d = 128, by factors of 2, 4, 16 and so on,
    until the thresholds are bracketed, and bisects on a grid of `per_octave` values for each
    doubling. A run ends early once it is clear which thresholds it reaches, but for those on both
    sides of d90, between whose scores d90 is interpolated. Learning rates are chosen on a
    validation split of the training data, for the full model and for the subspace, the latter at
    the nearest of dimensions a factor of 10 apart (13, 128, 1280, …); from there to d it is scaled
    as in `idlib.engine.search.rate_at`. Interrupt at any time: with a `store` on disk the same call
    goes on where it was.

    Args:
        model_fn: makes the model; called with torch's generator seeded.
        train: pairs of inputs and targets: labels, class probabilities, or what the loss takes;
            see `idlib.engine.form.as_dataset` for the forms that are understood.
        test: the same, never used for a choice.
        absolute: threshold of the absolute definition, in the units of the score.
        seeds: for initial weights, projection and order of the data.
        projection: see `idlib.Subspace`.
        normalize: see `idlib.Subspace`.
        epochs: passes over the training data for each run.
        batch_size: examples in a step.
        lrs: learning rates to choose from in the subspace, for d = 128; scaled for another d.
        full_lrs: the same for the full model.
        d_max: largest d to try, D if None.
        per_octave: resolution; 4 means steps of 19 %.
        loss_fn: from outputs and targets to a scalar, see `idlib.engine.training.train`; a store
            knows it by its name.
        score: from a model and a data set to a number, larger is better: R², Matthews'
            correlation, an error with its sign turned. Of a full model's score that is not
            positive there is no 90 %, and of one outside 0 to 1 an `absolute` up to 1 says
            nothing; then the estimate's note says so. Only with accuracy does a run end early.
            A store knows it by its name.
        device: where the runs are made, such as "cuda".
        jobs: processes, one thread each; 1 makes the runs here, with torch's own threads.
        store: finished runs, or the path of their file. Data that change from call to call, by
            random augmentation, count as other data each time.
        progress: whether to show a bar with the current d and score.

    Raises:
        IdlibError: before anything is trained, if data, model, loss and score do not fit
            (`idlib.engine.look`), on empty data, a model without trainable parameters, a
            `model_fn` that returns one model again and again, a nameless loss or score with a
            store; later, if every learning rate diverges.
    """
    train, test = as_dataset(train), as_dataset(test)
    if not (count(train) and count(test)):
        raise IdlibError(f"Got {count(train)} training and {count(test)} test examples: pass some.")
    for name, values in (("seeds", seeds), ("lrs", lrs), ("full_lrs", full_lrs)):
        if not len(values):
            raise IdlibError(f"{name} is empty: pass at least one.")
    check_integer("per_octave", per_octave, 1)
    check_integer("jobs", jobs, 1)
    seeds = [check_integer("a seed", seed, 0) for seed in seeds]
    if not (0 < absolute <= 1 or (score is not accuracy and math.isfinite(absolute))):
        raise IdlibError(f"absolute = {absolute} was given, expected a share such as 0.9.")
    D = count_parameters(model_fn)
    ds = lattice(check_integer("d_max", D if d_max is None else d_max, 1, D), per_octave)
    patience = None if score is accuracy else NEVER
    problem = Problem(model_fn, train, test, loss_fn, score=score, patience=patience, device=device)
    look_at(problem)
    names = [_name_of(what, store) for what in (loss_fn, score)]
    own = "".join(f"-{name}" for name in names if name not in KNOWN)
    store = store if isinstance(store, RunStore) else RunStore(store)
    base = RunConfig(
        task=f"{fingerprint(train)}-{fingerprint(test)}{own}",
        model=model_label(model_fn, train[0][0]),
        d=1,
        lr=math.nan,
        seed=seeds[0],
        projection=projection,
        normalize=normalize,
        epochs=epochs,
        batch_size=batch_size,
    )
    build(base, model_fn)  # refuses what no run could be made with
    rates = Rates(tuple(lrs), tuple(full_lrs), PILOTS, tried_for=FIRST_D, scaled=True)
    made: dict[RunConfig, Run] = {}
    bar = bar_of("d90", disable=not progress, leave=False)
    with bar, store.writing(), shared(problem, jobs) as maker:

        def make(configs: Sequence[RunConfig]) -> list[Run]:
            runs = sweep(configs, store, maker, jobs, bar=bar)
            made.update(zip(configs, runs, strict=True))
            return runs

        chooser = Chooser(rates, seeds, make)

        def rate(d: int) -> float:
            pilot = chooser.pilot(d, ds[-1])
            chooser.choose([replace(base, d=pilot)])
            return rate_at(d, chooser.of(replace(base, d=pilot)), pilot)

        def scored(configs: Sequence[RunConfig]) -> list[Run]:
            return make([replace(c, lr=rate(c.d)) for c in configs if c.d])  # all have one

        full = replace(base, d=None)
        chooser.choose([full, replace(base, d=min(FIRST_D, ds[-1]))])
        full = replace(full, lr=chooser.of(full))
        baselines = make([replace(full, seed=seed) for seed in seeds])
        full_scores = [r.score for r in baselines if r.score is not None]
        if len(full_scores) < len(baselines):
            raise IdlibError(f"The full model {baselines[0].message or 'diverged'}.")
        baseline = statistics.fmean(full_scores)
        majority = commonest(test) if score is accuracy else None
        starts = [r.start for r in baselines if r.start is not None]
        start = [statistics.fmean(starts)] if starts else []  # none in files of before it was kept
        floor = max([*start, *([] if majority is None else [majority])], default=0.0)
        goals = {name: goal_of(name, floor, absolute) for name in DEFINITIONS}
        thresholds = {name: goal.score(baseline) for name, goal in goals.items()}
        notes = {
            "relative": _no_share(baseline) or _hopeless(thresholds["relative"], majority),
            "absolute": _other_scale(absolute, baseline) or _hopeless(absolute, majority),
            "gain": _no_gain(baseline, floor),
        }
        wanted = [t for name, t in thresholds.items() if not notes[name]]
        search(
            [(replace(base, seed=seed), ds, wanted) for seed in seeds], FIRST_D, per_octave, scored
        )

        def tested() -> list[Run]:
            return [r for c, r in made.items() if c.scored_on == "test" and c.d]

        while early := [r for t in wanted for r in bracket(tested(), t) if r.status == "decided"]:
            scored([replace(r.config, decide=()) for r in early])  # to their last step
        inside = tested()
        found = [d90(inside, t).d or ds[-1] for t in wanted]
        lr = rate(found[0] if found else FIRST_D)
    estimates = {}
    for name, threshold in thresholds.items():
        estimate = d90(inside, threshold)
        note = notes[name] or (estimate.note and f"{estimate.note} up to d = {ds[-1]:,}")
        ends = None if note else interval(inside, goals[name], baselines)
        estimates[name] = replace(estimate, note=note, interval=ends)
    return IntrinsicDimension(
        D, baseline, majority, floor, **estimates, lr=lr, runs=tuple(made.values())
    )


def lattice(d_max: int, per_octave: int = 4) -> list[int]:
    """Dimensions from 1 to `d_max`, evenly spaced in their logarithm.

    >>> lattice(20, per_octave=2)
    [1, 2, 3, 4, 6, 8, 11, 16, 20]
    """
    steps = math.floor(per_octave * math.log2(d_max)) + 1
    return sorted({round(2 ** (k / per_octave)) for k in range(steps)} | {d_max})


def _hopeless(threshold: float, majority: float | None) -> str:
    if majority is not None and threshold <= majority:
        return f"not informative, the commonest label scores {majority:.3f}"
    return ""


def _no_share(baseline: float) -> str:
    if baseline <= 0:
        return (
            f"not informative, the full model scores {baseline:.3f}, and 90 % of what is not "
            "positive is no goal: pass a score that grows from 0, such as R²"
        )
    return ""


def _no_gain(baseline: float, floor: float) -> str:
    if baseline <= floor:
        return (
            f"not informative, the full model scores {baseline:.3f}, and {floor:.3f} is for nothing"
        )
    return ""


def _other_scale(absolute: float, baseline: float) -> str:
    if 0 < absolute <= 1 and not 0 <= baseline <= 1:
        return (
            f"not informative, the full model scores {baseline:.3f}, outside 0 to 1: pass absolute "
            "in the units of the score"
        )
    return ""


def _name_of(function: Callable, store: object) -> str:
    """What a store knows a loss or a score by."""
    label = getattr(function, "__qualname__", "")
    if isinstance(function, nn.Module):
        told = {k: v for k, v in vars(function).items() if not k.startswith("_")}
        told |= {k: v.tolist() for k, v in function.state_dict().items()}
        digest = hashlib.blake2b(f"{function} {told}".encode(), digest_size=5)
        return f"{type(function).__name__}-{digest.hexdigest()}"
    if store is not None and (not label or label.endswith("<lambda>")):
        raise IdlibError(
            f"A store knows runs by the name of their loss and score, and {function!r} has none: "
            "pass a function made with def, or store=None."
        )
    return label
