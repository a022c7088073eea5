"""Figures: the numbers behind them, and words for those who can't see them."""

import re

import numpy as np
import pytest

from idlib.plots import (
    COLORS,
    MovingLine,
    accuracy_curves,
    d90_of_sizes,
    figure,
    picture,
    thumbnails,
    to_html,
    training_curve,
)

CURVES = {"FC": {10: [0.2, 0.3], 100: [0.8, 0.9]}, "LeNet": {10: [0.1], 100: [0.95]}}


def test_a_picture_keeps_its_alternative_text_and_caption():
    fig, _ = figure()
    html = picture(fig, 'a "quoted" <slope>', "Look at the slope.").data
    assert re.search(r'alt="a &quot;quoted&quot; &lt;slope&gt;"', html)
    assert "<figcaption" in html and "Look at the slope." in html


def test_accuracy_curves_show_every_seed_the_means_and_the_thresholds():
    fig = accuracy_curves(CURVES, {"absolute: 0.90": (0.9, "")}, title="Recorded on …")
    (ax,) = fig.axes
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert np.allclose(lines["FC"], [0.25, 0.85]) and np.allclose(lines["LeNet"], [0.1, 0.95])
    assert np.allclose(lines["absolute: 0.90"], 0.9)
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert sorted(len(line.get_ydata()) for line in dots) == [2, 4]
    assert "logarithmic" in ax.get_xlabel() and ax.get_ylabel() == "test accuracy"


def test_a_line_through_d90_is_broken_where_there_is_none():
    fig = d90_of_sizes({"a task": {"a rate": {100: [10, 20], 200: [], 400: [40]}}}, {100: "small"})
    (ax,) = fig.axes
    through, seeds = (line.get_xydata() for line in ax.lines)
    assert np.array_equal(through, [[100, 20], [200, np.nan], [400, 40]], equal_nan=True)
    assert seeds.tolist() == [[100, 10], [100, 20], [400, 40]]
    assert [(t.get_position()[0], t.get_text()) for t in ax.texts] == [(200, "none")]


def test_a_line_moves_over_a_figure_as_if_all_of_it_were_drawn():
    def drawn():
        return accuracy_curves(CURVES, {"absolute: 0.90": (0.9, "")})

    moving = MovingLine(drawn())
    seen = [moving.to_html(d, f"at {d}") for d in (10, 100, 10)]
    assert seen[0] == seen[2] != seen[1]
    for d, html in zip((10, 100), seen, strict=False):
        fig = drawn()
        fig.axes[0].axvline(d, color=COLORS["grey"], linewidth=1.2, zorder=99)
        assert html == to_html(fig, f"at {d}")


def test_the_training_curve_marks_the_threshold():
    (ax,) = training_curve([0, 10], [0.1, 0.7], total=50).axes
    assert ax.get_xlim() == (0, 50)
    assert any(np.allclose(line.get_ydata(), 0.9) for line in ax.lines)


@pytest.mark.parametrize("diverging", [False, True])
def test_every_thumbnail_has_alternative_text(diverging):
    html = thumbnails([np.eye(5), np.zeros((5, 5))], ["3 → 8", "unit 1"], diverging)
    assert re.findall(r'<img alt="([^"]+)"', html) == ["3 → 8", "unit 1"]
