"""Ordinary small networks beside subspaces of large ones: what notebook 03 says of them holds."""

import statistics

import numpy as np

from idlib.plots import beside_rivals
from idlib.studies.reading import cell, cells

RIVALS = {c.model: c for c in cells("rivals")}


def along(model: str, numbers: int) -> float:
    """The large network's median accuracy at so many numbers, read off its line."""
    scores = cell("mnist", "curves", "mnist", model=model).scores
    return float(np.interp(np.log(numbers), np.log([*scores]), [*map(np.median, scores.values())]))


def test_they_lie_about_the_line_of_fc_and_below_that_of_lenet():
    found = {c.D: statistics.median(r.score for r in c.runs) for c in RIVALS.values()}
    assert sorted(found) == [170, 310, 500, 610, 1210, 1970]
    for D in (500, 610, 1210):
        assert 0.01 < found[D] - along("fc", D) < 0.035
    assert abs(found[310] - along("fc", 310)) < 0.02
    assert found[1970] < along("fc", 1970)
    assert all(score < along("lenet", D) for D, score in found.items())


def test_they_are_scored_on_the_same_images():
    facts = {c.facts["data"][1] for c in RIVALS.values()}
    assert facts == {cell("mnist", "curves", "mnist", model="fc").facts["data"][1]}
    assert {(c.runs[0].config.epochs, len(c.runs)) for c in RIVALS.values()} == {(5, 3)}


def test_a_small_network_is_a_point_and_a_large_one_a_line():
    lines = {"fc": {10: [0.2, 0.4], 100: [0.8]}}
    points = {"linear-side7": (500, [0.9, 0.7, 0.8]), "fc-5-1-side7": (310, [0.6])}
    (ax,) = beside_rivals(lines, points).axes
    found = {line.get_label(): line.get_xydata().tolist() for line in ax.lines}
    assert np.allclose(found["fc"], [[10, 0.3], [100, 0.8]])
    assert found["all of a small network: linear"] == [[500, 0.8]]
    assert found["all of a small network: one hidden layer"] == [[310, 0.6]]
    assert ax.get_xscale() == "log"
