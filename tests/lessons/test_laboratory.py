"""The laboratory: what the names mean, right angles and hubs, and the inequality of gradients."""

import math
import statistics
from dataclasses import replace

import numpy as np
import pytest
import torch

from idlib import IdlibError, plots, widgets
from idlib.engine.config import RunConfig
from idlib.engine.runs import build
from idlib.engine.training import accuracy
from idlib.lessons.questions.gradients import first_layer, gradient_norms, trace
from idlib.lessons.questions.high_dimension import cloud, cosines, in_degrees, missed, skewness
from idlib.problems.images import load
from idlib.problems.names import build_named, problem_of, run_named
from idlib.problems.networks import fc, lenet
from idlib.problems.targets import teacher, with_targets
from idlib.studies import cell, replay

CONFIG = RunConfig("digits", "fc-10-1", None, 3e-3, 0, "hashed", epochs=1)


@pytest.fixture(scope="module")
def digits():
    return load("digits")


class TestNames:
    def test_a_plain_name_is_the_plain_run(self, digits):
        problem = problem_of(CONFIG)
        assert problem.optimizer_fn is torch.optim.Adam
        assert problem.train_set is digits.train

    def test_the_teacher_is_good_and_its_targets_are_probabilities(self, digits):
        assert accuracy(teacher(), digits.test) > 0.9
        hard, soft = (with_targets(digits.train, f"teacher{t}").tensors[1] for t in (1, 4))
        for p in (hard, soft):
            assert torch.allclose(p.sum(1), torch.ones(len(p)), atol=1e-5)
        assert hard.max(1).values.mean() > soft.max(1).values.mean() + 0.05

    def test_smoothed_labels_carry_as_much_doubt_and_no_more(self, digits):
        labels = digits.train.tensors[1]
        soft, even = (
            with_targets(digits.train, f"{kind}4").tensors[1] for kind in ("teacher", "smooth")
        )
        sure = [p.gather(1, labels[:, None]).mean().item() for p in (soft, even)]
        assert sure[0] == pytest.approx(sure[1], abs=1e-4)
        assert (even.argmax(1) == labels).all()
        assert len(even[0].unique()) == 2

    def test_a_warm_start_has_taken_its_steps_and_repeats(self):
        at = {k: build(CONFIG, problem_of(_named(f"fc-10-1+warm{k}")).model_fn) for k in (0, 5, 40)}
        again = build(CONFIG, problem_of(_named("fc-10-1+warm5")).model_fn)
        plain = build_named(CONFIG)
        vector = {k: torch.nn.utils.parameters_to_vector(m.parameters()) for k, m in at.items()}
        assert torch.equal(vector[0], torch.nn.utils.parameters_to_vector(plain.parameters()))
        assert torch.equal(vector[5], torch.nn.utils.parameters_to_vector(again.parameters()))
        scores = [accuracy(m, load("digits").test) for m in at.values()]
        assert scores[0] < scores[1] < scores[2]

    def test_an_optimiser_is_used(self):
        runs = {o: run_named(_named(f"fc-10-1+{o}")) for o in ("adam", "sgd", "rmsprop")}
        assert len({r.loss for r in runs.values()}) == 3
        assert runs["adam"].loss == run_named(CONFIG).loss

    def test_lbfgs_takes_many_looks_in_a_step(self):
        whole = {"d": 30, "batch_size": 2000, "epochs": 3, "lr": 0.3}
        adam, lbfgs = (run_named(_named(f"fc-10-1+{o}", **whole)) for o in ("adam", "lbfgs"))
        assert adam.steps == lbfgs.steps == 3
        assert lbfgs.train_score > adam.train_score + 0.1

    @pytest.mark.parametrize(("change", "ranks"), [("rank2", (2, 2)), ("orthogonal", (10, 10))])
    def test_singular_values_are_equal_up_to_the_rank_and_the_norm_is_kept(self, change, ranks):
        plain, even = (
            build(CONFIG, problem_of(_named(f"fc-10-1{c}")).model_fn) for c in ("", f"+{change}")
        )
        pairs = zip(plain.parameters(), even.parameters(), strict=True)
        for rank, (p, q) in zip(ranks, ((p, q) for p, q in pairs if p.ndim > 1), strict=True):
            values = torch.linalg.svdvals(q)
            assert torch.allclose(values[:rank], values[:1], rtol=1e-3)
            assert (values[rank:] < 1e-4 * values[0]).all()
            assert q.norm().item() == pytest.approx(p.norm().item(), rel=1e-4)

    def test_distillation_is_done_where_the_outputs_are_the_teachers(self, digits):
        """At the student's T = 4, as in the teacher's targets; not at T = 1."""
        x = digits.train.tensors[0][:50]
        targets = with_targets(digits.train, "distill4").tensors[1][:50]
        for name, there in (("distill4", True), ("teacher4", False)):
            outputs = teacher()(x).detach().requires_grad_()
            problem_of(_named("fc-10-1", task=f"digits+{name}")).loss_fn(
                outputs, targets
            ).backward()
            assert (outputs.grad.abs().max() < 1e-6) == there

    def test_names_that_mean_nothing_are_refused(self):
        with pytest.raises(IdlibError, match="expected \\+adam"):
            problem_of(_named("fc-10-1+luck"))
        with pytest.raises(IdlibError, match="expected 'teacher4'"):
            with_targets(load("digits").train, "pupil")


def _named(model: str, **changes) -> RunConfig:
    return replace(CONFIG, model=model, **changes)


class TestGeometry:
    @pytest.mark.parametrize("n", [3, 30, 300])
    def test_cosines_spread_like_one_over_the_root_of_n(self, n):
        c = cosines(n, pairs=4000)
        assert abs(c.mean()) < 4 / math.sqrt(4000 * n)
        assert c.std() == pytest.approx(1 / math.sqrt(n), rel=0.05)

    @pytest.mark.parametrize("dimension", [1, 3, 100])
    def test_in_degrees_count_neighbours_other_than_oneself(self, dimension):
        points = cloud(60, dimension, seed=1)
        distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
        np.fill_diagonal(distances, np.inf)
        nearest = distances.argsort(axis=1)[:, :4]
        expected = [(nearest == i).sum() for i in range(60)]
        assert in_degrees(points, 4).tolist() == expected
        assert sum(expected) == 60 * 4

    def test_hubs_come_with_the_dimension(self):
        skews = [skewness(in_degrees(cloud(400, n), 10)) for n in (2, 10, 100)]
        assert skews == sorted(skews)
        assert skews[0] < 0.5 < 2 < skews[-1]

    def test_skewness(self):
        x = np.random.default_rng(0).exponential(size=200_000)
        assert skewness(x) == pytest.approx(2, abs=0.15)
        assert skewness(-3 * x) == pytest.approx(-skewness(x))
        with pytest.raises(IdlibError, match="not defined"):
            skewness(np.ones(3))

    @pytest.mark.parametrize("c", [1, 7, 20])
    def test_a_subspace_meets_solutions_from_their_codimension_on(self, c):
        for seed in range(5):
            assert missed(c, c, 50, seed) < 1e-12 and missed(c + 5, c, 50, seed) < 1e-12
            assert missed(c - 1, c, 50, seed) > 1e-6
        assert missed(0, c) == 1

    def test_below_it_the_share_left_is_one_minus_d_over_c(self):
        shares = [missed(15, 20, 50, seed) for seed in range(300)]
        assert statistics.fmean(shares) == pytest.approx(0.25, abs=0.03)


class TestFlatness:
    @pytest.mark.parametrize("depth", [1, 2, 3])
    def test_the_inequality_holds_for_every_example(self, digits, depth):
        x, y = (t[:40] for t in digits.train.tensors)
        with torch.random.fork_rng():
            torch.manual_seed(depth)
            norms = gradient_norms(fc(30, depth), x, y)
        assert (norms.inputs <= norms.bound * (1 + 1e-4)).all()
        assert (norms.bound <= norms.loose * (1 + 1e-6)).all()
        assert (norms.first <= norms.parameters).all()

    def test_it_is_an_equality_for_a_single_unit(self, digits):
        """With one row in W, W' delta is as long as |W| |delta|."""
        x, y = (t[:20] for t in digits.train.tensors)
        norms = gradient_norms(fc(1, 1), x, y)
        assert torch.allclose(norms.inputs, norms.bound, rtol=1e-3, atol=1e-12)

    def test_an_example_without_a_gradient_has_a_bound_of_zero(self, digits):
        x, model = digits.train.tensors[0][:20], fc(20, 2)
        with torch.no_grad():
            for p in model.parameters():
                p.mul_(100)
            y = model(x).argmax(-1)  # right, and sure of it
        norms = gradient_norms(model, x, y)
        assert (norms.first == 0).sum() > 10 and norms.loose.isfinite().all()

    def test_gradients_are_those_of_autograd(self, digits):
        x, y = (t[:3] for t in digits.train.tensors)
        model = fc(20, 2)
        norms = gradient_norms(model, x, y)
        for i in range(3):
            one = x[i : i + 1].clone().requires_grad_()
            loss = torch.nn.functional.cross_entropy(model(one), y[i : i + 1])
            parts = torch.autograd.grad(loss, [one, *model.parameters()])
            squares = [g.square().sum() for g in parts]
            assert torch.allclose(norms.inputs[i], squares[0], rtol=1e-4)
            assert torch.allclose(norms.first[i], squares[1] + squares[2], rtol=1e-4)
            assert torch.allclose(norms.parameters[i], sum(squares[1:]), rtol=1e-4)

    def test_a_recorded_subspace_is_measured_where_it_ended(self, digits):
        subspace = replay(cell("digits", "curves", "digits", model="fc").first_seed[125])
        x, y = (t[:10] for t in digits.train.tensors)
        inside, merged = (gradient_norms(m, x, y) for m in (subspace, subspace.merged()))
        assert torch.equal(inside.inputs, merged.inputs)

    def test_networks_that_do_not_begin_with_a_linear_layer_are_refused(self):
        with pytest.raises(IdlibError, match="Conv2d, expected a Linear"):
            first_layer(lenet())

    def test_a_trace_does_not_change_the_run(self):
        config = RunConfig("digits", "fc-10-1", 30, 0.3, 0, "hashed", epochs=1)
        traced = trace(config, problem_of(config), at=(1, 5, 999), examples=10)
        assert traced.steps == [1, 5]
        assert traced.run.loss == problem_of(config)(config).loss  # on as many threads
        for x, bound in zip(traced.inputs, traced.bound, strict=True):
            assert 0 < x <= bound


def test_figures_show_every_seed():
    fig = plots.warm_starts({0: [0.1, 0.2], 9: [0.5, 0.6]}, {"adam": {0: [0.3, 0.4]}}, 40)
    assert [len(drawn.get_xdata()) for drawn in fig.axes[0].lines] == [2, 4, 1, 2]
    fig = plots.meeting({5: {2: [0.6, 0.7], 5: [0.0, 0.0]}})
    assert len(fig.axes[0].lines[0].get_xdata()) == 4
    fig = plots.gradient_bound([1.0, 2.0], {"first": [2.0, 3.0]})
    assert "squared gradient" in fig.axes[0].get_ylabel()
    fig = plots.gradient_lines({"a": [1, 2]}, {"a": [1.0, 2.0]}, {"a": [3.0, 4.0]})
    assert len(fig.axes) == 2


def test_widget_shows_the_hubs_of_its_dimension():
    explorer = widgets.Hubs(3)
    for dimension in (1, 100):
        view = explorer.view(dimension=dimension)
        assert f"<b>{explorer.counts[dimension].max()}</b> others" in view
        assert explorer.counts[dimension].sum() == 5000
