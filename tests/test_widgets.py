"""Widgets, driven as a reader would, without a browser."""

import re
import threading

import pytest
from torch.utils.data import TensorDataset

from idlib import widgets
from idlib.data import load
from idlib.recorded import curve
from idlib.tasks import Task
from idlib.widgets.base import SliderPanel


@pytest.fixture
def live():
    digits = load("digits")
    small = TensorDataset(*(t[:256] for t in digits.train.tensors))
    panel = widgets.LiveTraining(Task("digits", small, digits.test, "a test"), model="fc", d=10)
    yield panel
    panel.halt.click()
    if panel._thread:
        panel._thread.join(30)


def test_a_panel_carries_a_static_picture_for_readers_without_a_kernel():
    panel = widgets.RecordedCurves(("digits",), d=100)
    bundle = panel._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert re.search(r'<img alt="Test accuracy[^"]+At d = 100', bundle["text/html"])
    assert not re.findall(r'<img (?!alt="[^"]+")', bundle["text/html"])


def test_moving_d_shows_the_recorded_accuracy_of_that_d():
    panel = widgets.RecordedCurves(("digits", "digits-shuffled"), d=100)
    for d in (10, 200):
        panel.panel.slider.value = d
        for label, c in panel.curves.items():
            mean = sum(c.scores[d]) / len(c.scores[d])
            assert f"<td>{label}</td><td><b>{mean:.3f}</b>" in panel.panel.view.value
    assert len(panel.curves) == 4


def test_looking_inside_shows_the_answers_that_change_and_the_weights():
    panel = widgets.RecordedCurves(("digits",), d=100)
    panel.inside.value = "LeNet"
    html = panel.panel.view.value
    turned = [int(n) for n in re.findall(r"(\d+) of 450 test", html)]
    c = curve("digits", "digits", "lenet")
    net = (turned[0] - turned[1]) / 450
    assert net == pytest.approx(c.first_seed[100].score - c.first_seed[75].score, abs=0.01)
    assert "first LeNet weights" in html


def test_an_error_while_drawing_is_a_visible_line():
    def draw(value):
        if value == 2:
            raise RuntimeError("no <such> picture")
        return "fine"

    panel = SliderPanel("x", [1, 2, 3], draw, 1, "10px")
    panel.slider.value = 2
    assert "RuntimeError</b>: no &lt;such&gt; picture" in panel.view.value
    panel.slider.value = 3
    assert panel.view.value == "fine"


def test_a_prediction_is_kept_once_made():
    guess = widgets.predict("How many?", low=1, high=100)
    assert "no guess was made" in guess.compare(10).static_html()
    guess.answer.value = 7
    guess.commit.click()
    assert guess.guess == 7 and guess.commit.disabled and guess.answer.disabled
    assert "your guess: <b>7</b>; measured: <b>10</b>" in guess.compare(10).static_html()


def test_a_choice_must_be_made_before_it_is_committed():
    guess = widgets.predict("Which?", options=["FC", "LeNet"])
    guess.commit.click()
    assert guess.guess is None and not guess.commit.disabled
    guess.answer.value = "FC"
    guess.commit.click()
    assert guess.guess == "FC"
    assert "<li>LeNet</li>" in guess.static_html()


def test_training_runs_to_its_end_and_says_the_accuracy(live):
    live.start.click()
    live._thread.join(60)
    assert re.search(r"^Finished after .*accuracy on all 450 test images", live.status.value)
    assert live.bar.value == live.bar.max > 1
    assert not live.start.disabled and live.halt.disabled


def test_stop_ends_it_within_two_steps_and_train_starts_only_one(live):
    started = threading.Event()
    live.bar.observe(lambda _: started.set(), "value")
    live.d.value = 1000
    live.start.click()
    first = live._thread
    live.start.click()
    assert live._thread is first
    assert started.wait(30)
    live.halt.click()
    first.join(30)
    made, pressed = re.search(
        r"Stopped at step (\d+) \(pressed at step (\d+)\)", live.status.value
    ).groups()
    assert int(made) - int(pressed) <= 2


def test_a_failure_in_the_thread_is_shown(live, monkeypatch):
    monkeypatch.setattr("idlib.widgets.live.build", lambda config: 1 / 0)
    live.start.click()
    live._thread.join(30)
    assert "ZeroDivisionError" in live.status.value
    assert not live.start.disabled


def test_a_divergence_is_reported_with_its_learning_rate(live, monkeypatch):
    live.lr.options = [1e30]
    live.start.click()
    live._thread.join(30)
    assert "diverged" in live.status.value and "1e+30" in live.status.value
