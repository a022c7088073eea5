"""Notebook 02: what its pictures show, and its widgets."""

import math
import re
from itertools import pairwise

import matplotlib.collections
import numpy as np
import pytest
import torch
from torch.testing import assert_close

from idlib import plots, widgets
from idlib.lessons.base.timing import Cost
from idlib.lessons.subspaces.stages import fastfood_stages
from idlib.projections import PROJECTIONS, make_projection


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("n", "d", "blocks"), [(16, 16, 4), (16, 12, 3), (1, 1, 2), (64, 33, 1)])
def test_the_stages_of_fastfood_end_at_its_blocks(n, d, blocks):
    P, x = make_projection("fastfood", n * blocks, d, seed=3), randn(d)
    size = n * math.sqrt(blocks)
    for block in range(blocks):
        stages = fastfood_stages(P, x, block)
        assert [s.formula for s in stages] == [
            "x", "B x", "H B x", "Π H B x", "G Π H B x", "H G Π H B x", "S H G Π H B x",
        ]  # fmt: skip
        assert_close(stages[0].vector[:d], x)
        for before, after in pairwise(stages):
            assert_close(after.factor @ before.vector, after.vector)
        assert_close(stages[-1].vector / size, P(x).view(blocks, n)[block])


def test_the_factors_are_what_they_are_called():
    stages = fastfood_stages(make_projection("fastfood", 64, 16), randn(16))
    _, B, H, Pi, G, H2, S = (s.factor for s in stages)
    for signs in (B, S):
        assert torch.equal(signs.abs(), torch.eye(16)) and signs.min() == -1
    assert torch.equal(H, H2) and torch.equal(H @ H, 16 * torch.eye(16))
    assert torch.equal(Pi @ Pi.T, torch.eye(16)) and not torch.equal(Pi, torch.eye(16))
    assert torch.equal(G, G.diag().diag()) and len(G.diag().unique()) == 16


def test_heat_maps_hold_the_matrices_on_one_scale():
    matrices = {"a": randn(6, 3), "b": 2 * randn(6, 3, seed=1)}
    images = [image for ax in plots.heat_maps(matrices).axes for image in ax.get_images()]
    assert_close(torch.tensor(np.array(images[0].get_array())), matrices["a"])
    assert_close(torch.tensor(np.array(images[1].get_array())), matrices["b"])
    limit = float(torch.cat(list(matrices.values())).abs().max())
    assert {image.get_clim() for image in images} == {(-limit, limit)}


def test_length_ratios_show_every_draw():
    ratios = {"dense": {10: [0.9, 1.1], 100: [1.0, 1.0]}, "hashed": {10: [1.0], 100: [1.0]}}
    dense, hashed = plots.length_ratios(ratios).axes
    assert [list(line.get_ydata()) for line in dense.lines[:2]] == [[0.9, 1.1], [1.0, 1.0]]
    assert (dense.get_title(), hashed.get_title()) == ("dense", "hashed")
    low, high = (line.get_ydata() for line in dense.lines[-2:])
    x = dense.lines[-1].get_xdata()
    assert np.allclose(high - low, 4 / np.sqrt(2 * x))


def test_random_angles_close_in_on_a_right_angle():
    panel = widgets.RandomAngles()
    for D, sample in panel.samples.items():
        spread = torch.deg2rad(sample).cos().square().mean().sqrt().item()
        assert spread == pytest.approx(D**-0.5, rel=0.06), "the mean square of the cosine is 1 / D"
    left, right = plots.angles(panel.samples, 100).axes
    (fan,) = (c for c in left.collections if isinstance(c, matplotlib.collections.LineCollection))
    ends = np.array([segment[1] for segment in fan.get_segments()])
    drawn = np.degrees(np.arctan2(ends[:, 1], ends[:, 0]))
    assert np.allclose(drawn, panel.samples[100][: len(drawn)], atol=1e-3)
    law, measured = (line.get_ydata() for line in right.lines[:2])
    assert np.allclose(law, [math.degrees(1 / math.sqrt(D)) for D in panel.samples])
    assert len(measured) == len(panel.samples)


def test_cost_curves():
    costs = [Cost("hashed", D, 7, 1e-5 * D, 2e-5 * D, 4 * D, 1e-6 * D) for D in (100, 1000)]
    costs.append(Cost("dense", 100, 7, 1, 2, 2800, 1e-4))
    left, right = plots.cost_curves(costs).axes
    times = {line.get_label(): line for line in left.lines}
    assert np.allclose(times["hashed"].get_ydata(), [0.003, 0.03])
    assert np.allclose(times["dense"].get_xydata(), [[100, 3]])
    assert np.allclose(times["read and write D numbers"].get_ydata(), [1e-4, 1e-3])
    memory = [list(line.get_ydata()) for line in right.lines]
    assert [4e-4, 4e-3] in memory
    assert np.allclose(memory[-1], [4 * 100 * 7 / 1e6, 4 * 1000 * 7 / 1e6]), "dense, computed"
    assert "MB" in right.get_ylabel() and "milliseconds" in left.get_ylabel()


def test_blocks_show_each_diagonal_beside_its_rows():
    P = make_projection("fastfood", 64, 12)
    left, right, _ = plots.fastfood_blocks(P).axes
    strips, matrix = (np.array(ax.get_images()[0].get_array()) for ax in (left, right))
    assert np.allclose(matrix, P.matrix())
    for k in range(4):
        rows = strips[16 * k : 16 * (k + 1)]
        assert np.allclose(rows, rows[0]) and np.allclose(
            rows[0] / strips[0, 0], P.G[k] / P.G[0, 0], rtol=1e-4
        )


def test_step_sizes_name_the_tensors():
    (ax,) = plots.step_sizes(
        {"global": [0.1, 0.1], "per-tensor": [0.1, 1]}, ["weight", "bias"]
    ).axes
    assert [list(line.get_xdata()) for line in ax.lines] == [[0.1, 0.1], [0.1, 1]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["weight", "bias"]


def test_the_steered_point_ends_where_the_plane_is_nearest():
    explorer = widgets.SteeredPoint(steps=60)
    theta = explorer.path((-0.3, 2.0)) @ explorer.P.T  # (steps + 1, 3)
    assert_close(explorer.P.T @ (theta[-1] - explorer.target), torch.zeros(2), atol=1e-3, rtol=0)
    assert (theta[-1] - explorer.target).norm() == pytest.approx(1.0, abs=1e-3)
    distance = (theta - explorer.target).norm(dim=1)
    assert (distance.diff() < 1e-5).all()


@pytest.mark.parametrize("name", ["RandomAngles", "FastfoodSteps"])
def test_every_setting_draws_another_picture_with_words(name):
    explorer = getattr(widgets, name)()
    seen = [explorer.view(**values) for _, values in explorer.values()]
    assert all(len(re.findall(r'aria-label="[^"]{30,}"', view)) == 2 for view in seen)
    assert len(set(seen)) == len(seen) > 5


@pytest.mark.parametrize("name", PROJECTIONS)
def test_every_projection_has_a_colour_and_a_marker_of_its_own(name):
    fig = plots.length_ratios({n: {10: [1.0]} for n in PROJECTIONS})
    styles = {
        ax.get_title(): (ax.lines[0].get_color(), ax.lines[0].get_marker()) for ax in fig.axes
    }
    others = [style for n, style in styles.items() if n != name]
    assert all(styles[name][i] not in [style[i] for style in others] for i in (0, 1))
