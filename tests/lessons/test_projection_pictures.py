"""Notebook 02: what its pictures show, and its widgets."""

import math

import matplotlib.collections
import numpy as np
import pytest
import torch
from torch.testing import assert_close

from idlib import plots, widgets
from idlib.projections import PROJECTIONS


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


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


def test_the_steered_point_ends_where_the_plane_is_nearest():
    explorer = widgets.SteeredPoint(steps=60)
    theta = explorer.path((-0.3, 2.0)) @ explorer.P.T  # (steps + 1, 3)
    assert_close(explorer.P.T @ (theta[-1] - explorer.target), torch.zeros(2), atol=1e-3, rtol=0)
    assert (theta[-1] - explorer.target).norm() == pytest.approx(1.0, abs=1e-3)
    distance = (theta - explorer.target).norm(dim=1)
    assert (distance.diff() < 1e-5).all()


@pytest.mark.parametrize("name", PROJECTIONS)
def test_every_projection_has_a_colour_and_a_marker_of_its_own(name):
    fig = plots.length_ratios({n: {10: [1.0]} for n in PROJECTIONS})
    styles = {
        ax.get_title(): (ax.lines[0].get_color(), ax.lines[0].get_marker()) for ax in fig.axes
    }
    others = [style for n, style in styles.items() if n != name]
    assert all(styles[name][i] not in [style[i] for style in others] for i in (0, 1))
