"""Bounds hold, by hand, by simulation and on trained networks; correlations know what they say."""

import math
from itertools import pairwise

import numpy as np
import pytest

from idlib import IdlibError
from idlib.engine.config import RunConfig
from idlib.engine.store import RunStore
from idlib.engine.training import accuracy
from idlib.lessons.bounds.theory import (
    complexity,
    count_bits,
    kl,
    kl_bound,
    occam_bound,
    rank_correlation,
)
from idlib.problems.files import quantise, read, to_bytes
from idlib.problems.images import load
from idlib.problems.names import sweep_named
from idlib.studies.reading import cell
from idlib.studies.results import relative_gap

BOUNDS = (occam_bound, kl_bound)
BITS = 4
TOLD = 2**-10  # a confidence that costs ten bits


def test_hoeffdings_form_by_hand():
    """Ten bits and a confidence of ten bits are 20 ln 2 = 13.8629; over 200, 0.0693147."""
    assert complexity(10, 100, TOLD) == pytest.approx(0.263277, abs=1e-6)
    assert occam_bound(0.25, 10, 100, TOLD) == pytest.approx(0.513277, abs=1e-6)
    assert complexity(0, 2, math.exp(-1)) == pytest.approx(0.5)


def test_chernoffs_form_by_hand():
    """Without training errors kl(0, p) = -ln(1 - p), and 20 ln 2 over 20 examples is ln 2."""
    assert kl_bound(0, 10, 20, TOLD) == pytest.approx(0.5)
    assert kl(0, 0.5) == pytest.approx(math.log(2))
    assert kl(0.5, 0.25) == pytest.approx(0.5 * math.log(4 / 3))
    assert kl_bound(1, 10, 20, TOLD) == 1


@pytest.mark.parametrize("bound", BOUNDS)
def test_a_bound_rises_with_error_and_bits_and_falls_with_examples_and_delta(bound):
    grid = {
        0: (0.0, 0.01, 0.1, 0.3),
        1: (0, 1, 100, 1000, 4000),
        2: (60_000, 10_000, 5000),
        3: (0.5, 0.05, 1e-3, 1e-9),
    }
    for place, values in grid.items():
        for others in ((0.05, 500, 20_000, 0.05), (0.2, 100, 8000, 0.01)):
            args = [[*others[:place], v, *others[place + 1 :]] for v in values]
            found = [bound(*a) for a in args]
            assert all(a < b for a, b in pairwise(found)), (place, found)


def test_chernoffs_form_lies_between_the_error_and_hoeffdings():
    rng = np.random.default_rng(0)
    for _ in range(300):
        error, m = float(rng.choice([0, rng.uniform()])), int(rng.integers(1, 10**5))
        bits, delta = float(10 ** rng.uniform(0, 5)), float(rng.uniform(1e-9, 0.5))
        p = kl_bound(error, bits, m, delta)
        assert error <= p <= min(1.0, occam_bound(error, bits, m, delta)) + 1e-12
        if p < 0.999:
            nats = bits * math.log(2) + math.log(1 / delta)
            assert m * kl(error, p) == pytest.approx(nats, rel=1e-6)


@pytest.mark.parametrize("bound", BOUNDS)
@pytest.mark.parametrize("bits", [0, 8])
def test_a_bound_fails_no_more_often_than_delta(bound, bits):
    """The best of 2**bits coins is chosen by 60 throws each; their true rates differ."""
    rng, m, delta = np.random.default_rng(0), 60, 0.2
    truth = np.linspace(0.3, 0.6, 2**bits)
    fails = 0
    for _ in range(500):
        errors = rng.binomial(m, truth) / m
        chosen = errors.argmin()
        fails += bound(float(errors[chosen]), bits, m, delta) < truth[chosen]
    assert fails <= 500 * delta
    if bits:  # and the bits are needed: without them it fails far too often
        cheap = sum(
            bound(float(e.min()), 0, m, delta) < truth[e.argmin()]
            for e in (rng.binomial(m, truth) / m for _ in range(500))
        )
        assert cheap > 500 * delta


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((1.5, 10, 100, 0.05), "error = 1.5"),
        ((0.1, -1, 100, 0.05), "bits = -1"),
        ((0.1, math.nan, 100, 0.05), "bits = nan"),
        ((0.1, 10, 0, 0.05), "m = 0"),
        ((0.1, 10, 100, 0), "delta = 0"),
        ((0.1, 10, 100, 1), "delta = 1"),
    ],
)
@pytest.mark.parametrize("bound", BOUNDS)
def test_wrong_arguments_are_refused(bound, args, said):
    with pytest.raises(IdlibError, match=said):
        bound(*args)


class TestFiles:
    def files(self):
        runs = cell("digits", task="digits", model="fc").first_seed.values()
        return [to_bytes(r, bits) for r in runs for bits in (2, 3, 4, 8, 16, 32)]

    def test_the_bits_are_those_of_the_file(self, tmp_path):
        for file in self.files():
            (tmp_path / "file").write_bytes(file)
            bits = count_bits(file)
            assert bits.total == 8 * (tmp_path / "file").stat().st_size
            assert bits.head > 0 and bits.numbers > 0
        run = cell("digits", task="digits", model="fc").first_seed[125]
        assert count_bits(to_bytes(run, 4)).numbers == 504  # 500, in whole bytes

    def test_the_files_are_a_prefix_free_code(self):
        """No file begins another, so their shares of the confidence sum to no more than 1; a
        file that is longer or shorter than its first line says is none."""
        files = sorted(self.files())
        assert not [a for a, b in pairwise(files) if b.startswith(a)]
        assert sum(2.0 ** -(count_bits(f).total) for f in files) <= 1
        for file in files[:5]:
            for wrong in (file + b"\0", file[:-1]):
                with pytest.raises(IdlibError, match="can't be read"):
                    read(wrong)


@pytest.fixture(scope="module")
def runs():
    tasks = {"digits": 3, "digits-n200-random100": 40}
    configs = [
        RunConfig(task, "fc-20-1", d, 0.2, seed, "hashed", epochs=epochs)
        for task, epochs in tasks.items()
        for d in (5, 20, 60, 150, 400)
        for seed in range(4)
    ]
    return sweep_named(configs, RunStore(), keep_theta_d=lambda config: True)


class TestNetworks:
    """Forty networks, half of them trained on labels without meaning, so that the bits are
    what keeps the bound up."""

    def test_the_bound_never_falls_below_the_test_error(self, runs):
        assert len(runs) == 40
        without_bits = 0
        for run in runs:
            file, task = to_bytes(run, BITS), load(run.config.task)
            network, bits = read(file).merged(), count_bits(file).total
            error, test = (1 - accuracy(network, part) for part in (task.train, task.test))
            m = len(task.train)
            assert kl_bound(error, bits, m) >= test
            assert occam_bound(error, bits, m) >= test
            without_bits += kl_bound(error, 0, m) < test
        assert without_bits > 4  # the test can fail

    def test_no_number_is_off_by_more_than_half_the_spacing(self, runs):
        for run in runs:
            _, spacing = quantise(run.theta_d, BITS)
            again = read(to_bytes(run, BITS)).theta_d.detach()
            assert (again - run.theta_d).abs().max() <= spacing / 2 * (1 + 1e-6)
            assert spacing == pytest.approx(float(run.theta_d.abs().max()) / 7)


def test_relative_gap():
    assert relative_gap(0.9, 0.8) == pytest.approx(0.5)
    assert relative_gap(0.7, 0.8) == pytest.approx(-0.5)
    assert relative_gap(0.8, 0.8) == 0 and relative_gap(1, 0.3) == 1
    for train, test in ((0.5, 1), (1.1, 0.5), (0.5, -0.1)):
        with pytest.raises(IdlibError, match="was given"):
            relative_gap(train, test)


class TestRankCorrelation:
    def test_order_is_all_that_counts(self):
        x = [1, 5, 2, 9, 30, 4]
        up, down = rank_correlation(x, [v**3 for v in x]), rank_correlation(x, [-v for v in x])
        assert (up.spearman, up.kendall) == pytest.approx((1, 1))
        assert (down.spearman, down.kendall) == pytest.approx((-1, -1))
        assert up.p_value < 0.05 and up.n == 6

    def test_by_hand(self):
        """Two neighbours have changed places: of ten pairs, one is in the opposite order."""
        found = rank_correlation([1, 2, 3, 4, 5], [1, 2, 4, 3, 5])
        assert found.kendall == pytest.approx(0.8)
        assert found.spearman == pytest.approx(1 - 6 * 2 / (5 * 24))

    def test_intervals_hold_the_value_and_widen_with_fewer_points(self):
        rng = np.random.default_rng(0)
        x = rng.normal(size=60)
        y = x + rng.normal(size=60)
        many, few = rank_correlation(x, y), rank_correlation(x[:8], y[:8])
        for r in (many, few):
            assert r.spearman_interval[0] <= r.spearman <= r.spearman_interval[1]
            assert r.kendall_interval[0] <= r.kendall <= r.kendall_interval[1]
        assert np.ptp(few.spearman_interval) > np.ptp(many.spearman_interval)
        assert many.p_value < 0.01 and many == rank_correlation(x, y)
        noise = rank_correlation(x, rng.normal(size=60))
        assert noise.spearman_interval[0] < 0 < noise.spearman_interval[1]
        assert noise.p_value > 0.05 and "60 points: Spearman" in str(noise)

    def test_ties_and_too_few(self):
        assert rank_correlation([1] * 6, range(6)).spearman == 0
        assert abs(rank_correlation([1, 1, 1, 1, 2], range(5)).spearman) <= 1  # draws without a 2
        with pytest.raises(IdlibError, match="4 and 4 numbers"):
            rank_correlation(range(4), range(4))
        with pytest.raises(IdlibError, match="6 and 5 numbers"):
            rank_correlation(range(6), range(5))
