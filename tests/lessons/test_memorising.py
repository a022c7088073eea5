"""Learning by heart: what the recorded searches say, and the checks of notebook 06."""

import math

import pytest
import torch

from idlib import IdlibError, widgets
from idlib.lessons.base.measures import bits_needed
from idlib.lessons.memorising.compute import (
    needed,
    without_memorising,
)
from idlib.problems.variants import parse
from idlib.studies.memorising import MEMORISING, NS, SHARES, task_name
from idlib.studies.reading import cell, store_of

(PART,) = MEMORISING.parts


def test_every_search_came_to_an_end():
    """Each seed has a d that reaches 0.9, and the next smaller d of the grid does not."""
    for task in PART.tasks:
        for seed, d in enumerate(needed(task).per_seed):
            below = PART.ds[PART.ds.index(d) - 1]
            scores = {
                r.config.d: r.score
                for r in store_of("memorising")
                if (r.config.task, r.config.seed) == (task, seed) and r.config.decide
            }
            assert scores[d] >= 0.9 > scores[below]


def test_rates_were_chosen_among_all_at_the_nearest_pilot():
    rates, runs = PART.protocol.rates, list(store_of("memorising"))
    for r in (r for r in runs if r.config.decide):
        pilot = min(rates.pilots, key=lambda p: abs(math.log(p / r.config.d)))
        tried = {
            o.config.lr: o.score or 0.0
            for o in runs
            if (o.config.task, o.config.d, o.config.decide) == (r.config.task, pilot, ())
        }
        assert set(tried) == set(rates.lrs)
        assert tried[r.config.lr] == max(tried.values())


def test_the_full_network_learns_all_of_it_by_heart():
    for task in PART.tasks:
        full = [r.score for r in cell("memorising", task=task).full]
        assert max(full) >= 0.99


def test_d_grows_with_images_and_with_random_labels():
    table = [[needed(task_name(n, p)).value for n in NS] for p in SHARES]
    for row in table:
        assert row == sorted(row)
    for column in zip(*table, strict=True):
        assert list(column) == sorted(column)


def test_copies_cost_nothing_and_noise_does():
    plain = needed("mnist-n1000-random0").value
    assert needed("mnist-n1000-copies2-random0").value < 1.2 * plain
    assert needed("mnist-n1000-random100").value > 4 * plain


@pytest.mark.parametrize("percent", SHARES)
def test_without_memorising_is_what_shuffling_leaves(percent):
    labels = torch.arange(10_000) % 10
    picked = torch.randperm(10_000)[: 100 * percent]
    shuffled = labels.clone()
    shuffled[picked] = labels[picked[torch.randperm(len(picked))]]
    left = (shuffled == labels).double().mean().item()
    assert left == pytest.approx(without_memorising(percent), abs=0.02)


def test_bits_needed_is_a_rate_distortion_function():
    assert bits_needed(7, 1.0) == pytest.approx(7 * math.log2(10))
    assert bits_needed(7, 0.1) == bits_needed(7, 0.0) == 0.0
    bits = [bits_needed(1, a / 100) for a in range(10, 101)]
    assert bits == sorted(bits)
    assert all(a + c >= 2 * b - 1e-12 for a, b, c in zip(bits, bits[1:], bits[2:], strict=False))
    with pytest.raises(IdlibError, match=r"accuracy = 1\.5 was given"):
        bits_needed(1, 1.5)


def test_unknown_tasks_are_refused():
    for task in (task_name(300, 10), "mnist-n9"):
        with pytest.raises(IdlibError, match=f"0 recorded cells fit .*'{task}'"):
            needed(task)
    assert all(parse(task_name(n, p)) for n in NS for p in SHARES)


def test_widget_shows_what_was_recorded():
    explorer = widgets.Memorising(1000, 50)
    for _, values in explorer.values():
        view, d = explorer.view(**values), needed(task_name(**values)).value
        assert f"<b>d = {d:,.0f}</b>" in view
        assert ("bits" in view) == (values["percent"] == 100)
