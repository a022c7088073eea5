"""A P that was chosen: orthonormal columns, that span what they were found from, and no more."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.testing import assert_close

from idlib import IdlibError, Subspace
from idlib.engine.config import RunConfig
from idlib.engine.data import split
from idlib.engine.runs import build
from idlib.engine.training import train
from idlib.problems import chosen, names
from idlib.problems.chosen import CHOSEN, directions, paid, principal, vectors
from idlib.problems.names import build_named, problem_of, run_named
from idlib.problems.starts import FULL_LR
from idlib.projections import Given, make_projection

CONFIG = RunConfig("digits", "fc-10-1", 3, 0.1, 0, "path", epochs=1)
PLAIN = replace(CONFIG, projection="hashed")


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """Of everything, so that it takes no time; and nothing of it is kept."""
    for name, value in {"PLACES": 5, "OTHERS": 5, "GRADIENTS": 8, "EARLY": 4}.items():
        monkeypatch.setattr(chosen, name, value)
    names._directions.cache_clear()
    yield
    names._directions.cache_clear()


def flat(model) -> Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def start(config: RunConfig):
    return build(replace(config, d=None), problem_of(PLAIN).model_fn)


def way(config: RunConfig, steps: int | None = None) -> Tensor:
    """How far the full model comes in training, perhaps not to its end."""
    model, data = start(config), problem_of(PLAIN).train_set
    data = split(data)[0] if config.scored_on == "validation" else data
    stop = (lambda step: step.step == steps) if steps else None
    before = flat(model)
    train(model, data, FULL_LR, config.epochs, config.batch_size, config.seed, on_step=stop)
    return flat(model) - before


def outside(columns: Tensor, vector: Tensor) -> float:
    """The share of a vector's length that the columns' span leaves."""
    return ((vector - columns @ (columns.T @ vector)).norm() / vector.norm()).item()


@pytest.mark.parametrize("kind", CHOSEN)
def test_columns_are_orthonormal_and_span_what_they_were_found_from(kind):
    config, problem = replace(CONFIG, projection=kind), problem_of(PLAIN)
    columns, rows = directions(config, problem), vectors(config, problem)
    assert columns.shape == (flat(start(PLAIN)).numel(), len(rows))
    assert_close(columns.T @ columns, torch.eye(len(rows)), atol=1e-4, rtol=0)
    assert max(outside(columns, row) for row in rows) < 1e-3
    left = [sum(outside(columns[:, :d], row) for row in rows) for d in range(len(rows))]
    assert left == sorted(left, reverse=True)


def test_no_other_columns_hold_more():
    rows = torch.randn(6, 40) * torch.logspace(0, 1, 6)[:, None]
    for d in range(1, 6):
        held = (rows @ principal(rows)[:, :d]).square().sum()
        for seed in range(20):
            torch.manual_seed(seed)
            mixed = (rows.T @ torch.randn(6, d)) if seed % 2 else torch.randn(40, d)
            assert (rows @ torch.linalg.qr(mixed).Q).square().sum() < held
    assert principal(rows[[0, 1, 1]]).shape == (40, 2), "the same again is no direction"


def test_the_end_of_a_path_lies_in_its_span():
    found = {
        kind: directions(replace(CONFIG, projection=kind), problem_of(PLAIN)) for kind in CHOSEN
    }
    assert outside(found["path"], way(CONFIG)) < 1e-3
    assert outside(found["early"], way(CONFIG, steps=4)) < 1e-3
    for kind in ("gradients", "early", "solutions", "strangers"):
        assert outside(found[kind], way(CONFIG)) > 0.1
    assert outside(torch.linalg.qr(torch.randn_like(found["path"])).Q, way(CONFIG)) > 0.9


def test_solutions_start_here_and_strangers_elsewhere():
    here, elsewhere = (
        vectors(replace(CONFIG, projection=kind), problem_of(PLAIN))
        for kind in ("solutions", "strangers")
    )
    other = replace(CONFIG, seed=chosen.FIRST)
    assert_close(elsewhere[0], way(other))
    between = here @ here.T / here.norm(dim=1) / here.norm(dim=1)[:, None]
    apart = elsewhere @ elsewhere.T / elsewhere.norm(dim=1) / elsewhere.norm(dim=1)[:, None]
    assert between.min() > apart.fill_diagonal_(-1).max(), "those of one start lie side by side"
    another = vectors(replace(CONFIG, seed=1, projection="strangers"), problem_of(PLAIN))
    assert not torch.isclose(elsewhere[0], another).all()


def test_gradients_are_those_at_the_start():
    model, problem = start(CONFIG), problem_of(PLAIN)
    n = len(problem.train_set)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(0))[: chosen.EXAMPLES]
    x, y = (t[order] for t in problem.train_set.tensors)
    found = torch.autograd.grad(cross_entropy(model(x), y), list(model.parameters()))
    first = vectors(replace(CONFIG, projection="gradients"), problem)[0]
    assert_close(first, torch.cat([g.flatten() for g in found]))


def test_what_chooses_a_rate_has_not_seen_the_validation_images():
    config = replace(CONFIG, scored_on="validation")
    assert outside(directions(config, problem_of(PLAIN)), way(config)) < 1e-3
    assert outside(directions(CONFIG, problem_of(PLAIN)), way(config)) > 0.01


class TestRuns:
    def test_a_subspace_has_the_first_of_them_and_the_start_of_any_other(self):
        columns = directions(CONFIG, problem_of(PLAIN))
        for d in (1, 3):
            subspace = build_named(replace(CONFIG, d=d))
            assert isinstance(subspace, Subspace)
            assert subspace.projection.name == "path"
            assert_close(subspace.projection.matrix(), columns[:, :d])
            assert torch.equal(flat(subspace.merged()), flat(start(CONFIG)))

    def test_a_drawn_one_is_the_plain_projection(self):
        for name in ("dense", "hashed"):
            subspace = build_named(replace(CONFIG, projection=name))
            drawn = make_projection(name, subspace.D, 3, CONFIG.seed)
            assert torch.equal(subspace.projection.matrix(), drawn.matrix())
            assert paid(replace(CONFIG, projection=name), 1347) == 0

    def test_a_run_stays_in_the_span(self):
        run = run_named(replace(CONFIG, d=2), keep_theta_d=True)
        subspace = build_named(run.config)
        subspace.theta_d.data.copy_(run.theta_d)
        moved = flat(subspace.merged()) - flat(start(CONFIG))
        assert outside(directions(CONFIG, problem_of(PLAIN))[:, :2], moved) < 1e-3 < moved.norm()
        assert run == replace(run_named(run.config, keep_theta_d=True), seconds=run.seconds,
                              theta_d=run.theta_d, right=run.right)  # fmt: skip

    def test_there_are_no_more_directions_than_were_found(self):
        with pytest.raises(IdlibError, match=r"5 directions .* d = 6"):
            build_named(replace(CONFIG, d=6))

    def test_what_was_paid(self):
        prices = {kind: paid(replace(CONFIG, projection=kind), 1347) for kind in CHOSEN}
        assert prices == {"gradients": 1, "path": 11, "early": 4, "solutions": 55, "strangers": 55}
        assert paid(replace(PLAIN, model="fc-10-1+warm40"), 1347) == 40


class TestGiven:
    def test_it_is_its_matrix(self):
        P = torch.linalg.qr(torch.randn(12, 4)).Q
        given, x, y = Given(P), torch.randn(4), torch.randn(12)
        assert torch.equal(given.matrix(), P)
        assert_close(given(x), P @ x)
        assert_close(given.adjoint(y), P.T @ y)
        with pytest.raises(IdlibError, match="Columns of length 2 to 2 were given, expected 1"):
            Given(2 * P)

    def test_no_seed_gives_it_again(self):
        subspace = build_named(CONFIG)
        with pytest.raises(IdlibError, match="projection='path' was given, expected one of"):
            Subspace(start(CONFIG), 3).load_state_dict(subspace.state_dict())
