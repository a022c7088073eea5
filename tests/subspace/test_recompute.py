"""Gradient checkpointing has the gradient that there is without."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

from idlib import Subspace


class Blocks(nn.Module):
    """Two blocks with dropout and a parameter of their own, checkpointed in one of several ways."""

    def __init__(self, way=None):
        super().__init__()
        self.way, self.scale = way, nn.Parameter(torch.tensor(1.5))
        self.blocks = nn.ModuleList(nn.Linear(6, 6) for _ in range(3))
        self.drop = nn.Dropout(0.2)

    def block(self, i, x):
        return self.drop((self.blocks[i](x) * self.scale).tanh())

    def forward(self, x):
        x = self.block(0, x)
        for i in (1, 2):
            if self.way is None:
                x = self.block(i, x)
            elif self.way == "nested":
                x = checkpoint(self.nested, i, x, use_reentrant=False)
            else:
                x = checkpoint(self.block, i, x, use_reentrant=self.way == "reentrant")
        return x

    def nested(self, i, x):
        return checkpoint(self.block, i, x, use_reentrant=False)


def gradient(subspace, *batches):
    """Of several forwards before one backward."""
    torch.manual_seed(0)
    sum(F.cross_entropy(subspace(x), torch.arange(len(x)) % 3) for x in batches).backward()
    return subspace.theta_d.grad


@pytest.mark.parametrize("way", ["plain", "reentrant", "nested"])
@pytest.mark.parametrize("aware", [False, True])
def test_direct_use(way, aware):
    torch.manual_seed(0)
    model, batches = Blocks(), torch.randn(2, 5, 6)
    grads = []
    for kind in (None, way):
        model.way = kind
        subspace = Subspace(model, 8, structure_aware=aware).train()
        nn.init.constant_(subspace.theta_d, 0.3)
        grads.append(gradient(subspace, *batches))
        before = [p.clone() for p in model.parameters()]
        assert all(map(torch.equal, before, subspace.model.parameters())), "theta_0 is back"
    torch.testing.assert_close(*grads)


@pytest.mark.parametrize("reentrant", [False, True])
def test_sequences(reentrant):
    torch.manual_seed(0)
    net, x = nn.Sequential(*(nn.Linear(6, 6) for _ in range(4))), torch.randn(5, 6)

    class Cut(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, x):
            return checkpoint_sequential(self.net, 2, x, use_reentrant=reentrant)

    plain, cut = Subspace(net, 8), Subspace(Cut(), 8)
    for subspace in (plain, cut):
        nn.init.constant_(subspace.theta_d, 0.3)
    torch.testing.assert_close(gradient(cut, x), gradient(plain, x))


def test_densenet_of_torchvision():
    from torchvision.models import DenseNet

    torch.manual_seed(0)
    size = {"growth_rate": 4, "block_config": (2, 2), "num_init_features": 4, "num_classes": 3}
    nets = [DenseNet(**size, memory_efficient=efficient) for efficient in (False, True)]
    nets[1].load_state_dict(nets[0].state_dict())
    x, grads = torch.randn(3, 3, 32, 32), []
    for net in nets:
        subspace = Subspace(net, 20).train()
        nn.init.constant_(subspace.theta_d, 0.3)
        grads.append(gradient(subspace, x))
    torch.testing.assert_close(*grads, rtol=1e-4, atol=1e-6)


def test_outside_of_a_subspace_nothing_changes():
    """Also after one has run, and for what runs beside it."""
    torch.manual_seed(0)
    x, grads = torch.randn(5, 6, requires_grad=True), []
    Subspace(Blocks("plain"), 3)(x).sum().backward()
    for way in (None, "plain", "reentrant"):
        torch.manual_seed(0)
        model = Blocks(way)
        model(x).sum().backward()
        grads.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    torch.testing.assert_close(grads[1], grads[0])
    torch.testing.assert_close(grads[2], grads[0])
