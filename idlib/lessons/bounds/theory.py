r"""From bits to test error: a bound that can be checked by hand, and rank correlations.

Whoever chooses a network from a list that was written down before the training examples were
seen pays for the choice: with B bits to name it, out of m examples, the error on new examples
is at most the error on these plus :math:`\sqrt{(B \ln 2 + \ln(1/\delta)) / 2m}`. "Occam's
bound": short names for what is believed beforehand, few bits to be paid.

References:
    | Occam's Razor (Blumer, Ehrenfeucht, Haussler, Warmuth, 1987)
    | Tutorial on Practical Prediction Theory for Classification (Langford, 2005), section 4
    | Stronger Generalization Bounds for Deep Nets via a Compression Approach (Arora et al.,
      2018), https://arxiv.org/abs/1802.05296
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import IdlibError, check_integer

__all__ = [
    "Bits",
    "RankCorrelation",
    "complexity",
    "count_bits",
    "kl",
    "kl_bound",
    "occam_bound",
    "rank_correlation",
]

RESAMPLES = 999
BATCH = 64  # of them are worked out at once


@dataclass(frozen=True)
class Bits:
    """The bits of a file, see `count_bits`.

    Args:
        head: of the line that says network, seed, d, P, bits and spacing.
        numbers: of theta_d.
    """

    head: int
    numbers: int

    @property
    def total(self) -> int:
        return self.head + self.numbers


def count_bits(file: bytes) -> Bits:
    r"""How many bits name a network, by the file that `idlib.problems.files.to_bytes` makes of it.

    The file is a *prefix-free* name: its first line ends itself and says how many bits follow.
    So no file begins another, and :math:`\sum 2^{-\text{bits}} \le 1` over all files (Kraft):
    the share of the confidence that each gets beforehand, longer ones less.

    Args:
        file: its bytes.
    """
    head, newline, body = file.partition(b"\n")
    return Bits(8 * len(head + newline), 8 * len(body))


def complexity(bits: float, m: int, delta: float = 0.05) -> float:
    r"""What Occam's bound adds to the training error: :math:`\sqrt{(B \ln 2 + \ln(1/\delta))/2m}`.

    >>> round(complexity(1000, 60_000), 4)
    0.0762

    Args:
        bits: B, that name the network in a prefix-free code fixed before training.
        m: training examples, drawn independently.
        delta: the probability with which the bound may fail, from 0 to 1.
    """
    return math.sqrt(_nats(bits, m, delta) / (2 * m))


def occam_bound(error: float, bits: float, m: int, delta: float = 0.05) -> float:
    r"""A bound on the true error that holds with probability :math:`1 - \delta`.

    For one network fixed beforehand, Hoeffding's inequality says that its training error falls
    short of its true error by t or more with probability at most :math:`e^{-2mt^2}`. Giving
    each network of the code :math:`\delta\,2^{-\text{bits}}` of the whole probability
    :math:`\delta`, and solving for t, makes it hold for all of them at once, so also for the
    one that training chose.

    >>> round(occam_bound(0.08, 1000, 60_000), 4)
    0.1562

    Args:
        error: share of the m training examples that *the network of the file* gets wrong.
        bits: see `complexity`.
        m: see `complexity`.
        delta: see `complexity`.

    Returns:
        A number that may exceed 1: then it says nothing.
    """
    return _share("error", error) + complexity(bits, m, delta)


def kl(q: float, p: float) -> float:
    r"""The divergence :math:`q \ln(q/p) + (1-q) \ln((1-q)/(1-p))` of two error rates, in nats."""
    from scipy.special import rel_entr

    q, p = _share("q", q), _share("p", p)
    return float(rel_entr(q, p) + rel_entr(1 - q, 1 - p))


def kl_bound(error: float, bits: float, m: int, delta: float = 0.05) -> float:
    r"""The same as `occam_bound` by Chernoff's inequality, never larger and never over 1.

    The largest p with :math:`m\,\mathrm{kl}(\text{error}, p) \le B \ln 2 + \ln(1/\delta)`. As
    :math:`\mathrm{kl}(q, p) \ge 2 (p-q)^2`, Hoeffding's form follows from it.

    >>> round(kl_bound(0.08, 1000, 60_000), 4)
    0.1278

    Args:
        error: see `occam_bound`.
        bits: see `complexity`.
        m: see `complexity`.
        delta: see `complexity`.
    """
    from scipy.optimize import brentq

    budget = _nats(bits, m, delta) / m
    top = math.nextafter(1.0, 0.0)
    if _share("error", error) >= top or kl(error, top) <= budget:
        return 1.0
    return float(brentq(lambda p: kl(error, p) - budget, error, top))


@dataclass(frozen=True)
class RankCorrelation:
    """How far two quantities come in the same order (1), the opposite (-1), or neither (0).

    Args:
        n: points.
        spearman: the correlation of the ranks.
        spearman_interval: 95 %, from points drawn anew with replacement.
        kendall: pairs in the same order less pairs in the opposite one, as a share.
        kendall_interval: the same.
        p_value: how often shuffled ranks correlate as much, in either direction.
    """

    n: int
    spearman: float
    spearman_interval: tuple[float, float]
    kendall: float
    kendall_interval: tuple[float, float]
    p_value: float

    def __str__(self) -> str:
        return (
            f"{self.n} points: Spearman {self.spearman:+.2f} ({_text(self.spearman_interval)}), "
            f"Kendall {self.kendall:+.2f} ({_text(self.kendall_interval)}), "
            f"p = {self.p_value:.3f}"
        )


def rank_correlation(x: Sequence[float], y: Sequence[float], seed: int = 0) -> RankCorrelation:
    """Rank correlations with percentile bootstrap intervals, and a permutation test.

    The intervals take the points for independent draws: those of the same data set are not,
    so the true ones are wider.

    Args:
        x: at least 5 numbers.
        y: as many.
        seed: of the draws.
    """
    from scipy import stats

    if len(x) != len(y) or len(x) < 5:
        raise IdlibError(f"{len(x)} and {len(y)} numbers were given, expected 5 or more pairs.")
    x, y = np.asarray(x, float), np.asarray(y, float)
    found = []
    for statistic in (_spearman, _kendall):
        drawn = stats.bootstrap(
            (x, y), statistic, paired=True, vectorized=True, n_resamples=RESAMPLES, batch=BATCH,
            method="percentile", rng=np.random.default_rng(seed),
        )  # fmt: skip
        found += [float(statistic(x, y)), tuple(map(float, drawn.confidence_interval))]
    shuffled = stats.permutation_test(
        (x,), lambda x, axis: _spearman(x, y, axis), permutation_type="pairings",
        vectorized=True, n_resamples=RESAMPLES, batch=BATCH, rng=np.random.default_rng(seed),
    )  # fmt: skip
    return RankCorrelation(len(x), *found, float(shuffled.pvalue))


def _spearman(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    """Of many samples at once: scipy's takes one at a time, and a bootstrap asks for thousands."""
    from scipy.stats import rankdata

    return _cosine(*(rankdata(v, axis=axis) - (v.shape[axis] + 1) / 2 for v in (x, y)), axis)


def _kendall(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    """Kendall's tau-b, likewise; of samples in the last axis."""
    above = np.triu_indices(x.shape[-1], 1)
    pairs = (np.sign(v[..., above[0]] - v[..., above[1]]) for v in (x, y))
    return _cosine(*pairs, -1)


def _cosine(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
    """0 where all of a or all of b is 0: where all x or all y are equal, nothing has an order."""
    size = np.sqrt((a * a).sum(axis) * (b * b).sum(axis))
    return (a * b).sum(axis) / np.where(size, size, 1)


def _nats(bits: float, m: int, delta: float) -> float:
    check_integer("m", m, 1)
    if not bits >= 0:
        raise IdlibError(f"bits = {bits} was given, expected 0 or more.")
    if not 0 < delta < 1:
        raise IdlibError(f"delta = {delta} was given, expected a probability between 0 and 1.")
    return bits * math.log(2) + math.log(1 / delta)


def _share(name: str, value: float) -> float:
    if not 0 <= value <= 1:
        raise IdlibError(f"{name} = {value} was given, expected a share from 0 to 1.")
    return value


def _text(interval: tuple[float, float]) -> str:
    return f"{interval[0]:+.2f} to {interval[1]:+.2f}"
