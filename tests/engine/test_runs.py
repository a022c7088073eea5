"""Single runs: what is run is what the configuration says, once and for all."""

import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import Dataset, TensorDataset

from idlib import Subspace
from idlib.engine.config import RunConfig
from idlib.engine.data import sample
from idlib.engine.runs import (
    IMAGES,
    TOKENS,
    Patience,
    Problem,
    build,
    decided,
    patience_with,
    run,
)
from idlib.engine.store import RunStore
from idlib.engine.training import accuracy
from idlib.problems.images import load
from idlib.problems.networks import MODELS, fc

CONFIG = RunConfig("any", "small", 20, 0.3, seed=1, epochs=1)


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture(scope="module")
def problem(digits):
    return Problem(small, digits.train, digits.test)


def small():
    return fc(width=20, depth=1)


def outcome(run):
    """All of a run but the time it took."""
    record = dict(vars(run))
    del record["seconds"]
    for name in ("theta_d", "right"):
        record[name] = None if record[name] is None else record[name].tolist()
    return record


class Untouchable(Dataset):
    """A test set that nobody may look at."""

    def __len__(self):
        raise AssertionError("the test set was used")

    __getitem__ = __len__


class TestBuild:
    @pytest.mark.parametrize("name", MODELS)
    def test_a_model_by_its_seed(self, name):
        def first_weights(seed):
            config = RunConfig("any", "any", None, 0.1, seed)
            return next(build(config, MODELS[name]).parameters())

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
        problem = Problem(noisy, digits.train, digits.test)
        training = threading.Thread(target=run, args=(replace(CONFIG, epochs=5), problem))
        training.start()
        made = []
        while training.is_alive():
            made.append(build(replace(CONFIG, d=None, seed=3), small)[-1].weight)
        assert len(made) > 20 and all(torch.equal(w, expected) for w in made)

    def test_the_global_generator_is_left_alone(self):
        before = torch.get_rng_state()
        build(CONFIG, small)
        assert torch.equal(torch.get_rng_state(), before)


class TestRun:
    @pytest.mark.parametrize("d", [None, 20])
    def test_it_repeats_and_reports(self, problem, d):
        config = replace(CONFIG, d=d)
        first = run(config, problem)
        torch.manual_seed(99)
        assert outcome(run(config, problem)) == outcome(first) == outcome(problem(config))
        assert first.config is config and first.status == "finished" and first.message == ""
        assert first.D == 784 * 20 + 20 + 20 * 10 + 10
        assert first.steps == 11 and first.seconds > 0 and 0 < first.score <= 1
        assert first.theta_d is None

    def test_a_subspace_run_is_told_by_its_d_numbers(self, digits, problem):
        """Seed and theta_d rebuild the trained model: the score comes out again."""
        done = run(CONFIG, problem, keep_theta_d=True)
        subspace = build(CONFIG, small)
        with torch.no_grad():
            subspace.theta_d.copy_(done.theta_d)
        assert accuracy(subspace.merged(), digits.test) == done.score
        assert not done.theta_d.requires_grad

    @pytest.mark.parametrize("d", [None, 20])
    def test_it_says_which_test_examples_were_right(self, digits, problem, d):
        done = run(replace(CONFIG, d=d), problem)
        assert done.right.shape == (450,) and done.right.double().mean() == done.score
        shown = run(replace(CONFIG, d=d, scored_on="validation"), problem)
        assert shown.right is None and shown.start is None

        def half(model, data):
            return accuracy(model, data) / 2

        other = run(replace(CONFIG, d=d), replace(problem, score=half))
        assert other.right is None and other.score == done.score / 2

    def test_a_full_model_says_what_it_scored_before_its_first_step(self, digits, problem):
        full = replace(CONFIG, d=None)
        assert run(full, problem).start == accuracy(build(full, small), digits.test)
        assert run(CONFIG, problem).start is None

    def test_the_score_may_be_anything(self, digits):
        """It is given an ordinary model, and its random numbers are its own affair."""

        scored = []

        def score(model, dataset):
            assert type(model) is nn.Sequential
            scored.append(dataset)
            torch.rand(3)
            return 0.5 if dataset is digits.test else 0.25

        before = torch.get_rng_state()
        done = run(CONFIG, Problem(small, digits.train, digits.test, score=score))
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
        run(config, Problem(small, digits.train, digits.test, score=score))
        assert len(modes) > 2 and not any(modes)

    def test_a_diverged_run_has_a_reason_and_no_score(self, problem):
        done = run(replace(CONFIG, lr=1e30), problem)
        assert done.status == "diverged" and done.score is None
        assert "learning rate 1e+30" in done.message

    def test_a_stopped_run_has_no_score(self, problem):
        done = run(CONFIG, problem, on_step=lambda step: step.step == 3)
        assert (done.status, done.score, done.steps) == ("stopped", None, 3)

    def test_validation_never_touches_the_test_data(self, digits):
        config = replace(CONFIG, scored_on="validation")
        scored = []

        def score(model, dataset):
            scored.append(dataset)
            return accuracy(model, dataset)

        done = run(config, Problem(small, digits.train, Untouchable(), score=score))
        assert done.score > 0 and [len(dataset) for dataset in scored] == [135]
        assert done.steps == 10  # 1212 of 1347 images in batches of 128


class TestPatience:
    """Whole numbers are tokens, as of language models; everything else may be given up."""

    @pytest.mark.parametrize("dtype", [torch.int16, torch.int32, torch.int64])
    def test_inputs_of_whole_numbers_are_tokens(self, dtype):
        assert patience_with(TensorDataset(torch.ones(4, 3, dtype=dtype), torch.ones(4))) is TOKENS

    @pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.float64, torch.complex64])
    def test_images_and_measurements_are_not(self, dtype):
        assert patience_with(TensorDataset(torch.ones(4, 3).to(dtype), torch.ones(4))) is IMAGES

    def test_what_is_no_tensor_or_not_there_is_taken_for_images(self):
        assert patience_with([([1, 2], 0)]) is patience_with([]) is IMAGES

    def test_a_run_has_that_of_its_data_unless_the_problem_says_otherwise(self):
        """Scores far below the threshold: images are given up, tokens never."""
        tokens = TensorDataset(torch.arange(40).view(20, 2) % 7, torch.arange(20) % 2)
        pixels = TensorDataset(tokens.tensors[0].float(), tokens.tensors[1])
        config = RunConfig("any", "any", None, 1e-3, epochs=10, batch_size=20, decide=(0.9,))

        class Net(nn.Linear):
            def forward(self, x):
                return super().forward(x.float())

        def ended(data, patience=None):
            problem = Problem(
                lambda: Net(2, 2), data, data, score=lambda *_: 0.1, patience=patience
            )
            return run(config, problem).status

        assert (ended(tokens), ended(pixels)) == ("finished", "decided")
        assert ended(tokens, IMAGES) == "decided" and ended(pixels, TOKENS) == "finished"
        late = Patience(slip=0.02, share=0.9)
        assert ended(pixels, late) == "decided"


class TestEarlyEnd:
    def test_a_clear_score_ends_a_run(self):
        config = RunConfig("", "fc", 10, 0.1, decide=(0.8, 0.9))
        assert decided(0.93, 0.1, config, IMAGES) and not decided(0.91, 0.1, config, IMAGES)
        assert not decided(0.3, 0.3, config, IMAGES), "too early to give up"
        assert decided(0.3, 0.4, config, IMAGES) and not decided(0.79, 0.9, config, IMAGES)
        assert decided(0.67, 0.4, config, IMAGES) and not decided(0.69, 0.4, config, IMAGES)

    def test_runs_on_texts_start_late_and_are_never_given_up(self):
        config = RunConfig("", "", 10, 0.1, decide=(0.8,))
        assert not any(decided(0.3, share / 10, config, TOKENS) for share in range(1, 10))
        assert decided(0.84, 0.1, config, TOKENS) and not decided(0.82, 0.5, config, TOKENS)

    def test_any_number_will_do_as_a_score(self, digits, tmp_path):
        config = RunConfig("digits", "fc", 5, 0.1, epochs=1)
        score = lambda m, data: np.float32(0.25)  # noqa: E731
        made = run(config, Problem(fc, digits.train, digits.test, score=score))
        RunStore(tmp_path / "runs.jsonl").add(made)
        assert RunStore(tmp_path / "runs.jsonl").get(config).score == 0.25

    def test_learning_by_heart_is_never_given_up(self):
        config = RunConfig("", "fc", 10, 0.1, scored_on="train", decide=(0.9,))
        assert not any(decided(0.1, share / 10, config, IMAGES) for share in range(1, 10))
        assert decided(0.93, 0.1, config, IMAGES)

    @pytest.mark.parametrize("d", [20, 300])
    def test_it_tells_the_threshold_as_the_whole_run_does(self, digits, d):
        whole = RunConfig("digits", "fc", d, 0.3, projection="hashed", epochs=15)
        ends = replace(whole, decide=(0.8,))
        problem = Problem(fc, digits.train, digits.test)
        a, b = (run(c, problem) for c in (whole, ends))
        assert (a.score >= 0.8) == (b.score >= 0.8) == (d == 300)
        assert b.status == "decided" and b.steps < a.steps
