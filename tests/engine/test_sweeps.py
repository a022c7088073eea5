"""Sweeps: what is missing is made, by whoever makes it, and nothing is lost or made twice."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch
from filelock import FileLock

from idlib import IdlibError
from idlib.engine import runs
from idlib.engine.config import RunConfig
from idlib.engine.runs import Problem, run
from idlib.engine.store import RunStore
from idlib.engine.sweeps import shared, sweep
from idlib.problems.images import load
from idlib.problems.names import run_named
from idlib.problems.networks import fc
from idlib.tools.cli import main

GRID = [RunConfig("digits", "fc", d, 0.1, seed, epochs=1) for d in (5, 50) for seed in (0, 1)]
COMMAND = ["idlib", "sweep", "--task", "digits", "--model", "fc", "--lr", "0.1"]
COMMAND += ["--seed", "0", "1", "--d", "5", "10", "50", "--epochs", "5"]  # six runs
MADE_UP = """
import sys, time
from idlib.engine.config import Run, RunConfig
from idlib.engine.store import RunStore
from idlib.engine.sweeps import sweep

def make(config, keep_theta_d):
    time.sleep(0.2)
    return Run(config, "finished", 0.5, 0.1, 1, 0.2, 100)

sweep([RunConfig("t", "m", d, 0.1) for d in range(1, 7)], RunStore(sys.argv[1]), make)
"""  # a sweep of six runs, without the training


@pytest.fixture(scope="module")
def uninterrupted():
    """The outcomes of the whole grid, made in one go."""
    return {r.config: outcome(r) for r in sweep(GRID, RunStore(), run_named)}


def outcome(run):
    """All of a run but the time it took."""
    record = dict(vars(run))
    del record["seconds"]
    for name in ("theta_d", "right"):
        record[name] = None if record[name] is None else record[name].tolist()
    return record


class TestSweep:
    def test_it_makes_what_is_missing_and_nothing_else(self, tmp_path, monkeypatch):
        made = []
        monkeypatch.setattr(runs, "train", counting(runs.train, made))
        store = RunStore(tmp_path / "runs.jsonl")
        sweep(GRID[1:2], store, run_named)
        results = sweep([*GRID, GRID[0]], store, run_named)
        assert [r.config for r in results] == [*GRID, GRID[0]]
        assert [r.config for r in store] == [GRID[1], GRID[0], *GRID[2:]]
        sweep(GRID, RunStore(tmp_path / "runs.jsonl"), run_named)
        assert len(made) == len(GRID)

    @pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
    def test_interrupted_and_taken_up_again_it_ends_the_same(
        self, tmp_path, monkeypatch, uninterrupted, error
    ):
        """The interruption comes in the third run; the first two are kept."""
        path = tmp_path / "runs.jsonl"
        with monkeypatch.context() as patch:
            patch.setattr(runs, "train", counting(runs.train, [], error, at=3))
            with pytest.raises(error):
                sweep(GRID, RunStore(path), run_named)
        assert [r.config for r in RunStore(path)] == GRID[:2]
        sweep(GRID, RunStore(path), run_named)
        assert {r.config: outcome(r) for r in RunStore(path)} == rounded(uninterrupted)

    def test_two_processes_find_what_one_finds(self, tmp_path, uninterrupted):
        results = sweep(GRID, RunStore(tmp_path / "runs.jsonl"), run_named, jobs=2)
        assert {r.config: outcome(r) for r in results} == uninterrupted
        assert {r.config for r in RunStore(tmp_path / "runs.jsonl")} == set(GRID)

    def test_theta_d_is_kept_where_asked_for(self, tmp_path):
        path = tmp_path / "runs.jsonl"
        sweep(GRID[:2], RunStore(path), run_named, keep_theta_d=lambda config: config.seed == 0)
        assert [r.theta_d is not None for r in RunStore(path)] == [True, False]

    def test_runs_say_for_which_part_they_were_made(self, tmp_path):
        path = tmp_path / "runs.jsonl"
        sweep(GRID[:1], RunStore(path), run_named, part="curves")
        sweep(GRID[:2], RunStore(path), run_named, part="blocks")
        assert [r.part for r in RunStore(path)] == ["curves", "blocks"]

    def test_the_processs_thread_count_is_given_back(self):
        before = torch.get_num_threads()
        torch.set_num_threads(2)
        try:
            sweep(GRID[:1], RunStore(), run_named)
            assert torch.get_num_threads() == 2
        finally:
            torch.set_num_threads(before)

    @pytest.mark.parametrize("bad", [{"task": "cifar"}, {"model": "resnet"}, {"d": 0}])
    def test_what_cannot_be_run_says_why(self, bad):
        store = RunStore()
        with pytest.raises(IdlibError, match=f"{next(iter(bad.values()))!r}|d = 0"):
            sweep([replace(GRID[0], **bad)], store, run_named)
        assert len(store) == 0

    def test_a_problem_without_a_name_is_the_same_in_every_process(self):
        """It travels in a file: closures, and tensors that the workers share."""
        width, digits = 20, load("digits")
        problem = Problem(lambda: fc(width, 1), digits.train, digits.test)
        expected = [outcome(run(c, problem)) for c in GRID[:2]]
        for jobs in (1, 2):
            with shared(problem, jobs) as make:
                made = [outcome(r) for r in sweep(GRID[:2], RunStore(), make, jobs)]
            assert [m["config"] for m in made] == GRID[:2]
            for m, e in zip(made, expected, strict=True):
                assert m["score"] == pytest.approx(e["score"], abs=0.01)  # one thread or more


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals that kill")
class TestKilled:
    """A real process, killed without warning."""

    def test_started_again_it_makes_the_missing_runs(self, tmp_path, monkeypatch, capsys):
        command = [*COMMAND, "--store", str(tmp_path / "runs.jsonl")]
        path = tmp_path / "runs.jsonl"
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        wait_for(lambda: path.exists() and len(RunStore(path)) >= 2)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        kept = [r.config for r in RunStore(path)]
        assert 2 <= len(kept) < 6
        with path.open("ab") as file:
            file.write(b'{"config": {"task": "dig')  # as if it had died while writing
        monkeypatch.setattr(sys, "argv", command)
        main()
        assert f"{6 - len(kept)} of 6 runs to make" in capsys.readouterr().out
        resumed = RunStore(path)
        assert [r.config for r in resumed][: len(kept)] == kept
        whole = sweep([r.config for r in resumed], RunStore(), run_named)
        expected = rounded({r.config: outcome(r) for r in whole})
        assert {r.config: outcome(r) for r in resumed} == expected
        assert path.read_bytes().count(b'"config"') == 6  # none was made twice


class TestLock:
    def test_the_second_sweep_waits_and_says_for_what(self, tmp_path):
        path = tmp_path / "runs.jsonl"
        with FileLock(f"{path}.lock"):
            process = subprocess.Popen(
                [sys.executable, "-c", MADE_UP, str(path)], stderr=subprocess.PIPE
            )
            line = process.stderr.readline().decode()
            assert "Waiting for another process" in line and str(path) in line
            time.sleep(0.5)
            assert process.poll() is None and not path.exists()
        process.communicate(timeout=60)
        assert process.returncode == 0 and len(RunStore(path)) == 6

    def test_what_another_has_made_meanwhile_is_not_made_again(self, tmp_path, monkeypatch):
        path, made = tmp_path / "runs.jsonl", []
        early = RunStore(path)
        sweep(GRID, RunStore(path), run_named)
        monkeypatch.setattr(runs, "train", counting(runs.train, made))
        assert [r.config for r in sweep(GRID, early, run_named)] == GRID
        assert not made and path.read_text().count('"config"') == 4

    def test_two_at_once_leave_a_whole_file(self, tmp_path):
        path = tmp_path / "runs.jsonl"
        both = [
            subprocess.Popen([sys.executable, "-c", MADE_UP, str(path)], stderr=subprocess.DEVNULL)
            for _ in range(2)
        ]
        assert [process.wait(timeout=120) for process in both] == [0, 0]
        assert path.read_text().count('"config"') == 6 == len(RunStore(path))


class TestDask:
    """A real scheduler and two worker processes."""

    @pytest.fixture
    def cluster(self):
        distributed = pytest.importorskip("distributed")
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster:
            yield cluster

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no signals that kill")
    def test_a_killed_worker_changes_nothing(self, cluster):
        grid = [replace(c, d=d, epochs=2) for c in GRID[:2] for d in (5, 10, 20)]
        expected = {r.config: outcome(r) for r in sweep(grid, RunStore(), run_named)}
        pids = [worker.process.process.pid for worker in cluster.workers.values()]
        store = Killing(pids[0])
        results = sweep(grid, store, run_named, dask=cluster.scheduler_address)
        assert store.killed
        assert {r.config: outcome(r) for r in results} == expected

    def test_a_scheduler_that_is_not_there(self):
        pytest.importorskip("distributed")
        with pytest.raises(IdlibError, match="No Dask scheduler answers at 'nowhere"):
            sweep(GRID, RunStore(), run_named, dask="nowhere.invalid:8786")


class Killing(RunStore):
    """Kills a worker as soon as two runs are kept."""

    def __init__(self, pid):
        super().__init__()
        self.pid, self.killed = pid, False

    def add(self, run):
        super().add(run)
        if len(self) == 2 and not self.killed:
            os.kill(self.pid, signal.SIGKILL)
            self.killed = True


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.05)


def counting(train, calls, error=None, at=0):
    """`train`, which notes its calls and fails in the one numbered `at`."""

    def wrapped(*args, **kwargs):
        calls.append(args)
        if len(calls) == at:
            raise error
        return train(*args, **kwargs)

    return wrapped


def rounded(outcomes):
    """As a file holds them: losses to six places."""
    return {config: {**o, "loss": round(o["loss"], 6)} for config, o in outcomes.items()}
