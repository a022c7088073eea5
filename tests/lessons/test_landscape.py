"""Valleys and saddles, in notebook 13: chances of a minimum, and a network that can get stuck."""

import math

import pytest

from idlib import IdlibError, plots
from idlib.lessons.questions.landscape import curvatures, train_xor


def test_chances_of_a_minimum():
    exact = {1: 1 / 2, 2: (2 - math.sqrt(2)) / 4, 3: (math.pi - math.sqrt(8)) / (4 * math.pi)}
    for D, chance in exact.items():
        measured = (curvatures(D, 20_000) > 0).all(1).double().mean().item()
        assert measured == pytest.approx(chance, abs=4 * math.sqrt(chance / 20_000))


def test_half_of_all_directions_curve_down():
    spread = []
    for D in (5, 50):
        share = (curvatures(D, 100) < 0).double().mean(1)
        assert share.mean().item() == pytest.approx(0.5, abs=0.05)
        spread.append(share.std().item())
    assert spread[1] < spread[0] / 4


def test_wide_networks_learn_xor_from_every_start_and_narrow_ones_do_not():
    stuck = [(train_xor(hidden, starts=200) > 0.1).sum().item() for hidden in (2, 8)]
    assert stuck[0] >= 10
    assert stuck[1] == 0


def test_curvature_odds_show_what_they_are_given():
    left, right = plots.curvature_odds({1: 0.5}, {1: [0.0, 1.0], 5: [0.4, 0.6]}).axes
    assert left.lines[2].get_ydata().tolist() == [0.5]
    assert [text.get_text() for text in right.get_xticklabels()] == ["1", "5"]


@pytest.mark.parametrize(
    ("make", "word"), [(lambda: curvatures(0, 1), "D = 0"), (lambda: train_xor(0), "hidden")]
)
def test_bad_input_is_named(make, word):
    with pytest.raises(IdlibError, match=word):
        make()
