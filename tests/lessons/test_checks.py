"""Typical wrong answers to every exercise, and what its check says about them.

The right answers are the solutions in the notebooks; tests/notebooks/test_exercises.py runs them.
"""

import inspect
import math
import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from idlib import checks, intrinsic_dimension
from idlib.engine.evolution import weights_of
from idlib.lessons.adapters.low_rank import first_order
from idlib.lessons.base.measures import bits_needed
from idlib.lessons.bounds.theory import complexity, occam_bound
from idlib.lessons.shuffled.compute import SIDES
from idlib.lessons.toy.compute import SumProblem, smallest_d, solve
from idlib.problems.files import label_bytes, quantise
from idlib.problems.images import load
from idlib.problems.networks import fc
from idlib.problems.variants import pixel_order
from idlib.projections import PROJECTIONS, Dense, Hashed
from idlib.projections.hadamard import walsh_hadamard

SUMS = SumProblem()


def matrix(rows, columns=range(10)):
    P = torch.zeros(1000, 10)
    P[rows, columns] = 1.0
    return P


def first_parameters(problem):
    """Finds d with a P that picks the first d parameters."""
    eye = torch.eye(problem.theta.numel(), dtype=torch.float64)
    return next(d for d in range(1, len(eye)) if solve(problem, eye[:, :d]).loss < 1e-12)


def loosely(problem):
    """Finds d with a loss that is not zero."""
    P = torch.randn(problem.theta.numel(), 20, dtype=torch.float64)
    start = problem.loss(problem()).item()
    return next(d for d in range(1, 20) if solve(problem, P[:, :d]).loss < start / 2)


def in_place(x):
    x.copy_(walsh_hadamard(x))
    return x


def loose_test(forward, adjoint, D, d):
    """Takes an adjoint that is off by 1 %."""
    x, y = torch.randn(d, dtype=torch.float64), torch.randn(D, dtype=torch.float64)
    return torch.isclose(forward(x) @ y, x @ adjoint(y), rtol=0.1)


def hashed(x, column, sign):
    return sign * (x / torch.bincount(column, minlength=len(x)).sqrt())[column]


def hashed_back(y, column, sign, d):
    length = torch.bincount(column, minlength=d).sqrt()
    return torch.zeros(d, dtype=y.dtype).index_add_(0, column, sign * y) / length


def first_shuffled(labels, share, generator):
    """Shuffles the first labels, not those at random places."""
    labels, n = labels.clone(), round(share * len(labels))
    labels[:n] = labels[torch.randperm(n, generator=generator)]
    return labels


def _policy_loss(outputs, drawn, rewards):
    log_p = F.log_softmax(outputs, 1).gather(1, drawn[:, None])[:, 0]
    return -(rewards * log_p).mean()


def variant(**methods):
    """A subclass of Dense with other methods."""
    return type("Mine", (Dense,), {"name": "mine", **methods})


def linear():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 20), nn.ReLU(), nn.Linear(20, 10))


def search_of(make, **options):
    """What the reader's search found; a few runs only."""
    digits = load("digits")
    options = {"epochs": 20, "lrs": (0.3,), "full_lrs": (3e-3,), "projection": "hashed"} | options
    return lambda: intrinsic_dimension(
        make, digits.train, digits.test, seeds=(0,), progress=False, **options
    )


def halved(reaches, D, runs=10):
    """Bisects on the axis of d itself."""
    low, high = 0, D
    for _ in range(runs):
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high


def fails(reaches, D):
    """Returns the largest d known to fail."""
    low, high = 1, D
    for _ in range(10):
        middle = round((low * high) ** 0.5)
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return low


def grid(reaches, D):
    return next(d for d in np.geomspace(1, D, 10).astype(int).tolist() if reaches(d))


def one_order(images, generator):
    return images.flatten(1)[:, torch.randperm(784, generator=generator)].view_as(images)


def same_order(images, generator):
    return images.flatten(1)[:, pixel_order(SIDES[-1])].view_as(images)


def noise(images, generator):
    return torch.randn(images.shape, generator=generator)


def relabelled(labels, share, generator):
    labels, n = labels.clone(), round(share * len(labels))
    picked = torch.randperm(len(labels), generator=generator)[:n]
    labels[picked] = labels[picked[torch.randperm(n, generator=generator)]]
    return labels


def masked(ids, draw, other):
    seen = torch.where(draw < 0.12, 4, ids)
    seen = torch.where((draw >= 0.12) & (draw < 0.135), other, seen)
    return seen, torch.where(draw < 0.15, ids, -100)


def needed(error, bits, delta, target):
    if target <= error:
        return None
    return math.ceil(complexity(bits, 1, delta) ** 2 / (target - error) ** 2)


def nearest_of(distances):
    np.fill_diagonal(distances, np.inf)
    return np.bincount(distances.argmin(axis=1), minlength=len(distances))


def flat(W, x, grad_W, grad_b):
    delta = (grad_W.square().sum() + grad_b.square().sum()) / (x.square().sum() + 1)
    return torch.linalg.matrix_norm(W, 2) ** 2 * delta


def m_of(layer):
    return int(layer.max()) + 1


def share(weights):
    return weights / weights.sum()


# For each check: what is answered (a function that makes it, where that takes time), and some of
# the words of the verdict, as a regular expression.
WRONG = {
    "toy.dimension_of_system": [
        (lambda A: torch.linalg.matrix_rank(A) + 0.7, "you return"),
        (lambda A: None, "you return None"),
        (lambda A: len(A), "2 of which follow from the others"),
        (lambda A: A.shape[1] - int(torch.linalg.matrix_rank(A)), "you return 17"),
    ],
    "toy.find_d": [
        ((None, smallest_d), "your prediction .* is None"),
        ((7, lambda problem: None), "you find None, not 7"),
        ((7, loosely), "a loss is left"),
        ((7, first_parameters), "the same few parameters"),
        ((7, lambda problem: 7), "for 3 groups"),
        ((700, smallest_d), "you predicted 700"),
    ],
    "toy.ten_nonzeros": [
        ((matrix([], []), SUMS), "0 entries"),
        ((None, SUMS), "NoneType"),
        ((matrix(range(10)).T, SUMS), r"\(10, 1000\)"),
        ((matrix(range(10)), SUMS), "9 of the sums can't move"),
        ((matrix(range(0, 1000, 100)) + matrix(range(1, 1000, 100)), SUMS), "20 entries"),
    ],
    "inside.walsh_hadamard": [
        (lambda x: walsh_hadamard(x).float(), "you return torch.float32 for torch.float64"),
        (lambda x: None, "NoneType"),
        (lambda x: x.clone(), r"shape \(2,\)"),
        (lambda x: x[..., :1], r"shape \(1,\), expected \(2,\)"),
        (lambda x: walsh_hadamard(x) / x.shape[-1] ** 0.5, "root of n"),
        (lambda x: walsh_hadamard(x).flip(-1), "order"),
        (in_place, "clone"),
    ],
    "subspaces.unit_columns": [
        (lambda D, d, g: None, "NoneType"),
        (lambda D, d, g: torch.randn(d, D, generator=g), r"expected \(5000, 20\)"),
        (lambda D, d, g: torch.randn(D, d, generator=g), r"4,9\d\d"),
        (lambda D, d, g: torch.randn(D, d, generator=g) / d**0.5, "D / d"),
        (lambda D, d, g: torch.full((D, d), D**-0.5), "not 1"),
    ],
    "subspaces.nearest": [
        (lambda P, a, b: None, "NoneType"),
        (lambda P, a, b: P @ P.T @ (b - a), r"shape \(3,\), expected \(2,\)"),
        (lambda P, a, b: P.T @ (b - a), "stood at right angles"),
        (lambda P, a, b: torch.linalg.lstsq(P, b).solution, "at theta_0"),
        (lambda P, a, b: torch.linalg.lstsq(P, a - b).solution, "as nearly as it can be"),
    ],
    "inside.adjoint_test": [
        (lambda *_: None, "return None"),
        (lambda *_: True, "1/16 as large"),
        (lambda *_: False, "as it is(.|\n)*float64"),
        (loose_test, "1 % too large"),
    ],
    "inside.forward_and_adjoint": [
        ((lambda x, c, s: hashed(x, c, s).float(), hashed_back), "torch.float32 for torch.float64"),
        ((lambda x, c, s: s * x[c], lambda y, c, s, d: y[:d]), r"<P x, y> is \S+ times <x, P'y>"),
        ((hashed, lambda y, c, s, d: y[:d]), "The forward is right"),
        ((hashed, lambda y, c, s, d: hashed(y, c, s)), "raises IndexError|shape"),
        (
            (lambda x, c, s: s * x[c], lambda y, c, s, d: y.new_zeros(d).index_add_(0, c, s * y)),
            r"\|P x\| is \S+ times \|x\|",
        ),
        ((hashed, lambda y, c, s, d: 2 * hashed_back(y, c, s, d)), "adjoint fails.*0.5 times"),
        (
            (lambda x, c, s: hashed(x, c, s).abs(), lambda y, c, s, d: hashed_back(y, c, s, d)),
            "is not P x",
        ),
        ((hashed, lambda y, c, s, d: None), "in the adjoint you return NoneType"),
    ],
    "inside.own_projection": [
        (type("Mine", (Hashed,), {"name": "mine"}), "does what 'hashed' does"),
        (nn.Linear, "Linear is no subclass"),
        (PROJECTIONS["hashed"], "in the package already"),
        (variant(_forward=lambda self, x: 2 * (self.P.to(x.dtype) @ x)), "<P x, y> is 2 times"),
        (
            variant(_draw=lambda self, g: {"P": torch.randn(self.D, self.d, generator=g)}),
            "lengths from",
        ),
        (
            variant(_draw=lambda self, g: {"P": torch.randn(self.D, self.d) / self.D**0.5}),
            "two different P",
        ),
        (
            variant(_draw=lambda self, g: {"P": torch.eye(self.D)[:, : self.d].contiguous()}),
            "seeds 0 and 1 agree",
        ),
        (
            variant(
                _draw=lambda self, g: {
                    "P": torch.randn(self.D, 1, generator=g).expand(-1, self.d) / self.D**0.5
                }
            ),
            "a cosine of 1.00",
        ),
    ],
    "mnist.smallest_d": [
        (lambda s, t: None, "you return None"),
        (lambda s, t: min((d for d, score in s.items() if score > t), default=None), "not"),
        (lambda s, t: next((d for d, score in s.items() if score >= t), None), "any order"),
    ],
    "mnist.threshold": [
        (lambda a, m: 0.9 * a, "not None"),
        (lambda a, m: a, "alpha = 0.9"),
        (lambda a, m: None, "you return None"),
        (lambda a, m: 0.9, "you return 0.9"),
    ],
    "mnist.subspace_step": [
        (lambda x, P, g, lr: x, "off by"),
        (lambda x, P, g, lr: x + lr * P.adjoint(g), "off by"),
        (lambda x, P, g, lr: x - P.adjoint(g), "off by"),
        (lambda x, P, g, lr: g, r"you return \(30,\)"),
        (lambda x, P, g, lr: None, "NoneType"),
    ],
    "mnist.ten_runs": [
        (lambda reaches, D: D, "times as many"),
        (halved, "times as many"),
        (grid, "times as many"),
        (fails, "does not reach the threshold"),
        (lambda reaches, D: halved(reaches, D, 30), "you made 30 runs"),
        (lambda reaches, D: next(d for d in range(D, 0, -1) if not reaches(d)), "no end"),
        (lambda reaches, D: None, "you return None"),
    ],
    "mnist.own_network": [
        ((lambda: nn.Linear(784, 10), None), "your code raises|can't be used"),
        ((lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 5)), None), r"expected \(5, 10\)"),
        ((fc, None), "this is fc"),
        ((linear, None), "found is NoneType"),
        (lambda: (linear, search_of(fc, epochs=1)()), "network with D = 199,210"),
        (lambda: (linear, search_of(linear, epochs=1, d_max=20)()), "there is no d90"),
    ],
    "shuffled.undo": [
        (lambda order: None, "NoneType"),
        (lambda order: order, "do not come back"),
        (lambda order: order.flip(0), "do not come back"),
    ],
    "shuffled.relabel": [
        (lambda weight, order: None, "NoneType"),
        (lambda weight, order: weight, "off by"),
        (lambda weight, order: weight[:, order], "off by"),
        (lambda weight, order: weight.T, r"expected a tensor of shape \(1, 3\)"),
    ],
    "shuffled.unnoticed": [
        (lambda: None, "NoneType"),
        (lambda: torch.arange(784), "nothing to notice"),
        (lambda: pixel_order(2), "torn apart"),
    ],
    "shuffled.harmful": [
        (lambda images, generator: None, "NoneType"),
        (lambda images, generator: images, "FC still reads"),
        (one_order, "FC still reads"),
        (same_order, "FC still reads"),
        (noise, "other grey levels"),
        (lambda images, generator: images[:, :, torch.randperm(28)], "FC (still )?reads"),
    ],
    "sizes.parameters": [
        (lambda w, n: 784 * w + w * 10, "there are biases"),
        (lambda w, n: 784 * w + (n - 1) * w * w + w * 10, "there are biases"),
        (lambda w, n: 784 * w + w + n * (w * w + w) + w * 10 + 10, "not 39,760"),
        (lambda w, n: None, "you return None"),
    ],
    "sizes.exponent": [
        (lambda x, y: math.nan, "you return nan"),
        (lambda x, y: np.polyfit(x, y, 1)[0], "to the power"),
        (lambda x, y: np.polyfit(np.log(y), np.log(x), 1)[0], "to the power"),
        (lambda x, y: np.polyfit(np.log(x), y, 1)[0], "to the power"),
        (lambda x, y: None, "you return None"),
    ],
    "memorising.shuffle_labels": [
        (lambda y, share, g: first_shuffled(y, share, g), "of the second half"),
        (lambda y, s, g: y, "has changed, expected about 0.90"),
        (lambda y, s, g: y[torch.randperm(len(y), generator=g)], "expected about 0.00"),
        (lambda y, s, g: None, "you return NoneType"),
        (lambda y, s, g: y[: len(y) // 2], r"expected a tensor of shape \(1000,\)"),
        (lambda y, s, g: relabelled(y, s, torch.Generator()), "two generators"),
        (lambda y, s, g: y.copy_(relabelled(y, s, g)), "work on a copy"),
        (lambda y, s, g: y if s == 0 else torch.randint(10, y.shape, generator=g), "Shuffle"),
    ],
    "memorising.without_memorising": [
        (lambda share: math.nan, "you return nan"),
        (lambda s: 1 - s, "sometimes right by chance"),
        (lambda s: 1 - s / 10, "you return 0.9, not 0.100"),
        (lambda s: 0.9, "you return 0.9, not 1.000"),
        (lambda s: "all", "you return all"),
    ],
    "memorising.bits": [
        (lambda n, a: n * a * math.log2(10), "accuracy 0.5"),
        (lambda n, a: n * math.log2(10), "accuracy 0.5"),
        (lambda n, a: bits_needed(n, a) / n, "for n = 1000"),
        (lambda n, a: None, "you return None"),
    ],
    "reward.by_rank": [
        (lambda s: s / s.abs().sum(), "should add up to zero"),
        (lambda s: -weights_of(s), "wrong way round"),
        (lambda s: 2 * weights_of(s), "add up to one"),
        (lambda s: (r := s.argsort().argsort() - (len(s) - 1) / 2) / r.abs().sum(), "Equal scores"),
        (lambda s: s[:2], "shape"),
    ],
    "reward.reward_loss": [
        (lambda z, a, r: -_policy_loss(z, a, r - r.mean()), "The sign"),
        (lambda z, a, r: _policy_loss(z, a, r), "baseline is missing"),
        (lambda z, a, r: len(z) * _policy_loss(z, a, r - r.mean()), "not the sum"),
        (lambda z, a, r: F.cross_entropy(z, a), "expected"),
        (lambda z, a, r: None, "you return nan"),
    ],
    "reward.bits": [
        (lambda p: 1.0, "for p = 0.1"),
        (lambda p: -sum(q * math.log(q) for q in (p, 1 - p) if q), "nats"),
        (lambda p: -p * math.log2(p) if p else 0.0, "Wrong tells something too"),
        (lambda p: -p * math.log2(p) - (1 - p) * math.log2(1 - p), "ValueError"),
    ],
    "compression.quantise": [
        (lambda x, bits: x, "values: 3 are left"),
        (lambda x, bits: x.clamp(-1, 1).round(), "off by"),
        (lambda x, bits: x.sign() * x.abs().max(), "off by"),
        (lambda x, bits: None, "you return NoneType"),
        (lambda x, bits: (x * 2 ** (bits - 1)).round() / 2 ** (bits - 1), "values"),
        (lambda x, bits: quantise(x, bits)[0], "off by|values"),
    ],
    "compression.labels": [
        (lambda z, y: 8 * label_bytes(z, y), "a byte has 8"),
        (lambda z, y: F.cross_entropy(z, y, reduction="sum"), "These are nats"),
        (lambda z, y: math.log(2) * label_bytes(z, y), "base 2"),
        (lambda z, y: 0.0, "you return 0.000"),
    ],
    "language.said": [
        (lambda t, P, layer, x: t + P(x[m_of(layer) :]), "That is DID"),
        (lambda t, P, layer, x: x[: m_of(layer)][layer] * (t + P(x[m_of(layer) :])), "theta_0 as"),
        (lambda t, P, layer, x: t + x[: m_of(layer)].mean() * P(x[m_of(layer) :]), "of its own"),
        (lambda t, P, layer, x: t + P(x), "raises IdlibError"),
        (lambda t, P, layer, x: None, "expected a tensor of shape"),
        (lambda t, P, layer, x: t, "is off by"),
    ],
    "language.shares": [
        (lambda sizes: 3, "something else than two sequences"),
        (lambda sizes: (sizes, sizes), "Shares sum to 1"),
        (lambda sizes: ([n / sum(sizes) for n in sizes],) * 2, "the per-tensor shares"),
        (lambda sizes: ([1 / len(sizes)] * len(sizes),) * 2, "the global shares"),
        (lambda sizes: None, "two sequences: 'NoneType'"),
        (lambda sizes: ([n / sum(sizes) for n in sizes],), "expected 2"),
    ],
    "language.read_lambdas": [
        (lambda x, n: x, "is off by|its share is"),
        (lambda x, n: x.square() * n, "Shares sum to 1"),
        (lambda x, n: share(x.square()), "layer is counts too"),
        (lambda x, n: share(n), "that is DID"),
        (lambda x, n: share(x * n), "has no sign"),
        (lambda x, n: share(x.abs() * n), "four times the squared step"),
        (lambda x, n: None, "NoneType"),
    ],
    "adapters.numbers": [
        (lambda r, ms: r * sum(ms[0]) * len(ms), r"\(10, 30\) and \(5, 7\)"),
        (lambda r, m: sum(a * b for a, b in m), "stay frozen"),
        (lambda r, m: sum(r * b for _, b in m), "A alone"),
        (lambda r, m: sum(r * a for a, _ in m), "B alone"),
        (lambda r, m: r * sum(m[0]), "one matrix"),
        (lambda r, m: sum(r * a * b for a, b in m), "add them"),
    ],
    "adapters.merged": [
        (lambda W, B, A, alpha: W + B @ A, "alpha / rank is missing"),
        (lambda W, B, A, alpha: W + alpha * B @ A, "Divide alpha"),
        (lambda W, B, A, alpha: alpha / len(A) * B @ A, "W itself"),
        (lambda W, B, A, alpha: W, "outputs differ"),
        (lambda W, B, A, alpha: W + A @ B, "your code raises RuntimeError"),
        (lambda W, B, A, alpha: B @ A @ W.T, "the shape"),
    ],
    "adapters.first_order": [
        (lambda G, B, A, lr: -first_order(G, B, A, lr), "the sign"),
        (lambda G, B, A, lr: first_order(G, B, A, 1.0), "rate is missing"),
        (lambda G, B, A, lr: -lr * G, "a step of W itself"),
        (lambda G, B, A, lr: -lr * G @ A.T @ A, "A moves too"),
        (lambda G, B, A, lr: -lr * B @ B.T @ G, "B moves too"),
        (lambda G, B, A, lr: (B - lr * G @ A.T) @ (A - lr * B.T @ G) - B @ A, "the whole change"),
        (lambda G, B, A, lr: lr**2 * G @ A.T @ B.T @ G, "product of the two"),
        (lambda G, B, A, lr: A.T @ A, "the shape is"),
        (lambda G, B, A, lr: None, "can't be used"),
    ],
    "pretraining.d90_or_none": [
        (
            lambda s, full, m: (
                None
                if 0.9 * full < m
                else min((d for d, x in s.items() if x >= 0.9 * full), default=None)
            ),
            "just what the commonest label has",
        ),
        (lambda s, full, most: min(d for d, x in s.items() if x >= 0.9 * full), "ValueError"),
        (lambda s, full, most: next((d for d, x in s.items() if x > 0.9 * full), None), "order"),
        (
            lambda s, full, most: min((d for d, x in s.items() if x >= 0.9 * full), default=None),
            "below the commonest label",
        ),
    ],
    "pretraining.masking": [
        (lambda ids, draw, other: (ids, ids.float()), "torch.float32; tokens are torch.int64"),
        (lambda ids, draw, other: (ids, ids), "are to be guessed"),
        (
            lambda ids, draw, other: (
                masked(ids, draw, other)[0],
                torch.where(draw < 0.15, other, -100),
            ),
            "the token itself",
        ),
        (
            lambda ids, draw, other: (
                torch.where(draw < 0.15, 4, ids),
                masked(ids, draw, other)[1],
            ),
            "80 % of those",
        ),
        (
            lambda ids, draw, other: (
                torch.where(draw < 0.12, 4, ids),
                masked(ids, draw, other)[1],
            ),
            "become `other`",
        ),
    ],
    "family.parameters": [
        (lambda n, h: n * 12 * h * h, "add biases"),
        (lambda n, h: 12 * h * h + 13 * h, "one block"),
        (lambda n, h: n * h, "you say 512"),
    ],
    "family.storage": [
        (lambda D, d, n: (4 * D * n, n * (4 * d + 8)), "kept too"),
        (lambda D, d, n: (4 * D * n, 4 * D + n * 4 * d), "rebuild P"),
        (lambda D, d, n: (D * n, d * n), "4 bytes"),
        (lambda D, d, n: None, "can't be used: it raises TypeError"),
    ],
    "bounds.occam_bound": [
        (lambda e, b, m, d: complexity(b, m, d), "training error is missing"),
        (lambda e, b, m, d: e + math.sqrt((b + math.log(1 / d)) / (2 * m)), r"log\(2\)"),
        (lambda e, b, m, d: occam_bound(e, 8 * b, m, d), "not bytes"),
        (lambda e, b, m, d: e + math.sqrt(2) * complexity(b, m, d), "divide by 2 m"),
        (lambda e, b, m, d: e + complexity(b, m, d) ** 2, "square root"),
        (
            lambda e, b, m, d: e + math.sqrt(b * math.log(2) / (2 * m)),
            r"ln\(1/delta\) is missing",
        ),
        (
            lambda e, b, m, d: e + math.sqrt(max(0, b * math.log(2) + math.log(d)) / (2 * m)),
            "negative",
        ),
        (lambda e, b, m, d: None, "you return nan"),
    ],
    "bounds.relative_gap": [
        (lambda train, test: train - test, "That is the gap itself"),
        (lambda train, test: (test - train) / (1 - test), "sign is turned"),
        (lambda train, test: abs(train - test) / (1 - test), "may be negative"),
        (lambda train, test: max(0, train - test) / (1 - test), "may be negative"),
        (lambda train, test: (train - test) / test, "not by the test accuracy"),
        (
            lambda train, test: (train - test) / (1 - train) if train < 1 else 0,
            "not by the training errors",
        ),
    ],
    "bounds.examples_needed": [
        (lambda *a: (needed(*a) or 1) - 1, "round up"),
        (lambda e, b, d, t: math.ceil(complexity(b, 1, d) ** 2 / abs(t - e)), "squared"),
        (lambda e, b, d, t: math.ceil(complexity(b, 1, d) ** 2 / t**2), "target - error"),
        (lambda e, b, d, t: needed(0, b, d, abs(t - e) or 1), "return None"),
        (lambda *a: None, "you return None"),
    ],
    "questions.hubs": [
        (lambda d: np.bincount(d.argmin(axis=1), minlength=len(d)), "own nearest neighbour"),
        (lambda d: nearest_of(-d), "is the nearest neighbour of"),
        (lambda d: 2 * nearest_of(d), "Your numbers sum to 8"),
        (lambda d: nearest_of(d).max(), r"you return shape \(\)"),
    ],
    "questions.input_bound": [
        (lambda W, x, g, b: flat(W, x, g, b) * (x.square().sum() + 1), "Divide by"),
        (lambda W, x, g, b: flat(W, x, g, b) * (1 + 1 / x.square().sum()), "has a gradient"),
        (lambda W, x, g, b: flat(W, x, g, b) / torch.linalg.matrix_norm(W, 2), "squared"),
        (
            lambda W, x, g, b: (
                flat(W, x, g, b) * W.square().sum() / torch.linalg.matrix_norm(W, 2) ** 2
            ),
            "Frobenius",
        ),
        (lambda W, x, g, b: 0.0, "you return 0.0000"),
    ],
}
PUBLIC = [
    f"{module}.{name}"
    for module in checks.__all__
    if inspect.ismodule(getattr(checks, module))
    for name in getattr(checks, module).__all__
]
ANSWERS = [(name, *answer) for name, answers in WRONG.items() for answer in answers]


def check_named(name):
    module, function = name.split(".")
    return getattr(getattr(checks, module), function)


def test_every_check_has_three_wrong_answers_here():
    assert {name: min(3, len(WRONG.get(name, ()))) for name in PUBLIC} == dict.fromkeys(PUBLIC, 3)
    assert set(WRONG) == set(PUBLIC)


@pytest.mark.parametrize(
    ("name", "answer", "says"), ANSWERS, ids=[f"{name}-{says}" for name, _, says in ANSWERS]
)
def test_a_wrong_answer_is_told_what_is_wrong_and_what_to_look_at(name, answer, says, capsys):
    torch.manual_seed(0)
    if name == "mnist.own_network" and callable(answer):
        answer = answer()
    assert not check_named(name)(*(answer if isinstance(answer, tuple) else (answer,)))
    out = capsys.readouterr().out
    assert re.match(r"Not yet: .+\nHint: \S", out, re.S), out
    assert re.search(says, out), out


@pytest.mark.parametrize("name", PUBLIC)
def test_an_exception_in_the_readers_code_becomes_a_hint(name, capsys):
    def mistaken(*_):
        return {}["a key"]

    check = check_named(name)
    answers = [mistaken for _ in inspect.signature(check).parameters]
    if name == "toy.ten_nonzeros":
        answers[1] = SUMS
    if name == "toy.find_d":
        answers[0] = 7
    assert not check(*answers)
    out = capsys.readouterr().out
    if name not in ("toy.ten_nonzeros", "inside.own_projection"):  # these take no function
        assert "Not yet: your code raises KeyError: 'a key'" in out
        assert '`mistaken`, at the line `return {}["a key"]`' in out
    assert re.match(r"Not yet: .+\nHint: \S", out, re.S), out


def test_right_answers_may_be_of_other_types(capsys):
    def ten(reaches, D):
        low, high = 1.0, float(D)
        for _ in range(10):
            middle = np.int64(round((low * high) ** 0.5))
            low, high = (low, middle) if reaches(int(middle)) else (middle, high)
        return np.int64(high)

    def in_place(theta_0, P, layer, theta_d):
        m = int(layer.max()) + 1
        theta_0 += theta_d[:m][layer] * P(theta_d[m:])
        return theta_0

    assert checks.mnist.ten_runs(ten)
    assert checks.language.said(in_place)
    assert checks.memorising.bits(lambda n, a: torch.tensor(bits_needed(n, a)).double())
    assert checks.sizes.exponent(lambda x, y: torch.tensor(np.polyfit(np.log(x), np.log(y), 1)[0]))


def test_a_check_keeps_its_own_name_and_help():
    assert checks.toy.find_d.__name__ == "find_d"
    assert "7 groups" in checks.toy.find_d.__doc__
