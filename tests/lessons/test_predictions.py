"""Predictions: asked without their answers, kept, shown in what waited for them, polled."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from math import degrees, exp
from pathlib import Path

import pytest

from idlib import IdlibError, plots, widgets
from idlib.lessons import LESSONS
from idlib.lessons.adapters.compute import tuned_ways
from idlib.lessons.base import guesses, polls
from idlib.lessons.base.explorers import Explorer, slider
from idlib.lessons.base.measures import slope
from idlib.lessons.base.predictions import Prediction
from idlib.lessons.base.questions import Axes, Question, question
from idlib.lessons.bounds.compute import bound_of, cells_with_d90
from idlib.lessons.bounds.theory import complexity, rank_correlation
from idlib.lessons.memorising.compute import needed
from idlib.lessons.sizes.compute import recorded_networks
from idlib.studies.bytes import file_sizes
from idlib.studies.memorising import task_name
from idlib.studies.published import TABLE1
from idlib.studies.reading import cell

HOME = Path(polls.__file__).parents[1]
NAMES = [
    f"{lesson}/{key}"
    for lesson in LESSONS.values()
    for key in json.loads((HOME / lesson / "predictions.json").read_text(encoding="utf-8"))
]
NUMBER = Question(
    "toy/many", "How many?", "{n:,}", "So it is.", between=(1, 10_000), alt="A plot.",
    caption="Look at {n}.",
)  # fmt: skip
WHICH = Question("toy/which", "Which?", "LeNet", "It <i>is</i>.", options=("FC", "LeNet"))
CURVE = Question("toy/curve", "Draw.", "{n}", "So.", curve=Axes((10, 100, 1000), "d", (0, 1), "y"))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("IDLIB_GUESSES", str(tmp_path))
    return tmp_path


@pytest.fixture
def number():
    return Prediction(NUMBER)


@pytest.fixture
def which():
    return Prediction(WHICH)


def make(prediction, value):
    prediction.answer.value = value
    prediction.commit.click()
    assert prediction.made
    return prediction


def axes(**limits):
    fig, ax = plots.figure()
    ax.set(**limits)
    return fig


class TestAsking:
    def test_a_number_starts_empty_and_must_be_one(self, number):
        assert number.answer.value == ""
        number.commit.click()
        assert number.status.value == "Type a whole number from 1 to 10,000 first."
        for text in ("many", "0", "10001", "2.5", "-3"):
            number.answer.value = text
            number.commit.click()
            assert f"“{text}” was given" in number.status.value
        assert not number.made and not number.commit.disabled

    def test_what_was_refused_is_not_said_of_the_next_answer(self, number):
        number.answer.value = "many"
        number.commit.click()
        number.answer.value = "17"
        assert number.status.value == "" and not number.made

    @pytest.mark.parametrize("text", ["4000", "4,000", " 4 000 ", "4_000"])
    def test_a_number_may_be_written_as_people_do(self, number, text):
        assert make(number, text).guess == 4000

    def test_a_choice_must_be_made_before_it_is_committed(self, which):
        which.commit.click()
        assert not which.made and "Choose" in which.status.value
        assert make(which, "FC").guess == "FC"

    def test_a_curve_is_straight_between_what_was_drawn_and_level_beyond(self):
        guess = Prediction(CURVE)
        guess.answer.value = [None, 0.5, None]
        guess.commit.click()
        assert not guess.made and "Draw" in guess.status.value
        xs, ys = zip(*make(guess, [0.2, None, 0.8]).guess, strict=True)
        assert xs == (10, 100, 1000) and ys == pytest.approx((0.2, 0.5, 0.8))
        guess.answer.value = [None, 0.3, 0.9]
        assert guess.answer.drawn()[0] == (10, 0.3)

    def test_skipping_is_an_answer_and_says_nothing(self, number):
        shown = number.reveal(n=10)
        number.skip.click()
        assert number.made and number.guess is None
        assert "Your guess:" not in shown.to_html() and "<details" not in shown.to_html()
        assert "Skipped." in number.static_html()

    def test_a_choice_in_another_thread_while_the_press_is_answered_is_the_guess(self, which):
        """JupyterLab has controls answered in several threads."""
        which.answer.value = "FC"
        under_way = threading.Event()
        which.when_made(lambda: under_way.set() or time.sleep(0.2))
        press = threading.Thread(target=which.commit.click)
        press.start()
        assert under_way.wait(10)
        which.answer.value = "LeNet"
        press.join(10)
        assert which.guess == "LeNet" and "<b>LeNet</b>" in which.static_html()
        assert guesses.kept("toy/which") == {"guess": "LeNet"}

    def test_without_a_kernel_the_question_stands_alone(self, which):
        page = which.static_html()
        assert "Which?" in page and "<li>LeNet</li>" in page
        assert "Your guess" not in page and "Run this cell to guess." in page
        assert "Run this cell" not in make(which, "FC").static_html()

    def test_the_question_stands_in_for_its_form(self, number):
        question, _ = number.form.outputs()
        assert question["text/plain"] == "Prediction('toy/many')"
        assert "How many?" in question["text/html"] and "Run this cell" in question["text/html"]


class TestWaiting:
    def test_the_answer_is_folded_until_the_guess_is_made(self, number):
        shown = number.reveal(n=1234)
        before = shown.to_html()
        assert before.index("<details>") < before.index("1,234") < before.index("</details>")
        make(number, "7")
        after = shown.to_html()
        assert "<details" not in after
        assert "Your guess: <b>7</b>. The answer: <b>1,234</b>. So it is." in after

    def test_a_figure_takes_the_guess_whenever_it_is_made(self, number):
        fig = axes(xlim=(0, 100))
        early = number.show(fig, axis="x", n=5)
        folded = early.to_html()
        assert "Your guess:" not in folded and "Look at 5." in folded
        make(number, "4000")
        where = " (beyond the axis, hence the dotted line at its end)"
        assert f'alt="A plot. Your guess: 4,000{where}."' in early.to_html()
        assert f"Look at 5. Your guess: <b>4,000</b>{where}." in early.to_html()
        assert fig.axes[0].lines[0].get_xdata()[0] == 100 and fig.axes[0].get_xlim() == (0, 100)
        number.answer.value = "8"  # a choice that its button overtook
        assert number.guess == 8
        early.to_html()
        assert [line.get_xdata()[0] for line in fig.axes[0].lines] == [8]

    def test_an_explorer_has_the_guess_above_it(self, which):
        explorer = Explorer({"x": slider("x", [1, 2], 1)}, lambda x: f"x = {x}")
        shown = which.show(explorer)
        assert "<details>" in shown.to_html() and "Your guess:" not in shown.to_html()
        make(which, "FC")
        assert "<p>Your guess: <b>FC</b>.</p>" in shown.to_html()
        assert explorer.to_html() in shown.to_html()

    def test_recorded_curves_hold_a_number_and_a_curve(self, number):
        curve = Prediction(CURVE)
        explorer = widgets.RecordedCurves(("digits",), d=100)
        shown = number.show(explorer, also=[curve])
        assert "Your guess:" not in shown.to_html()
        make(number, "77")
        assert "<details>" in shown.to_html(), "one is left"
        make(curve, [0.1, 0.5, 0.9])
        assert "<details>" not in shown.to_html()
        view = explorer.view(**explorer.start)
        assert "Your guess: <b>77</b> (the dotted line)" in view
        assert "the dotted curve" in view

    def test_what_is_printed_waits_too(self, number, capsys):
        shown = number.show()
        with shown:
            print("d = 10 <b>")
        page = shown.to_html()
        assert page.index("<details>") < page.index(">d = 10 &lt;b")
        assert "d = 10" not in re.sub("<details>.*</details>", "", capsys.readouterr().out)
        with pytest.raises(ZeroDivisionError), number.show():
            print(1 / 0)

    def test_a_curve_is_compared_with_what_was_recorded(self):
        guess = make(Prediction(CURVE), [0.2, 0.5, 0.8])
        page = guess.reveal({10: 0.2, 100: 0.9, 5000: 0.0}, n=1).to_html()
        assert "Your curve is off by 0.20 on average, and most, by 0.40, at 100." in page
        assert page.partition("idlib-moves")[2].count("stroke-dasharray") == 1
        assert "stroke-dasharray" not in page.partition("idlib-moves")[0]
        fig = axes(xscale="log", xlim=(10, 500), ylim=(0, 1))
        assert "the dotted curve" in guess.mark(fig, "")
        assert fig.axes[0].get_xlim() == (10, 500)
        assert fig.axes[0].lines[0].get_ydata().tolist() == [0.2, 0.5, 0.8]

    def test_a_number_that_is_missing_or_an_answer_that_is_no_option_is_told(self, number):
        with pytest.raises(IdlibError, match=r"says 'n' in its answer, and got \['m'\]"):
            number.reveal(m=1)
        odd = Prediction(Question("toy/odd", "?", "{x}", options=("a", "b")))
        with pytest.raises(IdlibError, match="'c' is the answer of toy/odd, expected one of 'a'"):
            odd.reveal(x="c")
        with pytest.raises(IdlibError, match="no 'alt'"):
            odd.show(axes())


class TestKeeping:
    def test_a_guess_outlives_its_kernel(self, number, which):
        make(number, "7")
        which.skip.click()
        again, skipped = Prediction(NUMBER), Prediction(WHICH)
        assert again.made and again.guess == 7 and skipped.made and skipped.guess is None
        assert "<details" not in again.reveal(n=1).to_html()
        curve = make(Prediction(CURVE), [0.2, None, 0.8])
        assert Prediction(CURVE).guess == curve.guess

    def test_it_can_be_forgotten(self, number, which):
        make(number, "7"), make(which, "FC")
        number.forget()
        assert not number.made and not Prediction(NUMBER).made and Prediction(WHICH).made
        widgets.forget()
        assert not Prediction(WHICH).made

    def test_what_is_no_guess_any_more_is_none(self, folder):
        for kept in ('"Which"', "3", '{"guess": "ResNet"}', "", '{"guess": [1]}'):
            for asked in (WHICH, CURVE, NUMBER):
                path = folder / asked.name / f"{guesses._reader()}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(kept)
                assert not Prediction(asked).made

    def test_where_nothing_can_be_kept_it_says_so_and_goes_on(self, folder, number, monkeypatch):
        (folder / "file").write_text("")
        monkeypatch.setenv("IDLIB_GUESSES", str(folder / "file"))
        make(number, "7")
        assert "It is not kept: " in number.static_html()
        assert "<details" not in number.reveal(n=1).to_html()

    def test_without_a_folder_named_it_lies_in_the_cache(self, monkeypatch, tmp_path):
        monkeypatch.delenv("IDLIB_GUESSES")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert guesses.folder() == tmp_path / "idlib" / "guesses"


WRITER = """import os, sys
from idlib.lessons.base import guesses
for n in range(30):
    guesses.keep("mnist/fc", 100 * int(sys.argv[1]) + n)
"""


class TestPoll:
    def test_several_write_at_once_and_each_counts_once(self, folder, monkeypatch):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, str(n)],
                env={**os.environ, "JUPYTERHUB_USER": f"student{n}"},
            )
            for n in range(1, 3)
        ]
        while not (folder / "mnist").exists() and any(writer.poll() is None for writer in writers):
            time.sleep(0.01)  # there is nothing to read before the first guess
        while any(writer.poll() is None for writer in writers):  # never half a guess
            assert all(isinstance(guess, int) for guess in guesses.everyone("mnist/fc"))
        assert [writer.returncode for writer in writers] == [0] * 2
        assert sorted(guesses.everyone("mnist/fc")) == [129, 229]
        assert not list(folder.rglob("*.part"))
        page = widgets.poll("mnist/fc").data
        assert "2 guesses. From 129 to 229, median 179." in page
        assert "student" not in " ".join(map(str, folder.rglob("*")))
        monkeypatch.setenv("JUPYTERHUB_USER", "student2")
        widgets.forget("mnist")
        assert sorted(guesses.everyone("mnist/fc")) == [129]

    def test_options_are_counted_and_skipped_ones_are_not(self, folder):
        for n, guess in enumerate(["as many as FC", "as many as FC", None, "about nine times"]):
            path = folder / "mnist" / "lenet" / f"{n}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"guess": guess}))
        page = widgets.poll("mnist/lenet").data
        assert "2 guesses, 1 skipped." in page and "as many as FC: 2" in page

    def test_bars_stand_where_the_guesses_are(self):
        ax = polls.guessed(NUMBER, [3, 700, 750]).axes[0]
        counted = {bar.get_x(): bar.get_height() for bar in ax.patches if bar.get_height()}
        assert sum(counted.values()) == 3 and max(counted.values()) == 2
        assert max(counted, key=counted.get) <= 700 < 750
        bars = polls.guessed(WHICH, ["LeNet", "LeNet"]).axes[0].patches
        assert [bar.get_width() for bar in bars] == [0, 2]
        curves = polls.guessed(CURVE, [((10, 0), (100, 1), (1000, 1))] * 3).axes[0]
        assert len(curves.lines) == 3 and curves.get_xscale() == "log"

    def test_before_the_first_guess_it_is_an_empty_picture(self):
        for name in ("mnist/fc", "mnist/lenet", "mnist/curve"):
            assert "0 guesses" in widgets.poll(name).data


class TestQuestions:
    def test_a_question_that_is_not_there(self):
        with pytest.raises(IdlibError, match=r"No prediction 'mnist/lent' .* 'mnist/lenet'"):
            widgets.predict("mnist/lent")
        with pytest.raises(IdlibError, match="such as 'mnist/fc'"):
            widgets.predict("fc")

    @pytest.mark.parametrize("name", NAMES)
    def test_each_has_an_answer_among_its_options_and_says_why(self, name):
        asked = question(name)
        assert asked.question and asked.answer and asked.why
        assert asked.question.count("$") == asked.why.count("$") == 0, "no formulas in LaTeX"
        assert bool(asked.alt) == bool(asked.caption)
        if asked.options:
            assert 2 <= len(asked.options) == len(set(asked.options)) <= 5
            assert "{" in asked.answer or asked.answer in asked.options
        if asked.between:
            assert asked.between[0] < asked.between[1]


def d90(*place, definition="absolute", **fields) -> float:
    return cell(*place, **fields).d90(definition).value


def nearest(value: float, name: str) -> str:
    """The option, a number, that is nearest."""
    options = [o for o in question(name).options if o[0].isdigit()]
    return min(options, key=lambda o: abs(float(o.split(":")[0]) - value))


def growth(share: int) -> float:
    return needed(task_name(5000, share)).value / needed(task_name(500, share)).value


def exponent() -> float:
    nets = recorded_networks().values()
    return slope([net.D for net in nets], [net.d90("absolute").value for net in nets])


class TestAnswers:
    """Answers that stand in words beside the recordings or formulas that they follow from."""

    def test_mnist(self):
        fc, lenet = (d90("mnist", task="mnist", model=m) for m in ("fc", "lenet"))
        assert 0.28 < lenet / fc < 0.4
        moved = {m: cell("mnist", task="mnist-shuffled", model=m) for m in ("fc", "lenet")}
        assert moved["fc"].d90("absolute").value < 1.1 * fc
        assert not moved["lenet"].d90("absolute").d

    def test_subspaces(self):
        assert degrees(1 / 1000**0.5) == pytest.approx(1.8, abs=0.05)
        spread = 2 / (2 * 4096) ** 0.5  # of 95 % of draws
        assert 0.01 < spread < 0.05 and question("subspaces/length").answer == "by less than 5 %"

    def test_inside(self):
        assert question("inside/memory").answer == f"{4 * 199_210 * 750 / 1e6:.0f}"
        assert question("inside/empty").answer == f"{100 * exp(-750 / 199_210**0.5):.0f}"

    def test_sizes(self):
        assert abs(exponent()) < 0.1
        smallest = min(recorded_networks().values(), key=lambda net: net.D)
        assert smallest.d90("absolute").value == pytest.approx(800, rel=0.05)

    def test_memorising(self):
        assert f"d = {needed(task_name(1000, 0)).value:.0f}." in question("memorising/all").question
        assert 9 < growth(100) < 11 and 2 < growth(0) < 3
        copied = needed("mnist-n1000-copies2-random0").value
        assert copied == pytest.approx(needed(task_name(1000, 0)).value, rel=0.1)

    def test_bounds(self):
        size = next(s for s in file_sizes("fc") if (s.d, s.bits) == (750, 6))
        bound = bound_of(size).hoeffding
        assert nearest(bound, "bounds/bound") == question("bounds/bound").answer
        found = [(c.d90().d, c.baseline) for c in cells_with_d90()]
        assert rank_correlation(*zip(*found, strict=True)).spearman_interval[1] < 0
        added = complexity(32 * TABLE1["SAID", "MRPC"]["RoBERTa-large"], 3_700)
        assert nearest(added, "bounds/published") == question("bounds/published").answer

    def test_adapters(self):
        small = "RoBERTa 4x128 on SST-2"
        (lora,) = (t for t in tuned_ways(small, "LoRA") if t.size == 4)
        (subspace,) = (t for t in tuned_ways(small, "DID") if t.size == 30_000)
        assert subspace.score - lora.score > 0.03

    def test_questions(self):
        assert cell("pretraining", "sst2-random").d90().d is None
        said, did = ([v for (m, _), row in TABLE1.items() if m == method for v in row.values()]
                     for method in ("SAID", "DID"))  # fmt: skip
        assert sum(a < b for a, b in zip(said, did, strict=True)) == 7
