"""The one reader: a cell shows what its study asks for, its thresholds, and where it came from."""

import json
import re
import statistics
from dataclasses import replace

import pytest

from idlib import IdlibError
from idlib.engine.data import fingerprint
from idlib.engine.estimate import d90
from idlib.engine.rates import Rates
from idlib.engine.store import RunStore
from idlib.engine.training import accuracy
from idlib.problems.images import load
from idlib.studies.catalogue import STUDIES
from idlib.studies.reading import cell, cells, cells_of, full_model, provenance, replay, store_of
from idlib.studies.study import BOTH, Part, Protocol, Study

PROTOCOL = Protocol(seeds=(0, 1), rates=Rates(lrs=(0.1,), full_lrs=(0.01,), pilots=(10,)))
FACTS = {"train": 900, "test": 100, "metric": "accuracy", "majority": 0.6,
         "validation_majority": 0.5, "data": ["a", "b"]}  # fmt: skip
SCORES = {10: (0.5, 0.7), 20: (0.8, 0.86), 40: (0.9, 0.91)}  # of two seeds
FULL = (0.94, 0.96)


def line(task, model, d, seed, score, scored_on="test", lr=0.1, **rest):
    config = {"task": task, "model": model, "d": d, "lr": 0.01 if d is None else lr, "seed": seed}
    outcome = {"status": "finished", "score": score, "loss": 0.1, "steps": 5, "seconds": 1, "D": 99}
    return {"config": {**config, "scored_on": scored_on}, **outcome, **rest}


def stored(path, lines):
    path.write_text("".join(json.dumps(record) + "\n" for record in lines))
    return RunStore(path)


def of(task, model, seeds=(0, 1), ds=SCORES):
    return [line(task, model, d, seed, ds[d][seed]) for d in ds for seed in seeds]


def full(task, model, scores=FULL):
    return [line(task, model, None, seed, score) for seed, score in enumerate(scores)]


SMALL = Study(
    "small",
    "Is it read as it was recorded?",
    (
        Part("full", ("t",), ("m", "n"), (), PROTOCOL),
        Part("curves", ("t",), ("m", "n"), (10, 20, 40), PROTOCOL),
    ),
)


@pytest.fixture
def small(tmp_path):
    """The cells of a study by part and model."""
    runs = [*full("t", "m"), *full("t", "n"), *of("t", "m"), *of("t", "n")]
    lines = [{"session": {"hardware": "two cores", "date": "2026-01-02T03"}}]
    store = stored(
        tmp_path / "small.jsonl", [{"about": "task", "name": "t", **FACTS}, *lines, *runs]
    )
    return {(c.part, c.model): c for c in cells_of(SMALL, store)}


class TestACell:
    def test_it_holds_what_was_recorded(self, small):
        c = small["curves", "m"]
        assert (c.study, c.task, c.method.name, c.D) == ("small", "t", "DID", 99)
        assert c.scores == {d: [*scores] for d, scores in SCORES.items()}
        assert c.baseline == pytest.approx(0.95) and c.majority == 0.6
        assert c.facts == FACTS
        assert [r.score for r in c.full] == [*FULL]

    def test_thresholds_and_the_d_that_reaches_them(self, small):
        c = small["curves", "m"]
        assert c.threshold() == pytest.approx(0.855) and c.threshold("absolute") == 0.9
        assert c.d90().per_seed == (40, 20) and c.d90().d == 40
        assert c.d90("absolute").per_seed == (40, 40)
        assert c.d90(0.7).per_seed == (20, 10) and c.d90(0.92).d is None
        assert c.d90("gain").threshold == pytest.approx(0.6 + 0.9 * (0.95 - 0.6))
        with pytest.raises(
            IdlibError, match="'best' was given, expected one of relative, absolute"
        ):
            c.d90("best")

    def test_a_value_between_two_d_with_an_interval(self, small):
        found = small["curves", "m"].d90()
        assert all(
            low < at <= d
            for low, at, d in zip((20, 10), found.between, found.per_seed, strict=True)
        )
        low, high = found.interval
        assert low <= found.value <= high
        assert small["curves", "m"].d90(0.92).interval is None

    def test_the_floor_is_the_commonest_label_or_the_untrained_model(self, small):
        c = small["curves", "m"]
        assert c.floor == 0.6
        for start, floor in ((0.5, 0.6), (0.8, 0.8)):
            full = tuple(replace(r, start=start) for r in c.full)
            assert replace(c, full=full).floor == pytest.approx(floor)

    def test_told_in_a_word(self, small):
        c = small["curves", "m"]
        assert (c.told(), c.told(0.92)) == (c.d90().short(), "none")
        assert re.fullmatch(r"\d+ \(\d+ to \d+\)", c.told())
        few = replace(c, runs=[r for r in c.runs if r.config.d > 10])
        assert few.told(0.65) == f"≤ {few.d90(0.65).short()}"

    def test_what_the_commonest_label_reaches_says_nothing(self, small):
        c = small["curves", "m"]
        assert c.d90(0.6).d is None and "the commonest label scores 0.600" in c.d90(0.6).note
        assert c.told(0.6) == "not informative" and c.told(0.61).endswith(")")
        matthews = replace(c, facts={**FACTS, "metric": "matthews"})
        assert matthews.majority == 0 and matthews.told(0.6).endswith(")")

    def test_learning_by_heart_is_not_held_against_the_commonest_label(self, small):
        c = small["curves", "m"]
        runs = [replace(r, config=replace(r.config, scored_on="train")) for r in c.runs]
        assert replace(c, runs=tuple(runs)).d90(0.6).d == 20

    def test_a_full_model_is_a_cell_as_well(self, small):
        c = small["full", "m"]
        assert c.runs == c.full and c.scores == {} and c.baseline == pytest.approx(0.95)

    def test_a_full_model_trained_for_longer_is_no_baseline(self, tmp_path):
        longer = replace(SMALL.parts[1], protocol=replace(PROTOCOL, epochs=9), models=("m",))
        runs = of("t", "m")
        for r in runs:
            r["config"]["epochs"] = 9
        store = stored(
            tmp_path / "x.jsonl", [{"about": "task", "name": "t", **FACTS}, *full("t", "m"), *runs]
        )
        parts = (replace(SMALL.parts[0], models=("m",)), longer)
        _, c = cells_of(replace(SMALL, parts=parts), store)
        assert c.full == () and len(c.runs) == 6

    def test_runs_that_nobody_asks_for_are_not_shown(self, tmp_path):
        """Another d, another rate, another method, another task: all in one file."""
        others = [
            *of("u", "m"), line("t", "m", 30, 0, 0.99), line("t", "m", 10, 0, 0.99, lr=0.3),
            *({**r, "config": {**r["config"], "structure_aware": True}} for r in of("t", "m")),
        ]  # fmt: skip
        lines = [{"about": "task", "name": "t", **FACTS}, *others, *full("t", "m"), *of("t", "m")]
        parts = tuple(replace(part, models=("m",)) for part in SMALL.parts)
        _, c = cells_of(replace(SMALL, parts=parts), stored(tmp_path / "x.jsonl", lines))
        assert c.scores == {d: [*scores] for d, scores in SCORES.items()}

    def test_rates_are_chosen_among_what_was_tried_and_it_says_which(self, tmp_path):
        rates = replace(PROTOCOL.rates, lrs=(0.1, 0.3))
        part = replace(SMALL.parts[1], models=("m",), protocol=replace(PROTOCOL, rates=rates))
        tried = [line("t", "m", 10, 0, s, "validation", lr) for lr, s in ((0.1, 0.6), (0.3, 0.7))]
        runs = [line("t", "m", d, seed, SCORES[d][seed], lr=0.3) for d in SCORES for seed in (0, 1)]
        lines = [
            {"about": "task", "name": "t", **FACTS},
            *full("t", "m"),
            *tried,
            *runs,
            *of("t", "m"),
        ]
        parts = (replace(SMALL.parts[0], models=("m",)), part)
        _, c = cells_of(replace(SMALL, parts=parts), stored(tmp_path / "x.jsonl", lines))
        assert c.rates == dict.fromkeys(SCORES, 0.3)
        assert c.rated == {10: {0.1: [0.6], 0.3: [0.7]}}
        assert [r.config.lr for r in c.tried] == [0.1, 0.3]

    def test_a_run_that_is_missing_is_named_with_what_makes_it(self, tmp_path):
        lines = [
            {"about": "task", "name": "t", **FACTS},
            *full("t", "m"),
            *full("t", "n"),
            *of("t", "m"),
        ]
        store = stored(tmp_path / "x.jsonl", lines)
        with pytest.raises(IdlibError, match=r"model='n', d=10.* python -m idlib record small mak"):
            cells_of(SMALL, store)

    def test_a_file_without_its_header_is_refused(self, tmp_path):
        with pytest.raises(IdlibError, match="Nothing is recorded of the task t: record the stud"):
            cells_of(SMALL, stored(tmp_path / "x.jsonl", full("t", "m")))


def test_provenance_is_that_of_the_runs_shown(tmp_path):
    lines = [
        *({"about": "task", "name": task, **FACTS} for task in ("sst2-n9", "qqp")),
        {"session": {"hardware": "two cores", "date": "2026-01-02T03"}},
        line("sst2-n9", "a", None, 0, 1),
        {"session": {"hardware": "a GPU", "date": "2026-01-04T05"}},
        line("sst2-n9", "b", None, 0, 1),
        *(line("sst2-n9", "b+lora-1", None, seed, 1) for seed in (0, 1)),
        {"session": {"hardware": "two cores", "date": "2026-01-03T05"}},
        line("qqp", "a", None, 0, 1),
        line("qqp", "b", None, 1, 1, "validation"),
    ]
    one, two = (replace(PROTOCOL, seeds=seeds) for seeds in ((0,), (0, 1)))
    parts = (
        Part("sst2", ("sst2-n9",), ("a", "b"), (), one),
        Part("adapted", ("sst2-n9",), ("b+lora-1",), (), two),
        Part("qqp", ("qqp",), ("a",), (), one),
    )
    store = stored(tmp_path / "x.jsonl", lines)
    a, b, adapted, qqp = cells_of(Study("x", "?", parts), store)
    assert provenance([a, b, adapted, qqp]) == (
        "Recorded on qqp and sst2, 1 to 2 seeds, two cores and a GPU, 2026-01-04"
    )
    assert provenance([qqp]) == "Recorded on qqp, 1 seed, two cores, 2026-01-03"
    assert provenance([a]) == "Recorded on sst2, 1 seed, two cores, 2026-01-02"
    assert provenance([b, adapted]) == "Recorded on sst2, 1 to 2 seeds, a GPU, 2026-01-04"
    with pytest.raises(IdlibError, match="no cells"):
        provenance([])


class TestRecorded:
    @pytest.mark.parametrize("name", ["mnist", "digits"])
    def test_every_point_of_the_grid_is_there(self, name):
        (part,) = (p for p in STUDIES[name].parts if p.name == "curves")
        found = cells(name, "curves")
        assert len(part.ds) >= 14 and len(part.protocol.seeds) >= 3
        assert {(c.task, c.model) for c in found} == {
            (task, model) for task in part.tasks for model in part.models
        }
        for c in found:
            assert tuple(c.scores) == part.ds
            assert all(len(scores) == len(part.protocol.seeds) for scores in c.scores.values())
            assert set(c.first_seed) == set(part.ds)

    @pytest.mark.parametrize("name", ["mnist", "digits"])
    def test_learning_rates_come_from_the_validation_split(self, name):
        (part,) = (p for p in STUDIES[name].parts if p.name == "curves")
        for c in cells(name, "curves"):
            assert {r.config.scored_on for r in c.tried} == {"validation"}
            assert set(c.rated) == set(part.protocol.rates.pilots)
            for d, lr in c.rates.items():
                pilot = min(c.rated, key=lambda p: max(p / d, d / p))
                assert lr in c.rated[pilot] and lr in part.protocol.rates.lrs
                means = {rate: statistics.fmean(s) for rate, s in c.rated[pilot].items()}
                assert means[lr] == max(means.values())

    @pytest.mark.parametrize("model", ["fc", "lenet"])
    def test_a_recorded_run_is_a_seed_and_d_numbers(self, model):
        for d in (40, 300):
            run = cell("digits", task="digits", model=model).first_seed[d]
            assert run.theta_d.shape == (d,)
            rebuilt = accuracy(replay(run).merged(), load("digits").test)
            assert rebuilt == pytest.approx(run.score, abs=0.005)  # another processor: otherwise

    @pytest.mark.parametrize("model", ["fc", "lenet"])
    def test_a_recorded_mnist_run_has_its_accuracy_on_mnist(self, model, mnist_folder, monkeypatch):
        monkeypatch.setenv("IDLIB_DATA", str(mnist_folder))
        load.cache_clear()
        run = cell("mnist", task="mnist", model=model).first_seed[400]
        rebuilt = accuracy(replay(run).merged(), load("mnist").test)
        load.cache_clear()
        assert rebuilt == pytest.approx(run.score, abs=0.002)

    def test_the_digits_recorded_are_the_digits_here(self):
        for (kind, task), facts in store_of("digits").facts.items():
            assert kind == "task"
            assert [fingerprint(load(task).train), fingerprint(load(task).test)] == facts["data"]

    def test_mnist_comes_out_as_published(self):
        def absolute(task, model):
            return cell("mnist", "curves", task, model=model).d90("absolute").d

        assert cell("mnist", "curves", "mnist", model="fc").baseline >= 0.98
        assert cell("mnist", "curves", "mnist", model="lenet").baseline >= 0.99
        assert 500 <= absolute("mnist", "fc") <= 1000
        assert 200 <= absolute("mnist", "lenet") <= 400
        assert abs(absolute("mnist-shuffled", "fc") / absolute("mnist", "fc") - 1) <= 0.2
        shuffled = cell("mnist", "curves", "mnist-shuffled", model="lenet")
        assert shuffled.d90("absolute").d is None and max(shuffled.scores) == 2000
        assert (
            shuffled.d90().value
            >= 2.5 * cell("mnist", "curves", "mnist", model="lenet").d90().value
        )

    def test_d90_is_counted_seed_by_seed(self):
        """Here without `Cell`: from the runs of the file."""
        c = cell("digits", task="digits", model="fc")
        runs = [r for r in store_of("digits") if r.config in {r.config for r in c.runs}]
        for threshold, found in ((0.9 * c.baseline, c.d90()), (0.9, c.d90("absolute"))):
            assert d90(runs, threshold) == replace(found, interval=None)
        full = [r.score for r in store_of("baselines") if r.config in {r.config for r in c.full}]
        assert c.baseline == pytest.approx(sum(full) / 3)

    def test_every_full_model_is_that_of_the_baselines(self):
        for c in cells("family"):
            assert [*c.full] == full_model(c.task, c.model)
            assert c.full and {r.config.d for r in c.full} == {None}
            assert all(store_of("baselines").get(r.config) is r for r in c.full)

    def test_cells_are_picked_by_all_that_tells_them_apart(self):
        both = cells("methods", "small-sst2")
        assert [c.method for c in both] == [*BOTH]
        assert {c.method.name for c in cells(task="mrpc", method="SAID")} == {"SAID"}
        assert {c.method.normalize for c in cells("pairs", normalize="per-tensor")} == {
            "per-tensor"
        }
        assert cell("methods", "small-sst2", method="DID") is both[0]

    def test_unknown_names_are_refused(self):
        with pytest.raises(IdlibError, match="'cifar' was asked for, expected one of"):
            cells("cifar")
        with pytest.raises(IdlibError, match=r"0 recorded cells fit .*'resnet'"):
            cell("digits", model="resnet")
        with pytest.raises(IdlibError, match=r"4 recorded cells fit .*name task, model"):
            cell("digits")
        later = next(r for r in cell("digits", task="digits", model="fc").runs if r.config.seed)
        with pytest.raises(IdlibError, match="without theta_d"):
            replay(later)


def test_what_does_not_exist_is_named():
    for asked, said in (
        ({"study": "mnists"}, "study 'mnists'"),
        ({"study": "mnist", "part": "curvs"}, "part 'curvs' .*'blocks', 'curves'"),
        ({"method": "did"}, "method 'did' .*'DID', 'SAID'"),
        ({"normalize": "local"}, "normalize 'local'"),
    ):
        with pytest.raises(IdlibError, match=said):
            cells(**asked)
    with pytest.raises(IdlibError, match="has no full model: name a score"):
        cell("questions", "momentum").d90()
    assert cell("questions", "momentum").d90(0.5).per_seed
