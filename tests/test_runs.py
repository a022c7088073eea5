"""Single runs: what is run is what the configuration says, once and for all."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import Dataset, Subset, TensorDataset

from idlib import IdlibError, Subspace
from idlib.problems.images import load
from idlib.problems.networks import MODELS, fc
from idlib.engine.runs import build, decided, run
from idlib.engine.data import sample, split
from idlib.engine.store import RunConfig, RunStore
from idlib.engine.training import accuracy

CONFIG = RunConfig("any", "small", 20, 0.3, seed=1, epochs=1)


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def small():
    return fc(width=20, depth=1)


def outcome(run):
    """All of a run but the time it took."""
    record = dict(vars(run))
    del record["seconds"]
    record["theta_d"] = None if run.theta_d is None else run.theta_d.tolist()
    return record


class Untouchable(Dataset):
    """A test set that nobody may look at."""

    def __len__(self):
        raise AssertionError("the test set was used")

    __getitem__ = __len__


class TestBuild:
    @pytest.mark.parametrize("name", MODELS)
    def test_a_model_by_name_and_seed(self, name):
        def first_weights(seed):
            return next(build(RunConfig("any", name, None, 0.1, seed)).parameters())

        assert torch.equal(first_weights(0), first_weights(0))
        assert not torch.equal(first_weights(0), first_weights(1))

    def test_a_subspace_as_described(self):
        config = replace(CONFIG, projection="hashed", normalize="per-tensor", seed=3)
        subspace = build(config, small)
        assert isinstance(subspace, Subspace) and subspace.d == 20
        assert subspace.projection.name == "hashed" and subspace.projection.seed == 3
        assert subspace.normalize == "per-tensor"

    def test_weights_are_those_of_the_seed_while_another_run_trains(self, digits):
        def noisy():
            return nn.Sequential(small(), nn.Dropout(0.5))

        expected = build(replace(CONFIG, d=None, seed=3), small)[-1].weight.clone()
        training = threading.Thread(
            target=run, args=(replace(CONFIG, epochs=5), noisy, digits.train, digits.test)
        )
        training.start()
        made = []
        while training.is_alive():
            made.append(build(replace(CONFIG, d=None, seed=3), small)[-1].weight)
        assert len(made) > 20 and all(torch.equal(w, expected) for w in made)

    def test_the_global_generator_is_left_alone(self):
        before = torch.get_rng_state()
        build(CONFIG, small)
        assert torch.equal(torch.get_rng_state(), before)

    def test_an_unknown_model_lists_the_known_ones(self):
        with pytest.raises(IdlibError, match="'resnet' was asked for, expected fc, lenet or"):
            build(RunConfig("any", "resnet", None, 0.1))


class TestRun:
    @pytest.mark.parametrize("d", [None, 20])
    def test_it_repeats_and_reports(self, digits, d):
        config = replace(CONFIG, d=d)
        first = run(config, small, digits.train, digits.test)
        torch.manual_seed(99)
        assert outcome(run(config, small, digits.train, digits.test)) == outcome(first)
        assert first.config is config and first.status == "finished" and first.message == ""
        assert first.D == 784 * 20 + 20 + 20 * 10 + 10
        assert first.steps == 11 and first.seconds > 0 and 0 < first.score <= 1
        assert first.theta_d is None

    def test_a_subspace_run_is_told_by_its_d_numbers(self, digits):
        """Seed and theta_d rebuild the trained model: the score comes out again."""
        done = run(CONFIG, small, digits.train, digits.test, keep_theta_d=True)
        subspace = build(CONFIG, small)
        with torch.no_grad():
            subspace.theta_d.copy_(done.theta_d)
        assert accuracy(subspace.merged(), digits.test) == done.score
        assert not done.theta_d.requires_grad

    def test_the_score_may_be_anything(self, digits):
        """It is given an ordinary model, and its random numbers are its own affair."""

        scored = []

        def score(model, dataset):
            assert type(model) is nn.Sequential
            scored.append(dataset)
            torch.rand(3)
            return 0.5 if dataset is digits.test else 0.25

        before = torch.get_rng_state()
        done = run(CONFIG, small, digits.train, digits.test, score)
        assert (done.score, done.train_score) == (0.5, 0.25)
        assert torch.equal(torch.get_rng_state(), before)
        (test, train) = scored
        assert test is digits.test
        assert all(torch.equal(a, b) for a, b in
                   zip(train.tensors, sample(digits.train).tensors, strict=True))  # fmt: skip

    @pytest.mark.parametrize("d", [None, 3])
    def test_the_score_sees_a_model_in_evaluation_mode(self, digits, d):
        modes = []

        def score(model, _):
            modes.append(model.training)
            return 0.5

        config = replace(CONFIG, d=d, decide=(0.9,))
        run(config, small, digits.train, digits.test, score)
        assert len(modes) > 2 and not any(modes)

    def test_a_diverged_run_has_a_reason_and_no_score(self, digits):
        done = run(replace(CONFIG, lr=1e30), small, digits.train, digits.test)
        assert done.status == "diverged" and done.score is None
        assert "learning rate 1e+30" in done.message

    def test_a_stopped_run_has_no_score(self, digits):
        done = run(CONFIG, small, digits.train, digits.test, on_step=lambda step: step.step == 3)
        assert (done.status, done.score, done.steps) == ("stopped", None, 3)

    def test_validation_never_touches_the_test_data(self, digits):
        config = replace(CONFIG, scored_on="validation")
        scored = []

        def score(model, dataset):
            scored.append(dataset)
            return accuracy(model, dataset)

        done = run(config, small, digits.train, Untouchable(), score)
        assert done.score > 0 and [len(dataset) for dataset in scored] == [135]
        assert done.steps == 10  # 1212 of 1347 images in batches of 128


class TestSplit:
    @pytest.mark.parametrize("n", [2, 9, 100, 1347])
    def test_every_example_is_on_one_side_and_always_the_same(self, n):
        dataset = TensorDataset(torch.arange(n), torch.arange(n))
        torch.manual_seed(n)
        for_training, held_out = split(dataset)
        assert len(held_out) == max(1, round(n / 10))
        both = torch.cat([for_training.tensors[0], held_out.tensors[0]])
        assert both.sort().values.tolist() == [*range(n)]
        assert torch.equal(split(dataset)[1].tensors[0], held_out.tensors[0])

    def test_any_dataset_is_split_alike(self):
        tensors = TensorDataset(torch.arange(50))
        other = Subset(tensors, range(50))
        for part, expected in zip(split(other), split(tensors), strict=True):
            assert [int(x) for (x,) in part] == expected.tensors[0].tolist()

    @pytest.mark.parametrize("n", [0, 1])
    def test_too_few_examples(self, n):
        with pytest.raises(IdlibError, match=f"has {n} examples: at least 2"):
            split(TensorDataset(torch.zeros(n)))


class TestEarlyEnd:
    def test_a_clear_score_ends_a_run(self):
        config = RunConfig("", "fc", 10, 0.1, decide=(0.8, 0.9))
        assert decided(0.93, 0.1, config) and not decided(0.91, 0.1, config)
        assert not decided(0.3, 0.3, config), "too early to give up"
        assert decided(0.3, 0.4, config) and not decided(0.79, 0.9, config)
        assert decided(0.67, 0.4, config) and not decided(0.69, 0.4, config)

    def test_runs_on_texts_start_late_and_are_never_given_up(self):
        config = RunConfig("sst2-n600", "roberta-4x128", 10, 0.1, decide=(0.8,))
        assert not any(decided(0.3, share / 10, config) for share in range(1, 10))
        assert decided(0.84, 0.1, config) and not decided(0.82, 0.5, config)

    def test_any_number_will_do_as_a_score(self, digits, tmp_path):
        config = RunConfig("digits", "fc", 5, 0.1, epochs=1)
        made = run(config, fc, digits.train, digits.test, score=lambda m, data: np.float32(0.25))
        RunStore(tmp_path / "runs.jsonl").add(made)
        assert RunStore(tmp_path / "runs.jsonl").get(config).score == 0.25

    def test_learning_by_heart_is_never_given_up(self):
        config = RunConfig("", "fc", 10, 0.1, scored_on="train", decide=(0.9,))
        assert not any(decided(0.1, share / 10, config) for share in range(1, 10))
        assert decided(0.93, 0.1, config)

    @pytest.mark.parametrize("d", [20, 300])
    def test_it_tells_the_threshold_as_the_whole_run_does(self, digits, d):
        whole = RunConfig("digits", "fc", d, 0.3, projection="hashed", epochs=15)
        ends = replace(whole, decide=(0.8,))
        a, b = (run(c, fc, digits.train, digits.test) for c in (whole, ends))
        assert (a.score >= 0.8) == (b.score >= 0.8) == (d == 300)
        assert b.status == "decided" and b.steps < a.steps
