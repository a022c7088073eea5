"""What a forward pass leaves behind in a model, and hooks that work out its weights."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, parametrize

from idlib import Subspace


class Keeper(nn.Module):
    """Keeps an activation, and a history of them in a dict and a list."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.kept = nn.Linear(4, 5), nn.Linear(5, 3), {"all": []}

    def forward(self, x):
        self.last = self.one(x).tanh()
        self.kept["all"].append(self.last)
        return self.two(self.last)


class Reader(nn.Module):
    """A recurrent network that keeps its hidden state."""

    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.LSTM(4, 5, batch_first=True), nn.Linear(5, 3)

    def forward(self, x):
        out, self.state = self.cell(x.unsqueeze(1))
        return self.head(out[:, -1])


def normed(norm):
    return nn.Sequential(norm(nn.Linear(4, 5)), nn.Tanh(), norm(nn.Linear(5, 3)))


def kept_and_normed():
    model = Keeper()
    parametrizations.weight_norm(model.one)
    return model


MODELS = {
    "activation": Keeper,
    "hidden-state": Reader,
    "weight-norm": lambda: normed(parametrizations.weight_norm),
    "spectral-norm": lambda: normed(parametrizations.spectral_norm),
    "orthogonal": lambda: normed(parametrizations.orthogonal),
    "spectral-norm-hook": lambda: normed(nn.utils.spectral_norm),
    "activation-of-a-normed-layer": kept_and_normed,
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_has_run_is_copied_and_merged(name):
    torch.manual_seed(0)
    model, x = MODELS[name](), torch.randn(6, 4)
    model(x).sum().backward()  # what a user may have done before
    subspace = Subspace(model, 4).train()
    optimizer = torch.optim.SGD([subspace.theta_d], lr=0.1)
    for _ in range(2):
        loss = F.cross_entropy(subspace(x), torch.arange(6) % 3)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    merged = subspace.eval().merged().eval()
    torch.testing.assert_close(merged(x), subspace(x))
    assert not torch.equal(merged(x), model.eval()(x))
    assert all(p.requires_grad for p in merged.parameters())


def test_the_copy_holds_the_values_and_no_history():
    model, x = Keeper(), torch.randn(2, 4)
    subspace = Subspace(model, 3)
    subspace(x)
    merged = subspace.merged()
    assert torch.equal(merged.last, subspace.model.last)
    assert merged.kept["all"][0] is merged.last and not merged.last.requires_grad
    assert subspace.model.last.requires_grad


def test_a_parametrised_weight_counts_as_what_it_is_made_of():
    model = normed(parametrizations.weight_norm)
    subspace = Subspace(model, 4)
    assert sum(p.numel() for p in model.parameters()) == subspace.D
    assert parametrize.is_parametrized(subspace.merged()[0], "weight")
