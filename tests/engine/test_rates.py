"""One protocol chooses learning rates: where they are tried, by what they win, where they hold."""

import math
from dataclasses import replace

import pytest

from idlib import IdlibError
from idlib.engine.config import Run, RunConfig
from idlib.engine.rates import Chooser, Rates
from idlib.engine.search import rate_at

CELL = RunConfig("t", "m", 100, 0.0)
FULL = replace(CELL, d=None)
LRS = (0.01, 0.1, 1.0)


class Maker:
    """Makes up runs, and notes what was asked for."""

    def __init__(self, score, loss=lambda c: 1.0):
        self.score, self.loss, self.asked = score, loss, []

    def __call__(self, configs):
        self.asked += configs
        return [self.run(c) for c in configs]

    def run(self, config):
        score = self.score(config)
        status, message = ("finished", "") if score is not None else ("diverged", "diverged")
        loss = self.loss(config) if score is not None else math.nan
        return Run(config, status, score, loss, 1, 1.0, 1000, message)


def likes(*best):
    """A score that is largest at a rate, by the dimension."""
    best = dict(best)
    return lambda c: 1 - abs(math.log10(c.lr / best[c.d])) / 10


def chooser(make, seeds=(0, 1, 2), chance=None, **rates):
    rates = {"lrs": LRS, "full_lrs": (0.001, 0.003), "pilots": (100, 10_000), **rates}
    return Chooser(Rates(**rates), seeds, make, chance or {})


class TestTrying:
    def test_every_rate_at_each_pilot_with_the_first_seed_on_validation_data(self):
        make = Maker(likes((100, 0.1), (10_000, 0.01), (None, 0.003)))
        chosen = chooser(make, seeds=(5, 6))
        chosen.choose([CELL, replace(CELL, d=10_000), FULL])
        assert len(make.asked) == 3 + 3 + 2 == len(set(make.asked))
        assert {(c.seed, c.scored_on, c.decide) for c in make.asked} == {(5, "validation", ())}
        assert {c.lr for c in make.asked if c.d == 100} == set(LRS)
        assert {c.lr for c in make.asked if c.d is None} == {0.001, 0.003}
        assert chosen.of(CELL) == 0.1 and chosen.of(FULL) == 0.003
        assert chosen.of(replace(CELL, d=10_000)) == 0.01

    def test_nothing_is_asked_twice(self):
        make = Maker(likes((100, 0.1)))
        chosen = chooser(make)
        for cell in (CELL, replace(CELL, seed=1), replace(CELL, lr=7.0, decide=(0.9,))):
            chosen.choose([cell])
        assert len(make.asked) == 3

    def test_cells_choose_for_themselves(self):
        make = Maker(lambda c: c.lr if c.structure_aware else -c.lr)
        aware = replace(CELL, structure_aware=True)
        chosen = chooser(make)
        chosen.choose([CELL, aware])
        assert (chosen.of(CELL), chosen.of(aware)) == (0.01, 1.0)

    def test_where_training_is_scored_so_are_the_pilots(self):
        make = Maker(likes((100, 0.1)))
        chooser(make).choose([replace(CELL, scored_on="train")])
        assert {c.scored_on for c in make.asked} == {"train"}

    def test_rates_for_one_d_are_scaled_to_the_others(self):
        make = Maker(likes((100, 0.1), (10_000, 0.01)))
        chosen = chooser(make, tried_for=100, scaled=True)
        chosen.choose([CELL, replace(CELL, d=10_000)])
        assert [c.lr for c in make.asked if c.d == 100] == [*LRS]
        there = [rate_at(10_000, lr, 100) for lr in LRS]
        assert [c.lr for c in make.asked if c.d == 10_000] == there == [0.001, 0.01, 0.1]


class TestWinning:
    def test_the_best_mean_score_over_several_seeds(self):
        scores = {(0.01, 0): 0.6, (0.01, 1): 0.6, (0.1, 0): 0.9, (0.1, 1): 0.1}
        scores |= {(1.0, 0): 0.5, (1.0, 1): 0.5}
        make = Maker(lambda c: scores[c.lr, c.seed])
        chosen = chooser(make, rated_by=2)
        chosen.choose([CELL])
        assert len(make.asked) == 6 and chosen.of(CELL) == 0.01
        alone = chooser(make)
        alone.choose([CELL])
        assert alone.of(CELL) == 0.1

    def test_of_equals_the_one_with_the_smaller_loss(self):
        losses = {0.01: 0.3, 0.1: 0.2, 1.0: math.inf}
        chosen = chooser(Maker(lambda c: 0.5, lambda c: losses[c.lr]))
        chosen.choose([CELL])
        assert chosen.of(CELL) == 0.1

    def test_one_that_diverges_never_wins(self):
        """Not even against scores below zero, such as Matthews' correlation or an error."""
        chosen = chooser(Maker(lambda c: None if c.lr == 0.1 else -c.lr))
        chosen.choose([CELL])
        assert chosen.of(CELL) == 0.01

    @pytest.mark.parametrize(("cell", "where"), [(CELL, "d = 100"), (FULL, "the full model")])
    def test_where_all_diverge_that_is_said(self, cell, where):
        with pytest.raises(IdlibError, match=rf"Every learning rate of .* fails with {where}: div"):
            chooser(Maker(lambda c: None)).choose([cell])

    def test_a_single_rate_is_taken_as_it_is_without_a_run(self):
        make = Maker(lambda c: pytest.fail("a run was asked for"))
        chosen = chooser(make, lrs=(0.1,), full_lrs=(1e-3,))
        chosen.choose([CELL, FULL])
        assert (chosen.of(CELL), chosen.of(FULL)) == (0.1, 1e-3)

    def test_a_single_rate_is_scaled_once_wherever_it_is_asked_for(self):
        """Recording again would make other runs, were it rounded twice."""
        chosen = chooser(Maker(None), lrs=(0.1,), pilots=(10_000,), scaled=True)
        chosen.choose([replace(CELL, d=10_000)])
        before = {d: chosen.of(replace(CELL, d=d)) for d in (100, 316, 3162, 31_623, 100_000)}
        for d in before:
            chosen.choose([replace(CELL, d=d)])
        assert before == {d: chosen.of(replace(CELL, d=d)) for d in before}
        assert before[100_000] == 0.0316


class TestBeingCareful:
    """A rate is passed over if the next larger one collapsed."""

    SCORES = ((0.01, 0.7), (0.1, 0.8), (1.0, 0.508))

    def chosen(self, cell=CELL, **how):
        chosen = chooser(Maker(lambda c: dict(self.SCORES)[c.lr]), full_lrs=LRS, **how)
        chosen.choose([cell])
        return chosen.of(cell)

    def test_the_edge_of_what_is_stable_is_passed_over(self):
        assert self.chosen(careful=True, chance={"t": 0.5}) == 0.01

    def test_only_if_asked_for_only_in_a_subspace_and_only_where_chance_is_known(self):
        assert self.chosen(chance={"t": 0.5}) == 0.1
        assert self.chosen(FULL, careful=True, chance={"t": 0.5}) == 0.1
        assert self.chosen(careful=True) == self.chosen(careful=True, chance={"u": 0.5}) == 0.1

    def test_what_is_clearly_above_chance_has_not_collapsed(self):
        assert self.chosen(careful=True, chance={"t": 0.49}) == 0.1

    def test_where_all_collapse_the_best_is_taken(self):
        assert self.chosen(careful=True, chance={"t": 0.9}) == 0.1


class TestHolding:
    def test_any_d_has_the_rate_of_the_nearest_pilot(self):
        chosen = chooser(Maker(likes((100, 0.1), (10_000, 0.01))))
        chosen.choose([CELL, replace(CELL, d=10_000)])
        rates = {d: chosen.of(replace(CELL, d=d)) for d in (1, 900, 1100, 10**6)}
        assert rates == {1: 0.1, 900: 0.1, 1100: 0.01, 10**6: 0.01}

    def test_scaled_the_length_of_a_step_is_kept(self):
        chosen = chooser(Maker(likes((100, 0.1), (10_000, 0.01))), scaled=True)
        chosen.choose([CELL, replace(CELL, d=10_000)])
        for d, lr in ((25, 0.2), (100, 0.1), (400, 0.05), (40_000, 0.005)):
            assert chosen.of(replace(CELL, d=d)) == lr
        assert chosen.of(replace(CELL, d=25, seed=9, decide=(0.5,))) == 0.2

    def test_the_nearest_pilot_is_at_most_the_largest_d(self):
        chosen = chooser(Maker(None))
        assert [chosen.pilot(d, 3000) for d in (3, 900, 2000)] == [100, 100, 3000]

    def test_far_is_half_a_decade_from_all_pilots(self):
        chosen = chooser(Maker(None))
        assert [chosen.far(d) for d in (20, 33, 300, 500, 2000, 3200, 30_000, 40_000)] == [
            True, False, False, True, True, False, False, True,
        ]  # fmt: skip


class TestChoosingAgain:
    def rechecked(self, there):
        """Chosen at 100, and again at a d found far from it."""
        make = Maker(likes((100, 0.1), (1600, there)))
        chosen = chooser(make, pilots=(100,), scaled=True, rechecked=True)
        chosen.choose([CELL])
        before = chosen.of(replace(CELL, d=1600))
        chosen.choose([replace(CELL, d=1600)])
        return chosen, make, before

    def test_the_rates_of_the_pilot_are_tried_there_scaled(self):
        chosen, make, before = self.rechecked(there=0.25)
        assert [c.lr for c in make.asked if c.d == 1600] == [0.0025, 0.025, 0.25]
        assert before == 0.025 and chosen.of(replace(CELL, d=1600)) == 0.25
        assert chosen.of(CELL) == 0.1 and chosen.of(replace(CELL, d=6400)) == 0.125

    def test_runs_at_the_rate_that_was_replaced_do_not_count(self):
        chosen, make, before = self.rechecked(there=0.25)
        make.score = lambda c: 0.5
        made = ((100, 0.1), (300, 0.0577), (1600, before), (1600, 0.25))
        runs = [make.run(replace(CELL, d=d, lr=lr)) for d, lr in made]
        assert [(r.config.d, r.config.lr) for r in chosen.in_force(runs)] == [
            (100, 0.1), (300, 0.0577), (1600, 0.25),
        ]  # fmt: skip

    def test_the_same_rate_again_changes_nothing_even_by_rounding(self):
        make = Maker(likes((100, 0.1), (1000, 0.0316)))
        chosen = chooser(make, pilots=(100,), scaled=True, rechecked=True)
        chosen.choose([CELL])
        chosen.choose([replace(CELL, d=1000)])
        rates = [chosen.of(replace(CELL, d=d)) for d in (1000, 10_000)]
        assert len(make.asked) == 6 and rates == [0.0316, 0.01], "not 0.00999"

    def test_where_nothing_is_chosen_again_all_runs_count(self):
        make = Maker(likes((100, 0.1)))
        chosen = chooser(make, pilots=(100,))
        chosen.choose([CELL])
        runs = [make.run(replace(CELL, lr=lr)) for lr in LRS]
        assert chosen.in_force(runs) == runs
