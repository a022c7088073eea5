"""Timing: variants take turns, the fastest call counts, and what is timed is what is said."""

import pytest
import torch

from idlib.lessons.base import timing
from idlib.projections import make_projection


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
