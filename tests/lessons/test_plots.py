"""Figures: the numbers behind them, and words for those who can't see them."""

import base64
import io
import math
import re

import numpy as np
from PIL import Image

from idlib.engine.estimate import Estimate
from idlib.plots import (
    accuracy_curves,
    d90_of_sizes,
    figure,
    panels,
    picture,
    scores_by_d,
    strip,
    training_curve,
)
from idlib.studies import cell

CURVES = {"FC": {10: [0.2, 0.3], 100: [0.8, 0.9]}, "LeNet": {10: [0.1], 100: [0.95]}}


def test_a_picture_keeps_its_alternative_text_and_caption():
    fig, _ = figure()
    html = picture(fig, 'a "quoted" <slope>', "Look at the slope.").data
    assert re.search(r'alt="a &quot;quoted&quot; &lt;slope&gt;"', html)
    assert "<figcaption" in html and "Look at the slope." in html


def test_a_picture_says_how_large_its_smallest_letters_are_and_where_it_comes_from():
    fig, ax = figure()
    ax.set_title("large", fontsize=18)
    ax.text(0, 0, "small", fontsize=9)
    ax.text(0, 0, "hidden", fontsize=3, visible=False)
    assert 'data-letters="12.5"' in picture(fig, "a", "c").data, "9 points at 100 dpi"
    assert "<small>" not in picture(fig, "a", "c").data
    fig.set_label("Recorded on a Monday")
    assert "c<br><small>Recorded on a Monday.</small></figcaption>" in picture(fig, "a", "c").data


def test_each_panel_is_an_image_of_its_own():
    fig, _ = panels((3, 4), 2)
    html = picture(fig, "both", "c").data
    assert re.findall(r'alt="([^"]*)" width="(\d+)"', html) == [
        ("both", "300"),
        ("Panel 2 of it.", "400"),
    ]


def test_accuracy_curves_show_every_seed_the_means_and_the_thresholds():
    fig = accuracy_curves(CURVES, {"absolute: 0.90": (0.9, "")})
    (ax,) = fig.axes
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert np.allclose(lines["FC"], [0.25, 0.85]) and np.allclose(lines["LeNet"], [0.1, 0.95])
    assert np.allclose(lines["absolute: 0.90"], 0.9)
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert sorted(len(line.get_ydata()) for line in dots) == [2, 4]
    assert "logarithmic" in ax.get_xlabel() and ax.get_ylabel() == "test accuracy"


def test_a_line_through_d90_is_broken_where_there_is_none():
    def found(d, *interval):
        return Estimate(0.9, (d,), between=(d,), interval=interval or None)

    line = {100: found(20, 10, 30), 200: found(None), 400: found(40, 20, math.inf), 500: found(50)}
    fig = d90_of_sizes({"a task": {"a rate": line}}, {100: "small"})
    (ax,) = fig.axes
    through, bar, endless, arrow = (line.get_xydata() for line in ax.lines)
    points = [[100, 20], [200, np.nan], [400, 40], [500, 50]]
    assert np.allclose(through, points, equal_nan=True)
    assert bar.tolist() == [[100, 10], [100, 30]] and arrow.tolist() == [endless.tolist()[1]]
    assert endless.tolist()[0] == [400, 20] and endless[1, 1] > 40
    assert [(t.get_position()[0], t.get_text()) for t in ax.texts] == [(200, "none")]


def test_scores_by_d_show_all_seeds_from_untrained_to_the_full_model():
    kept = {"MiniLM": cell("methods", "minilm-sst2", method="DID"),
            "4x128": cell("methods", "small-sst2", method="DID")}  # fmt: skip
    (ax,) = scores_by_d(kept).axes
    for (name, c), through, dots in zip(kept.items(), ax.lines[::2], ax.lines[1::2], strict=False):
        assert through.get_label() == name
        medians = [[d, float(np.median(scores))] for d, scores in c.scores.items()]
        started = any(run.start is not None for run in c.full)
        assert through.get_xydata()[started:].tolist() == medians
        assert len(dots.get_xdata()) == sum(map(len, c.scores.values())) + len(c.full)
    labels = [label.get_text() for label in ax.get_xticklabels()]
    assert labels[0] == "0" and labels[-1] == "full" and "10,000" in labels


def test_the_training_curve_marks_the_threshold():
    (ax,) = training_curve([0, 10], [0.1, 0.7], total=50).axes
    assert ax.get_xlim() == (0, 50)
    assert any(np.allclose(line.get_ydata(), 0.9) for line in ax.lines)


def pixels(html: str) -> np.ndarray:
    data = re.search(r'base64,([^"]+)', html)[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")).astype(int)


def test_a_strip_shows_signs_as_red_and_blue_and_zero_as_white():
    html = strip([np.array([[-1.0, 0.0, 1.0]]), np.array([[5.0, 0.0, -5.0]])], "two")
    left, zero, right, edge, *other = pixels(html)[0]
    assert left[0] > left[2] + 50 and right[2] > right[0] + 50
    assert min(zero) > 240 and min(edge) > 240
    assert np.array_equal(other, [right, zero, left, edge]), "each on a scale of its own"
