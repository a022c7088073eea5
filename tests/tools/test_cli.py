"""The command line: what it asks for is what was typed, and what is wrong is said in a line."""

import sys
from dataclasses import replace

import pytest

from idlib.engine.store import RunStore
from idlib.problems import names
from idlib.problems.images import load
from idlib.studies.command import ALL
from idlib.tools import cli


def run(line: str, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["idlib", *line.split()])
    cli.main()


class TestSweep:
    @pytest.fixture
    def asked(self, monkeypatch, tmp_path):
        """The configurations that are asked for, of which no run is made."""
        configs = []
        monkeypatch.setattr(cli, "sweep_named", lambda cs, *args, **kw: configs.extend(cs) or [])
        monkeypatch.setattr(cli, "resolved", lambda task: task)
        monkeypatch.setattr(cli, "facts_of", lambda task: {"data": [task]})
        monkeypatch.chdir(tmp_path)
        return configs

    def test_it_normalises_as_is_usual_for_its_task(self, asked, monkeypatch):
        for extra in ("", " --normalize global"):
            run(f"sweep --task sst2 digits --model m --d 10 --lr 0.1 --store x{extra}", monkeypatch)
        assert [c.normalize for c in asked] == ["per-tensor", "global", "global", "global"]

    def test_it_makes_each_full_model_once(self, asked, monkeypatch):
        run(
            "sweep --task digits --model m --d all 10 --lr 0.1 --structure-aware --store x "
            "--projection fastfood hashed",
            monkeypatch,
        )
        assert [(c.d, c.projection, c.structure_aware) for c in asked] == [
            (None, "fastfood", False), (10, "fastfood", True), (10, "hashed", True),
        ]  # fmt: skip

    def test_all_options_arrive(self, asked, monkeypatch):
        run(
            "sweep --task a b --model m n --d 3 --lr 0.1 0.3 --seed 4 5 --epochs 6 "
            "--batch-size 7 --scored-on train --store x",
            monkeypatch,
        )
        assert len(asked) == len(set(asked)) == 16
        assert {c.task for c in asked} == {"a", "b"} and {c.model for c in asked} == {"m", "n"}
        assert {c.lr for c in asked} == {0.1, 0.3} and {c.seed for c in asked} == {4, 5}
        rest = {(c.d, c.epochs, c.batch_size, c.scored_on) for c in asked}
        assert rest == {(3, 6, 7, "train")}


class TestIdentityOfData:
    """A run is known by its data."""

    SWEEP = "sweep --task auto --model fc-2-1 --d 3 --lr 0.1 --epochs 1 --store runs.jsonl"

    @pytest.fixture(autouse=True)
    def _here(self, monkeypatch, tmp_path):
        monkeypatch.setenv("IDLIB_DATA", "embedded")
        monkeypatch.chdir(tmp_path)

    def test_auto_is_the_data_that_were_found(self, monkeypatch, capsys):
        run(self.SWEEP, monkeypatch)
        (made,), store = RunStore("runs.jsonl"), RunStore("runs.jsonl")
        assert made.config.task == "mnist10k" and store.facts["task", "mnist10k"]["train"] == 10_000
        assert "1 of 1 runs to make" in capsys.readouterr().out
        run(self.SWEEP.replace("auto", "mnist10k"), monkeypatch)
        assert "0 of 1 runs to make" in capsys.readouterr().out
        mnist = replace(load("mnist10k"), name="mnist")
        monkeypatch.setattr(names.images, "load", lambda name: mnist)
        monkeypatch.setattr(names, "run_named", lambda c, *keep: replace(made, config=c))
        monkeypatch.setattr(cli, "sweep_named", names.sweep_named)
        run(self.SWEEP, monkeypatch)
        assert "1 of 1 runs to make" in capsys.readouterr().out

    def test_other_data_under_the_same_name_are_refused(self, monkeypatch):
        run(self.SWEEP, monkeypatch)
        part = load("mnist10k")
        other = replace(part, train=part.test, test=part.train)
        monkeypatch.setattr(names.images, "load", lambda name: other)
        for d in (3, 4):  # also where nothing is to be made
            with pytest.raises(SystemExit, match=r"task 'mnist10k' as .*10000.* here it is .*2000"):
                run(self.SWEEP.replace("--d 3", f"--d {d}"), monkeypatch)

    def test_with_nothing_to_make_nothing_is_written(self, monkeypatch, capsys):
        run(self.SWEEP, monkeypatch)

        def refused(*args, **kwargs):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(RunStore, "_append", refused)
        monkeypatch.setattr("filelock.FileLock.acquire", refused)
        run(self.SWEEP, monkeypatch)
        assert "0 of 1 runs to make" in capsys.readouterr().out
        with pytest.raises(SystemExit, match=r"runs\.jsonl can't be written .*Permission denied"):
            run(self.SWEEP.replace("--d 3", "--d 4"), monkeypatch)

    def test_a_path_below_a_file(self, monkeypatch, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(SystemExit, match=r"file/runs\.jsonl can't be written"):
            run(self.SWEEP.replace("runs.jsonl", "file/runs.jsonl"), monkeypatch)


class TestRecord:
    def test_a_study_is_recorded_as_asked(self, monkeypatch):
        asked = []
        monkeypatch.setattr(cli.command, "record", lambda *args: asked.append(args))
        run("record mnist --jobs 3 --path x.jsonl --dask tcp://a:1", monkeypatch)
        run("record bytes", monkeypatch)
        assert asked == [("mnist", 3, "x.jsonl", "tcp://a:1"), ("bytes", 1, None, None)]

    def test_the_list_tells_of_every_study(self, monkeypatch, capsys):
        run("record --list", monkeypatch)
        printed = capsys.readouterr().out
        for name, study in ALL.items():
            assert f"{name}: " in printed
            assert study.question in " ".join(printed.split())
        assert "missing" not in printed

    @pytest.mark.parametrize(
        "line", ["mnist --model fc", "digits --epochs 3", "bytes --jobs 4", "bounds --dask"]
    )
    def test_options_that_would_be_ignored_are_refused(self, line, monkeypatch, capsys):
        with pytest.raises(SystemExit):
            run(f"record {line}", monkeypatch)
        name, option, *_ = line.split()
        assert f"{name} takes no {option}" in capsys.readouterr().err

    @pytest.mark.parametrize("line", ["record", "record cifar", "record --jobs 3"])
    def test_a_study_has_to_be_named(self, line, monkeypatch, capsys):
        with pytest.raises(SystemExit):
            run(line, monkeypatch)
        said = capsys.readouterr().err
        assert "name a study, or --list" in said or "invalid choice: 'cifar'" in said


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("notebooks nothing.ipynb", "nothing.ipynb can't be read as a notebook"),
        ("slides", "There are no notebooks"),
        ("loadtest --kernels 0", "kernels = 0 was given"),
        ("bench --language --threads 0", "threads = 0 was given"),
        ("sweep --task digits --model fc --d 3 --lr 0.1 --store .", "is a folder"),
        ("record table1", "table1 needs --model and --task"),
    ],
)
def test_commands_say_in_a_line_what_is_wrong(line, message, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=message):
        run(line, monkeypatch)


def test_a_command_names_what_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "nbclient", None)
    monkeypatch.delitem(sys.modules, "idlib.tools.notebooks", raising=False)
    with pytest.raises(SystemExit, match=r"needs nbclient, which is not installed"):
        run("notebooks x.ipynb", monkeypatch)
