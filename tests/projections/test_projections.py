"""One test class for all projections, then what each of them promises beyond that.

The numbered traps are errors found in published code:

1. an adjoint scaled by something else than its forward: `test_the_adjoint_is_the_transpose`,
   `test_the_derivatives_are_right`;
2. norms off by D / d, or one normalisation taken for the other:
   `test_lengths_are_kept_on_average`;
3. coordinates of theta_d dropped where a tensor has fewer than d parameters:
   `test_small_tensors_feel_every_coordinate`;
4. a sparse P so thin that many parameters can't move: `test_share_of_parameters_that_cannot_move`;
7. blocks that share what smooth directions hang on: `TestSmoothDirections`.
"""

import copy
import itertools
import math
import pickle

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.testing import assert_close

from idlib import IdlibError
from idlib.projections import PROJECTIONS, make_projection
from idlib.projections import kinds as projections
from idlib.projections.base import argsort
from idlib.projections.hadamard import hadamard

ALL = pytest.mark.parametrize("name", PROJECTIONS)
FLOAT64 = torch.float64

# (D, d, sizes, CHUNK): products are made CHUNK parameters at a time.
CASES = {
    "one-by-one": (1, 1, None, 2**18),
    "d-1": (23, 1, None, 2**18),
    "d-D": (33, 33, None, 2**18),
    "powers-of-two": (64, 16, None, 2**18),
    "d-D-power-of-two": (32, 32, None, 2**18),
    "chunks": (150, 12, None, 32),
    "chunk-below-d": (70, 20, None, 7),
    "per-tensor": (60, 12, (30, 1, 26, 3), 2**18),
    "per-tensor-chunks": (100, 7, (1, 60, 39), 16),
}


def randn(n, seed=0, dtype=FLOAT64):
    return torch.randn(n, dtype=dtype, generator=torch.Generator().manual_seed(seed))


class TestEveryProjection:
    """The promises of `Projection`, for each kind at each of `CASES`."""

    @pytest.fixture(params=PROJECTIONS)
    def name(self, request):
        return request.param

    @pytest.fixture(params=CASES.values(), ids=CASES.keys())
    def P(self, request, name, monkeypatch):
        D, d, sizes, chunk = request.param
        monkeypatch.setattr(projections, "CHUNK", chunk)
        return make_projection(name, D, d, seed=3, sizes=sizes)

    def test_the_adjoint_is_the_transpose(self, P):
        """<P x, y> = <x, P'y>: trap 1 multiplied P'y by 1 / D_t."""
        for seed in range(3):
            x, y = randn(P.d, seed), randn(P.D, seed + 10)
            assert_close(P(x) @ y, x @ P.adjoint(y))

    def test_the_derivatives_are_right(self, P):
        """Trap 1 again, as autograd sees it; both orders, of P and of its adjoint."""
        x, y = randn(P.d).requires_grad_(), randn(P.D).requires_grad_()
        for f, v in ((P, x), (P.adjoint, y)):
            assert gradcheck(f, v)
            assert gradgradcheck(f, v, fast_mode=True)

    def test_products_are_those_of_the_matrix(self, P):
        M, x, y = P.matrix(FLOAT64), randn(P.d), randn(P.D)
        assert M.shape == (P.D, P.d)
        assert_close(P(x), M @ x)
        assert_close(P.adjoint(y), M.T @ y)

    def test_chunks_change_nothing(self, P, monkeypatch):
        x, y = randn(P.d), randn(P.D)
        there, back = P(x), P.adjoint(y)
        for chunk in (1, 10, 2**18):
            monkeypatch.setattr(projections, "CHUNK", chunk)
            assert_close(P(x), there)
            assert_close(P.adjoint(y), back)

    @pytest.mark.parametrize("dtype", [FLOAT64, torch.float32, torch.bfloat16, torch.float16])
    def test_the_dtype_stays_and_sums_are_accurate(self, P, dtype):
        """Rounding of the result to `dtype`, and next to none beside it."""
        M = P.matrix(FLOAT64)
        for f, matrix in ((P, M), (P.adjoint, M.T)):
            v = randn(matrix.shape[1], dtype=dtype)
            result, expected = f(v), matrix @ v.double()
            assert result.dtype == dtype
            tolerance = torch.finfo(dtype).eps / 2
            slack = 1e-6 if dtype != FLOAT64 else 1e-12
            error = (result.double() - expected).abs()
            assert (error <= tolerance * expected.abs() + slack * expected.norm()).all()

    def test_autocast_changes_nothing(self, P):
        x, y = randn(P.d, dtype=torch.float32), randn(P.D, dtype=torch.float32)
        there, back = P(x), P.adjoint(y)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(P(x), there)
            assert torch.equal(P.adjoint(y), back)

    @pytest.mark.parametrize("dtype", [FLOAT64, torch.bfloat16])
    def test_a_module_in_another_dtype_keeps_its_factors(self, P, dtype):
        """Fastfood's are integers and stay; the others are rounded to `dtype`."""
        x, other = randn(P.d, dtype=torch.float32), copy.deepcopy(P).to(dtype)
        eps = 0 if P.name.startswith("fastfood") else max(torch.finfo(dtype).eps, 1e-7)
        assert_close(other(x), P(x), rtol=eps, atol=eps * x.norm().item())
        assert other.adjoint(P(x)).dtype == torch.float32

    @pytest.mark.parametrize("remake", [copy.deepcopy, lambda P: pickle.loads(pickle.dumps(P))])
    def test_copies_are_the_same_matrix(self, P, remake):
        assert torch.equal(remake(P).matrix(), P.matrix())

    def test_the_argument_and_the_result_share_no_memory(self, P):
        x, y = randn(P.d), randn(P.D)
        P(x).zero_(), P.adjoint(y).zero_()
        assert torch.equal(x, randn(P.d)) and torch.equal(y, randn(P.D))

    def test_vectors_of_another_shape_or_kind_are_refused(self, P):
        for f, n in ((P, P.d), (P.adjoint, P.D)):
            for shape in ((n + 1,), (1, n), ()):
                with pytest.raises(IdlibError, match=rf"{n + 1 if len(shape) == 1 else shape}"):
                    f(torch.zeros(shape))
            with pytest.raises(IdlibError, match="int64"):
                f(torch.zeros(n, dtype=torch.int64))


class TestNorms:
    """A step of length 1 in theta_d is a step of length 1 in theta^D."""

    @ALL
    @pytest.mark.parametrize(("D", "d"), [(160, 5), (96, 24), (50, 50), (200, 1)])
    def test_columns_have_unit_norm(self, name, D, d):
        """Exactly, except where Fastfood's last block is cut (n does not divide D): then on
        average over draws, five standard errors allowed, each below 0.1."""
        n = 1 << (d - 1).bit_length()
        if name == "fastfood-global" or (name.startswith("fastfood") and D % n):
            draws = torch.stack([make_projection(name, D, d, s).matrix() for s in range(40)])
            assert_mean(draws.square().sum(1).mean(1), 1)
        else:
            assert_close(make_projection(name, D, d).matrix().norm(dim=0), torch.ones(d))

    @ALL
    @pytest.mark.parametrize(
        ("d", "sizes"),
        [(5, (80, 40, 32, 8)), (1, (60, 40)), (40, (120, 80)), (64, (1, 63)), (20, (300,))],
    )
    def test_lengths_are_kept_on_average(self, name, d, sizes):
        """E|P x|^2 = |x|^2 (trap 2): over the whole vector if global, over each tensor if per
        tensor. A tensor's share of a global step is its share of the parameters, so that the
        two differ by sqrt(D / D_t) in each. Five standard errors allowed, each below 0.1."""
        D, x = sum(sizes), randn(d, seed=1)
        x /= x.norm()
        draws = torch.stack([make_projection(name, D, d, s)(x) for s in range(50)])
        assert_mean(draws.square().sum(1), 1)
        one = make_projection(name, D, d, seed=0, sizes=sizes)(x)
        for P_x, P_0_x, size in zip(draws.split(sizes, 1), one.split(sizes), sizes, strict=True):
            assert_close(P_0_x, math.sqrt(D / size) * P_x[0])
            if size >= 32 and 4 * d <= D:
                assert_mean(P_x.square().sum(1) * D / size, 1)

    @ALL
    def test_columns_are_nearly_orthogonal(self, name):
        """As for independent normals, inner products are of the order of 1 / sqrt(D)."""
        D, d = 4096, 16
        M = make_projection(name, D, d).matrix()
        inner = (M.T @ M)[~torch.eye(d, dtype=bool)]
        assert inner.square().mean().sqrt() <= 2 / math.sqrt(D)


class TestSmoothDirections:
    """What images and sums of aligned parameters consist of: directions that hardly change from a
    row to the next. P'f must tell them apart; their Gram matrix shows whether it does."""

    D, d, k = 6400, 50, 10

    def spread(self, name, directions):
        """The smallest singular value of P'F over the largest, the mean of 20 draws."""
        found = []
        for seed in range(20):
            P = make_projection(name, self.D, self.d, seed)
            values = torch.linalg.svdvals(torch.stack([P.adjoint(f) for f in directions]))
            found.append(values[-1] / values[0])
        return torch.stack(found).mean().item()

    @pytest.fixture(params=["sums", "waves"])
    def directions(self, request):
        at = (torch.arange(self.D) + 0.5) / self.D
        if request.param == "sums":
            found = [(at * self.k).floor() == i for i in range(self.k)]
        else:
            found = [torch.cos(math.pi * i * at) for i in range(self.k)]
        return [f.float() / f.float().norm() for f in found]

    @pytest.mark.parametrize("name", ["sparse", "hashed", "fastfood"])
    def test_they_are_told_apart_as_by_a_dense_matrix(self, name, directions):
        assert self.spread(name, directions) > 0.55 * self.spread("dense", directions)

    def test_without_signs_of_the_rows_they_are_not(self, directions):
        """Trap 7: whatever is smooth along a block hangs on the same coordinate of each block."""
        assert self.spread("fastfood-unsigned", directions) < 0.01 * self.spread(
            "dense", directions
        )


class TestDraws:
    """A seed means one P, everywhere."""

    @ALL
    def test_one_seed_one_matrix(self, name):
        one, again, other = (make_projection(name, 200, 10, seed).matrix() for seed in (7, 7, 8))
        assert torch.equal(one, again)
        assert not torch.allclose(one, other)

    @ALL
    def test_the_global_generator_is_neither_used_nor_moved(self, name):
        torch.manual_seed(1)
        before = torch.get_rng_state()
        first = make_projection(name, 200, 10).matrix()
        assert torch.equal(torch.get_rng_state(), before)
        torch.manual_seed(2)
        assert torch.equal(make_projection(name, 200, 10).matrix(), first)

    @ALL
    def test_default_dtype_and_device_change_nothing(self, name):
        expected = make_projection(name, 200, 10)
        torch.set_default_dtype(FLOAT64)
        try:
            with torch.device("meta"):
                P = make_projection(name, 200, 10)
        finally:
            torch.set_default_dtype(torch.float32)
        for factor, other in zip(P._factors(), expected._factors(), strict=True):
            assert factor.dtype == other.dtype and torch.equal(factor, other)

    @pytest.mark.parametrize(
        ("name", "expected"),
        {
            "dense": [-0.17166, 0.04878, 0.09700],
            "sparse": [0.40958, 0.13587, 0.0],
            "hashed": [-0.12972, -0.13970, 0.14968],
            "fastfood": [-0.23553, 0.15156, 0.08466],
            "fastfood-unsigned": [0.23553, 0.15156, 0.08466],
            "fastfood-global": [-0.00186, -0.08661, 0.38977],
        }.items(),
    )
    def test_draws_never_change(self, name, expected):
        """Recorded runs and saved subspaces hold a seed, not P: these numbers are for good."""
        y = make_projection(name, 1000, 12, seed=0)(torch.linspace(1, 2, 12))
        assert_close(y[:3], torch.tensor(expected), atol=1e-4, rtol=0)

    @pytest.mark.parametrize("levels", [4, 2**24], ids=["mostly ties", "hardly any"])
    @pytest.mark.parametrize("n", [1, 2, 100, 70_000])
    def test_columns_are_shuffled_by_a_stable_argsort(self, n, levels):
        keys = torch.rand(3, n, generator=torch.Generator().manual_seed(n), dtype=torch.float32)
        keys = (keys * levels).floor() / levels
        assert torch.equal(argsort(keys), keys.argsort(dim=1, stable=True))


class TestShapeOfEach:
    """What each projection is, built again from its parts."""

    def test_dense_entries_are_independent_normals(self):
        """Standardised, their fourth moment is 3 and rows repeat nothing; five standard errors,
        sqrt(96 / n) for the fourth moment of n normals."""
        z = make_projection("dense", 1000, 40).matrix().flatten() * math.sqrt(1000)
        assert abs(z.pow(4).mean() - 3) < 5 * math.sqrt(96 / len(z))
        assert len(z.unique()) > 0.99 * len(z)

    def test_sparse_density_is_one_in_sqrt_D(self):
        """Li et al. 2018, appendix S7. The count is binomial: five standard deviations."""
        D, d = 10_000, 200
        M = make_projection("sparse", D, d).matrix()
        mean = D * d / math.sqrt(D)
        assert abs((M != 0).sum() - mean) < 5 * math.sqrt(mean)
        assert abs((M > 0).sum() - (M < 0).sum()) < 5 * math.sqrt(mean)
        for column in M.T:
            assert len(column[column != 0].abs().unique()) == 1

    @ALL
    def test_no_column_is_empty(self, name):
        """At D = 4, half of sparse's columns would be empty by chance of one in sixteen."""
        for seed in range(20):
            M = make_projection(name, 4, 4, seed).matrix()
            assert (M.abs().sum(0) > 0).all()

    def test_hashed_gives_each_row_one_column_and_each_column_equal_rows(self):
        D, d = 1003, 20
        M = make_projection("hashed", D, d).matrix()
        assert ((M != 0).sum(1) == 1).all()
        assert set((M != 0).sum(0).tolist()) == {50, 51}
        for run in (M != 0).split(d):
            assert run.sum(0).max() == 1
        assert 400 < (M > 0).sum() < 600

    @pytest.mark.parametrize(("D", "d"), [(100, 12), (64, 16), (33, 33), (7, 1), (2500, 300)])
    @pytest.mark.parametrize("name", ["fastfood", "fastfood-unsigned"])
    def test_fastfood_is_its_blocks_S_H_G_Pi_H_B(self, name, D, d):
        P = make_projection(name, D, d)
        n = len(P.perm)
        S = itertools.cycle(torch.diag(signs.double()) for signs in P.S)
        H, Pi = hadamard(n, FLOAT64), torch.eye(n, dtype=FLOAT64)[P.perm]
        B = torch.eye(n, d, dtype=FLOAT64) * P.B
        blocks = [next(S) @ H @ torch.diag(G_k.double()) @ Pi @ H @ B for G_k in P.G]
        assert_close(P.matrix(FLOAT64), torch.cat(blocks)[:D] * P.scale)
        assert set(P.B.tolist()) <= {-1, 1} and sorted(P.perm.tolist()) == list(range(n))
        assert set(P.S.flatten().tolist()) == ({-1, 1} if name == "fastfood" else {1})

    def test_without_signs_of_the_rows_it_is_the_same_draw(self):
        D = 2500
        signed, plain = (make_projection(n, D, 12, 5) for n in ("fastfood", "fastfood-unsigned"))
        signs = signed.S.flatten().repeat(3)[:D, None]  # of 1,024 rows
        assert torch.equal(signed.matrix(), signs * plain.matrix())
        assert 400 < (signed.S < 0).sum() < 624

    @pytest.mark.parametrize(("D", "d"), [(100, 12), (64, 16), (33, 33), (7, 1)])
    def test_fastfood_global_is_one_H_G_Pi_H_B(self, D, d):
        """The paper's matrix of order N; the projection keeps only Pi modulo n."""
        P = make_projection("fastfood-global", D, d, seed=5)
        N, n = len(P.G), 1 << (d - 1).bit_length()
        perm = torch.randperm(N, generator=torch.Generator().manual_seed(5))  # its first draw
        assert torch.equal(P.index, perm % n)
        H, Pi = hadamard(N, FLOAT64), torch.eye(N, dtype=FLOAT64)[perm]
        B = torch.eye(N, d, dtype=FLOAT64) * P.B
        whole = H @ torch.diag(P.G.double()) @ Pi @ H @ B
        assert_close(P.matrix(FLOAT64), whole[:D] * P.scale)

    @pytest.mark.parametrize("name", ["fastfood", "fastfood-global"])
    def test_fastfood_diagonals_are_normal(self, name):
        """In steps of 1/4096; mean, variance, fourth moment within five standard errors."""
        G = make_projection(name, 2**14, 16).G.double().flatten() / 4096
        for power, moment, variance in ((1, 0, 1), (2, 1, 2), (4, 3, 96)):
            assert abs(G.pow(power).mean() - moment) < 5 * math.sqrt(variance / len(G))


class TestAtSize:
    """What shows only when D is large, or a tensor small."""

    @pytest.mark.parametrize(
        ("name", "share"),
        [("sparse", math.exp(-750 / math.sqrt(199_210))), ("hashed", 0), ("fastfood", 0)],
    )
    def test_share_of_parameters_that_cannot_move(self, name, share):
        """Trap 4, at FC's D = 199,210 and d = 750: 19 % of the rows of sparse are empty."""
        P = make_projection(name, 199_210, 750)
        stuck = (P(randn(750)) == 0).double().mean().item()
        assert stuck == pytest.approx(share, abs=0.005 if share else 0)

    @pytest.mark.parametrize("name", ["dense", "fastfood", "fastfood-global"])
    def test_small_tensors_feel_every_coordinate(self, name):
        """Trap 3: padding with a negative length cut theta_d down to a tensor's size. Here each
        coordinate moves each tensor, be it of one parameter."""
        sizes = (500, 2, 1, 30)
        M = make_projection(name, sum(sizes), 40, sizes=sizes).matrix()
        for rows in M.split(sizes):
            assert (rows.abs().amax(0) > 0).all()

    @pytest.mark.parametrize(
        ("name", "most"), [("hashed", 4.01), ("fastfood", 2.01), ("fastfood-global", 12)]
    )
    def test_bytes_of_state_per_parameter(self, name, most):
        D = 2**20
        assert make_projection(name, D, 750).state_bytes() <= most * D

    def test_dense_that_does_not_fit_says_so_at_once(self):
        with pytest.raises(IdlibError, match=r"1,000,000,000,000.*40,000\.0 GB.*fastfood.*hashed"):
            make_projection("dense", 10**12, 10)


class TestBadInput:
    @ALL
    @pytest.mark.parametrize("d", [0, -1, 101, 2.0, 2.5, "3", None, True, float("nan")])
    def test_d_out_of_range(self, name, d):
        with pytest.raises(IdlibError) as error:
            make_projection(name, 100, d)
        assert str(error.value) == f"d = {d!r} was given, expected an integer from 1 to 100."

    @pytest.mark.parametrize("bad", [{"D": 0}, {"D": 2.5}, {"seed": -1}, {"seed": "a"}])
    def test_other_numbers(self, bad):
        ((key, value),) = bad.items()
        with pytest.raises(IdlibError, match=rf"{key} = {value!r} was given, expected"):
            make_projection("fastfood", **{"D": 100, "d": 10, **bad})

    def test_sizes_that_do_not_sum_to_D(self):
        with pytest.raises(IdlibError, match=r"sizes sum to 90, expected D = 100"):
            make_projection("fastfood", 100, 10, sizes=(60, 30))

    def test_an_unknown_name_lists_the_known_ones(self):
        with pytest.raises(IdlibError, match=r"'slowfood'.*dense.*sparse.*hashed.*fastfood"):
            make_projection("slowfood", 100, 10)

    def test_integers_of_other_libraries_will_do(self):
        import numpy as np

        assert make_projection("hashed", np.int64(100), torch.tensor(10)).d == 10


def assert_mean(sample, expected):
    """The sample's mean is `expected` up to five standard errors, and these are small."""
    error = (sample.std() / math.sqrt(len(sample))).item()
    assert error < 0.1
    assert abs(sample.mean().item() - expected) <= 5 * error + 1e-6
