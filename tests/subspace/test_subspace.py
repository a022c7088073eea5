"""A Subspace around models of every kind, against theta_0 + P theta_d worked out by hand."""

import copy
import io
import itertools
import pickle

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call

from idlib import IdlibError, Subspace
from idlib.problems.networks import fc, lenet
from idlib.projections import PROJECTIONS

EVERY_P = [*itertools.product(PROJECTIONS, ("global", "per-tensor"))]


class Net(nn.Module):
    """A convolution, BatchNorm's buffers, a frozen tensor, keyword arguments, a dict of outputs."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)
        self.norm = nn.BatchNorm2d(3)
        self.scale = nn.Parameter(torch.ones(3, 1, 1), requires_grad=False)
        self.head = nn.Linear(12, 4)

    def forward(self, x, *, times=1.0):
        h = torch.tanh(self.norm(self.conv(x))) * self.scale  # (n, 3, 4, 4)
        h = F.max_pool2d(h, 2).flatten(1)  # (n, 12)
        return {"logits": times * self.head(h), "pair": (h, len(x))}


class Tied(nn.Module):
    """A language model in small, with one matrix to read and to write words."""

    def __init__(self):
        super().__init__()
        self.read = nn.Embedding(7, 5)
        self.mix = nn.Linear(5, 5)
        self.write = nn.Linear(5, 7, bias=False)
        self.write.weight = self.read.weight

    def forward(self, words):
        return self.write(torch.tanh(self.mix(self.read(words))))


@pytest.fixture(autouse=True)
def _same_weights():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


@pytest.fixture
def x():
    return torch.randn(6, 1, 6, 6)


@pytest.fixture
def net():
    """In evaluation mode, with running statistics that are not the default."""
    net = Net()
    net(torch.randn(20, 1, 6, 6) + 1)
    return net.eval()


def moved(subspace, seed=0):
    """The subspace at another theta_d."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        subspace.theta_d.copy_(torch.randn(subspace.d, generator=generator))
    return subspace


def trainable(model):
    return [p for p in model.parameters() if p.requires_grad]


def vector(tensors):
    return torch.cat([t.detach().flatten() for t in tensors])


class TestTheta:
    def test_theta_d_is_all_that_trains_and_starts_at_zero(self, net):
        subspace = Subspace(net, 20)
        assert [name for name, p in subspace.named_parameters() if p.requires_grad] == ["theta_d"]
        assert torch.equal(subspace.theta_d, torch.zeros(20))
        assert (subspace.d, subspace.D) == (20, sum(p.numel() for p in trainable(net)))

    @pytest.mark.parametrize(("name", "normalize"), EVERY_P)
    def test_at_the_start_the_model_itself_answers(self, net, x, name, normalize):
        logits = Subspace(net, 10, name, normalize=normalize)(x)["logits"]
        assert torch.equal(logits, net(x)["logits"])

    @pytest.mark.parametrize(("name", "normalize"), EVERY_P)
    def test_the_parameters_are_theta_0_plus_P_theta_d(self, net, name, normalize):
        subspace = moved(Subspace(net, 10, name, 3, normalize))
        expected = vector(trainable(net)) + subspace.projection.matrix() @ subspace.theta_d
        torch.testing.assert_close(vector(subspace.theta().values()), expected.detach())

    def test_per_tensor_gives_each_tensor_a_step_of_its_own_size(self, net):
        """Trap 2: the two normalisations differ by sqrt(D / D_t) in each tensor."""
        start = Subspace(net, 10).theta()
        global_, per_tensor = (
            moved(Subspace(net, 10, normalize=how)).theta() for how in ("global", "per-tensor")
        )
        D = sum(p.numel() for p in start.values())
        for name, p in start.items():
            ratio = (per_tensor[name] - p).norm() / (global_[name] - p).norm()
            torch.testing.assert_close(ratio.item(), (D / p.numel()) ** 0.5, rtol=1e-3, atol=0)


class TestGradient:
    """Trap 1: an adjoint off by a factor trains, but not what one thinks."""

    @pytest.mark.parametrize(("name", "normalize"), EVERY_P)
    def test_it_is_that_of_finite_differences_and_of_the_dense_matrix(self, x, name, normalize):
        """To second order, for plots of curvature and for optimisers that use it."""
        subspace = moved(Subspace(Net().double(), 6, name, normalize=normalize))
        x, y = x.double(), torch.arange(6) % 4

        def loss_at(theta_d):
            logits = functional_call(subspace, {"theta_d": theta_d}, x)["logits"]
            return F.cross_entropy(logits, y)

        assert gradcheck(loss_at, subspace.theta_d)
        assert gradgradcheck(loss_at, subspace.theta_d, atol=1e-4)

        loss_at(subspace.theta_d).backward()
        merged = subspace.merged()
        F.cross_entropy(merged(x)["logits"], y).backward()
        full = torch.cat([p.grad.flatten() for p in trainable(merged)])
        P = subspace.projection.matrix(torch.float64)
        torch.testing.assert_close(subspace.theta_d.grad, P.T @ full)

    def test_forwards_before_one_backward_add_up(self, net, x):
        subspace = moved(Subspace(net, 8))
        parts = x.split(2)
        gradients = []
        for part in parts:
            subspace.zero_grad()
            subspace(part)["logits"].square().sum().backward()
            gradients.append(subspace.theta_d.grad)
        subspace.zero_grad()
        sum(subspace(part)["logits"].square().sum() for part in parts).backward()
        torch.testing.assert_close(subspace.theta_d.grad, sum(gradients))


class TestModels:
    def test_any_arguments_and_any_outputs(self, net, x):
        subspace = Subspace(net, 10)
        out, expected = subspace(x, times=3.0), net(x, times=3.0)
        assert out.keys() == expected.keys() and out["pair"][1] == 6
        assert torch.equal(out["logits"], expected["logits"])
        assert torch.equal(out["pair"][0], expected["pair"][0])

    def test_frozen_parameters_stay_out_and_stay_put(self, net):
        subspace = moved(Subspace(net, 10))
        assert "scale" not in subspace.theta()
        assert torch.equal(subspace.merged().scale, net.scale)

    def test_tied_parameters_count_once_and_stay_tied(self):
        model, words = Tied(), torch.arange(7)
        subspace = moved(Subspace(model, 10))
        assert subspace.D == 7 * 5 + 5 * 5 + 5
        merged = subspace.merged()
        assert merged.write.weight is merged.read.weight
        assert not torch.equal(merged.read.weight, model.read.weight)
        torch.testing.assert_close(merged(words), subspace(words))

    def test_batch_norm_learns_its_statistics_in_training_only(self, net, x):
        subspace = Subspace(net, 10)
        start = net.norm.running_mean.clone()
        subspace.eval()(x)
        assert torch.equal(subspace.model.norm.running_mean, start)
        subspace.train()(x)
        reference = copy.deepcopy(net).train()
        reference(x)
        assert not torch.equal(subspace.model.norm.running_mean, start)
        assert torch.equal(subspace.model.norm.running_mean, reference.norm.running_mean)
        assert torch.equal(net.norm.running_mean, start)

    def test_train_and_eval_reach_the_model(self):
        subspace = Subspace(nn.Sequential(nn.Linear(50, 50), nn.Dropout(0.5)), 5)
        x = torch.ones(1, 50)
        assert (subspace(x) == 0).any()
        assert not (subspace.eval()(x) == 0).any()

    def test_the_users_model_is_left_as_it_was(self, net, x):
        before = copy.deepcopy(net.state_dict())
        subspace = Subspace(net, 10, normalize="per-tensor")
        optimizer = torch.optim.SGD(subspace.parameters(), lr=1.0)
        subspace.train()(x)["logits"].square().sum().backward()
        optimizer.step()
        assert subspace.theta_d.abs().min() > 0
        assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
        assert len(trainable(net)) == 6 and not net.training
        assert all(p.grad is None for p in net.parameters())

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
    def test_a_model_in_16_bits_gets_a_theta_d_in_32(self, dtype):
        """Small steps would be lost in 16 bits; the outputs stay in the model's dtype."""
        subspace = moved(Subspace(nn.Linear(8, 3).to(dtype), 5))
        assert subspace.theta_d.dtype == torch.float32
        out = subspace(torch.ones(2, 8, dtype=dtype))
        out.float().square().sum().backward()
        assert out.dtype == dtype
        assert subspace.theta_d.grad.dtype == torch.float32 and subspace.theta_d.grad.all()
        assert torch.equal(subspace.merged()(torch.ones(2, 8, dtype=dtype)), out)

    @pytest.mark.parametrize("name", PROJECTIONS)
    def test_to_another_dtype_and_back(self, net, x, name):
        subspace = moved(Subspace(net, 8, name)).eval()
        out = subspace(x)["logits"]
        double = copy.deepcopy(subspace).double()
        assert double.theta_d.dtype == torch.float64
        torch.testing.assert_close(double(x.double())["logits"].float(), out)
        torch.testing.assert_close(double.float()(x)["logits"], out)

    @pytest.mark.parametrize("name", PROJECTIONS)
    def test_in_16_bits_it_is_the_same_P_as_after_saving_and_loading(self, net, name):
        subspace, twin = (Subspace(net, 5, name).bfloat16() for _ in range(2))
        nn.init.normal_(subspace.theta_d)
        twin.load_state_dict(subspace.state_dict())
        for a, b in zip(subspace.theta().values(), twin.theta().values(), strict=True):
            assert torch.equal(a, b)
        fresh = Subspace(net, 5, name).projection
        assert torch.equal(subspace.projection.matrix(), fresh.matrix())

    def test_a_model_of_two_types_keeps_its_larger_one(self):
        model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2).double())
        assert Subspace(model, 3).theta_d.dtype == torch.float64
        for name, p in Subspace(model, 3).theta().items():
            assert torch.equal(p, model.get_parameter(name))

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
    @pytest.mark.parametrize("name", PROJECTIONS)
    def test_to_another_device_and_back(self, net, x, name):
        subspace = moved(Subspace(net, 8, name)).eval()
        out = subspace(x)["logits"]
        there = copy.deepcopy(subspace).cuda()
        for p in (there, Subspace(copy.deepcopy(net).cuda(), 8, name)):
            assert p.theta_d.is_cuda and all(f.is_cuda for f in p.projection._factors())
        result = there(x.cuda())["logits"]
        result.sum().backward()
        torch.testing.assert_close(result.cpu(), out, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(there.cpu()(x)["logits"], out)

    @pytest.mark.parametrize("name", PROJECTIONS)
    def test_autocast_is_the_models_affair(self, net, x, name):
        """Under autocast the model computes in 16 bits, P does not."""
        subspace = moved(Subspace(net, 8, name)).eval()
        with torch.autocast("cpu", torch.bfloat16):
            theta = subspace.theta()
            assert subspace(x)["logits"].dtype == torch.bfloat16
        for p, q in zip(theta.values(), subspace.theta().values(), strict=True):
            assert torch.equal(p, q)

    @pytest.mark.parametrize("aware", [False, "tensors"])
    def test_second_derivatives(self, aware):
        net = nn.Sequential(nn.Linear(8, 4), nn.Tanh(), nn.Linear(4, 1)).double()
        subspace = Subspace(net, 6, structure_aware=aware)
        x, start = torch.randn(3, 8).double(), torch.randn(6).double()

        def loss(theta_d):
            return functional_call(subspace, {"theta_d": theta_d}, (x,)).square().sum()

        assert gradgradcheck(loss, start.requires_grad_())

    @pytest.mark.parametrize("aware", [False, "tensors"])
    def test_backward_under_autocast(self, aware):
        subspace = Subspace(
            nn.Sequential(nn.Linear(8, 4), nn.Linear(4, 2)), 6, structure_aware=aware
        )
        nn.init.normal_(subspace.theta_d)
        x = torch.randn(2, 8)
        with torch.autocast("cpu", torch.bfloat16):
            subspace(x).sum().backward()
        inside, subspace.theta_d.grad = subspace.theta_d.grad, None
        with torch.autocast("cpu", torch.bfloat16):
            loss = subspace(x).sum()
        loss.backward()
        assert torch.equal(inside, subspace.theta_d.grad)

    def test_bfloat16_and_sparse_gradients(self):
        x = torch.randn(2, 8)
        subspace = Subspace(nn.Linear(8, 4), 5).bfloat16()
        subspace(x.bfloat16()).sum().backward()
        assert subspace.theta_d.grad.dtype == torch.bfloat16
        words, ids = nn.Embedding(9, 3, sparse=True), torch.tensor([1, 1, 4])
        dense = nn.Embedding.from_pretrained(words.weight.detach(), freeze=False)
        grads = []
        for model in (words, dense):
            subspace = Subspace(model, 5)
            subspace(ids).square().sum().backward()
            grads.append(subspace.theta_d.grad)
        assert torch.allclose(*grads)

    def test_inference_mode_first_and_training_later(self, net, x):
        subspace = Subspace(net, 8)
        with torch.inference_mode():
            subspace(x)
        subspace(x)["logits"].sum().backward()
        assert subspace.theta_d.grad.all()


class TestMerged:
    @pytest.mark.parametrize(("name", "normalize"), EVERY_P)
    def test_it_answers_as_the_subspace_does(self, net, x, name, normalize):
        subspace = moved(Subspace(net, 10, name, normalize=normalize))
        merged = subspace.merged()
        assert type(merged) is Net
        torch.testing.assert_close(merged(x)["logits"], subspace(x)["logits"])
        torch.testing.assert_close(merged.train()(x)["logits"], subspace.train()(x)["logits"])

    def test_it_trains_like_the_model_and_leaves_the_subspace_alone(self, net, x):
        subspace = moved(Subspace(net, 10))
        out = subspace(x)["logits"]
        merged = subspace.merged()
        for p, q in zip(merged.parameters(), net.parameters(), strict=True):
            assert p.is_leaf and p.requires_grad == q.requires_grad
        optimizer = torch.optim.SGD(trainable(merged), lr=1.0)
        merged.train()(x)["logits"].square().sum().backward()
        optimizer.step()
        assert torch.equal(subspace(x)["logits"], out)


def through_a_file(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def remade_by_pickle(subspace):
    return pickle.loads(pickle.dumps(subspace))


class TestCopies:
    @pytest.mark.parametrize("remake", [copy.deepcopy, remade_by_pickle])
    @pytest.mark.parametrize("name", PROJECTIONS)
    def test_a_copy_answers_alike_and_goes_its_own_way(self, net, x, name, remake):
        subspace = moved(Subspace(net, 10, name))
        out = subspace(x)["logits"]
        other = remake(subspace)
        assert torch.equal(other(x)["logits"], out)
        assert moved(other, seed=1).theta_d.grad is None
        assert not torch.equal(other(x)["logits"], out)
        assert torch.equal(subspace(x)["logits"], out)

    @pytest.mark.parametrize("remake", [copy.deepcopy, remade_by_pickle])
    def test_a_copy_saves_and_loads_without_the_original(self, net, x, remake):
        other = remake(moved(Subspace(net, 10)))
        state, out = through_a_file(other.state_dict()), other(x)["logits"]
        assert not any("conv" in key for key in state)
        moved(other, seed=1).load_state_dict(state)
        assert torch.equal(other(x)["logits"], out)


class TestStateDict:
    def test_it_holds_a_seed_and_d_numbers_but_neither_P_nor_theta_0(self, net):
        buffers = {f"model.{name}" for name, _ in net.named_buffers()}
        state = Subspace(net, 10).state_dict()
        assert state.keys() == {"theta_d", "_extra_state"} | buffers
        tied = Subspace(Tied(), 10).state_dict()
        assert tied.keys() == {"theta_d", "_extra_state"}

    @pytest.mark.parametrize(("name", "normalize"), EVERY_P)
    def test_loaded_into_any_subspace_of_the_model_it_answers_alike(self, net, x, name, normalize):
        subspace = moved(Subspace(net, 10, name, 4, normalize))
        subspace.train()(x + 1)  # other buffers
        fresh = Subspace(net, 10, "fastfood" if name == "dense" else "dense", seed=9)
        fresh.load_state_dict(through_a_file(subspace.state_dict()))
        assert torch.equal(fresh.eval()(x)["logits"], subspace.eval()(x)["logits"])
        assert torch.equal(fresh.get_extra_state(), subspace.get_extra_state())
        fresh(x)["logits"].sum().backward()
        assert fresh.theta_d.grad.shape == (10,)

    def test_inside_another_module(self, net, x):
        outer = nn.ModuleDict({"body": moved(Subspace(net, 10)), "head": nn.Linear(4, 2)})
        state = through_a_file(outer.state_dict())
        assert {"body.theta_d", "body._extra_state", "head.weight"} < state.keys()
        assert not any("conv" in key for key in state)
        other = nn.ModuleDict({"body": Subspace(net, 10, seed=1), "head": nn.Linear(4, 2)})
        other.load_state_dict(state)
        assert torch.equal(other["body"](x)["logits"], outer["body"](x)["logits"])
        assert torch.equal(other["head"].weight, outer["head"].weight)

    def test_a_small_head_of_another_seed_is_noticed_behind_a_large_body(self):
        body, heads = nn.Linear(500, 500), [nn.Linear(500, 2) for _ in range(12)]
        nn.init.normal_(body.weight, std=2)
        states = [Subspace(nn.Sequential(body, head), 8) for head in heads]
        for a, b in itertools.combinations(states, 2):
            with pytest.raises(IdlibError, match="another theta_0"):
                b.load_state_dict(a.state_dict())

    @pytest.mark.parametrize(
        ("other", "message"),
        [
            (lambda: Subspace(fc(30, 1), 9), r"D = 23,860 and d = 8, .*D = 23,860 and d = 9"),
            (lambda: Subspace(fc(20, 1), 8), r"D = 23,860 and d = 8, .*D = 15,910 and d = 8"),
            (lambda: Subspace(fc(30, 1), 8), r"theta_0 .*fingerprint \[.*seed or the weights"),
        ],
        ids=["another-d", "another-D", "another-theta_0"],
    )
    def test_another_subspace_is_refused_and_left_as_it_was(self, other, message):
        state = Subspace(fc(30, 1), 8).state_dict() | {"theta_d": torch.ones(8)}
        subspace = other()
        with pytest.raises(IdlibError, match=message):
            subspace.load_state_dict(state)
        assert not subspace.theta_d.any()

    def test_assigned_tied_parameters_stay_tied(self):
        model = Tied()
        saved, loaded = Subspace(model, 5), Subspace(model, 5)
        nn.init.normal_(saved.theta_d)
        loaded.load_state_dict(saved.state_dict(), assign=True)
        words = torch.arange(3)
        assert torch.equal(loaded(words), saved(words))
        assert torch.allclose(loaded.merged()(words), saved(words), atol=1e-6)


class TestBadInput:
    @pytest.mark.parametrize("d", [0, -3, 44_427, 1.5, "10", None, False])
    def test_d_out_of_range(self, d):
        with pytest.raises(IdlibError) as error:
            Subspace(lenet(), d)
        assert str(error.value) == f"d = {d!r} was given, expected an integer from 1 to 44,426."

    def test_d_from_1_to_D(self):
        model = nn.Linear(2, 1)
        assert [Subspace(model, d).d for d in (1, 2, 3)] == [1, 2, 3]

    @pytest.mark.parametrize("model", [nn.ReLU(), nn.Linear(2, 2).requires_grad_(False)])
    def test_a_model_with_nothing_to_train(self, model):
        with pytest.raises(IdlibError, match=rf"{type(model).__name__} has no trainable param"):
            Subspace(model, 1)

    def test_a_model_that_does_not_know_its_shapes_yet(self):
        with pytest.raises(IdlibError, match="lazy parameters: call it on one batch"):
            Subspace(nn.LazyLinear(3), 1)

    @pytest.mark.parametrize(
        "bad", [{"projection": "slowfood"}, {"normalize": "layer"}, {"seed": -1}, {"seed": 0.5}]
    )
    def test_other_arguments(self, bad):
        ((key, value),) = bad.items()
        with pytest.raises(IdlibError, match=rf"{key} ?= ?{value!r} was given, expected"):
            Subspace(nn.Linear(2, 2), 1, **bad)
