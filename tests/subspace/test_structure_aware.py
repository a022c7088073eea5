"""SAID: a Subspace with a scale for each layer, against a dense reference."""

import io

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck
from torch.func import functional_call

from idlib import IdlibError, Subspace
from idlib.problems.networks import lenet
from idlib.projections import PROJECTIONS
from idlib.subspace.layers import layers_of

KINDS = (True, "tensors", {"first": ["0"], "rest": ["2.weight", "2.bias", "4"]})


@pytest.fixture
def model():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 2)
        ).double()


@pytest.fixture
def x():
    return torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def moved(subspace):
    generator = torch.Generator().manual_seed(2)
    noise = torch.randn(subspace.d, generator=generator, dtype=torch.float64)
    subspace.theta_d.data.copy_(0.3 * noise)
    return subspace


def by_hand(subspace, theta_d):
    """theta_0 + lambda_i (P theta)_i, from the matrix."""
    m = len(subspace.layers)
    step = subspace.projection.matrix(torch.float64) @ theta_d[m:]
    theta, start = {}, 0
    for i, (name, shape) in enumerate(subspace.shapes.items()):
        part = step[start : start + shape.numel()].view(shape)
        scale = 1 + theta_d[subspace._layer[i]] if m else 1
        theta[name] = subspace.model.get_parameter(name) + scale * part
        start += shape.numel()
    return theta


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_starts_at_theta_0_with_every_lambda_at_one(model, x, kind):
    subspace = Subspace(model, 12, structure_aware=kind)
    assert torch.equal(subspace(x), model(x))
    assert set(subspace.lambdas.values()) == {1.0}
    assert subspace.theta_d.shape == (12,)
    assert subspace.projection.d == 12 - len(subspace.layers)


@pytest.mark.parametrize("normalize", ["global", "per-tensor"])
def test_with_every_lambda_at_one_it_is_did(model, x, normalize):
    said = moved(Subspace(model, 12, "hashed", 3, normalize, True))
    m = len(said.layers)
    said.theta_d.data[:m] = 0
    did = Subspace(model, 12 - m, "hashed", 3, normalize)
    did.theta_d.data.copy_(said.theta_d.data[m:])
    torch.testing.assert_close(said(x), did(x))
    for subspace in (said, did):
        subspace(x).square().sum().backward()
    torch.testing.assert_close(said.theta_d.grad[m:], did.theta_d.grad)


@pytest.mark.parametrize("name", PROJECTIONS)
@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("normalize", ["global", "per-tensor"])
def test_is_the_dense_formula_and_so_are_its_gradients(model, x, name, kind, normalize):
    subspace = moved(Subspace(model, 12, name, 3, normalize, kind))
    expected = by_hand(subspace, subspace.theta_d)
    for tensor, value in subspace.theta().items():
        torch.testing.assert_close(value, expected[tensor])
    (ours,) = torch.autograd.grad(subspace(x).square().sum(), subspace.theta_d)
    output = functional_call(subspace.model, expected, (x,))
    (theirs,) = torch.autograd.grad(output.square().sum(), subspace.theta_d)
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_gradients_against_finite_differences(model, x, kind):
    subspace = moved(Subspace(model, 9, "hashed", structure_aware=kind))

    def output(theta_d):
        return functional_call(subspace, {"theta_d": theta_d}, (x,))

    assert gradcheck(output, subspace.theta_d.detach().requires_grad_())


def test_lambdas_scale_their_own_layer_alone(model):
    subspace = moved(Subspace(model, 12, structure_aware=True))
    before = subspace.theta()
    subspace.theta_d.data[1] = 1.0  # lambda of the second layer: 2
    after = subspace.theta()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"2.weight", "2.bias"}
    assert subspace.lambdas["2"] == 2.0


@pytest.mark.parametrize(("kind", "m"), [(True, 3), ("tensors", 6)])
def test_d_must_leave_room_for_the_projection(model, kind, m):
    Subspace(model, m + 1, structure_aware=kind)
    with pytest.raises(IdlibError, match=f"d = {m} was given, and {m} layers"):
        Subspace(model, m, structure_aware=kind)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ({"first": ["0"]}, "'2.weight' is in 0 of the layers"),
        ({"all": ["0", "2", "4"], "twice": ["2.bias"]}, "'2.bias' is in 2 of the layers"),
        ("layer", "expected True, False, 'tensors' or a mapping"),
    ],
)
def test_layers_that_do_not_fit_are_refused(model, kind, message):
    with pytest.raises(IdlibError, match=message):
        Subspace(model, 12, structure_aware=kind)


def test_saved_and_loaded(model, x):
    saved = moved(Subspace(model, 12, "hashed", 5, structure_aware=True))
    file = io.BytesIO()
    torch.save(saved.state_dict(), file)
    file.seek(0)
    loaded = Subspace(model, 12, structure_aware=True)
    loaded.load_state_dict(torch.load(file))
    assert torch.equal(saved(x), loaded(x))
    with pytest.raises(IdlibError, match="3 layers, this one 0"):
        Subspace(model, 12).load_state_dict(saved.state_dict())


def test_merged_is_the_same_function(model, x):
    subspace = moved(Subspace(model, 12, structure_aware=True))
    torch.testing.assert_close(subspace.merged()(x), subspace(x))


def test_layers_of_a_sequential_are_its_places():
    names = [name for name, _ in lenet().named_parameters()]
    assert list(dict.fromkeys(layers_of(names))) == ["0", "3", "7", "9", "11"]


def test_layers_of_an_encoder():
    names = [
        "roberta.embeddings.word_embeddings.weight", "roberta.embeddings.LayerNorm.bias",
        "roberta.encoder.layer.0.attention.self.query.weight",
        "roberta.encoder.layer.10.output.dense.bias", "roberta.pooler.dense.weight",
        "classifier.dense.weight", "classifier.out_proj.bias", "scale",
    ]  # fmt: skip
    assert layers_of(names) == [
        "roberta.embeddings", "roberta.embeddings", "roberta.encoder.layer.0",
        "roberta.encoder.layer.10", "roberta.pooler", "classifier", "classifier", "scale",
    ]  # fmt: skip
