"""Runs trained together equal the runs made one by one, to float tolerance."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from idlib import IdlibError
from idlib.engine import batch, sweeps
from idlib.engine.batch import run_batch, run_batches
from idlib.engine.config import RunConfig
from idlib.engine.runs import TOKENS
from idlib.engine.store import RunStore
from idlib.problems.names import problem_of, run_named, sweep_named

FC = RunConfig("digits", "fc-30-2", 20, 0.1, epochs=2)
DIFFERENT = [
    {"d": 20, "lr": 0.1, "seed": 0},
    {"d": 20, "lr": 0.3, "seed": 1},
    {"d": 75, "lr": 0.1, "seed": 1},
    {"d": 300, "lr": 0.03, "seed": 2},
]


def both(configs):
    together = run_batch(configs, problem_of(configs[0]), "cpu")
    return list(zip(together, [run_named(c, keep_theta_d=True) for c in configs], strict=True))


@pytest.mark.parametrize("model", ["fc-30-2", "lenet"])
@pytest.mark.parametrize("projection", ["hashed", "fastfood", "sparse"])
def test_equal_to_single_runs_with_different_d_seed_and_rate(model, projection):
    kind = {"model": model, "projection": projection, "epochs": 1 if model == "lenet" else 2}
    for together, alone in both([replace(FC, **kind, **part) for part in DIFFERENT]):
        assert together.config == alone.config and together.status == "finished"
        assert (together.steps, together.D) == (alone.steps, alone.D)
        assert together.loss == pytest.approx(alone.loss, rel=1e-3, abs=1e-4)
        assert together.score == pytest.approx(alone.score, abs=0.005)
        scale = alone.theta_d.abs().max()
        assert (together.theta_d - alone.theta_d).abs().max() < 1e-2 * scale
        assert (together.right == alone.right).double().mean() > 0.99


def test_full_models_and_other_scores_too():
    for scored_on in ("validation", "train"):
        configs = [replace(FC, d=None, lr=lr, scored_on=scored_on) for lr in (1e-3, 1e-2)]
        for together, alone in both(configs):
            assert together.score == pytest.approx(alone.score, abs=0.005)
            assert together.theta_d is None and together.D == alone.D


def test_a_full_model_says_what_it_scored_before_its_first_step():
    ((together, alone),) = both([replace(FC, d=None, lr=1e-3)])
    assert together.start == alone.start is not None
    assert (together.right == alone.right).double().mean() > 0.99


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


def test_the_patience_is_the_problems():
    """With that of tokens no run is given up, together or alone."""
    problem = replace(problem_of(FC), patience=TOKENS)
    hopeless = replace(FC, d=2, epochs=3, decide=(0.99,))
    (together,) = run_batch([hopeless], problem, "cpu")
    assert together.status == problem(hopeless).status == "finished"
    assert run_batch([hopeless], problem_of(FC), "cpu")[0].status == "decided"


def test_what_may_not_be_batched_is_refused():
    problem = problem_of(FC)
    with pytest.raises(IdlibError, match="differ in more than d, lr and seed"):
        run_batch([FC, replace(FC, epochs=3)], problem, "cpu")
    for bad in ({"lr": -1.0}, {"lr": float("inf")}, {"epochs": 0}):
        with pytest.raises(IdlibError, match=f"{next(iter(bad))} = "):
            run_batch([replace(FC, **bad)], problem, "cpu")
    beyond = TensorDataset(*(t + 5 for t in problem.train_set.tensors))
    with pytest.raises(IdlibError, match="Labels from 5 to 14"):
        run_batch([FC], replace(problem, train_set=beyond), "cpu")
    for layer in (nn.Dropout(0.5), nn.BatchNorm1d(784)):
        net = lambda layer=layer: nn.Sequential(nn.Flatten(), layer, nn.Linear(784, 10))  # noqa: E731
        with pytest.raises(IdlibError, match="dropout or buffers"):
            run_batch([FC], replace(problem, model_fn=net), "cpu")


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
    made = list(run_batches([(c, c.seed == 0) for c in configs], problem_of, "cpu"))
    assert sizes == [2, 2, 1, 1]
    assert {r.config for r in made} == set(configs)
    for r in made:
        assert (r.theta_d is not None) == (r.config.seed == 0 and r.config.d is not None)


def test_with_cuda_a_sweep_uses_batches_for_plain_networks_on_images(monkeypatch):
    made, asked = run_named(replace(FC, epochs=1)), []

    def fake(missing, batched, device):
        asked.append((missing, device, batched(missing[0][0])))
        return [made]

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(sweeps, "run_batches", fake)
    assert sweep_named([made.config], RunStore()) == [made]
    ((missing, device, problem),) = asked
    assert (missing, device) == ([(made.config, False)], "cuda")
    assert problem.train_set is problem_of(made.config).train_set
    sgd = replace(made.config, model="fc-30-2+sgd")
    assert sweep_named([sgd], RunStore())[0].config == sgd and len(asked) == 1, "one by one"
