"""What a task's name asks for is what its images and labels are."""

import pytest
import torch
from torch.utils.data import TensorDataset

from idlib import IdlibError
from idlib.problems.images import load
from idlib.engine.data import split
from idlib.problems.variants import parse


def labels(name):
    return load(name).train.tensors[1]


def images(name):
    return load(name).train.tensors[0]


@pytest.mark.parametrize("percent", [0, 10, 50, 100])
def test_random_labels_are_the_same_labels_elsewhere(percent):
    true, mixed = labels("digits"), labels(f"digits-random{percent}")
    assert torch.equal(true.bincount(), mixed.bincount())
    assert torch.equal(images("digits"), images(f"digits-random{percent}"))
    moved = (true != mixed).double().mean().item()
    assert moved == pytest.approx(0.9 * percent / 100, abs=0.02)  # one in ten falls on its own
    assert torch.equal(
        load("digits").test.tensors[1], load(f"digits-random{percent}").test.tensors[1]
    )


@pytest.mark.parametrize("percent", [10, 50])
def test_every_part_of_the_images_has_its_share_of_random_labels(percent):
    moved = labels("digits") != labels(f"digits-random{percent}")
    parts = [part.tensors[0] for part in split(TensorDataset(moved))]
    parts.append(labels("digits-n200") != labels(f"digits-random{percent}-n200"))
    for part in parts:
        assert part.double().mean().item() == pytest.approx(0.9 * percent / 100, abs=0.04)


def test_n_images_are_the_first_of_one_order():
    few, more = images("digits-n50"), images("digits-n200")
    assert len(few) == 50 and torch.equal(more[:50], few)
    assert len(load("digits-n50").test) == 450
    everything = {tuple(x.flatten().tolist()) for x in images("digits")}
    assert {tuple(x.flatten().tolist()) for x in more} <= everything


def test_copies():
    once, twice = images("digits-n50"), images("digits-n50-copies2")
    assert torch.equal(twice, torch.cat([once, once]))
    assert torch.equal(labels("digits-n50-copies2")[50:], labels("digits-n50"))


@pytest.mark.parametrize("side", [7, 14])
def test_coarse_images_hold_no_more_than_their_side_says(side):
    plain, coarse = images("digits-n50"), images(f"digits-n50-side{side}")
    assert coarse.shape == plain.shape and not torch.equal(coarse, plain)
    rank = torch.linalg.matrix_rank(coarse.flatten(1) @ coarse.flatten(1).T / 784, tol=1e-3)
    assert rank <= side**2
    assert torch.allclose(coarse.mean(), plain.mean(), atol=0.05)
    assert len(load(f"digits-side{side}").test) == 450


def test_changes_go_from_left_to_right():
    assert len(images("digits-n50-copies2")) == 100
    assert len(images("digits-copies2-n50")) == 50
    assert parse("mnist-shuffled-7-n100") == ("mnist", [("shuffled", 7), ("n", 100)])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("digits-n0", "n = 0 was given, expected 1 to 1347"),
        ("digits-n2000", "n = 2000 was given, expected 1 to 1347"),
        ("digits-random101", "random = 101 was given, expected 0 to 100"),
        ("digits-side29", "side = 29 was given, expected 1 to 28"),
        ("digits-copies0", "copies = 0 was given"),
        ("digits-noise5", "'digits-noise5' was asked for, expected"),
    ],
)
def test_what_cannot_be_had_says_why(name, message):
    with pytest.raises(IdlibError, match=message):
        load(name)
