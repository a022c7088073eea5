"""Checks for notebook 03."""

import numbers
import random
from collections.abc import Callable

import torch
from torch import nn

from ...dimension import IntrinsicDimension
from ...engine.config import RunConfig
from ...engine.runs import Problem
from ...engine.search import rate_at
from ...problems.images import load
from ...problems.networks import MODELS
from ...projections import make_projection
from ..base.checks import guarded, verdict

__all__ = ["own_network", "smallest_d", "subspace_step", "ten_runs", "threshold"]


@guarded
def smallest_d(fn: Callable[[dict[int, float], float], int | None]) -> bool:
    """``fn(scores, threshold)``: the smallest d whose score reaches the threshold, or None.

    Args:
        fn: the reader's function; ``scores`` maps d to a score, in any order.
    """
    rng = random.Random(0)
    problem = None
    for _ in range(50):
        ds = rng.sample(range(1, 2000), 6)
        scores = {d: round(rng.random(), 2) for d in ds}
        limit = rng.choice([*scores.values(), 1.1])  # a score that just reaches it, or none does
        expected = min((d for d, s in scores.items() if s >= limit), default=None)
        got = fn(dict(scores), limit)
        if got != expected:
            problem = f"for scores {scores} and threshold {limit} you return {got}, not {expected}."
            break
    hint = "Keep the d whose score is at least the threshold; the keys may come in any order."
    return verdict(problem, hint, "A score that just reaches the threshold counts.")


@guarded
def threshold(fn: Callable[[float, float], float | None]) -> bool:
    """``fn(alpha, majority)``: 0.9 alpha, or None where that says nothing.

    Args:
        fn: the reader's function of the full model's score and the commonest label's score.
    """
    problem = None
    for alpha, majority in ((0.9, 0.1), (0.85, 0.5), (0.75, 0.684), (0.6, 0.54)):
        expected = 0.9 * alpha if 0.9 * alpha > majority else None
        got = fn(alpha, majority)
        same = got is None if expected is None else got is not None and abs(got - expected) < 1e-6
        if not same:
            problem = (
                f"for alpha = {alpha}, majority = {majority} you return {got}, not {expected}."
            )
            break
    hint = "A threshold that the commonest label reaches by itself needs no training at all."
    return verdict(problem, hint, "On MRPC, 0.9 x 0.75 = 0.675 lies below the majority's 0.684.")


@guarded
def subspace_step(fn: Callable) -> bool:
    """``fn(theta_d, P, g, lr)``: theta_d after one step of gradient descent.

    Args:
        fn: the reader's function; ``P`` is a projection, ``g`` the gradient of the loss with
            respect to all D parameters, shape (D,), ``lr`` the learning rate.
    """
    problem = None
    for seed, (D, d) in enumerate([(30, 4), (100, 7), (64, 64)]):
        P = make_projection("fastfood", D, d, seed)
        generator = torch.Generator().manual_seed(seed)
        theta_d, g = torch.randn(d, generator=generator), torch.randn(D, generator=generator)
        expected = theta_d - 0.1 * P.adjoint(g)
        got = fn(theta_d.clone(), P, g, 0.1)
        if not isinstance(got, torch.Tensor) or got.shape != (d,):
            shape = tuple(got.shape) if isinstance(got, torch.Tensor) else type(got).__name__
            problem = f"for d = {d}, D = {D} you return {shape}, expected a tensor of shape ({d},)."
        elif not torch.allclose(got, expected, atol=1e-5):
            problem = f"for d = {d}, D = {D} the step is off by {(got - expected).norm():.3g}."
        if problem:
            break
    hint = "By the chain rule the gradient of theta_d is P' g, which is P.adjoint(g)."
    return verdict(problem, hint, "That is all the training there is: D gradients become d.")


@guarded
def ten_runs(fn: Callable[[Callable[[int], bool], int], int]) -> bool:
    """``fn(reaches, D)``: a d that reaches the threshold, close to the smallest, from ten runs.

    Args:
        fn: the reader's function; ``reaches(d)`` stands for a run, and says whether a subspace of
            d dimensions reaches the threshold.
    """
    rng, problem = random.Random(0), None
    hint = "Each run should halve what is left, on the axis on which d is drawn. Which axis is it?"
    for D in (1_000, 44_426, 199_210, 22_713_986):
        smallest, asked = round(D ** rng.uniform(0.3, 0.6)), []

        def reaches(d: int, smallest=smallest, asked=asked) -> bool:
            asked.append(d)
            if len(asked) > 100:
                raise RuntimeError("a hundred runs, and no end")
            return d >= smallest

        got = fn(reaches, D)
        case = f"with D = {D:,} and a smallest d of {smallest:,} "
        if len(asked) > 10:
            problem = f"{case}you made {len(asked)} runs, and the budget is ten."
        elif not isinstance(got, numbers.Integral):
            problem = f"{case}you return {got!r}, expected a whole number."
        elif got < smallest:
            problem = f"{case}you return {got:,}, which does not reach the threshold."
            hint = "Keep two numbers: the largest d known to fail, the smallest known to pass."
        elif got > 1.15 * smallest + 1:
            problem = (
                f"{case}you return {got:,}, {got / smallest:,.1f} times as many. Runs were at "
            )
            problem += f"{', '.join(f'{d:,}' for d in asked)}."
        if problem:
            break
    return verdict(problem, hint, "Ten runs find it to 15 %, among millions of candidates.")


@guarded
def own_network(make: Callable[[], nn.Module], found: IntrinsicDimension | None) -> bool:
    """Whether `found` is the d90 of the network that `make` makes, on the embedded digits.

    Args:
        make: the reader's function, without arguments; returns a new network.
        found: what `idlib.intrinsic_dimension` returned for it.
    """
    digits = load("digits")
    outputs = make()(digits.test.tensors[0][:5])
    D = sum(p.numel() for p in make().parameters() if p.requires_grad)
    known = {sum(p.numel() for p in net().parameters()): name for name, net in MODELS.items()}
    hint = "It takes images of shape (n, 1, 28, 28), and returns ten numbers for each."
    if outputs.shape != (5, 10):
        problem = f"for 5 images it returns shape {tuple(outputs.shape)}, expected (5, 10)."
        return verdict(problem, hint, "")
    if D in known:
        problem = f"with D = {D:,} this is {known[D]}, which the notebook has measured."
        return verdict(problem, "Change its width, its depth, or what its layers are.", "")
    hint = "idlib.intrinsic_dimension(my_network, digits.train, digits.test, epochs=20, ...)"
    if not isinstance(found, IntrinsicDimension):
        problem = f"found is {type(found).__name__}, expected what intrinsic_dimension returns."
        return verdict(problem, hint, "")
    if found.D != D:
        problem = f"found is about a network with D = {found.D:,}, and yours has {D:,}."
        return verdict(problem, "Run the search again after you change the network.", "")
    d = found.absolute.d
    if d is None:
        problem = f"there is no d90 at accuracy 0.90: {found.absolute.note}."
        return verdict(problem, "Does the full network get there? More epochs, or a wider one.", "")
    config = next(r.config for r in found.runs if r.config.d)
    scores = []
    for size in (d, max(1, d // 4)):  # with a seed of its own
        new = RunConfig(
            "digits", "own", size, rate_at(size, found.lr, d), 99, config.projection,
            config.normalize, config.epochs, config.batch_size,
        )  # fmt: skip
        scores.append(Problem(make, digits.train, digits.test)(new).score or 0.0)
    case = f"with another seed d = {d} scores {scores[0]:.2f}, and a quarter of it {scores[1]:.2f}"
    problem = None
    if scores[0] < 0.8:
        problem = f"{case}: far from 0.90."
    elif scores[1] >= 0.9:
        problem = f"{case}: a smaller d would do."
    hint = "More seeds; more learning rates to choose from: leave out lrs, or pass smaller ones."
    return verdict(problem, hint, f"D = {D:,}, d90 = {d}: {case}.")
