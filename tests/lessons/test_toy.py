"""The toy problem: the jump at d = number of groups, exact and by gradient descent."""

import math

import pytest
import torch
from torch.testing import assert_close

from idlib import IdlibError, plots, widgets
from idlib.lessons.toy import compute as toy
from idlib.projections import make_projection

FLOAT64 = torch.float64


def dense(D: int, d: int, seed: int = 0) -> torch.Tensor:
    return make_projection("dense", D, d, seed).matrix(FLOAT64)


def test_the_sums_are_those_of_the_teaching_notes():
    problem = toy.SumProblem()
    assert problem.targets.tolist() == [100.0 * g for g in range(1, 11)]
    assert problem.S.sum(0).tolist() == [1.0] * 1000  # each parameter in one group
    theta = problem.theta.detach()
    assert_close(problem()[3], theta[300:400].sum())
    with torch.no_grad():
        problem.theta.copy_(torch.arange(1, 11).repeat_interleave(100))
    assert problem.loss(problem()) == 0.0


def test_groups_that_do_not_share_the_parameters_evenly():
    problem = toy.SumProblem(groups=3, D=10)
    assert problem.sizes.tolist() == [4.0, 3.0, 3.0]
    assert problem.targets.tolist() == [4.0, 6.0, 9.0]


@pytest.mark.parametrize("groups", [1, 3, 10, 25])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_loss_drops_to_zero_at_the_number_of_groups(groups, seed):
    problem = toy.SumProblem(groups, seed=seed)
    losses = toy.losses(problem, dense(1000, groups + 3, seed))
    assert all(loss > 1e-6 for loss in losses[: groups - 1])
    assert all(loss < toy.SOLVED for loss in losses[groups - 1 :])
    assert toy.smallest_d(problem, "dense", seed) == groups


def test_the_rank_is_what_a_subspace_can_move():
    problem, P = toy.SumProblem(), dense(1000, 15)
    assert [toy.solve(problem, P[:, :d]).rank for d in range(1, 16)] == [*range(1, 10), *[10] * 6]


def test_the_best_point_is_reached_and_is_the_best():
    problem, P = toy.SumProblem(), dense(1000, 7)
    best = toy.solve(problem, P)
    theta = problem.theta.detach() + P @ best.theta_d
    assert_close(problem.S @ theta, best.sums)
    for step in 100 * torch.eye(7, dtype=FLOAT64):
        for sign in (-1, 1):
            assert problem.loss(problem.S @ (theta + sign * P @ step)) > best.loss


def test_the_mean_loss_falls_in_a_straight_line():
    problem = toy.SumProblem()
    start = problem.loss(problem()).item()
    runs = torch.tensor([toy.losses(problem, dense(1000, 9, seed)) for seed in range(100)])
    expected = start * (1 - torch.arange(1, 10) / 10)
    error = runs.std(0) / math.sqrt(100)
    assert ((runs.mean(0) - expected).abs() < 4 * error).all()


@pytest.mark.parametrize("projection", ["dense", "sparse", "hashed", "fastfood", "fastfood-global"])
def test_random_projections_agree(projection):
    assert {toy.smallest_d(toy.SumProblem(), projection, seed) for seed in range(40)} == {10}


def test_blocks_of_rows_without_signs_need_more():
    assert toy.smallest_d(toy.SumProblem(), "fastfood-unsigned") == 33


def test_a_subspace_that_moves_one_sum_of_two_solves_nothing():
    problem = toy.SumProblem(groups=2, D=2)
    P = torch.tensor([[1.0], [0.0]])
    assert toy.solve(problem, P).rank == 1
    assert toy.solve(problem, P).loss > 0.1


@pytest.mark.parametrize("d", [9, 10])
def test_gradient_descent_finds_the_exact_loss(d):
    problem = toy.SumProblem()
    start = problem.theta.detach().clone()
    history = toy.descend(problem, d, steps=300)
    assert history[0] == pytest.approx(problem.loss(problem()).item())
    assert history[-1] == pytest.approx(toy.solve(problem, dense(1000, d)).loss, abs=1e-9)
    assert torch.equal(problem.theta, start)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: toy.SumProblem(groups=0), "groups"),
        (lambda: toy.SumProblem(groups=11, D=10), "groups"),
        (lambda: toy.SumProblem(D=2.5), "D"),
        (lambda: toy.solve(toy.SumProblem(), torch.ones(999, 2)), "(999, 2)"),
        (lambda: toy.solve(toy.SumProblem(), torch.ones(1000)), "(1000,)"),
        (lambda: toy.descend(toy.SumProblem(), 0), "d = 0"),
    ],
)
def test_bad_input_is_named(make, word):
    with pytest.raises(IdlibError) as error:
        make()
    assert word in str(error.value)


def test_the_explorer_over_d():
    explorer = widgets.SumsByD(toy.SumProblem(), d=9)
    first, next_ = explorer.view(**explorer.start), explorer.view(d=10)
    assert "loss <b>0 up" not in first and "<b>9 of 10</b>" in first
    assert "loss <b>0 up to rounding</b>, performance <b>1.000</b>" in next_
    assert 'aria-label="Loss against d' in next_


@pytest.mark.parametrize("groups", [1, 7, 50])
def test_the_explorer_over_groups(groups):
    view = widgets.SumsByGroups().view(groups=groups)
    assert f"zero at <b>d = {groups}</b>" in view
    assert f"dimension {1000 - groups:,}" in view


@pytest.mark.parametrize("equations, d", [(1, 1), (2, 1), (1, 2), (2, 2)])
def test_lines_and_planes_meet_where_their_dimensions_allow_it(equations, d):
    explorer = widgets.Meetings()
    for way in ((75, 20), (-140, -35)):
        view = explorer.view(equations=equations, d=d, way=way, turn=(-25, 25))
        assert ("<b>meets</b>" in view) == (d >= equations) != ("misses" in view)
        P, best = explorer.best(equations, d, way)
        rows, wanted = explorer.rows[equations - 1], explorer.wanted[equations - 1]
        least = (wanted - rows @ best).norm()
        others = torch.randn(100, d, generator=torch.Generator().manual_seed(0)).double() @ P.T
        assert ((wanted - (explorer.start_point + others) @ rows.T).norm(dim=1) >= least).all()
        assert torch.allclose(P.T @ P, torch.eye(d).double(), atol=1e-6)


def test_the_other_figures_show_what_they_are_given():
    performance = torch.rand(5, 12, generator=torch.Generator().manual_seed(0)).numpy()
    ax = plots.performance_by_d(performance, {10: 0.9998}).axes[0]
    assert ax.lines[1].get_ydata().tolist() == [0.9998]
    ax = plots.descents({9: [3.0, 2.0], 10: [3.0, 0.1]}, {9: 1.5, 10: 0.0}).axes[0]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["d = 9: 1.5", "d = 10: 0"]
