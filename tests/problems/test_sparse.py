"""Networks of which few weights are left: pruned, trained again, and written as they are."""

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from idlib import IdlibError
from idlib.engine.config import RunConfig
from idlib.engine.training import accuracy, train
from idlib.problems.files import largest, quantise
from idlib.problems.images import load
from idlib.problems.names import build_named
from idlib.problems.sparse import _from_rice, _rice, from_sparse, pruned_and_retrained, to_sparse

CONFIG = RunConfig("digits", "fc-20-1", None, 1e-2, epochs=5, batch_size=64)


def with_few(name: str, keep: float) -> nn.Module:
    model = build_named(replace(CONFIG, model=name))
    with torch.no_grad():
        for p, mask in zip(model.parameters(), largest(model, keep), strict=True):
            p.mul_(mask)
    return model


def left(model: nn.Module) -> int:
    return sum(int(p.count_nonzero()) for p in model.parameters())


@pytest.mark.parametrize("name", ["fc", "lenet", "fc-20-1", "fc-5-1-side7"])
@pytest.mark.parametrize("keep", [1.0, 0.1, 0.001])
def test_a_file_holds_the_whole_network(name, keep):
    model = with_few(name, keep)
    again = from_sparse(to_sparse(model, name))
    for a, b in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("bits", range(2, 17))
def test_a_rounded_file_is_what_quantise_gives(bits):
    model = with_few("fc-20-1", 0.05)
    data = to_sparse(model, "fc-20-1", bits)
    again = from_sparse(data)
    for a, b in zip(model.parameters(), again.parameters(), strict=True):
        q, spacing = quantise(a.detach(), bits)
        assert torch.allclose(b, (spacing * q).float(), rtol=1e-6)
    assert to_sparse(again, "fc-20-1", bits) == data


@pytest.mark.parametrize("k", [0, 1, 5])
def test_places_come_back(k):
    for gaps in ([], [0], [0, 0, 3], [31, 32, 33, 1000, 0]):
        data = _rice(np.array(gaps, np.int64), k)
        assert len(data) == math.ceil(sum((g >> k) + 1 + k for g in gaps) / 8)
        found, used = _from_rice(data + b"more", k, len(gaps))
        assert found.tolist() == gaps and used == len(data)


def test_places_take_hardly_more_than_they_must():
    """The shortest code of which k of n are left takes log2 of (n over k) bits."""
    n = 199_210
    for keep in (0.1, 0.01, 0.002):
        at = np.flatnonzero(np.random.default_rng(0).random(n) < keep)
        gaps = np.diff(at, prepend=-1) - 1
        size = min(len(_rice(gaps, k)) for k in range(12))
        least = math.lgamma(n + 1) - math.lgamma(len(at) + 1) - math.lgamma(n - len(at) + 1)
        assert least / math.log(2) / 8 <= size < 1.05 * least / math.log(2) / 8


def test_damaged_files_are_refused():
    data = to_sparse(with_few("fc-20-1", 0.05), "fc-20-1", 8)
    for wrong in (data[:-1], b"PNG" + data, b"", data.replace(b'"fc-20-1"', b'"fd-20-1"')):
        with pytest.raises(IdlibError, match="can't be read as a network"):
            from_sparse(wrong)


def test_what_is_pruned_stays_so_and_the_rest_learns():
    digits = load("digits")
    model = build_named(CONFIG)
    train(model, digits.train, CONFIG.lr, CONFIG.epochs, CONFIG.batch_size)
    before = [p.clone() for p in model.parameters()]
    smaller = list(pruned_and_retrained(model, digits.train, (0.2, 0.02), CONFIG))
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    D = sum(p.numel() for p in model.parameters())
    assert [keep for keep, _ in smaller] == [0.2, 0.02]
    pruned = model
    for keep, net in smaller:
        assert left(net) <= math.ceil(keep * D)
        masks = largest(pruned, keep)
        assert all(not p[~mask].any() for p, mask in zip(net.parameters(), masks, strict=True))
        pruned = net
    first, second = (net for _, net in smaller)
    cut = copy.deepcopy(first)
    with torch.no_grad():
        for p, mask in zip(cut.parameters(), largest(first, 0.02), strict=True):
            p.mul_(mask)
    assert accuracy(second, digits.test) > accuracy(cut, digits.test) + 0.1
    (again,) = (net for _, net in pruned_and_retrained(model, digits.train, (0.2,), CONFIG))
    assert all(map(torch.equal, again.parameters(), first.parameters()))
