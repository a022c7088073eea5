"""Shuffled pixels: the order of the pixels, who can notice it, and what notebook 04 shows."""

import copy
import re

import numpy as np
import pytest
import torch

from idlib import IdlibError, checks, plots, widgets
from idlib.lessons.shuffled.compute import (
    SIDES,
    beside_published,
    block_scores,
    neighbour_correlation,
    window_sources,
)
from idlib.problems.images import load
from idlib.problems.networks import fc, lenet
from idlib.problems.variants import pixel_order, shuffle_pixels
from idlib.studies import cell

PLACES = torch.arange(784)


@pytest.mark.parametrize("block", SIDES)
def test_pixels_move_within_their_block(block):
    order = pixel_order(block)
    assert torch.equal(order.sort().values, PLACES)
    assert torch.equal(order // 28 // block, PLACES // 28 // block)
    assert torch.equal(order % 28 // block, PLACES % 28 // block)
    assert (block == 1) == torch.equal(order, PLACES)
    assert torch.equal(order, pixel_order(block, seed=0))
    assert block == 1 or not torch.equal(order, pixel_order(block, seed=1))


def test_a_block_that_does_not_divide_28_is_refused():
    with pytest.raises(IdlibError, match=r"block = 5 .* divisor of 28"):
        pixel_order(5)


def test_all_images_are_shuffled_by_the_same_order():
    task, order = load("digits"), pixel_order(7)
    moved = shuffle_pixels(task, 7)
    for before, after in ((task.train, moved.train), (task.test, moved.test)):
        (images, labels), (shuffled, same) = before.tensors, after.tensors
        assert torch.equal(images.flatten(1)[:, order], shuffled.flatten(1))
        assert torch.equal(labels, same)


def test_shuffling_within_larger_blocks_leaves_less_local_structure():
    images = load("digits").test.tensors[0]
    left = []
    for block in SIDES:
        left.append(neighbour_correlation(images.flatten(1)[:, pixel_order(block)].view_as(images)))
    assert left == sorted(left, reverse=True)
    assert left[0] > 0.9 and abs(left[-1]) < 0.1


def test_correlation_of_stripes():
    stripes = torch.tensor([0.0, 1.0]).repeat(14).expand(3, 1, 28, 28)
    assert neighbour_correlation(stripes) == pytest.approx(-1, abs=0.01)
    assert neighbour_correlation(stripes.mT) == pytest.approx(1)


def test_a_window_sees_25_pixels_and_only_an_unshuffled_one_is_compact():
    windows = [window_sources(block) for block in SIDES]
    assert all(window.sum() == 25 for window in windows)
    assert windows[0][12:17, 9:14].sum() == 25
    assert windows[-1][12:17, 9:14].sum() < 5


def test_fc_with_its_columns_relabelled_cannot_notice_the_shuffle():
    torch.manual_seed(0)
    order, x = pixel_order(), torch.randn(5, 784, dtype=torch.float64)
    net = fc().double()
    other = copy.deepcopy(net)
    other[1].weight.data = net[1].weight.data[:, order]
    torch.testing.assert_close(other(x[:, order]), net(x))
    assert (net(x[:, order]) - net(x)).abs().max() > 0.1


def order_of(picture):
    return picture(PLACES.view(28, 28)).flatten()


SYMMETRIES = {
    "mirror": lambda x: x.flip(-1),
    "upside down": lambda x: x.flip(-2),
    "quarter turn": lambda x: x.rot90(1, (-2, -1)),
    "half turn": lambda x: x.rot90(2, (-2, -1)),
    "three quarters": lambda x: x.rot90(3, (-2, -1)),
    "diagonal": lambda x: x.mT,
    "other diagonal": lambda x: x.mT.rot90(2, (-2, -1)),
}


@pytest.mark.parametrize("turn", SYMMETRIES.values(), ids=SYMMETRIES)
def test_lenet_cannot_notice_the_orders_that_the_check_accepts(turn):
    assert checks.shuffled.unnoticed(lambda: order_of(turn))
    torch.manual_seed(0)
    net = lenet().double()
    other = copy.deepcopy(net)
    for layer in (0, 3):
        other[layer].weight.data = turn(net[layer].weight.data)
    other[7].weight.data = turn(net[7].weight.data.view(120, 16, 4, 4)).flatten(1)
    x = torch.randn(3, 1, 28, 28, dtype=torch.float64)
    torch.testing.assert_close(other(turn(x)), net(x))


@pytest.mark.parametrize(
    ("order", "problem"),
    [
        (None, "NoneType"),
        (PLACES, "nothing to notice"),
        (PLACES.roll(1), "29 of 1,512"),  # at the left edge of 28 rows, and at a corner
        (pixel_order(), "torn apart"),
        (pixel_order(2), "torn apart"),
        (torch.zeros(784, dtype=torch.long), "once"),
        (torch.zeros(3), r"shape \(784,\)|\(3,\)"),
    ],
)
def test_orders_that_lenet_notices_are_turned_down_with_a_reason(order, problem, capsys):
    assert not checks.shuffled.unnoticed(lambda: order)
    text = capsys.readouterr().out
    assert text.startswith("Not yet") and "Hint" in text
    assert re.search(problem, text)


def test_rows_of_images_have_their_labels():
    rows = {"upper": np.eye(28)[None].repeat(3, 0), "lower": torch.ones(3, 28, 28)}
    fig = plots.image_rows(rows)
    assert [ax.get_title(loc="left") for ax in fig.axes] == ["upper", "lower"]
    assert plots.to_html(fig, "alt").startswith("<figure")


def test_bars_are_sorted_and_carry_their_values():
    (ax,) = plots.bars({"b": 1400, "a": 290}, "d90", marked=["b"]).axes
    assert [label.get_text() for label in ax.get_yticklabels()] == ["b", "a"]
    assert {text.get_text() for text in ax.texts} == {"1,400", "290"}
    assert [bar.get_hatch() for bar in ax.patches] == ["//", None]


SCORES = {block: [0.95 - 0.005 * i, 0.94 - 0.005 * i] for i, block in enumerate(SIDES)}


def test_the_slider_shows_each_block_with_both_accuracies(monkeypatch):
    monkeypatch.setattr("idlib.lessons.shuffled.widgets.block_scores", lambda model: SCORES)
    monkeypatch.setattr(
        "idlib.lessons.shuffled.widgets.provenance", lambda *stores: "Recorded somewhere"
    )
    explorer = widgets.ShuffledBlocks(load("digits"))
    correlations = []
    for block in SIDES:
        view = explorer.view(block=block)
        correlations += re.findall(r"neighbouring pixels of digits <b>(.*?)</b>", view)
        mean = f"{np.mean(SCORES[block]):.3f}"
        for part in (f"blocks of {block} by {block}", f"FC {mean}, LeNet {mean}", "at d = 400"):
            assert part in view
    assert [float(c) for c in correlations] == sorted(map(float, correlations), reverse=True)
    assert float(correlations[0]) > 0.9 > 0.2 > float(correlations[-1])


def test_the_recorded_runs_say_what_the_notebook_says():
    mean = {m: {b: np.mean(s) for b, s in block_scores(m).items()} for m in ("fc", "lenet")}
    assert max(mean["fc"].values()) - min(mean["fc"].values()) < 0.03
    assert list(mean["lenet"]) == list(SIDES)
    falls = list(mean["lenet"].values())
    assert falls == sorted(falls, reverse=True)
    assert mean["lenet"][4] > mean["fc"][4] and mean["lenet"][7] < mean["fc"][7]


def test_recorded_and_published_d90_lie_side_by_side():
    published = {("fc", "mnist"): ("750", "625"), ("lenet", "mnist-shuffled"): ("1400", "750")}
    head, rule, *rows = beside_published(published).splitlines()
    assert {line.count("|") for line in (head, rule, *rows)} == {4}
    here = cell("mnist", task="mnist", model="fc").d90("absolute").value
    assert rows[0] == f"| fc, at 0.90 | {here:.0f} | 750 |" and rows[1].startswith("| fc, own | ")
    assert rows[2] == "| lenet, shuffled, at 0.90 | over 2,000 | 1400 |"
    assert rows[3].endswith("| 750 |")
