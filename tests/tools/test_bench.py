"""The benchmark: what it times and prints, not how long it takes."""

import subprocess
import sys
import time

import pytest
import torch

from idlib import IdlibError
from idlib.lessons.base import timing
from idlib.projections import make_projection
from idlib.tools import bench, bench_sweeps
from idlib.tools import cli as command_line


def test_steps_are_set_against_the_full_models(monkeypatch):
    monkeypatch.setattr(timing, "BATCH", 4)
    times = timing.step_times("lenet", ["hashed", "sparse"], d=5, rounds=1)
    assert [(t.model, t.projection) for t in times] == [
        ("lenet", None), ("lenet", "hashed"), ("lenet", "sparse"),
    ]  # fmt: skip
    assert times[0].ratio == 1
    assert all(t.ms > 0 and t.ratio == t.ms / times[0].ms for t in times)


def test_a_step_trains():
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    before = [p.detach().clone() for p in model.parameters()]
    timing._step(model)()
    assert not any(map(torch.equal, before, model.parameters()))


def test_costs_of_projections():
    costs = timing.projection_costs(["dense", "hashed"], D=1000, d=7, rounds=1)
    assert [(c.projection, c.D, c.d) for c in costs] == [("dense", 1000, 7), ("hashed", 1000, 7)]
    assert [c.state_bytes for c in costs] == [
        make_projection(c.projection, 1000, 7).state_bytes() for c in costs
    ]
    assert all(c.ms == c.forward_ms + c.adjoint_ms for c in costs)
    assert all(min(c.forward_ms, c.adjoint_ms, c.floor_ms) > 0 for c in costs)


def test_calls_take_turns_and_the_fastest_counts(monkeypatch):
    """Each call moves a clock: by 0.1 ms in the round that is not counted, then by 5, 4, ..."""
    clock, order = [0.0], []
    waits = {name: iter([1e-4, 1e-4, *(n / 1000 for n in ms)]) for name, ms in
             {"a": (5, 4, 3, 9), "b": (7, 8, 9, 6)}.items()}  # fmt: skip
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock[0])

    def call(name):
        order.append(name)
        clock[0] += next(waits[name])

    ms = timing.fastest({n: lambda n=n: call(n) for n in "ab"}, rounds=2, repeats=2)
    assert "".join(order) == "aabb" * 3
    assert ms == pytest.approx({"a": 3, "b": 6})


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
    assert steps["fc hashed"][2:] == ["1.20"], "ms, ratio, goal"
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


def test_sweeps_and_searches_are_printed(capsys):
    bench_sweeps.main(quick=True)
    lines = capsys.readouterr().out.splitlines()
    table = {line[:30].strip(): line[30:].split() for line in lines}
    for name in ("one worker", "two workers", "Dask, two workers"):
        assert all(float(x) > 0 for x in table[name])
    assert table["one worker"][1] == "1.00" and table["two workers"][2] == "1.80"
    for name in ("digits, fc", "digits, lenet"):
        row = next(line for line in lines if line.startswith(name)).split()
        assert int(row[3]) > 8 and float(row[-1]) > 0
