"""The training loop: it learns, it repeats, it can be watched and stopped, it owns up."""

import itertools
import math

import pytest
import torch
from torch import nn
from torch.utils.data import Dataset, Subset, TensorDataset

from idlib import IdlibError, Subspace
from idlib.engine.config import RunConfig
from idlib.engine.data import fingerprint
from idlib.engine.runs import Problem, run
from idlib.engine.training import accuracy, predict, train
from idlib.problems.images import load
from idlib.problems.networks import fc, lenet


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture
def model():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return fc(width=30, depth=1)


def dropout_net():
    """A network whose training draws from torch's generator."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(fc(width=30, depth=1), nn.Dropout(0.3))


def pairs(n=20):
    """n examples that are told apart by their one input."""
    return TensorDataset(torch.arange(float(n)).unsqueeze(1), torch.arange(n) % 2)


class Pairs(Dataset):
    """The same as a data set of no special kind."""

    def __len__(self):
        return len(pairs())

    def __getitem__(self, i):
        return pairs()[i]


class Shifted(TensorDataset):
    """Inputs that are 100 larger than those in memory."""

    def __getitem__(self, i):
        x, y = super().__getitem__(i)
        return x + 100, y


class Listener(nn.Module):
    """A model that remembers the inputs of each batch."""

    def __init__(self):
        super().__init__()
        self.linear, self.heard = nn.Linear(1, 2), []

    def forward(self, x):
        self.heard.append(x.flatten().tolist())
        return self.linear(x)


class TestLearning:
    @pytest.mark.parametrize("d", [None, 200])
    def test_the_loss_falls_and_the_accuracy_rises(self, digits, model, d):
        model = model if d is None else Subspace(model, d)
        before = accuracy(model, digits.test)
        losses = []
        history = train(
            model,
            digits.train,
            lr=3e-3 if d is None else 0.3,
            epochs=4,
            on_step=lambda step: losses.append(step.loss),
        )
        assert history.status == "finished" and history.loss == losses[-1] < 0.5 * losses[0]
        assert accuracy(model, digits.test) > before + 0.3

    def test_it_trains_in_training_mode(self):
        """Dropout is at work also in a model that was handed over in evaluation mode."""
        model, modes = Listener().eval(), []
        train(model, pairs(), 0.01, on_step=lambda step: modes.append(step.model.training))
        assert modes and all(modes)

    def test_frozen_parameters_stay(self, digits, model):
        frozen = model[1].weight.requires_grad_(False).clone()
        train(model, digits.train, lr=0.01, epochs=1)
        assert torch.equal(model[1].weight, frozen)

    def test_the_learning_rate_falls_linearly_to_zero(self):
        """For a constant gradient Adam's steps are as long as the rate: 1, 3/4, 2/4, 1/4."""
        model, weights = nn.Linear(1, 1, bias=False), []
        start = model.weight.item()
        train(
            model,
            TensorDataset(torch.ones(4, 1), torch.ones(4, 1)),
            lr=1.0,
            epochs=1,
            batch_size=1,
            loss_fn=lambda output, y: output.mean(),
            on_step=lambda step: weights.append(step.model.weight.item()),
        )
        steps = torch.tensor([start, *weights]).diff().neg()
        torch.testing.assert_close(steps, torch.tensor([1, 0.75, 0.5, 0.25]), rtol=1e-4, atol=0)

    def test_an_optimiser_may_look_at_a_batch_several_times_in_a_step(self):
        model, losses = Listener(), []
        history = train(
            model, pairs(4), lr=0.1, epochs=3, batch_size=4, optimizer_fn=torch.optim.LBFGS,
            on_step=lambda step: losses.append(step.loss),
        )  # fmt: skip
        assert history.steps == 3 < len(model.heard)
        assert losses[2] < losses[0]


class TestRepeating:
    @pytest.mark.parametrize("d", [None, 20])
    def test_one_seed_one_result_to_the_last_bit(self, digits, d):
        def trained(seed):
            model = dropout_net() if d is None else Subspace(dropout_net(), d)
            train(model, digits.train, lr=0.01, epochs=1, seed=seed)
            return torch.cat([p.flatten() for p in model.parameters() if p.requires_grad])

        first = trained(0)
        torch.manual_seed(123)  # the caller's generator plays no part
        assert torch.equal(trained(0), first)
        assert not torch.equal(trained(1), first)

    def test_the_global_generator_is_left_alone(self, digits):
        before = torch.get_rng_state()
        train(dropout_net(), digits.train, lr=0.01, epochs=1)
        assert torch.equal(torch.get_rng_state(), before)


class TestHook:
    def test_it_sees_every_step(self):
        seen = []
        history = train(Listener(), pairs(), 0.01, epochs=3, batch_size=8, on_step=seen.append)
        assert [step.step for step in seen] == [*range(1, 10)]  # 20 examples: 8, 8 and 4
        assert {step.steps for step in seen} == {9}
        assert all(math.isfinite(step.loss) for step in seen)
        assert (history.status, history.steps, history.loss) == ("finished", 9, seen[-1].loss)

    @pytest.mark.parametrize(("last", "status"), [(1, "stopped"), (4, "stopped"), (9, "finished")])
    def test_it_stops_training_at_once(self, last, status):
        def stop(step):
            return step.step == last

        listener = Listener()
        history = train(listener, pairs(), 0.01, epochs=3, batch_size=8, on_step=stop)
        assert (history.status, history.steps, len(listener.heard)) == (status, last, last)


class TestBatches:
    @pytest.mark.parametrize("dataset", [pairs(), Pairs()], ids=["tensors", "any-dataset"])
    def test_every_epoch_covers_all_examples_once_in_a_new_order(self, dataset):
        def epochs(seed):
            listener = Listener()
            train(listener, dataset, 0.01, epochs=3, batch_size=8, seed=seed)
            assert [len(batch) for batch in listener.heard] == 3 * [8, 8, 4]
            return [[*itertools.chain(*listener.heard[i : i + 3])] for i in (0, 3, 6)]

        first = epochs(seed=0)
        assert all(sorted(epoch) == [*range(20)] for epoch in first)
        assert len({tuple(epoch) for epoch in first}) == 3
        assert epochs(seed=0) == first != epochs(seed=1)

    def test_predictions_keep_the_order_of_the_examples(self):
        """Model and labels disagree on every third example, in both kinds of data set."""
        sign = nn.Linear(1, 2, bias=False)
        sign.weight.data = torch.tensor([[-1.0], [1.0]])
        x = torch.linspace(-1, 1, 30).unsqueeze(1)
        y = (x.flatten() > 0).long()
        wrong = torch.arange(30) % 3 == 0
        data = TensorDataset(x, torch.where(wrong, 1 - y, y))
        assert torch.equal(predict(sign, data, batch_size=7), y)
        assert accuracy(sign, data) == pytest.approx(20 / 30)
        assert accuracy(sign, Subset(data, range(30))) == pytest.approx(20 / 30)

    @pytest.mark.parametrize("training", [True, False])
    def test_scoring_is_without_dropout_and_gives_the_mode_back(self, digits, training):
        model = dropout_net().train(training)
        assert torch.equal(predict(model, digits.test), predict(model[0], digits.test))
        accuracy(model, digits.test)
        assert model.training == training
        assert all(p.grad is None for p in model.parameters())

    def test_a_dataset_with_a_getitem_of_its_own_is_asked(self):
        data = Shifted(*pairs().tensors)
        assert max(x for x, _ in data) == 119
        net = Listener()
        train(net, data, lr=0.1, epochs=1, batch_size=8)
        assert sorted(x for batch in net.heard for x in batch) == list(range(100, 120))
        assert fingerprint(data) != fingerprint(pairs())

    def test_every_module_gets_its_own_mode_back(self, digits):
        net = nn.Sequential(dropout_net(), nn.BatchNorm1d(10))
        net[1].eval()
        accuracy(net, digits.test)
        assert [m.training for m in net] == [True, False]
        with pytest.raises(RuntimeError):
            predict(net, pairs())
        assert net.training


class TestBadInput:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"epochs": 0}, "epochs = 0"),
            ({"batch_size": 0}, "batch_size = 0"),
            ({"lr": -1.0}, "lr = -1.0"),
            ({"lr": math.nan}, "lr = nan"),
        ],
    )
    def test_numbers_that_make_no_sense(self, model, options, message):
        with pytest.raises(IdlibError, match=message):
            train(model, pairs(), **{"lr": 0.1, **options})

    def test_labels_of_another_type_and_outputs_of_another_shape(self, model):
        x = torch.zeros(4, 1, 28, 28)
        with pytest.raises(IdlibError, match=r"Labels of torch.int32 .* expected torch.long"):
            train(model, TensorDataset(x, torch.zeros(4, dtype=torch.int32)), lr=0.1)
        flat = nn.Sequential(model, nn.Flatten(0))
        with pytest.raises(IdlibError, match=r"shape \(40,\), expected \(batch, classes\)"):
            train(flat, TensorDataset(x, torch.zeros(4, dtype=torch.long)), lr=0.1)

    def test_an_empty_dataset(self, model):
        empty = TensorDataset(torch.zeros(0, 784), torch.zeros(0, dtype=torch.long))
        with pytest.raises(IdlibError, match="training set is empty"):
            train(model, empty, lr=0.1)
        with pytest.raises(IdlibError, match="evaluation set is empty"):
            accuracy(model, empty)

    @pytest.mark.parametrize(("bad", "found"), [(10, "0 to 10"), (-1, "-1 to 5")])
    def test_a_label_without_an_output(self, model, bad, found):
        data = TensorDataset(torch.zeros(3, 784), torch.tensor([0, 5, bad]))
        with pytest.raises(IdlibError, match=rf"Labels from {found} .* 10 outputs.*from 0 to 9"):
            train(model, data, lr=0.1)

    def test_a_model_with_nothing_to_train(self, model):
        with pytest.raises(IdlibError, match="Sequential has no trainable parameters"):
            train(model.requires_grad_(False), pairs(), lr=0.1)


class TestDivergence:
    def test_inputs_that_are_no_numbers(self, model):
        x = torch.zeros(300, 784)
        x[200:] = math.nan
        seen = []
        history = train(
            model, TensorDataset(x, torch.zeros(300).long()), lr=0.01, on_step=seen.append
        )
        assert history.status == "diverged" and math.isnan(history.loss)
        assert history.steps == len(seen) + 1
        assert f"step {history.steps}: the inputs hold values that are not finite" in (
            history.message
        )

    @pytest.mark.parametrize("d", [None, 20])
    def test_a_learning_rate_that_is_too_large(self, digits, model, d):
        model = model if d is None else Subspace(model, d)
        history = train(model, digits.train, lr=1e30, epochs=1)
        assert history.status == "diverged" and not math.isfinite(history.loss)
        assert "learning rate 1e+30: try a smaller one" in history.message
        assert history.steps < 11


class Pooled(nn.Module):
    """A convolution whose output is flattened by `view`, as most tutorials do."""

    def __init__(self):
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 3, 3), nn.Linear(3 * 4 * 4, 2)

    def forward(self, x):
        assert x.stride() == x.contiguous().stride()
        return self.head(self.conv(x).view(len(x), -1))


@pytest.mark.parametrize("d", [None, 5])
def test_images_keep_the_layout_that_they_have(d):
    data = TensorDataset(torch.randn(10, 1, 6, 6), torch.arange(10) % 2)
    model = Pooled() if d is None else Subspace(Pooled(), d)
    assert train(model, data, lr=0.1, epochs=1, batch_size=4).status == "finished"
    assert accuracy(model, data) == (model(data.tensors[0]).argmax(1) == data.tensors[1]).sum() / 10


def test_lenet_lays_images_out_itself_and_gives_the_same_numbers():
    model, images = lenet(), torch.randn(4, 1, 28, 28)
    assert [*model.state_dict()] == [*nn.Sequential(*model).state_dict()]
    seen = []
    model[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    torch.testing.assert_close(model(images), nn.Sequential(*model)(images))
    assert seen[0].stride() == (784, 1, 28, 1) and torch.equal(seen[0], images)


class Counting(nn.Module):
    """A model with the statistics of batches, which can't be had of one example."""

    def __init__(self):
        super().__init__()
        self.net, self.seen = nn.Sequential(nn.Linear(1, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)), []

    def forward(self, x):
        self.seen.append(x.flatten().tolist())
        return self.net(x)


class OfLengths(TensorDataset):
    """Rows that are batched by their lengths."""

    def lengths(self):
        return torch.arange(len(self)) % 3


class TestALastBatchOfOne:
    @pytest.mark.parametrize("kind", [TensorDataset, OfLengths, Pairs])
    @pytest.mark.parametrize(
        ("n", "batch_size", "sizes"),
        [(20, 19, [20]), (17, 8, [8, 9]), (16, 8, [8, 8]), (18, 8, [8, 8, 2])],
    )
    def test_it_joins_another_batch(self, kind, n, batch_size, sizes):
        data = Subset(Pairs(), range(n)) if kind is Pairs else kind(*pairs(n).tensors)
        model, steps = Counting(), []
        history = train(model, data, lr=0.1, epochs=2, batch_size=batch_size, on_step=steps.append)
        assert history.steps == 2 * len(sizes) == steps[0].steps
        for epoch in (model.seen[: len(sizes)], model.seen[len(sizes) :]):
            assert sorted(map(len, epoch)) == sorted(sizes)
            assert sorted(x for batch in epoch for x in batch) == list(range(n))

    def test_a_validation_split_may_leave_one(self):
        config = RunConfig("", "", 3, 0.1, epochs=1, batch_size=8, scored_on="validation")
        data = pairs(19)  # 17 to train, in batches of 8, 8 and 1
        done = run(config, Problem(Counting, data, data))
        assert done.status == "finished" and done.steps == 2

    def test_batches_of_one_and_models_without_statistics_are_left_alone(self):
        listener = Listener()
        train(listener, pairs(17), lr=0.1, epochs=1, batch_size=8)
        assert [*map(len, listener.heard)] == [8, 8, 1]
        image = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 2))
        data = TensorDataset(torch.randn(3, 1, 2, 2), torch.tensor([0, 1, 0]))
        assert train(image, data, lr=0.1, epochs=1, batch_size=1).steps == 3
