"""Recording again makes 0 runs, no file holds a run that nobody asks for, and headers are true."""

import functools
import json
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from idlib.engine.config import from_json
from idlib.engine.data import fingerprint
from idlib.engine.lines import read_lines
from idlib.engine.store import RunStore
from idlib.problems import images
from idlib.problems.names import facts_of
from idlib.problems.texts import is_text, load_text
from idlib.studies import command, reading, tables
from idlib.studies.catalogue import STUDIES
from idlib.studies.command import ALL, listing, status
from idlib.studies.reading import cells, provenance, store_of
from idlib.studies.record import FOLDER
from idlib.studies.tables import Table

RUNS, TABLES = (pytest.mark.parametrize("name", names) for names in (
    sorted(STUDIES), sorted(name for name, study in ALL.items() if isinstance(study, Table)),
))  # fmt: skip
KEPT = {"train", "test", "metric", "majority", "validation_majority", "data"}


def lines(name: str) -> list[dict]:
    text = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("name", sorted(ALL))
def test_nothing_is_missing_and_nothing_is_there_that_nobody_asks_for(name):
    found = status(name)
    assert found.missing == () and found.unasked == ()
    assert found.rows > 0


def test_every_file_belongs_to_a_study():
    assert {path.stem for path in FOLDER.glob("*.jsonl")} == set(ALL)


@RUNS
def test_every_run_says_for_which_part_it_was_made(name):
    """A part that its study has, and that asks for this task, model and method."""
    parts = {part.name: part for part in STUDIES[name].parts}
    assert len(parts) == len(STUDIES[name].parts)
    asked = {
        (part.name, b.task, b.model, b.projection, b.normalize, b.structure_aware, b.d is None)
        for part in parts.values()
        for b in part.bases()
    }
    for run in store_of(name):
        c = run.config
        key = (c.task, c.model, c.projection, c.normalize, c.structure_aware, c.d is None)
        assert (run.part, *key) in asked, c
        protocol = parts[run.part].protocol
        assert (c.epochs, c.batch_size) == (protocol.epochs, protocol.batch_size)
        assert c.seed in protocol.seeds


@RUNS
def test_the_header_knows_every_task(name):
    store = store_of(name)
    tasks = {task for kind, task in store.facts if kind == "task"}
    assert tasks == set(STUDIES[name].tasks())
    for (kind, _), facts in store.facts.items():
        assert set(facts) == (KEPT if kind == "task" else {"layers", "tensors"})
    aware = {b.model for part in STUDIES[name].parts for b in part.bases() if b.structure_aware}
    assert aware == {model for kind, model in store.facts if kind == "model"}
    first = next(i for i, line in enumerate(lines(name)) if "config" in line)
    assert all("config" in line or "session" in line for line in lines(name)[first:])


@pytest.mark.parametrize("name", sorted(ALL))
def test_provenance_names_command_versions_hardware_and_date(name):
    sessions = [line["session"] for line in lines(name) if "session" in line]
    assert sessions
    for session in sessions:
        assert session["command"].startswith("python -m idlib record")
        for key in ("date", "idlib", "torch", "python", "hardware"):
            assert session[key]


@RUNS
def test_every_run_lies_below_the_session_that_made_it(name):
    store = store_of(name)
    assert all(store.session_of(run)["hardware"] for run in store)
    assert provenance(cells(name)).startswith("Recorded on ")


@pytest.mark.parametrize("name", sorted(ALL))
def test_files_are_small(name):
    assert (FOLDER / f"{name}.jsonl").stat().st_size < 1_000_000


def test_all_headers_say_the_same_of_a_task():
    said = defaultdict(set)
    for name in STUDIES:
        for (kind, of), facts in store_of(name).facts.items():
            said[kind, of].add(json.dumps(facts, sort_keys=True))
    assert {key: facts for key, facts in said.items() if len(facts) > 1} == {}


def test_a_full_model_has_one_place():
    """It is trained once for a task and a schedule, and serves all studies."""
    places = defaultdict(set)
    for name in STUDIES:
        for run in store_of(name):
            c = run.config
            if c.d is None:
                places[c.task, c.model, c.epochs, c.batch_size].add((name, run.part))
    assert {full: found for full, found in places.items() if len(found) > 1} == {}


@TABLES
def test_tables_are_made_of_recorded_runs(name):
    """On the same data, which the table's sessions name."""
    sessions = [line["session"] for line in read_lines(ALL[name].path) if "session" in line]
    for task, prints in [told for session in sessions for told in session["data"].items()]:
        found = [s.facts["task", task] for s in map(store_of, STUDIES)
                 if ("task", task) in s.facts]  # fmt: skip
        assert found and all(facts["data"] == prints for facts in found), task


class TestAStudyThatLostSomething:
    """A copy of the files, from which lines are taken away or to which others are added."""

    @pytest.fixture
    def folder(self, tmp_path, monkeypatch):
        for path in FOLDER.glob("*.jsonl"):
            (tmp_path / path.name).write_bytes(path.read_bytes())

        monkeypatch.setattr(command, "store_of", lambda name: RunStore(tmp_path / f"{name}.jsonl"))
        return tmp_path

    def changed(self, path: Path, change) -> None:
        before = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        after = change(before)
        assert after != before
        path.write_text("".join(json.dumps(line) + "\n" for line in after), encoding="utf-8")

    @RUNS
    def test_a_run_of_each_part(self, name, folder):
        for part in STUDIES[name].parts:
            path = folder / f"{name}.jsonl"
            runs = [line for line in lines(name) if line.get("part") == part.name]
            if not runs:  # which the full model alone decides
                assert {c.told() for c in cells(name, part.name)} == {"not informative"}
                continue
            lost = runs[-1]
            self.changed(path, lambda whole, lost=lost: [line for line in whole if line != lost])
            missing = status(name).missing
            config = replace(from_json(lost).config, decide=())
            assert config in [replace(c, decide=()) for c in missing], part.name
            path.write_bytes((FOLDER / f"{name}.jsonl").read_bytes())

    def test_a_header(self, folder):
        path = folder / "digits.jsonl"
        self.changed(path, lambda whole: [x for x in whole if x.get("name") != "digits"])
        assert status("digits").missing != ()

    @pytest.mark.parametrize("gone", ["digits", "baselines", "bytes"])
    def test_the_list_goes_on_without_a_file(self, gone, folder, monkeypatch):
        """Of what a table is worked out from, too: it is then said to be missing."""
        (folder / f"{gone}.jsonl").unlink()
        store_of = functools.cache(lambda name: RunStore(folder / f"{name}.jsonl"))
        monkeypatch.setattr(reading, "store_of", store_of)
        monkeypatch.setattr(tables, "FOLDER", folder)
        monkeypatch.setattr(reading, "_recorded", functools.cache(reading._recorded.__wrapped__))
        found = command.listing()
        assert all(f"{name}: " in found for name in command.ALL)
        assert re.search(rf"^{gone}: 0 .*missing", found, re.M)

    def test_a_whole_file(self, folder):
        (folder / "digits.jsonl").unlink()
        found = status("digits")
        assert found.rows == 0 and found.missing != ()

    @pytest.mark.parametrize(
        "other", [{"d": 31}, {"seed": 7}, {"lr": 0.123}, {"model": "fc-20-1"}, {"epochs": 3}]
    )
    def test_a_run_that_nobody_asks_for(self, folder, other):
        def more(whole):
            run = next(x for x in reversed(whole) if "config" in x and x["config"]["d"])
            return [*whole, {**run, "config": {**run["config"], **other}}]

        self.changed(folder / "digits.jsonl", more)
        found = status("digits")
        assert found.missing == () and len(found.unasked) == 1
        assert all(getattr(found.unasked[0], key) == value for key, value in other.items())

    def test_the_list_says_so(self, folder):
        self.changed(folder / "digits.jsonl", lambda whole: whole[:-1])
        text = listing()
        assert re.search(r"^digits: 239 runs, 0\.\d hours, at least 1 missing$", text, re.M)
        assert all(f"\n{name}: " in f"\n{text}" for name in ALL)

    @TABLES
    def test_a_row_of_a_table(self, name, tmp_path, monkeypatch):
        table = ALL[name]
        (tmp_path / f"{name}.jsonl").write_bytes(table.path.read_bytes())
        monkeypatch.setattr("idlib.studies.tables.FOLDER", tmp_path)
        key = tuple(read_lines(table.path)[1][column] for column in table.key)
        self.changed(
            table.path,
            lambda whole: [x for x in whole if tuple(x.get(column) for column in table.key) != key],
        )
        assert status(name).missing == (key,) and status(name).unasked == ()


class TestTheData:
    """What the headers say of the data is what they are, where they are at hand."""

    @pytest.fixture(autouse=True)
    def each_read_once(self, monkeypatch):
        """One set of test data belongs to many tasks."""
        monkeypatch.setattr("idlib.problems.names.fingerprint", functools.cache(fingerprint))

    def assert_true(self, tasks):
        assert tasks
        for task, facts in tasks.items():
            assert facts_of(task) == facts, task

    def of(self, wanted) -> dict[str, dict]:
        return {
            task: facts
            for store in map(store_of, STUDIES)
            for (kind, task), facts in store.facts.items()
            if kind == "task" and wanted(task)
        }

    def test_digits(self):
        self.assert_true(self.of(lambda task: task.startswith("digits")))

    def test_mnist(self, mnist_folder, monkeypatch):
        monkeypatch.setenv("IDLIB_DATA", str(mnist_folder))
        images.load.cache_clear()
        self.assert_true(self.of(lambda task: task.startswith("mnist")))
        images.load.cache_clear()

    def test_glue(self, glue_folder, monkeypatch):
        monkeypatch.setenv("IDLIB_DATA", str(glue_folder))
        load_text.cache_clear()
        self.assert_true(self.of(lambda task: is_text(task) and task != "docstrings"))
        load_text.cache_clear()
