"""Runs trained together equal the runs made one by one, to float tolerance."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from idlib import IdlibError
from idlib.engine import batch, sweeps
from idlib.problems import networks as models
from idlib.engine.batch import run_batch, run_batches
from idlib.problems.images import load
from idlib.problems.names import run_by_name
from idlib.engine.store import RunConfig, RunStore

FC = RunConfig("digits", "fc-30-2", 20, 0.1, epochs=2)
DIFFERENT = [
    {"d": 20, "lr": 0.1, "seed": 0},
    {"d": 20, "lr": 0.3, "seed": 1},
    {"d": 75, "lr": 0.1, "seed": 1},
    {"d": 300, "lr": 0.03, "seed": 2},
]


def both(configs):
    digits = load("digits")
    together = run_batch(configs, digits.train, digits.test, "cpu")
    return list(zip(together, [run_by_name(c, keep_theta_d=True) for c in configs], strict=True))


@pytest.mark.parametrize("model", ["fc-30-2", "lenet"])
@pytest.mark.parametrize("projection", ["hashed", "fastfood", "sparse"])
def test_equal_to_single_runs_with_different_d_seed_and_rate(model, projection):
    configs = [replace(FC, model=model, projection=projection, **part) for part in DIFFERENT]
    for together, alone in both(configs):
        assert together.config == alone.config and together.status == "finished"
        assert (together.steps, together.D) == (alone.steps, alone.D)
        assert together.loss == pytest.approx(alone.loss, rel=1e-3, abs=1e-4)
        assert together.score == pytest.approx(alone.score, abs=0.005)
        scale = alone.theta_d.abs().max()
        assert (together.theta_d - alone.theta_d).abs().max() < 1e-2 * scale


def test_full_models_and_other_scores_too():
    for scored_on in ("validation", "train"):
        configs = [replace(FC, d=None, lr=lr, scored_on=scored_on) for lr in (1e-3, 1e-2)]
        for together, alone in both(configs):
            assert together.score == pytest.approx(alone.score, abs=0.005)
            assert together.theta_d is None and together.D == alone.D


def test_one_that_diverges_leaves_the_others_alone():
    configs = [replace(FC, lr=1e30), FC]
    (bad, alone), (good, single) = both(configs)
    assert bad.status == alone.status == "diverged" and bad.score is None
    assert (bad.steps, bad.message) == (alone.steps, alone.message)
    assert good.score == pytest.approx(single.score, abs=0.005)


def test_runs_end_early_where_single_runs_do():
    configs = [replace(FC, d=d, lr=0.3, epochs=10, decide=(0.6, 0.7)) for d in (2, 300)]
    for together, alone in both(configs):
        assert together.status == alone.status == "decided"
        assert together.steps == alone.steps
        assert together.score == pytest.approx(alone.score, abs=0.005)


def test_what_may_not_be_batched_is_refused(monkeypatch):
    digits = load("digits")
    with pytest.raises(IdlibError, match="differ in more than d, lr and seed"):
        run_batch([FC, replace(FC, epochs=3)], digits.train, digits.test, "cpu")
    for bad in ({"lr": -1.0}, {"lr": float("inf")}, {"epochs": 0}):
        with pytest.raises(IdlibError, match=f"{next(iter(bad))} = "):
            run_batch([replace(FC, **bad)], digits.train, digits.test, "cpu")
    beyond = torch.utils.data.TensorDataset(*(t + 5 for t in digits.train.tensors))
    with pytest.raises(IdlibError, match="Labels from 5 to 14"):
        run_batch([FC], beyond, digits.test, "cpu")
    layers = {"dropout": nn.Dropout(0.5), "norm": nn.BatchNorm1d(784)}
    for layer in layers.values():
        net = lambda layer=layer: nn.Sequential(nn.Flatten(), layer, nn.Linear(784, 10))  # noqa: E731
        monkeypatch.setitem(models.MODELS, "net", net)
        with pytest.raises(IdlibError, match="dropout or buffers"):
            run_batch([replace(FC, model="net")], digits.train, digits.test, "cpu")


def test_a_sweep_groups_what_fits_together(monkeypatch):
    monkeypatch.setattr(batch, "SIZE", 2)
    sizes = []
    real = batch.run_batch
    monkeypatch.setattr(
        batch, "run_batch", lambda configs, *a: sizes.append(len(configs)) or real(configs, *a)
    )
    configs = [replace(FC, epochs=1, **part) for part in DIFFERENT] + [
        replace(FC, d=None, epochs=1)
    ]
    configs.append(replace(FC, epochs=1, projection="hashed"))
    made = list(run_batches([(c, c.seed == 0) for c in configs], "cpu"))
    assert sizes == [2, 2, 1, 1]
    assert {r.config for r in made} == set(configs)
    for r in made:
        assert (r.theta_d is not None) == (r.config.seed == 0 and r.config.d is not None)


def test_with_cuda_a_sweep_uses_batches(monkeypatch):
    made, asked = run_by_name(replace(FC, epochs=1)), []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(
        sweeps, "run_batches", lambda missing, device: asked.append((missing, device)) or [made]
    )
    assert sweeps.sweep([made.config], RunStore()) == [made]
    assert asked == [([(made.config, False)], "cuda")]
