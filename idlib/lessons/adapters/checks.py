"""Checks for notebook 12."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ..base.checks import guarded, verdict
from .low_rank import first_order as solution

__all__ = ["first_order", "merged", "numbers"]


@guarded
def numbers(fn: Callable[[int, Sequence[tuple[int, int]]], int]) -> bool:
    """``fn(rank, matrices)``: how many numbers LoRA trains beside the head.

    Args:
        fn: the reader's function of the rank and the (rows, columns) of each matrix.
    """
    problem = None
    for rank, matrices in (
        (2, [(10, 30)] * 3), (4, [(128, 128)] * 8), (8, [(768, 768)] * 24), (3, [(10, 30), (5, 7)])
    ):  # fmt: skip
        right = sum(rank * (rows + columns) for rows, columns in matrices)
        got = fn(rank, matrices)
        if got == right:
            continue
        sizes = " and ".join(map(str, dict.fromkeys(matrices)))
        some = f"{len(matrices)} matri{'ces' if len(matrices) > 1 else 'x'} of {sizes}"
        problem = f"rank {rank}, {some}: {right:,} numbers, you say {got}."
        if got == sum(rows * columns for rows, columns in matrices):
            problem += " Those are the matrices W, which stay frozen."
        elif got == sum(rank * columns for _, columns in matrices):
            problem += " That is A alone; B is trained too."
        elif got == sum(rank * rows for rows, _ in matrices):
            problem += " That is B alone; A is trained too."
        elif got == rank * sum(matrices[0]):
            problem += " That is one matrix."
        elif got == sum(rank * rows * columns for rows, columns in matrices):
            problem += " A has rank x columns entries, B has rows x rank: add them."
        break
    hint = "B has the shape (rows, rank), A the shape (rank, columns)."
    return verdict(problem, hint, "It grows with the sides of a matrix, not with its area.")


@guarded
def merged(fn: Callable[[Tensor, Tensor, Tensor, float], Tensor]) -> bool:
    """``fn(W, B, A, alpha)``: the one matrix that does what W and its adapter do together.

    Args:
        fn: the reader's function of W (rows, columns), B (rows, rank), A (rank, columns), alpha.
    """
    generator = torch.Generator().manual_seed(0)
    problem = None
    for rows, columns, rank, alpha in ((3, 5, 2, 8.0), (4, 4, 1, 1.0), (4, 4, 4, 8.0)):
        W, B, A = (
            torch.randn(s, generator=generator)
            for s in ((rows, columns), (rows, rank), (rank, columns))
        )
        right = W + alpha / rank * B @ A
        got = torch.as_tensor(fn(W.clone(), B.clone(), A.clone(), alpha))
        if got.shape != right.shape:
            problem = f"you return the shape {tuple(got.shape)}, W has {tuple(W.shape)}."
            break
        if torch.allclose(got, right, atol=1e-5):
            continue
        x = torch.randn(columns, generator=generator)
        error = (got @ x - (W @ x + alpha / rank * B @ (A @ x))).abs().max()
        problem = f"rank {rank}, alpha {alpha:g}: on an input the outputs differ by {error:.2f}."
        if torch.allclose(got, W + B @ A, atol=1e-5):
            problem += " The scale alpha / rank is missing."
        elif torch.allclose(got, W + alpha * B @ A, atol=1e-5):
            problem += " Divide alpha by the rank."
        elif torch.allclose(got, alpha / rank * B @ A, atol=1e-5):
            problem += " W itself is missing."
        break
    hint = "W x + (alpha / rank) B (A x) is linear in x: which matrix stands before x?"
    return verdict(problem, hint, "One matrix of the old size: nothing is left to pay for.")


@guarded
def first_order(fn: Callable[[Tensor, Tensor, Tensor, float], Tensor]) -> bool:
    """``fn(G, B, A, lr)``: to first order in lr, what a step on B and A does to B A.

    Args:
        fn: the reader's function of dL/dW (rows, columns), B (rows, rank), A (rank, columns).
    """
    generator = torch.Generator().manual_seed(1)
    problem = None
    for rows, columns, rank, zero in ((4, 6, 2, False), (5, 5, 1, False), (3, 4, 2, True)):
        G, B, A = (
            torch.randn(s, generator=generator)
            for s in ((rows, columns), (rows, rank), (rank, columns))
        )
        B = 0 * B if zero else B
        right, lr = solution(G, B, A, 0.1), 0.1
        got = torch.as_tensor(fn(G.clone(), B.clone(), A.clone(), lr))
        if got.shape == right.shape and torch.allclose(got, right, atol=1e-5):
            continue
        problem = f"for W of {rows} x {columns} and rank {rank} you return something else"
        row, column = -lr * G @ A.T @ A, -lr * B @ B.T @ G
        for wrong, why in (
            (-right, "downhill, not uphill: the sign"),
            (right / lr, "the learning rate is missing"),
            (-lr * G, "that is a step of W itself, of which B and A can make a part only"),
            (row, "that is what the step on B does; A moves too"),
            (column, "that is what the step on A does; B moves too"),
            ((B - lr * G @ A.T) @ (A - lr * B.T @ G) - B @ A, "that is the whole change; leave "
             "out what has lr squared"),
            ((-lr * G @ A.T) @ (-lr * B.T @ G), "that is the product of the two changes, which "
             "has lr squared"),
        ):  # fmt: skip
            if got.shape == wrong.shape and torch.allclose(got, wrong, atol=1e-5):
                problem += f": {why}"
                break
        problem += f"; the shape is {tuple(got.shape)}." if got.shape != right.shape else "."
        break
    hint = "B becomes B - lr G A', A becomes A - lr B' G. Multiply out, keep what is linear in lr."
    return verdict(problem, hint, "With B = 0 it is exact: the quadratic part holds B as well.")
