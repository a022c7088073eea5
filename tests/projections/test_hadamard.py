"""The Walsh-Hadamard transform against the matrix it stands for."""

import functools

import pytest
import torch
from torch.autograd import gradcheck

from idlib import IdlibError
from idlib.projections.hadamard import hadamard, next_power_of_two, walsh_hadamard

SIZES = [2**k for k in range(11)]  # one Kronecker factor up to 64, then two; three from 2**13
SYLVESTER = torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64)


@pytest.mark.parametrize("n", SIZES)
def test_the_matrix_is_a_power_of_the_one_of_order_two(n):
    H = hadamard(n, torch.float64)
    kron = functools.reduce(torch.kron, [SYLVESTER] * (n.bit_length() - 1), torch.ones(1, 1))
    assert torch.equal(H, kron.double())
    assert torch.equal(H @ H.T, n * torch.eye(n, dtype=torch.float64))


@pytest.mark.parametrize("n", SIZES)
def test_the_transform_multiplies_by_the_matrix(n):
    x = torch.randn(3, n, dtype=torch.float64, generator=torch.Generator().manual_seed(n))
    torch.testing.assert_close(walsh_hadamard(x), x @ hadamard(n, torch.float64))


@pytest.mark.parametrize("n", [2**13, 2**17])
def test_a_large_transform_is_orthogonal_and_its_own_inverse(n):
    x = torch.randn(n, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = walsh_hadamard(x)
    torch.testing.assert_close(y[0], x.sum())  # the first row of H is all ones
    torch.testing.assert_close(y @ y, n * (x @ x))
    torch.testing.assert_close(walsh_hadamard(y), n * x)


@pytest.mark.parametrize("shape", [(256,), (5, 256), (2, 3, 256), (0, 256)])
def test_the_last_dimension_is_transformed_and_the_input_kept(shape):
    x = torch.arange(float(torch.Size(shape).numel())).reshape(shape)
    before = x.clone()
    y = walsh_hadamard(x)
    assert y.shape == shape and torch.equal(x, before)
    torch.testing.assert_close(y, x @ hadamard(256))


def test_memory_in_any_order_will_do():
    x = torch.arange(15.0 * 128).reshape(128, 15).T
    torch.testing.assert_close(walsh_hadamard(x), walsh_hadamard(x.contiguous()))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_the_dtype_stays(dtype):
    assert walsh_hadamard(torch.ones(128, dtype=dtype)).dtype == dtype


def test_the_derivative_is_the_transform():
    x = torch.linspace(-1, 1, 256, dtype=torch.float64).view(2, 128).requires_grad_()
    assert gradcheck(walsh_hadamard, x)


def test_a_first_call_in_inference_mode_spoils_no_later_gradient():
    hadamard.cache_clear()
    with torch.inference_mode():
        walsh_hadamard(torch.ones(16))
    x = torch.ones(16, requires_grad=True)
    walsh_hadamard(x).sum().backward()
    assert x.grad[0] == 16


def test_the_next_power_of_two():
    for n in range(1, 1000):
        power = next_power_of_two(n)
        assert power & (power - 1) == 0 and power // 2 < n <= power


@pytest.mark.parametrize("n", [0, 3, 6, 24])
def test_other_sizes_are_refused(n):
    for call in (lambda: hadamard(n), lambda: walsh_hadamard(torch.ones(2, n))):
        with pytest.raises(IdlibError, match=rf"\b{n}\b.*power of two"):
            call()
