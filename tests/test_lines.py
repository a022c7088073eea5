"""Lines of accuracy against d: learning rates, seeds, and what is recorded."""

import statistics

import pytest

from idlib import IdlibError, plots
from idlib.studies import questions as lines
from idlib.studies.questions import PLAN, line, provenance, record_lines, recorded_lines
from idlib.engine.store import RunStore


def test_a_line_keeps_its_runs_and_starts_where_theta_d_is_zero():
    store = RunStore()
    first = line("digits", "fc-10-1+warm10", (5, 50), (0.03, 0.3), 2, (0, 1), store)
    assert len(store) == 8  # two rates at each d, then two d of two seeds
    again = line("digits", "fc-10-1+warm10", (5, 50), (0.03, 0.3), 2, (0, 1), store, make=None)
    assert again == first and len(store) == 8
    assert statistics.fmean(first.scores[50]) > statistics.fmean(first.start)
    assert first.d90(0.0).per_seed == (5, 5)
    assert first.d90(1.01).d is None


def test_the_rate_of_each_d_does_best_on_validation_images():
    store = RunStore()
    found = line("digits", "fc-10-1", (5, None), (1e-4, 0.1), 2, (0, 1), store, rated_by=2)
    rated = [r for r in store if r.config.scored_on == "validation"]
    assert len(rated) == 8
    for d, lr in found.lrs.items():
        means = {
            rate: statistics.fmean(r.score for r in rated if (r.config.d, r.config.lr) == (d, rate))
            for rate in (1e-4, 0.1)
        }
        assert means[lr] == max(means.values())
    assert all(r.config.lr == found.lrs[r.config.d] for r in found.runs)


class TestRecorded:
    def test_every_planned_line_is_there(self):
        for question, planned in PLAN.items():
            for label, found in recorded_lines(question).items():
                plan = planned[label]
                assert set(found.scores) == set(plan["ds"])
                assert all(len(s) == len(plan["seeds"]) for s in found.scores.values())
                assert all(lr in plan["lrs"] for lr in found.lrs.values())
        assert provenance().startswith("Recorded on digits, ")

    def test_targets_are_compared_with_the_same_seeds(self):
        seeds = {
            tuple(r.config.seed for r in found.runs) for found in recorded_lines("targets").values()
        }
        assert len(seeds) == 1

    def test_what_is_missing_is_said(self, tmp_path, monkeypatch):
        monkeypatch.setattr(lines, "PATH", tmp_path / "none.jsonl")
        with pytest.raises(IdlibError, match="record laboratory"):
            recorded_lines.__wrapped__("full")
        with pytest.raises(IdlibError, match="expected one of"):
            recorded_lines("luck")

    def test_a_stopped_recording_goes_on(self, tmp_path, monkeypatch):
        path = tmp_path / "laboratory.jsonl"
        small = {"model": "fc-10-1", "ds": (5,), "lrs": (0.1, 0.3), "seeds": (0, 1), "epochs": 1}
        monkeypatch.setattr(lines, "PLAN", {"a": {"x": small}})
        record_lines(path)
        whole = path.read_text()
        assert len(RunStore(path)) == 6  # two rates of two seeds, then two seeds
        path.write_text("\n".join(whole.splitlines()[:4]) + "\n")
        record_lines(path)
        assert {r.config: r.score for r in RunStore(path)} == {
            r.config: r.score for r in _runs(whole, tmp_path)
        }
        grown = path.read_text()
        record_lines(path)
        assert path.read_text() == grown


def _runs(text, folder):
    (folder / "whole.jsonl").write_text(text)
    return RunStore(folder / "whole.jsonl")


def test_the_figure_shows_every_seed_and_the_threshold():
    one = {"labels": {20: [0.5, 0.6], 40: [0.7, 0.8]}}
    fig = plots.line_panels({"left": one, "right": {"a": {20: [0.1]}, "b": {20: [0.2]}}}, 0.9)
    assert [ax.get_title() for ax in fig.axes] == ["left", "right"]
    mean, dots, threshold = fig.axes[0].lines
    assert list(mean.get_ydata()) == pytest.approx([0.55, 0.75])
    assert len(dots.get_xdata()) == 4
    assert set(threshold.get_ydata()) == {0.9}
