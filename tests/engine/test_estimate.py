"""d90 between two d, its interval, and the three goals."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from pytest import approx

from idlib import IdlibError
from idlib.engine.config import Run, RunConfig
from idlib.engine.estimate import Goal, bracket, d90, goal_of, interval

N = 400  # test examples


def a_run(d, score, seed=0, status="finished", right=None):
    return Run(RunConfig("t", "m", d, 0.1, seed), status, score, 0.0, 1, 1.0, 100, right=right)


def with_bits(d, score, seed=0, order=None):
    """A run that is right on the first examples of an order."""
    right = torch.zeros(N, dtype=torch.bool)
    right[(torch.arange(N) if order is None else order)[: round(score * N)]] = True
    return a_run(d, right.double().mean().item(), seed, right=right)


class TestValue:
    def test_the_score_is_linear_in_log_d_between_two_d(self):
        found = d90([a_run(10, 0.5), a_run(1000, 0.9)], 0.7)
        assert found.per_seed == (1000,) and found.between == approx((100,))
        assert found.value == approx(100)

    def test_the_median_over_seeds(self):
        runs = [a_run(d, s, seed) for seed, mid in enumerate((0.6, 0.7, 0.8))
                for d, s in ((10, mid - 0.2), (1000, mid + 0.2))]  # fmt: skip
        assert d90(runs, 0.7).value == approx(100)
        assert d90(runs[:4], 0.7).value == approx(math.sqrt(100 * 10**2.5))

    def test_a_run_that_ended_early_is_no_place_to_interpolate_from(self):
        for early in (0, 1):
            runs = [a_run(10, 0.5), a_run(1000, 0.9)]
            runs[early] = dataclasses.replace(runs[early], status="decided")
            assert d90(runs, 0.7).value == approx(1000)

    def test_nothing_smaller_was_tried(self):
        assert d90([a_run(10, 0.9)], 0.7).value == approx(10)

    def test_no_value_where_a_seed_reaches_nothing(self):
        runs = [a_run(10, 0.5), a_run(20, 0.9), a_run(10, 0.5, 1), a_run(20, None, 1, "diverged")]
        assert d90(runs, 0.7).value is None and d90(runs, 0.7).d is None

    def test_the_bracket_is_what_lies_around_it(self):
        runs = [a_run(d, s) for d, s in ((5, 0.1), (10, 0.5), (20, 0.9), (40, 0.6))]
        assert [r.config.d for r in bracket(runs, 0.7)] == [10, 20]
        assert [r.config.d for r in bracket(runs, 0.05)] == [5]
        assert bracket(runs, 0.95) == []


class TestGoal:
    def test_the_three_definitions(self):
        assert goal_of("relative").score(0.8) == approx(0.72)
        assert goal_of("absolute").score(0.8) == 0.9
        assert goal_of("gain", floor=0.6).score(0.8) == approx(0.78)
        assert goal_of(0.55).score(0.8) == 0.55

    def test_gain_is_relative_where_nothing_is_had_for_nothing(self):
        assert goal_of("gain", floor=0.0) == goal_of("relative")

    def test_gain_asks_for_more_the_more_is_had_for_nothing(self):
        asked = [goal_of("gain", floor=z).score(0.8) for z in (0.0, 0.3, 0.6, 0.79)]
        assert asked == sorted(asked) and asked[-1] < 0.8

    def test_another_name(self):
        with pytest.raises(IdlibError, match=r"'exact' was given, expected one of relative, absol"):
            goal_of("exact")


class TestInterval:
    CURVE = ((10, 0.5), (30, 0.6), (100, 0.7), (300, 0.8), (1000, 0.9))

    def curves(self, make, seeds=3, shift=0.0):
        return [make(d, s + shift * seed, seed) for seed in range(seeds) for d, s in self.CURVE]

    def test_it_holds_the_value(self):
        runs = self.curves(with_bits, shift=0.01)
        low, high = interval(runs, Goal(0.75))
        assert low < d90(runs, 0.75).value < high

    def test_of_equal_seeds_and_no_test_examples_nothing_is_left(self):
        runs = self.curves(a_run)
        assert interval(runs, Goal(0.75)) == approx([d90(runs, 0.75).value] * 2)

    def test_seeds_that_differ_widen_it(self):
        ends = [interval(self.curves(a_run, shift=s), Goal(0.75)) for s in (0.0, 0.02, 0.04)]
        widths = [math.log(high / low) for low, high in ends]
        assert widths == sorted(widths) and widths[2] > 1.5 * widths[1] > 0

    def test_its_width_is_that_of_the_binomial(self):
        """On one seed's line a score moves d by a known factor: the ends lie 1.96 standard errors
        of a share away."""
        ds = np.geomspace(10, 1000, 30).round().astype(int)
        curve = [with_bits(int(d), 0.5 + 0.2 * math.log10(d / 10)) for d in ds]
        low, high = interval(curve, Goal(0.7))
        error = math.sqrt(0.7 * 0.3 / N)
        assert math.log10(high / low) == approx(2 * 1.96 * error / 0.2, rel=0.15)

    def test_counts_give_about_what_nested_answers_give(self):
        """Where a larger d is right wherever a smaller one is, all scores move together, as they
        are assumed to where only counts are known."""
        with_answers = interval(self.curves(with_bits, seeds=1), Goal(0.75))
        with_counts = interval(self.curves(a_run, seeds=1), Goal(0.75), tested_on=N)
        assert np.log(with_counts) == approx(np.log(with_answers), abs=0.15)

    def test_more_examples_narrow_it(self):
        runs = self.curves(a_run)
        few, many = (interval(runs, Goal(0.75), tested_on=n) for n in (100, 10_000))
        assert few[0] < many[0] < many[1] < few[1]

    def test_the_full_model_wavers_with_the_same_examples(self):
        """Where the goal is a share of a full model that errs on the same examples, its wavering
        and that of the runs cancel in part."""
        runs = self.curves(with_bits, seeds=1)
        full = [with_bits(None, 0.9)]
        fixed, moving = interval(runs, Goal(0.81)), interval(runs, Goal(0.0, 0.9), full)
        assert math.log(moving[1] / moving[0]) < math.log(fixed[1] / fixed[0])

    def test_it_has_no_upper_end_where_the_goal_is_hardly_reached(self):
        low, high = interval(self.curves(with_bits), Goal(0.9))
        assert low < 1000 and high == math.inf
        told = dataclasses.replace(d90(self.curves(with_bits), 0.9), interval=(low, high))
        assert f"95% interval {low:,.0f} upwards;" in str(told)
        assert told.short() == f"{told.value:,.0f} ({low:,.0f} upwards)"
        assert d90(self.curves(with_bits), 0.99).short() == "none"

    def test_it_repeats(self):
        runs = self.curves(with_bits, shift=0.01)
        assert interval(runs, Goal(0.75)) == interval(runs, Goal(0.75))

    def test_no_runs(self):
        assert interval([], Goal(0.75)) is None

    def test_it_covers_the_truth_about_as_often_as_it_says(self):
        """Curves of 20 seeds with known noise, again and again: the true crossing lies inside in
        some 95 of 100."""
        rng = np.random.default_rng(0)
        ds, inside = (10, 32, 100, 316, 1000), 0
        for _ in range(60):
            runs = []
            for seed in range(20):
                for d in ds:
                    score = 0.5 + 0.2 * math.log10(d / 10) + 0.02 * rng.standard_normal()
                    runs.append(a_run(d, score, seed))
            low, high = interval(runs, Goal(0.66))
            inside += low <= 10 ** (1 + 0.16 / 0.2) <= high
        assert inside >= 50
