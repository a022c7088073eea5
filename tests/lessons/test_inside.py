"""Notebook 15: Fastfood's factors, and what its pictures show."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from idlib import plots
from idlib.lessons.base.timing import Cost
from idlib.lessons.inside.stages import fastfood_stages
from idlib.projections import make_projection


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
