"""The store of runs: what goes in comes out, whatever happens to the process or the file."""

import base64
import json
import math
import struct
from dataclasses import replace

import pytest
import torch

from idlib import IdlibError
from idlib.engine.config import Run, RunConfig
from idlib.engine.lines import read_lines, write_lines
from idlib.engine.store import RunStore

FULL = RunConfig("digits", "fc", None, 0.001)
CONFIG = RunConfig("digits", "fc", 3, 0.1, seed=2, normalize="per-tensor", scored_on="validation")
RUN = Run(CONFIG, "finished", 0.875, 0.25, 110, 1.5, 199_210, theta_d=torch.tensor([0.1, -2, 1e-9]))
FACTS = {"train": 60_000, "metric": "accuracy", "majority": 0.1135, "data": ["a", "b"]}
DIVERGED = Run(FULL, "diverged", None, math.nan, 4, 0.5, 199_210, "diverged at step 4: why")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "runs.jsonl"


@pytest.fixture
def filled(path):
    """A file of one session's line and two runs' lines."""
    store = RunStore(path)
    store.add(RUN)
    store.add(DIVERGED)
    return path


def assert_same(run, expected):
    a, b = dict(vars(run)), dict(vars(expected))
    for name in ("theta_d", "right"):
        one, other = a.pop(name), b.pop(name)
        assert (one is None) == (other is None)
        assert one is None or torch.equal(one, other)
    assert math.isnan(a["loss"]) == math.isnan(b["loss"])
    if math.isnan(a["loss"]):
        del a["loss"], b["loss"]
    assert a == b


class TestKeeping:
    @pytest.mark.parametrize("in_file", [True, False])
    def test_runs_come_back_by_their_configuration(self, path, in_file):
        store = RunStore(path if in_file else None)
        assert store.get(CONFIG) is None and len(store) == 0
        store.add(RUN)
        store.add(DIVERGED)
        if in_file:
            store = RunStore(path)
        assert len(store) == 2 and [run.config for run in store] == [CONFIG, FULL]
        assert_same(store.get(replace(CONFIG)), RUN)
        assert_same(store.get(FULL), DIVERGED)
        assert store.get(replace(CONFIG, seed=3)) is None

    @pytest.mark.parametrize("loss", [math.nan, math.inf])
    def test_every_line_is_standard_json(self, path, loss):
        """NaN and infinity are not JSON: other readers refuse them."""
        RunStore(path).add(replace(DIVERGED, loss=loss))

        def refuse(constant):
            raise AssertionError(constant)

        for line in path.read_text().splitlines():
            json.loads(line, parse_constant=refuse)

    def test_theta_d_is_little_endian_float32_in_base64(self, filled):
        record = json.loads(filled.read_text().splitlines()[1])
        numbers = struct.unpack("<3f", base64.b64decode(record["theta_d"]))
        assert torch.equal(torch.tensor(numbers), RUN.theta_d)

    @pytest.mark.parametrize("n", [1, 8, 13, 1000])
    def test_right_and_wrong_are_bits_in_base64(self, path, n):
        right = torch.rand(n, generator=torch.Generator().manual_seed(n)) < 0.7
        RunStore(path).add(replace(RUN, right=right, start=0.1))
        assert_same(RunStore(path).get(CONFIG), replace(RUN, right=right, start=0.1))
        count, bits = json.loads(path.read_text().splitlines()[1])["right"]
        assert count == n and len(base64.b64decode(bits)) == -(-n // 8)

    def test_a_fastfood_of_before_its_rows_had_signs_is_another_projection(self, path):
        """Files of then say "fastfood", and mean another P for the same seed."""
        config = replace(CONFIG, projection="fastfood")
        RunStore(path).add(replace(RUN, config=config))
        assert '"projection": "fastfood-signed"' in path.read_text()
        path.write_text(path.read_text().replace("fastfood-signed", "fastfood"))
        assert RunStore(path).get(config) is None
        assert_same(
            RunStore(path).get(replace(config, projection="fastfood-unsigned")),
            replace(RUN, config=replace(config, projection="fastfood-unsigned")),
        )

    def test_a_run_is_in_the_file_when_add_returns(self, path):
        store = RunStore(path)
        for n, run in enumerate((RUN, DIVERGED), start=1):
            store.add(run)
            assert len(RunStore(path)) == n

    def test_the_file_only_grows(self, filled):
        before = filled.read_bytes()
        store = RunStore(filled)
        assert filled.read_bytes() == before
        store.add(replace(RUN, config=replace(CONFIG, seed=3)))
        assert filled.read_bytes().startswith(before)
        assert len(RunStore(filled)) == 3

    def test_runs_that_others_wrote_meanwhile_are_kept(self, filled):
        store = RunStore(filled)
        another, third = (replace(RUN, config=replace(CONFIG, seed=s)) for s in (3, 4))
        copy = filled.with_name("copy.jsonl")
        copy.write_bytes(filled.read_bytes())
        RunStore(copy).add(another)
        filled.write_bytes(copy.read_bytes())  # as version control does
        store.add(third)
        assert store.get(another.config) and len(store) == len(RunStore(filled)) == 4

    def test_nothing_is_made_before_the_first_run(self, path):
        RunStore(path)
        assert not path.parent.exists()

    def test_each_session_with_new_runs_says_what_it_ran_on(self, path):
        RunStore(path, {"command": "first"}).add(RUN)
        RunStore(path, {"command": "reads only"})
        second = RunStore(path, {"command": "second"})
        second.add(DIVERGED)
        sessions = RunStore(path).sessions
        assert sessions == second.sessions
        assert [session["command"] for session in sessions] == ["first", "second"]
        for session in sessions:
            assert {"date", "torch", "python", "idlib", "hardware"} <= session.keys()

    def test_a_folder_is_no_file(self, tmp_path):
        with pytest.raises(IdlibError, match="is a folder, expected a file"):
            RunStore(tmp_path)

    def test_records_are_written_into_a_new_folder_and_read_back(self, path):
        lines = [{"session": {}}, {"a": 1}]
        assert read_lines(path) == []
        write_lines(path, lines)
        assert read_lines(path) == lines
        for other in ("no json", '{"a": 1}', "5"):
            path.write_text(other)
            with pytest.raises(IdlibError, match="is no file of records"):
                read_lines(path)


class TestDamage:
    @pytest.mark.parametrize("cut", [2, 10, 200])
    def test_a_half_written_last_line_is_dropped(self, filled, cut):
        """A killed process loses the run under way; the next run gets a line of its own."""
        whole = filled.read_bytes()
        last = whole.splitlines(keepends=True)[-1]
        filled.write_bytes(whole[:-cut] if cut < len(last) else whole[: -len(last) + 1])
        store = RunStore(filled)
        assert [run.config for run in store] == [CONFIG]
        store.add(DIVERGED)
        assert [run.config for run in RunStore(filled)] == [CONFIG, FULL]
        assert len(filled.read_text().splitlines()) == 4  # two sessions, two runs

    @pytest.mark.parametrize(
        "line",
        [
            b'{"config": {"task": "dig',
            b"",
            b"5",
            b"[]",
            b'{"config": "abc", "status": 1}',
            b"\xff\xfe\x00",
            b'{"status": "finished"}',
            b'{"config": {"unknown": 1}, "status": "finished"}',
        ],
    )
    def test_an_unreadable_line_is_named_and_the_file_kept_aside(self, filled, line):
        lines = filled.read_bytes().splitlines(keepends=True)
        damaged = lines[0] + lines[1] + line + b"\n" + lines[2]
        aside = filled.with_name("runs.jsonl.corrupt-1")
        filled.write_bytes(damaged)
        with pytest.raises(IdlibError, match=r"runs\.jsonl: line 3 can't be read.*3 good") as error:
            RunStore(filled)
        assert str(aside) in str(error.value)
        assert aside.read_bytes() == damaged
        assert [run.config for run in RunStore(filled)] == [CONFIG, FULL]

        filled.write_bytes(damaged)
        with pytest.raises(IdlibError, match=r"corrupt-2"):
            RunStore(filled)
        assert aside.read_bytes() == damaged

    def test_a_last_line_without_its_line_break_is_a_run(self, filled):
        filled.write_bytes(filled.read_bytes()[:-1])
        store = RunStore(filled)
        assert len(store) == 2
        store.add(replace(RUN, config=replace(CONFIG, seed=7)))
        assert len(RunStore(filled)) == 3
        assert all(json.loads(line) for line in filled.read_text().splitlines())

    def test_a_file_deleted_meanwhile_begins_again_with_its_session(self, filled):
        store = RunStore(filled)
        filled.unlink()
        store.add(replace(RUN, config=replace(CONFIG, seed=7)))
        again = RunStore(filled)
        assert len(again) == 1 and len(again.sessions) == 1

    def test_a_file_that_holds_no_runs_is_left_as_it_is(self, tmp_path):
        path = tmp_path / "other.jsonl"
        path.write_text('{"session": {"command": "another"}}\n{"model": "fc", "bytes": 570}\n')
        before = path.read_bytes()
        with pytest.raises(IdlibError, match=r"other\.jsonl is no file of runs \(line 2.*another"):
            RunStore(path)
        assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == [path.name]

    def test_an_empty_file_is_an_empty_store(self, tmp_path):
        (tmp_path / "runs.jsonl").touch()
        store = RunStore(tmp_path / "runs.jsonl")
        store.add(RUN)
        assert len(RunStore(tmp_path / "runs.jsonl")) == 1


class TestFacts:
    """What is to be known of tasks and models stands in the file, beside the runs."""

    @pytest.mark.parametrize("in_file", [True, False])
    def test_they_come_back(self, path, in_file):
        store = RunStore(path if in_file else None)
        store.add(RUN)
        store.describe("task", "mnist", FACTS)
        store.describe("model", "fc", {"layers": 3})
        store.describe("task", "fc", {"train": 1})  # a task may have a model's name
        for again in (store, RunStore(path) if in_file else store):
            assert again.facts == {
                ("task", "mnist"): FACTS,
                ("model", "fc"): {"layers": 3},
                ("task", "fc"): {"train": 1},
            }
            assert [run.config for run in again] == [CONFIG]

    def test_they_are_in_the_file_when_describe_returns_and_stand_there_once(self, path):
        store = RunStore(path)
        for _ in range(2):
            store.describe("task", "mnist", FACTS)
            assert RunStore(path).facts == {("task", "mnist"): FACTS}
        RunStore(path).describe("task", "mnist", dict(FACTS))
        assert len(path.read_text().splitlines()) == 1
        store.describe("task", "mnist", {"train": 5})
        assert RunStore(path).facts["task", "mnist"] == {"train": 5}, "the later one counts"

    def test_a_killed_process_leaves_what_was_whole(self, filled):
        RunStore(filled).describe("task", "mnist", FACTS)
        with filled.open("ab") as file:
            file.write(b'{"task": "digits", "train": 13')
        store = RunStore(filled)
        assert [*store.facts] == [("task", "mnist")] and len(store) == 2
        store.describe("model", "fc", {"layers": 3})
        store.add(replace(RUN, config=replace(CONFIG, seed=7)))
        again = RunStore(filled)
        assert [*again.facts] == [("task", "mnist"), ("model", "fc")] and len(again) == 3
        assert all(json.loads(line) for line in filled.read_text().splitlines())

    def test_others_see_them(self, path):
        early = RunStore(path)
        RunStore(path).describe("task", "mnist", FACTS)
        with early.writing():
            assert early.facts == {("task", "mnist"): FACTS}


def test_the_part_that_a_run_was_made_for_is_kept(path):
    store = RunStore(path)
    store.add(replace(RUN, part="curves"))
    store.add(DIVERGED)
    assert [run.part for run in RunStore(path)] == ["curves", ""]
    lines = path.read_text().splitlines()
    assert ['"part"' in line for line in lines] == [False, True, False]


def test_a_full_model_has_one_configuration_whatever_its_projection():
    plain = replace(CONFIG, normalize="global")
    ways = [{}, {"projection": "hashed"}, {"normalize": "per-tensor"}, {"structure_aware": True}]
    assert {replace(FULL, **way) for way in ways} == {FULL}
    assert {replace(plain, d=None, **way) for way in ways} == {replace(CONFIG, d=None)}
    assert len({replace(plain, **way) for way in ways}) == 4
    store = RunStore()
    store.add(DIVERGED)
    assert store.get(replace(FULL, projection="sparse")) is DIVERGED


def test_a_run_that_was_not_ended_early_answers_all_thresholds(tmp_path):
    asked = replace(CONFIG, decide=(0.5, 0.8))
    for path in (None, tmp_path / "runs.jsonl"):
        store = RunStore(path)
        store.add(replace(RUN, config=replace(CONFIG, decide=(0.6,)), status="decided"))
        assert store.get(asked) is None and store.get(CONFIG) is None
        store.add(replace(RUN, config=replace(CONFIG, decide=(0.8,))))
        for again in (store, RunStore(path) if path else store):
            assert again.get(asked).score == again.get(CONFIG).score == RUN.score
        assert len(store) == 2


class TestRunsThatEndedEarly:
    """They answer for other thresholds on the same side, with half of the margin left."""

    @staticmethod
    def ended(score, *decide):
        """A store with one run, and a function that asks it for other thresholds."""
        store = RunStore()
        store.add(
            replace(RUN, config=replace(CONFIG, decide=decide), status="decided", score=score)
        )
        return lambda *others: store.get(replace(CONFIG, decide=others))

    def test_above(self):
        answers = self.ended(0.9, 0.7, 0.8)
        assert answers(0.7, 0.8) and answers(0.5) and answers(0.7) and answers(0.8)
        assert answers(0.84) and not answers(0.86), "0.05 of 0.1 must be left"
        assert not answers(0.95) and not answers(0.7, 0.95), "on the other side"

    def test_below(self):
        answers = self.ended(0.3, 0.7, 0.9)
        assert answers(0.7, 0.9) and answers(0.95) and answers(0.7)
        assert answers(0.52) and not answers(0.48), "0.2 of 0.4 must be left"
        assert not answers(0.2) and not answers(0.2, 0.9), "on the other side"

    def test_no_threshold_asks_for_the_whole_run(self):
        assert self.ended(0.9, 0.8)() is None

    def test_only_the_same_run_answers(self):
        store = RunStore()
        config = replace(CONFIG, decide=(0.8,))
        store.add(replace(RUN, config=config, status="decided", score=0.9))
        asked = replace(config, decide=(0.7,))
        assert store.get(asked)
        for other in ({"seed": 9}, {"d": 4}, {"lr": 0.2}, {"scored_on": "test"}, {"epochs": 9}):
            assert store.get(replace(asked, **other)) is None

    def test_any_that_settles_it_will_do_and_the_whole_run_before_all(self):
        store, asked = RunStore(), replace(CONFIG, decide=(0.85,))
        for decide, score in (((0.8,), 0.9), ((0.5,), 0.97)):  # the first is too near
            early = replace(RUN, config=replace(CONFIG, decide=decide), status="decided")
            store.add(replace(early, score=score))
        assert store.get(replace(asked, decide=(0.86,))) is None
        assert store.get(replace(asked, decide=(0.7,))).score == 0.9
        store.add(replace(RUN, score=0.95))
        assert store.get(asked).score == store.get(replace(asked, decide=(0.7,))).score == 0.95

    def test_after_a_reload_as_before(self, path):
        store = RunStore(path)
        store.add(replace(RUN, config=replace(CONFIG, decide=(0.8,)), status="decided", score=0.9))
        for again in (store, RunStore(path)):
            assert again.get(replace(CONFIG, decide=(0.75,))).score == 0.9
            assert again.get(replace(CONFIG, decide=(0.95,))) is None


def test_a_file_that_was_deleted_begins_again_with_a_session(path):
    store = RunStore(path)
    store.describe("task", "digits", FACTS)
    store.add(RUN)
    path.unlink()
    store.describe("task", "digits", FACTS)
    store.add(replace(RUN, config=replace(CONFIG, seed=9)))
    again = RunStore(path)
    assert again.facts == {("task", "digits"): FACTS}
    (run,) = again
    assert again.session_of(run)["date"]


def test_facts_of_other_data_are_refused(path):
    store = RunStore(path)
    store.agree("task", "digits", FACTS)  # nothing is known yet
    store.describe("task", "digits", FACTS)
    store.agree("task", "digits", dict(FACTS))
    with pytest.raises(IdlibError, match=r"with task 'digits' as .*60000.* here it is .*5.*"):
        RunStore(path).agree("task", "digits", FACTS | {"train": 5})


@pytest.mark.parametrize("act", [lambda s: s.add(RUN), lambda s: s.describe("task", "t", FACTS)])
def test_what_the_operating_system_refuses_is_said(tmp_path, act, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(IdlibError, match=r"runs.jsonl can't be written .*file.* choose a path"):
        act(RunStore(tmp_path / "file" / "runs.jsonl"))

    def refused(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("filelock.FileLock.acquire", refused)  # a folder to read only
    with pytest.raises(IdlibError, match=r"runs.jsonl can't be written .*Permission denied"):
        act(RunStore(tmp_path / "runs.jsonl"))
