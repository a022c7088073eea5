"""Kinds of P that know something: what notebook 13 says of them holds in what was recorded."""

import statistics

import pytest

from idlib import plots, widgets
from idlib.lessons.questions.informed import known

KINDS = {k.label: k for k in known()}
REVIEWS = {k.label: k for k in known(sentences=True)}


def at(label: str, d: int) -> float:
    return statistics.median(KINDS[label].cell.scores[d])


def test_all_are_held_against_the_same_score():
    full = KINDS["drawn at random"].cell.baseline
    for k in KINDS.values():
        assert k.goal == k.d90.threshold == pytest.approx(0.9 * full)
        assert k.cell.D == 15_910 and k.cell.task == "mnist10k"


def test_what_was_paid_and_what_must_be_written_down():
    assert [k.paid for k in KINDS.values()] == [0, 10, 40, 32, 40, 395, 16 * 395, 16 * 395]
    D = 15_910
    assert [k.written(2) for k in KINDS.values()] == [2, *[2 + D] * 2, *[2 + 2 * D] * 5]


def test_who_has_been_there_needs_one_number():
    for label in ("a whole path", "16 solutions, this start"):
        assert set(KINDS[label].d90.per_seed) == {1}
    assert 2 <= KINDS["first 40 steps of a path"].d90.d <= 8
    assert KINDS["drawn, after 40 full steps"].d90.d > KINDS["first 40 steps of a path"].d90.d


def test_gradients_halve_d90():
    drawn, found = (KINDS[k].d90.value for k in ("drawn at random", "gradients at the start"))
    assert 0.35 < found / drawn < 0.65


def test_strangers_are_of_little_help():
    strange = KINDS["16 solutions, other starts"]
    assert strange.d90.d is None
    assert at("drawn at random", 16) < at(strange.label, 16) < 0.5 * strange.goal


def test_what_is_said_of_sentences_was_recorded(prose):
    text, scores = prose("13", "g-texts-text"), {k: v.cell.scores for k, v in REVIEWS.items()}
    drawn = REVIEWS["drawn at random"]
    assert (
        f"Drawn blindly, {drawn.goal:.3f} takes {drawn.d90.short().replace(' (', ' numbers (')}"
        in text
    )
    for label in ("a whole path", "16 solutions, this start"):
        assert REVIEWS[label].d90.d == 1
        assert statistics.fmean(scores[label][1]) == pytest.approx(0.79, abs=0.006)
    for label in ("gradients at the start", "first 40 steps of a path"):
        assert max(map(statistics.median, scores[label].values())) < 0.63
    strange = scores["16 solutions, other starts"]
    assert f"does nothing, {strange[1][0]:.3f}. Sixteen reach {strange[16][0]:.3f}" in text
    thousand = statistics.median(scores["drawn at random"][1024])
    assert f"a thousand drawn numbers ({thousand:.3f})" in text
    assert {k.cell.D for k in REVIEWS.values()} == {1_875_458}
    assert {k.goal for k in REVIEWS.values()} == {drawn.goal}


def test_the_picture_has_a_line_for_each_kind_and_a_mark_for_each_d90():
    lines = {label: (k.cell.scores, k.d90) for label, k in KINDS.items()}
    (ax,) = plots.chosen_lines(lines, KINDS["drawn at random"].goal, "title").axes
    drawn = {line.get_label(): line for line in ax.lines}
    for label, k in KINDS.items():
        assert list(drawn[label].get_xdata()) == list(k.cell.scores)
        assert drawn[label].get_ydata()[0] == at(label, 1)
    marks = [line for line in ax.lines if line.get_marker() == "D" and len(line.get_xdata()) == 1]
    assert sum(k.d90.value is not None for k in KINDS.values()) == len(marks)


def test_the_explorer_shows_a_row_for_each_kind():
    explorer = widgets.ChosenSubspaces(1)
    view = explorer.view(d=1)
    for label, k in KINDS.items():
        assert f"<td>{label}</td><td>{at(label, 1):.3f}</td><td>{k.paid:,}</td>" in view
    assert "or above: a whole path; 16 solutions, this start." in view
    assert "<td>a whole path</td><td>–</td>" in explorer.view(d=1024)
