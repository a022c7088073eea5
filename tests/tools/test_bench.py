"""The benchmark: what it times and prints, not how long it takes."""

import subprocess
import sys
import time

import pytest
import torch

from idlib import IdlibError
from idlib.dimension import IntrinsicDimension
from idlib.engine.estimate import Estimate
from idlib.lessons.base import timing
from idlib.problems.images import load
from idlib.problems.networks import MODELS
from idlib.tools import bench, bench_sweeps
from idlib.tools import cli as command_line


def test_both_tables_are_printed(monkeypatch, capsys):
    monkeypatch.setattr(timing, "BATCH", 2)
    threads = torch.get_num_threads()
    bench.main(threads=1, quick=True)
    assert torch.get_num_threads() == threads
    lines = capsys.readouterr().out.splitlines()
    assert "threads: 1" in lines[0]
    steps = {line[:22].strip(): line[22:].split() for line in lines if line[:2] in ("fc", "le")}
    assert set(steps) == {
        f"{model} {name}" for model, goals in bench.STEP_GOALS.items() for name in goals
    } | {"fc (full model)", "lenet (full model)"}
    assert steps["fc hashed"][2:] == ["1.15"], "ms, ratio, goal"
    assert len(steps["lenet dense"]) == 2, "no goal"
    (fastfood,) = (line.split() for line in lines if line.startswith("fastfood"))
    forward, adjoint, both, goal, floors, megabytes, megabytes_goal = map(float, fastfood[1:])
    assert both == pytest.approx(forward + adjoint, abs=0.11)
    assert (goal, megabytes_goal) == (100, 90)
    assert megabytes == pytest.approx(2 * 100_000 / 1e6, abs=0.1)
    assert floors >= 1
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.parametrize("threads", [0, -1])
def test_threads_must_be_positive(threads):
    with pytest.raises(IdlibError, match=rf"threads = {threads}"):
        bench.main(threads=threads, quick=True)


def test_the_command_line_passes_its_options_on(monkeypatch):
    calls = []
    monkeypatch.setattr(bench, "main", lambda threads, quick: calls.append((threads, quick)))
    monkeypatch.setattr(bench_sweeps, "main", lambda quick: calls.append(quick))
    for options in ([], ["--threads", "3", "--quick"]):
        monkeypatch.setattr(sys, "argv", ["idlib", "bench", *options])
        command_line.main()
    assert calls == [(2, False), False, (3, True), True]


def test_memory_of_children_is_seen():
    def grow():
        code = "import time; x = bytearray(200_000_000); time.sleep(1)"
        subprocess.run([sys.executable, "-c", code], check=True)
        return 7

    before = bench_sweeps.measured(lambda: time.sleep(0.3), every=0.02)
    after = bench_sweeps.measured(grow, every=0.02)
    assert after.result == 7 and after.seconds > 1
    assert after.megabytes > before.megabytes + 190


def test_sweeps_and_searches_are_printed(monkeypatch, capsys):
    """What is timed is asked for here and not made: sweeps and searches have their own tests."""
    swept, searched = [], []

    def sweep(grid, store, **how):
        swept.append((len(grid), {c.epochs for c in grid}, how))
        return grid

    def search(model_fn, train, test, **how):
        searched.append((model_fn, train, how))
        found = (Estimate(0.9, (d,)) for d in (40, 50, 60))
        return IntrinsicDimension(1000, 0.95, 0.1, 0.1, *found, lr=0.1, runs=(None,) * 12)

    monkeypatch.setattr(bench_sweeps, "sweep_named", sweep)
    monkeypatch.setattr(bench_sweeps, "intrinsic_dimension", search)
    bench_sweeps.main(quick=True)
    lines = capsys.readouterr().out.splitlines()
    table = {line[:30].strip(): line[30:].split() for line in lines}
    for name in ("one worker", "two workers", "Dask, two workers"):
        assert all(float(x) > 0 for x in table[name])
    assert table["one worker"][1] == "1.00" and table["two workers"][2] == "1.80"
    assert swept == [(4, {1}, how) for how in ({"jobs": 1}, {"jobs": 2}, {"jobs": 2, "dask": ""})]
    for name in ("mnist10k, fc", "mnist10k, lenet"):
        row = next(line for line in lines if line.startswith(name)).split()
        assert row[3:7] == ["12", "40", "50", "60"] and float(row[-1]) > 0
    assert [model_fn for model_fn, _, _ in searched] == [*MODELS.values()]
    for _, train, how in searched:
        assert train is load("mnist10k").train and (how["jobs"], how["seeds"]) == (2, (0,))
