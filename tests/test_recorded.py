"""Recorded results: complete, as the issue asks, and rebuilt from a seed and d numbers."""

import json
import sys
from dataclasses import replace

import pytest

from idlib import IdlibError
from idlib.studies import recorded
from idlib.tools.cli import main
from idlib.engine.data import fingerprint
from idlib.problems.images import load
from idlib.dimension import d90
from idlib.studies.experiments import EXPERIMENTS, table1
from idlib.studies.recorded import FOLDER, curve, provenance, record, replay, settled
from idlib.engine.search import rate_at
from idlib.engine.store import Run, RunConfig, RunStore
from idlib.problems.texts import load_text
from idlib.engine.training import accuracy

IMAGES = ("mnist", "digits")
CHANCE = {  # commonest label among the validation examples
    "sst2-n19200": 0.552, "docstrings": 0.194, "qqp-sample-n19200": 0.609,
}  # fmt: skip


@pytest.mark.parametrize("name", IMAGES)
def test_every_point_of_the_grid_is_there(name):
    experiment = EXPERIMENTS[name]
    assert len(experiment.ds) >= 14 and len(experiment.seeds) >= 3
    for task in experiment.tasks:
        for model in experiment.models:
            c = curve(name, task, model)
            assert tuple(c.scores) == experiment.ds
            assert all(len(scores) == len(experiment.seeds) for scores in c.scores.values())
            assert set(c.first_seed) == set(experiment.ds)


@pytest.mark.parametrize("name", IMAGES)
def test_learning_rates_come_from_the_validation_split(name):
    experiment, runs = EXPERIMENTS[name], list(recorded.recorded(name))
    validated = {
        (r.config.task, r.config.model, r.config.lr, r.config.d is None)
        for r in runs
        if r.config.scored_on == "validation"
    }
    for r in runs:
        c = r.config
        assert (c.task, c.model, c.lr, c.d is None) in validated
        assert c.lr in (experiment.full_lrs if c.d is None else experiment.lrs)


@pytest.mark.parametrize("name", sorted(EXPERIMENTS.keys() - {"memorising"}))  # scored on pilots
def test_every_scored_run_has_the_rate_that_was_chosen(name):
    experiment, store = EXPERIMENTS[name], recorded.recorded(name)
    rates = recorded._Rates(experiment, CHANCE, lambda cs: [r for c in cs if (r := store.get(c))])
    bases = recorded._bases(experiment)
    rates.choose([recorded.full_model(base) for base in bases])
    rates.choose([replace(base, d=d) for base in bases for d in experiment.pilots])
    scored = [r.config for r in store if r.config.scored_on == experiment.scored_on]
    first = {c: rates.of(c) for c in scored}
    tried = {r.config.d for r in store if r.config.d and r.config.scored_on == "validation"}
    again = tried - {*experiment.pilots}
    assert experiment.rechecked or not again
    rates.choose([replace(base, d=d) for base in bases for d in again])
    assert scored and all(c.lr in (first[c], rates.of(c)) for c in scored)
    if experiment.rechecked:
        cells = {}
        for r in store:
            c = r.config
            cells.setdefault((c.task, c.model, c.normalize, c.structure_aware), []).append(r)
        counted = [r.config for runs in cells.values() for r in settled(name, runs)]
        assert all(c.lr == rates.of(c) for c in counted)


def test_runs_at_a_rate_that_was_replaced_do_not_count():
    def made(d, lr, scored_on="test"):
        config = RunConfig("digits", "fc", d, lr, 0, scored_on=scored_on)
        return Run(config, "finished", 0.5, 1.0, 1, 1.0, 1000)

    first = [made(100, 0.1, "validation"), made(100, 0.1), made(2500, 0.02), made(10_000, 0.01)]
    again = [made(10_000, 0.003, "validation"), made(10_000, 0.003), made(40_000, 0.0015)]
    assert settled("family_sst2", first) == first[1:]
    assert settled("family_sst2", [*first, *again]) == [first[1], *again[1:]]
    assert settled("mnist", [*first, *again]) == [*first[1:], *again[1:]], "not chosen again there"


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_provenance_names_command_data_versions_hardware_and_date(name):
    sessions = recorded.recorded(name).sessions
    assert set().union(*(session["data"] for session in sessions)) >= set(EXPERIMENTS[name].tasks)
    for session in sessions:
        assert session["command"].startswith("python -m idlib record")
        for key in ("date", "idlib", "torch", "python", "hardware"):
            assert session[key]
    assert provenance(recorded.recorded(name)).startswith("Recorded on")
    for line in (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        found = json.loads(line)
        session = found.get("session", session)
        assert "config" not in found or found["config"]["task"] in session["data"]


def test_provenance_is_that_of_the_runs_shown(tmp_path):
    lines = [
        {"session": {"hardware": "two cores", "date": "2026-01-02T03"}},
        _line("sst2-n9", "a", 0),
        {"session": {"hardware": "a GPU", "date": "2026-01-04T05"}},
        _line("sst2-n9", "b", 0),
        *(_line("sst2-n9", "b+lora-1", seed) for seed in (0, 1)),
        {"session": {"hardware": "two cores", "date": "2026-01-03T05"}},
        _line("qqp", "a", 0),
        _line("qqp", "b", 1, "validation"),
    ]
    path = tmp_path / "runs.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    store = RunStore(path)
    assert provenance(store) == (
        "Recorded on qqp and sst2, 1 to 2 seeds, two cores and a GPU, 2026-01-04"
    )
    assert provenance(store, tasks=["qqp"]) == "Recorded on qqp, 1 seed, two cores, 2026-01-03"
    assert provenance(store, tasks=["sst2-n9"], models=["a"]) == (
        "Recorded on sst2, 1 seed, two cores, 2026-01-02"
    )
    assert provenance(store, models=["b"]) == "Recorded on sst2, 1 to 2 seeds, a GPU, 2026-01-04"


def _line(task, model, seed, scored_on="test"):
    config = {"task": task, "model": model, "d": 1, "lr": 1, "seed": seed, "scored_on": scored_on}
    outcome = {"status": "finished", "score": 1, "loss": 0, "steps": 1, "seconds": 1, "D": 1}
    return {"config": config, **outcome}


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
def test_files_are_small(name):
    assert (FOLDER / f"{name}.jsonl").stat().st_size < 1_000_000


@pytest.mark.parametrize("model", ["fc", "lenet"])
def test_a_recorded_run_is_a_seed_and_d_numbers(model):
    for d in (40, 300):
        run = curve("digits", "digits", model).first_seed[d]
        assert run.theta_d.shape == (d,)
        rebuilt = accuracy(replay(run).merged(), load("digits").test)
        assert rebuilt == pytest.approx(run.score, abs=0.005)  # another processor rounds otherwise


@pytest.mark.parametrize("model", ["fc", "lenet"])
def test_a_recorded_mnist_run_has_its_accuracy_on_mnist(model, mnist_folder, monkeypatch):
    monkeypatch.setenv("IDLIB_DATA", str(mnist_folder))
    load.cache_clear()
    run = curve("mnist", "mnist", model).first_seed[400]
    rebuilt = accuracy(replay(run).merged(), load("mnist").test)
    load.cache_clear()
    assert rebuilt == pytest.approx(run.score, abs=0.002)


def test_the_digits_recorded_are_the_digits_here():
    for task, (train, test) in recorded.recorded("digits").sessions[0]["data"].items():
        assert [fingerprint(load(task).train), fingerprint(load(task).test)] == [train, test]


def test_mnist_comes_out_as_published():
    def absolute(task, model):
        return d90(curve("mnist", task, model).runs, 0.9).d

    assert curve("mnist", "mnist", "fc").baseline >= 0.98
    assert curve("mnist", "mnist", "lenet").baseline >= 0.99
    assert 500 <= absolute("mnist", "fc") <= 1000
    assert 200 <= absolute("mnist", "lenet") <= 400
    assert abs(absolute("mnist-shuffled", "fc") / absolute("mnist", "fc") - 1) <= 0.2
    assert absolute("mnist-shuffled", "lenet") >= 2.5 * absolute("mnist", "lenet")


def test_recording_resumes_where_it_was(tmp_path, monkeypatch):
    small = recorded.Experiment(
        ("digits",), ("fc",), (2, 4), (2,), (0.3,), (0.01,), (0, 1), epochs=1
    )
    monkeypatch.setitem(EXPERIMENTS, "small", small)
    path = tmp_path / "small.jsonl"
    record("small", path=path)
    whole = path.read_text().splitlines()
    path.write_text("\n".join(whole[:4]) + "\n" + whole[4][:30])  # killed while writing a line
    record("small", path=path)

    def scores(lines):
        runs = [json.loads(line) for line in lines]
        return {json.dumps(r["config"]): r["score"] for r in runs if "config" in r}

    again = path.read_text().splitlines()
    assert scores(again) == scores(whole)
    assert len(again) == len(whole) + 1  # one more session, no run twice
    kept = [json.loads(line) for line in again if "theta_d" in line]
    assert {r["config"]["seed"] for r in kept} == {0}
    # where there is one learning rate, none is chosen
    assert all(json.loads(config)["scored_on"] == "test" for config in scores(whole))


def test_rates_may_be_chosen_by_several_seeds_and_with_a_margin(tmp_path, monkeypatch):
    careful = recorded.Experiment(
        ("digits",), ("fc",), (20,), (20,), (0.1, 0.3, 1.0, 1e6), (0.01,), (0, 1), epochs=2,
        rated_by=2, careful=True,
    )  # fmt: skip
    monkeypatch.setitem(EXPERIMENTS, "careful", careful)
    store = record("careful", path=tmp_path / "careful.jsonl")
    pilots = {(r.config.lr, r.config.seed) for r in store
              if r.config.d and r.config.scored_on == "validation"}  # fmt: skip
    assert pilots == {(lr, seed) for lr in careful.lrs for seed in (0, 1)}
    chosen = {r.config.lr for r in store if r.config.d and r.config.scored_on == "test"}
    assert chosen < {0.1, 0.3}  # the rate after 1.0 collapses


def test_no_subspace_is_tried_where_the_commonest_label_is_enough(tmp_path, monkeypatch, capsys):
    hopeless = recorded.Experiment(
        ("digits",), ("fc",), (2, 4), (2,), (0.3,), (1e-9,), (0,), epochs=1, share=0.9
    )
    monkeypatch.setitem(EXPERIMENTS, "hopeless", hopeless)
    store = record("hopeless", path=tmp_path / "hopeless.jsonl")
    assert "says nothing" in capsys.readouterr().out
    assert [r.config.d for r in store] == [None]


def test_no_d_is_asked_that_the_layers_would_use_up(tmp_path, monkeypatch):
    aware = recorded.Experiment(
        ("digits",), ("fc",), (2, 3, 4, 6), (2, 5), (0.1, 0.3), (0.01,), (0,), epochs=1,
        methods=(("global", True),),
    )  # fmt: skip
    monkeypatch.setitem(EXPERIMENTS, "aware", aware)  # three layers
    store = record("aware", path=tmp_path / "aware.jsonl")
    assert {r.config.d for r in store if r.config.scored_on == "validation"} == {5}
    assert {r.config.d for r in store if r.config.scored_on == "test"} == {None, 4, 6}


def test_the_rate_is_chosen_again_at_a_d90_far_from_where_it_was(tmp_path, monkeypatch):
    far = recorded.Experiment(
        ("digits",), ("fc",), (2, 3, 400), (2,), (0.01, 0.1, 1.0), (0.01,), (0,), epochs=2,
        share=0.9, scale_lr=True, rechecked=True,
    )  # fmt: skip
    monkeypatch.setitem(EXPERIMENTS, "far", far)
    store = record("far", path=tmp_path / "far.jsonl")
    runs = {}
    for r in store:
        if r.config.d:
            runs.setdefault((r.config.d, r.config.scored_on), []).append(r)
    there = runs[400, "validation"]
    assert {r.config.lr for r in there} == {rate_at(400, lr, 2) for lr in far.lrs}
    best = max(there, key=lambda r: (r.score or 0, -r.loss)).config.lr
    chosen = max(runs[2, "validation"], key=lambda r: (r.score or 0, -r.loss)).config.lr
    assert runs[400, "test"][-1].config.lr == best
    assert {r.config.lr for r in runs[400, "test"]} == {rate_at(400, chosen, 2), best}
    before = len(store)
    assert len(record("far", path=tmp_path / "far.jsonl")) == before, "it resumes"


def test_a_full_model_that_diverges_is_named(tmp_path, monkeypatch):
    hot = recorded.Experiment(
        ("digits",), ("fc",), (2, 4), (2,), (0.3,), (1e30,), (0,), epochs=1, share=0.9
    )
    monkeypatch.setitem(EXPERIMENTS, "hot", hot)
    with pytest.raises(IdlibError, match=r"digits fc: the full model .*smaller learning rates"):
        record("hot", path=tmp_path / "hot.jsonl")


@pytest.mark.parametrize(
    "command",
    ["mnist --model fc", "digits --epochs 3", "compression --jobs 4", "laboratory --dask"],
)
def test_options_that_would_be_ignored_are_refused(command, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["idlib", "record", *command.split()])
    with pytest.raises(SystemExit):
        main()
    name, option, *_ = command.split()
    assert f"{name} takes no {option}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("notebooks nothing.ipynb", "nothing.ipynb can't be read as a notebook"),
        ("slides", "There are no notebooks"),
        ("loadtest --kernels 0", "kernels = 0 was given"),
        ("bench --language --threads 0", "threads = 0 was given"),
        ("sweep --task digits --model fc --d 3 --lr 0.1 --store .", "is a folder"),
    ],
)
def test_commands_say_in_a_line_what_is_wrong(command, message, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["idlib", *command.split()])
    with pytest.raises(SystemExit, match=message):
        main()


def test_a_command_names_what_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "nbclient", None)
    monkeypatch.delitem(sys.modules, "idlib.tools.notebooks", raising=False)
    monkeypatch.setattr("sys.argv", ["idlib", "notebooks", "x.ipynb"])
    with pytest.raises(SystemExit, match="This needs nbclient, which is not installed"):
        main()


def test_unknown_names_are_refused():
    with pytest.raises(IdlibError, match="'cifar' was asked for, expected one of"):
        recorded.recorded("cifar")
    with pytest.raises(IdlibError, match="no runs of 'resnet'"):
        curve("digits", "digits", "resnet")
    later = next(r for r in curve("digits", "digits", "fc").runs if r.config.seed == 1)
    with pytest.raises(IdlibError, match="without theta_d"):
        replay(later)


def test_a_cell_of_table_1_is_searched_and_resumes(folders, tmp_path, monkeypatch, capsys):
    (tmp_path / "glue" / "SST-2").mkdir(parents=True)
    rows = [f"the {noun} {verb}\t{int(noun == 'cat')}" for noun in ("cat", "dog") for verb in
            ("sat", "ran", "sat on the mat", "ran under a tree", "sat under the mat")]  # fmt: skip
    for part in ("train", "dev"):
        text = "\n".join(["sentence\tlabel", *rows * 6, ""])
        (tmp_path / "glue" / "SST-2" / f"{part}.tsv").write_text(text)
    monkeypatch.setenv("IDLIB_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    load_text.cache_clear()
    few = {"lrs": (0.03,), "full_lrs": (1e-2,), "pilots": (300,)}
    monkeypatch.setattr("idlib.tools.cli.table1", lambda *args: replace(table1(*args), **few))
    command = f"idlib record table1 --model {folders['bert']} --task sst2 --epochs 15"
    monkeypatch.setattr("sys.argv", command.split())
    main()
    printed = capsys.readouterr().out
    assert "d90 under DID: " in printed and "d90 under SAID: " in printed
    (path,) = (tmp_path / "runs").glob("table1-*.jsonl")
    runs = [json.loads(line) for line in path.read_text().splitlines()]
    configs = [r["config"] for r in runs if "config" in r]
    papers = table1("", "")
    assert len(papers.ds) > 90 and (papers.ds[0], papers.ds[-1]) == (10, 10_000)
    assert len(papers.lrs) == len(papers.full_lrs) == 4
    inside = {c["d"] for c in configs if c["scored_on"] == "test" and c["d"]}
    assert inside and inside < set(papers.ds)
    size = path.stat().st_size
    main()
    assert path.stat().st_size == size and capsys.readouterr().out == printed
    load_text.cache_clear()
