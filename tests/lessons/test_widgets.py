"""Widgets, driven as a reader would, without a browser."""

import json
import re
import statistics
import threading
import time
from dataclasses import replace
from importlib.resources import files

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from torch.utils.data import TensorDataset

from idlib import IdlibError, plots, widgets
from idlib.engine.training import predict
from idlib.lessons.base.panels import in_turn
from idlib.problems.images import load
from idlib.problems.variants import Task
from idlib.studies.reading import cell, replay
from idlib.tools.notebooks import clean, run


@pytest.fixture
def live():
    digits = load("digits")
    small = TensorDataset(*(t[:256] for t in digits.train.tensors))
    panel = widgets.LiveTraining(Task("digits", small, digits.test, "a test"), model="fc", d=10)
    yield panel
    panel.halt.click()
    if panel._thread:
        panel._thread.join(30)


def test_what_stands_in_for_a_widget_comes_before_it_and_outlives_it(live):
    asleep, alive = live.outputs()
    assert "Static picture" in asleep["text/html"] and "Ready" in asleep["text/html"]
    assert asleep["text/plain"] == "LiveTraining()"
    assert alive.keys() == {"application/vnd.jupyter.widget-view+json", "text/plain"}
    assert alive["text/plain"] == ""
    outputs = [new_output("display_data", output) for output in (asleep, alive)]
    stored = clean(new_notebook(cells=[new_code_cell("", outputs=outputs)]))
    assert [output.data for output in stored.cells[0].outputs] == [asleep]


def test_moving_d_shows_the_recorded_accuracy_of_that_d():
    explorer = widgets.RecordedCurves(("digits", "digits-shuffled"), d=100)
    for d in (10, 200):
        view = explorer.view(d=d, inside="FC")
        for label, c in explorer.cells.items():
            middle = statistics.median(c.scores[d])
            assert f"<td>{label}</td><td><b>{middle:.3f}</b>" in view
    assert len(explorer.cells) == 4


def test_looking_inside_shows_the_answers_that_change_and_the_weights():
    view = widgets.RecordedCurves(("digits",), d=100).view(d=100, inside="LeNet")
    turned = re.search(r"<b>gains (\d+)</b> of 450 test images and <b>loses (\d+)<", view)
    c = cell("digits", task="digits", model="lenet")
    net = (int(turned[1]) - int(turned[2])) / 450
    assert net == pytest.approx(c.first_seed[100].score - c.first_seed[75].score, abs=0.01)
    assert "first 5 units of LeNet" in view
    wrong = [x == y for x, y in zip(*digits_read("lenet", 100), strict=True)].count(False)
    assert f"48 test digits, {48 - wrong} of them read rightly" in view
    assert len(re.findall("<text[^>]*#8a3300", view)) == wrong > 0


def digits_read(model: str, d: int) -> tuple[list[int], list[int]]:
    """What the network takes the first test images for, and what they are."""
    test = load("digits").test
    first = TensorDataset(*(t[:48] for t in test.tensors))
    run = cell("digits", task="digits", model=model).first_seed[d]
    return predict(replay(run).merged(), first).tolist(), first.tensors[1].tolist()


def test_curves_that_unfold_hide_what_lies_beyond_d():
    def covered(**more):
        """From where to where, of the panel's width."""
        view = widgets.RecordedCurves(("digits",), **more).view(d=100, inside="FC")
        moves = view.partition('class="idlib-moves"')[2].partition("</g>\n</svg>")[0]
        x0, xs, *_ = map(float, re.search('data-axes="([^"]+)', moves)[1].split())
        return [
            [10 ** ((float(x) - x0) / xs) for x in re.findall(r"[ML] ([\d.]+)", path)]
            for path in re.findall(r'd="([^"]+)" [^>]*style="fill: var\(--idlib-paper', moves)
        ]

    assert covered() == []
    ((first, last, *_),) = covered(unfold=True)
    assert 100 < first < 125 and last > 800


def test_one_control_is_answered_after_the_other():
    begun, order = threading.Event(), []

    @in_turn
    def answer(value):
        order.append(f"begin {value}")
        if value == 2:
            begun.set()
            time.sleep(0.2)
        order.append(f"end {value}")

    slow = threading.Thread(target=answer, args=(2,))
    slow.start()
    assert begun.wait(10)
    answer(3)
    slow.join(10)
    assert order == ["begin 2", "end 2", "begin 3", "end 3"]


@pytest.mark.parametrize(
    ("guess", "axis", "at", "says"),
    [
        (20, "x", 20, "the dotted line"),
        (0, "x", 1, "beyond the axis"),
        (1000, "y", 500, "beyond the axis"),
        ("0.3", "y", 1, "beyond the axis"),
        ("LeNet", "x", 10, "the dotted line"),
        ("neither", "x", None, ""),
    ],
)
def test_a_guess_is_marked_where_it_lies_or_at_the_edge(guess, axis, at, says):
    ax = plots.figure()[1]
    ax.set(xscale="log", xlim=(1, 100), ylim=(500, 1))
    ax.set_xticks([10, 50], ["LeNet", "FC"])
    assert plots.mark_guess(ax, guess, axis).startswith(says)
    lines = [line.get_xdata() if axis == "x" else line.get_ydata() for line in ax.lines]
    assert [line[0] for line in lines] == ([] if at is None else [at])
    assert ax.get_xlim() == (1, 100) and ax.get_ylim() == (500, 1)


def test_a_quiz_is_alive_with_a_kernel_and_a_list_without(tmp_path):
    cell = new_code_cell('from idlib import widgets\nwidgets.quiz("03")')
    notebook = new_notebook(cells=[cell])
    run(notebook, tmp_path)
    (output,) = notebook.cells[0].outputs
    script, page = output.data["application/javascript"], output.data["text/html"]
    assert script.startswith("element.innerHTML") and "aria-live" in script
    (kept,) = clean(notebook).cells[0].outputs
    assert set(kept.data) == {"text/html", "text/plain"}
    questions = files("idlib.lessons") / "mnist" / "quiz.json"
    for q in json.loads(questions.read_text(encoding="utf-8")):
        assert q["question"] in page and json.dumps(q["question"])[1:-1] in script
        assert q["why"] in page and json.dumps(f"Right. {q['why']}")[1:-1] in script
    assert page.count("<details>") == page.count("</details>") >= 2


def test_a_quiz_that_is_not_there():
    with pytest.raises(IdlibError, match=r"No quiz '99' is there: choose one of .*'03'"):
        widgets.quiz("99")


def test_training_runs_to_its_end_and_says_the_accuracy(live):
    live.start.click()
    live._thread.join(60)
    assert re.search(r"^Finished after .*accuracy on all 450 test images", live.status.value)
    assert live.bar.value == live.bar.max > 1
    assert not live.start.disabled and live.halt.disabled


def train_to_the_end(live) -> str:
    """The line that says how a run ended."""
    live.start.click()
    live._thread.join(60)
    return live.status.value


def test_each_finished_run_becomes_a_star_beside_the_recorded_ones(live, monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "idlib.lessons.mnist.live.to_html", lambda fig, *words: drawn.append(fig) or str(words)
    )
    said = []
    for model, d in (("fc", 10), ("lenet", 50), ("fc", 50)):
        live.model.value, live.d.value = model, d
        said.append(float(re.search("<b>(.*?)</b>", train_to_the_end(live))[1]))
    stars = [line for line in drawn[-1].axes[0].lines if line.get_gid() == "run"]
    places = [(*star.get_xdata(), round(*star.get_ydata(), 3)) for star in stars]
    assert sorted(places) == sorted(zip((10, 50, 50), said, strict=True))
    assert len({star.get_color() for star in stars}) == 2, "of its network's colour"
    assert "3 so far" in live.kept.value and f"lenet, d = 50: {said[1]:.3f}" in live.kept.value
    assert [config.seed for config, _ in live.made] == [100, 101, 102]


def test_a_run_that_was_stopped_becomes_no_star(live):
    started = threading.Event()
    live.bar.observe(lambda _: started.set(), "value")
    live.d.value = 1000
    live.start.click()
    assert started.wait(30)
    live.halt.click()
    live._thread.join(30)
    assert "Stopped" in live.status.value and live.made == [] and "0 so far" in live.kept.value


@pytest.mark.parametrize("name", ["digits", "mnist10k"])
def test_live_runs_follow_the_recorded_schedule_or_say_what_differs(name):
    task = load(name)
    live = widgets.LiveTraining(task, d=100)
    recorded = live.recorded["fc"].runs
    (same,) = {replace(r.config, seed=live.config().seed) for r in recorded if r.config.d == 100}
    assert live.config() == same
    assert "recorded on the same images" in live.kept.value
    few = TensorDataset(*(t[:256] for t in task.train.tensors))
    other = widgets.LiveTraining(Task(task.name, few, task.test, "a test"))
    assert f"where yours are 256 of {name}" in other.kept.value


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
    monkeypatch.setattr("idlib.lessons.base.live.build_named", lambda config: 1 / 0)
    live.start.click()
    live._thread.join(30)
    assert "ZeroDivisionError" in live.status.value
    assert not live.start.disabled


def test_a_choice_that_makes_no_run_is_shown_and_train_lives_on(live, monkeypatch):
    monkeypatch.setattr(live, "config", lambda: 1 / 0)
    live.start.click()
    assert "ZeroDivisionError" in live.status.value
    assert not live.start.disabled and live.halt.disabled


def test_a_divergence_is_reported_with_its_learning_rate(live, monkeypatch):
    live.lr.options = [1e30]
    live.start.click()
    live._thread.join(30)
    assert "diverged" in live.status.value and "1e+30" in live.status.value
