"""Recording: what a study asks for is made, once, at the rates that its protocol chooses."""

import json
from dataclasses import replace

import pytest

from idlib import IdlibError
from idlib.engine.config import Run, RunConfig
from idlib.engine.rates import Rates
from idlib.engine.search import rate_at
from idlib.engine.store import RunStore
from idlib.problems.names import facts_of
from idlib.problems.texts import load_text
from idlib.studies import command
from idlib.studies.reading import cells_of
from idlib.studies.record import record_study
from idlib.studies.study import SAID, Part, Protocol, Study, with_rates
from idlib.tools.cli import main

RATES = Rates(lrs=(0.3,), full_lrs=(0.01,), pilots=(2,))
PROTOCOL = Protocol(epochs=1, seeds=(0, 1), rates=RATES)
PART = Part("some", ("digits",), ("fc-20-1",), (2, 4), PROTOCOL)


def study(*parts):
    return Study("small", "Does recording work?", parts)


def record(asked, path, full=lambda task, model: []):
    """The store of what was recorded into a file."""
    return record_study(asked, full, path)[0]


def full_scoring(score, message=""):
    """What the full model scored, elsewhere."""

    def full(task, model):
        config = RunConfig(task, model, None, 0.01)
        status = "diverged" if score is None else "finished"
        return [Run(config, status, score, 0.1, 1, 1.0, 1000, message)]

    return full


def by(store, scored_on, d="any"):
    runs = [r for r in store if r.config.scored_on == scored_on]
    return [r for r in runs if d in ("any", r.config.d)]


class TestResuming:
    def test_recording_goes_on_where_it_was(self, tmp_path):
        path = tmp_path / "small.jsonl"
        small = study(replace(PART, protocol=replace(PROTOCOL, keep_up_to=2)))
        record(small, path)
        whole = path.read_text().splitlines()
        path.write_text("\n".join(whole[:4]) + "\n" + whole[4][:30])  # killed while writing a line
        record(small, path)

        def scores(lines):
            runs = [json.loads(line) for line in lines]
            return {json.dumps(r["config"]): r["score"] for r in runs if "config" in r}

        again = path.read_text().splitlines()
        assert scores(again) == scores(whole) and len(scores(again)) == 4
        assert len(again) == len(whole) + 1  # one more session, no run twice
        kept = [json.loads(line)["config"] for line in again if "theta_d" in line]
        assert [(c["seed"], c["d"]) for c in kept] == [(0, 2)]
        # where there is one learning rate, none is chosen
        assert all(json.loads(config)["scored_on"] == "test" for config in scores(whole))
        size = path.stat().st_size
        record(small, path)
        assert path.stat().st_size == size, "recording again makes 0 runs"

    def test_only_scored_runs_carry_their_numbers(self, tmp_path):
        protocol = with_rates(replace(PROTOCOL, keep_up_to=4, seeds=(0,)), lrs=(0.1, 0.3))
        store = record(study(replace(PART, protocol=protocol)), tmp_path / "small.jsonl")
        assert {r.config.scored_on for r in store} == {"validation", "test"}
        for r in store:
            assert (r.theta_d is not None) == (r.config.scored_on == "test")

    def test_a_complete_part_needs_no_data(self, tmp_path, monkeypatch):
        path = tmp_path / "small.jsonl"
        record(study(PART), path)
        monkeypatch.setattr("idlib.studies.record.facts_of", lambda name: pytest.fail("loaded"))
        assert len(record(study(PART), path)) == 4

    def test_the_file_says_what_there_is_to_be_known(self, tmp_path):
        path = tmp_path / "small.jsonl"
        protocol = with_rates(PROTOCOL, pilots=(4,))
        aware = replace(PART, name="aware", methods=(SAID,), ds=(4,), protocol=protocol)
        record(study(PART, aware), path)
        store = RunStore(path)
        assert store.facts == {
            ("task", "digits"): facts_of("digits"),
            ("model", "fc-20-1"): {"layers": 2, "tensors": 4},
        }
        (about,) = store.sessions
        assert about["command"] == "python -m idlib record small"
        parts = {(r.part, bool(r.config.structure_aware)) for r in store}
        assert parts == {("some", False), ("aware", True)}

    def test_runs_on_other_data_are_not_mixed(self, tmp_path, monkeypatch):
        path = tmp_path / "small.jsonl"
        record(study(PART), path)
        before = path.read_bytes()
        other = {**facts_of("digits"), "data": ["another", "one"]}
        monkeypatch.setattr("idlib.studies.record.facts_of", lambda name: other)
        with pytest.raises(IdlibError, match=r"was recorded with task 'digits' as .*another file"):
            record(study(replace(PART, ds=(8,))), path)
        assert path.read_bytes() == before


class TestRates:
    def test_they_may_be_chosen_by_several_seeds_and_with_a_margin(self, tmp_path):
        lrs = (0.1, 0.3, 1.0, 1e30)
        protocol = with_rates(
            replace(PROTOCOL, epochs=6, projection="hashed"),
            lrs=lrs, pilots=(40,), rated_by=2, careful=True,
        )  # fmt: skip
        part = replace(PART, ds=(40,), protocol=protocol)
        store = record(study(part), tmp_path / "small.jsonl")
        pilots = {(r.config.lr, r.config.seed) for r in by(store, "validation")}
        assert pilots == {(lr, seed) for lr in lrs for seed in (0, 1)}
        chosen = {r.config.lr for r in by(store, "test")}
        assert chosen < {0.1, 0.3}  # the rate after 1.0 collapses

    def test_they_are_chosen_again_at_a_d90_far_from_where_they_were(self, tmp_path):
        lrs = (0.01, 0.1, 1.0)
        protocol = with_rates(
            replace(PROTOCOL, epochs=2, seeds=(0,)), lrs=lrs, scaled=True, rechecked=True
        )
        part = replace(PART, ds=(2, 3, 400), protocol=protocol, share=0.9)
        path, full = tmp_path / "far.jsonl", full_scoring(0.95)
        store = record(study(part), path, full)
        there = by(store, "validation", 400)
        assert {r.config.lr for r in there} == {rate_at(400, lr, 2) for lr in lrs}
        best = max(there, key=lambda r: (r.score or 0, -r.loss)).config.lr
        first = by(store, "validation", 2)
        chosen = max(first, key=lambda r: (r.score or 0, -r.loss)).config.lr
        assert {r.config.lr for r in by(store, "test", 400)} == {rate_at(400, chosen, 2), best}
        (cell,) = cells_of(study(part), store, full)
        counted = [r.config.lr for r in cell.runs if r.config.d == 400]
        assert counted == [best], "runs at the rate that was replaced do not count"
        size = path.stat().st_size
        record(study(part), path, full)
        assert path.stat().st_size == size, "it resumes"


class TestSearching:
    def test_no_subspace_is_tried_where_the_commonest_label_is_enough(self, tmp_path):
        whole = replace(PART, name="full", ds=(), protocol=with_rates(PROTOCOL, full_lrs=(1e-9,)))
        store = record(study(whole, replace(PART, share=0.9)), tmp_path / "small.jsonl")
        assert {r.config.d for r in store} == {None}

    def test_no_d_is_asked_that_the_layers_would_use_up(self, tmp_path):
        protocol = with_rates(PROTOCOL, lrs=(0.1, 0.3), pilots=(2, 5))
        part = replace(PART, models=("fc-20-2",), ds=(2, 3, 4, 6), methods=(SAID,))
        store = record(
            study(replace(part, protocol=protocol)), tmp_path / "small.jsonl"
        )  # three layers
        assert {r.config.d for r in by(store, "validation")} == {5}
        assert {r.config.d for r in by(store, "test")} == {4, 6}

    def test_thresholds_of_other_models_and_scores_are_searched_too(self, tmp_path):
        def full(task, model):
            return full_scoring({"fc-20-1": 0.5, "fc-50-1": 0.6}[model])(task, model)

        part = replace(PART, share=0.9, also=("fc-50-1",), scores=(0.3, 0.05))
        store = record(study(part), tmp_path / "small.jsonl", full)
        (decide,) = {r.config.decide for r in store}
        assert decide == pytest.approx((0.45, 0.54, 0.3)), "0.05 is less than a label scores"

    @pytest.mark.parametrize(
        ("full", "said"),
        [
            (full_scoring(None, "at step 3"), "the full model at step 3.*smaller learning"),
            (lambda task, model: [], "no study trains the full model.*baselines"),
        ],
    )
    def test_a_full_model_without_a_score_is_named(self, full, said, tmp_path):
        with pytest.raises(IdlibError, match=rf"digits fc-20-1: {said}"):
            record(study(replace(PART, share=0.9)), tmp_path / "small.jsonl", full)


@pytest.fixture
def few_reviews(tmp_path, monkeypatch):
    """SST-2 is ten sentences, again and again."""
    (tmp_path / "glue" / "SST-2").mkdir(parents=True)
    rows = [f"the {noun} {verb}\t{int(noun == 'cat')}" for noun in ("cat", "dog") for verb in
            ("sat", "ran", "sat on the mat", "ran under a tree", "sat under the mat")]  # fmt: skip
    for part in ("train", "dev"):
        text = "\n".join(["sentence\tlabel", *rows * 2, ""])
        (tmp_path / "glue" / "SST-2" / f"{part}.tsv").write_text(text)
    monkeypatch.setenv("IDLIB_DATA", str(tmp_path))
    load_text.cache_clear()
    yield
    load_text.cache_clear()


def test_without_dimensions_full_models_are_trained_alone(folders, few_reviews, tmp_path):
    rates = replace(RATES, full_lrs=(0.01, 0.03))
    protocol = Protocol(epochs=1, batch_size=32, seeds=(0,), rates=rates)
    part = Part("adapted", ("sst2",), (f"{folders['bert']}+lora-1",), (), protocol)
    store = record(study(part), tmp_path / "small.jsonl")
    assert [(r.config.scored_on, r.config.d) for r in store] == [
        ("validation", None), ("validation", None), ("test", None),
    ]  # fmt: skip


def test_the_full_models_that_are_needed_are_recorded_first_and_no_others(tmp_path, monkeypatch):
    """By ``record NAME``: those whose share is searched, in the study of all full models."""
    whole = Part("whole", ("digits", "digits-shuffled"), ("fc-20-1", "fc-10-1"), (), PROTOCOL)
    baselines = Study("baselines", "What do they score?", (whole,))
    searched = study(replace(PART, share=0.9), replace(PART, name="grid", tasks=("digits-n50",)))
    monkeypatch.setattr("idlib.studies.record.FOLDER", tmp_path)
    monkeypatch.setattr(command, "BASELINES", baselines)
    monkeypatch.setitem(command.ALL, "small", searched)
    command.record("small")
    full, small = (RunStore(tmp_path / f"{name}.jsonl") for name in ("baselines", "small"))
    assert {(r.config.task, r.config.model) for r in full} == {("digits", "fc-20-1")}
    baseline = sum(r.score for r in full) / 2
    (decide,) = {r.config.decide for r in small if r.part == "some"}
    assert len(full) == 2 and decide == pytest.approx((0.9 * baseline,))
    sizes = [path.stat().st_size for path in sorted(tmp_path.glob("*.jsonl"))]
    command.record("small")
    assert [path.stat().st_size for path in sorted(tmp_path.glob("*.jsonl"))] == sizes


def test_a_cell_of_table_1_is_searched_and_resumes(
    folders, few_reviews, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    papers = []

    def few(**rates):
        papers.append(rates)
        return Rates(**{**rates, "lrs": (0.03,), "full_lrs": (1e-2,), "pilots": (300,)})

    monkeypatch.setattr(command, "Rates", few)
    line = f"idlib record table1 --model {folders['bert']} --task sst2 --epochs 8"
    monkeypatch.setattr("sys.argv", line.split())
    main()
    printed = capsys.readouterr().out
    assert "d90 under DID: " in printed and "d90 under SAID: " in printed
    assert len(papers[0]["lrs"]) == len(papers[0]["full_lrs"]) == 4
    (path,) = (tmp_path / "runs").glob("table1-*.jsonl")
    inside = {r.config.d for r in by(RunStore(path), "test") if r.config.d}
    assert inside and all(10 <= d <= 10_000 for d in inside)
    assert {r.part for r in RunStore(path)} == {"full", "searched"}
    size = path.stat().st_size
    main()
    assert path.stat().st_size == size and capsys.readouterr().out == printed
