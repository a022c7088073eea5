"""Lines of accuracy against d: learning rates, seeds, and what is recorded."""

import statistics

import pytest

from idlib import IdlibError, plots
from idlib.engine.runs import build
from idlib.engine.store import RunStore
from idlib.engine.training import accuracy
from idlib.lessons.questions.compute import LINES, at_start, line, recorded_lines
from idlib.problems.names import problem_of
from idlib.studies import cells, provenance
from idlib.studies.catalogue import STUDIES
from idlib.studies.questions import STUDENT
from idlib.studies.reading import cells_of
from idlib.studies.record import FOLDER


def test_a_line_keeps_its_runs_and_starts_where_theta_d_is_zero(monkeypatch):
    store = RunStore()
    first = line("digits", "fc-10-1+warm10", (5, 50), (0.03, 0.3), 2, (0, 1), store)
    assert len(store) == 8  # two rates at each d, then two d of two seeds
    monkeypatch.setattr("idlib.studies.record.sweep_named", _found_only)
    again = line("digits", "fc-10-1+warm10", (5, 50), (0.03, 0.3), 2, (0, 1), store)
    assert (again.runs, again.tried) == (first.runs, first.tried) and len(store) == 8
    assert statistics.fmean(first.scores[50]) > statistics.fmean(at_start(first))
    assert first.d90(first.majority + 0.01).per_seed == (5, 5)
    assert first.d90(1.01).d is None


def _found_only(configs, store, **_):
    """In place of a sweep: all its runs are there."""
    runs = [store.get(config) for config in configs]
    assert None not in runs
    return runs


def test_the_start_is_that_of_the_run_with_its_own_order_of_the_data():
    found = line("digits", "fc-10-1+warm10", (5,), (0.3,), 1, (0, 1))
    for run, score in zip(found.runs, at_start(found), strict=True):
        problem = problem_of(run.config)
        subspace = build(run.config, problem.model_fn)
        assert score == accuracy(subspace, problem.test_set)


@pytest.mark.parametrize("ds", [(5,), ()])  # in a subspace, in full
def test_the_rate_does_best_on_validation_images(ds):
    store, lrs = RunStore(), (1e-4, 0.1)
    found = line("digits", "fc-10-1", ds, lrs, 2, (0, 1), store, rated_by=2)
    rated = [r for r in store if r.config.scored_on == "validation"]
    assert len(rated) == 4
    assert set(found.rates) == ({*ds} or {None})
    for lr in found.rates.values():
        means = {
            rate: statistics.fmean(r.score for r in rated if r.config.lr == rate) for rate in lrs
        }
        assert means[lr] == max(means.values())
    assert all(r.config.lr == found.rates[r.config.d] for r in found.runs)


class TestRecorded:
    def test_every_line_is_there(self):
        parts = {part.name: part for part in STUDIES["questions"].parts}
        for question, labels in LINES.items():
            for label, found in recorded_lines(question).items():
                part = parts[labels[label][0]]
                assert set(found.scores) == set(part.ds) == set(found.rates)
                assert all(len(s) == len(part.protocol.seeds) for s in found.scores.values())
                assert all(lr in part.protocol.rates.lrs for lr in found.rates.values())
        assert provenance(cells("questions")).startswith("Recorded on digits, ")

    def test_every_recorded_line_is_shown(self):
        shown = {id(c) for question in LINES for c in recorded_lines(question).values()}
        assert {id(c) for c in cells("questions") if c.part != "full"} == shown

    def test_targets_are_compared_with_the_same_seeds(self):
        seeds = {
            tuple(r.config.seed for r in found.runs) for found in recorded_lines("targets").values()
        }
        assert len(seeds) == 1

    def test_targets_are_held_against_the_full_student(self):
        for found in recorded_lines("targets").values():
            assert found.model == STUDENT and len(found.full) == 5
            assert found.baseline == statistics.fmean(r.score for r in found.full)
            assert found.threshold() == 0.9 * found.baseline

    def test_what_is_missing_is_said(self, tmp_path):
        lines = (FOLDER / "questions.jsonl").read_text().splitlines(keepends=True)
        (tmp_path / "short.jsonl").write_text("".join(lines[:-1]))
        with pytest.raises(IdlibError, match="record questions makes it"):
            cells_of(STUDIES["questions"], RunStore(tmp_path / "short.jsonl"))
        with pytest.raises(IdlibError, match="expected one of"):
            recorded_lines("luck")


def test_a_stopped_line_goes_on(tmp_path):
    path = tmp_path / "line.jsonl"
    small = {"task": "digits", "model": "fc-10-1", "ds": (5,), "seeds": (0, 1), "epochs": 1}
    line(**small, rated_by=2, store=RunStore(path))
    whole = path.read_text()
    assert len(RunStore(path)) == 6  # two rates of two seeds, then two seeds
    path.write_text("\n".join(whole.splitlines()[:4]) + "\n")
    line(**small, rated_by=2, store=RunStore(path))
    assert {r.config: r.score for r in RunStore(path)} == {
        r.config: r.score for r in _runs(whole, tmp_path)
    }
    grown = path.read_text()
    line(**small, rated_by=2, store=RunStore(path))
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
