"""What a task's name asks for is what its images and labels are."""

import pytest
import torch
from torch.utils.data import TensorDataset

from idlib import IdlibError
from idlib.engine.data import split
from idlib.problems.images import load
from idlib.problems.variants import Task, parse, shuffle_pixels


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


class TestShuffledPixels:
    @pytest.fixture
    def task(self):
        """Images in which each pixel has its number for a value, the same in all but one."""
        images = torch.arange(784.0).expand(3, 784).clone()
        images[2] += 1000
        dataset = TensorDataset(images.view(3, 1, 28, 28), torch.tensor([3, 1, 2]))
        return Task("numbers", dataset, TensorDataset(*(t[1:] for t in dataset.tensors)), "a test")

    @pytest.mark.parametrize("block", [1, 2, 4, 7, 14, 28])
    def test_one_permutation_within_blocks_for_all_images(self, task, block):
        shuffled = shuffle_pixels(task, block)
        images, labels = shuffled.train.tensors
        order = images[0].flatten().long()
        assert sorted(order.tolist()) == [*range(784)]
        assert torch.equal(images[1], images[0]) and torch.equal(images[2], images[0] + 1000)
        assert torch.equal(shuffled.test.tensors[0], images[1:])
        assert labels.tolist() == [3, 1, 2]

        rows, columns = torch.arange(784) // 28, torch.arange(784) % 28
        assert torch.equal(order // 28 // block, rows // block)
        assert torch.equal(order % 28 // block, columns // block)
        moved = (order != torch.arange(784)).double().mean().item()
        assert moved == pytest.approx(1 - 1 / block**2, abs=0.06)  # one fixed point a block

    def test_the_seed_decides(self, task):
        one, again, other = (shuffle_pixels(task, 28, seed).train.tensors[0] for seed in (0, 0, 1))
        assert torch.equal(one, again) and not torch.equal(one, other)

    def test_by_name(self):
        plain, full, blocks = load("digits"), load("digits-shuffled"), load("digits-shuffled-7")
        for task, block in ((full, 28), (blocks, 7)):
            expected = shuffle_pixels(plain, block)
            assert torch.equal(task.test.tensors[0], expected.test.tensors[0])
        assert (full.name, blocks.name) == ("digits-shuffled", "digits-shuffled-7")
        assert full.source == plain.source

    @pytest.mark.parametrize("block", [0, 3, -1, 56])
    def test_blocks_that_do_not_tile_the_image(self, task, block):
        with pytest.raises(
            IdlibError, match=f"block = {block} was given, expected a divisor of 28"
        ):
            shuffle_pixels(task, block)
