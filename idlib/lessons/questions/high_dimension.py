"""High dimensions: right angles, hubs, and when a random subspace meets a set of solutions.

References:
    | Hubs in Space: Popular Nearest Neighbors in High-Dimensional Data (Radovanović, Nanopoulos,
      Ivanović, 2010), https://jmlr.org/papers/v11/radovanovic10a.html
"""

import numpy as np

from ...errors import IdlibError, check_integer

__all__ = ["cloud", "cosines", "in_degrees", "missed", "skewness"]


def cosines(n: int, pairs: int = 2000, seed: int = 0) -> np.ndarray:
    """Cosines of the angles between pairs of random directions in n dimensions, shape (pairs,).

    Their mean is 0 and their standard deviation 1 / sqrt(n).
    """
    check_integer("n", n, 1, 10**7)
    a, b = np.random.default_rng(seed).standard_normal((2, pairs, n))
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def cloud(n: int, dimension: int, seed: int = 0) -> np.ndarray:
    """n points of a standard normal distribution, shape (n, dimension)."""
    return np.random.default_rng(seed).standard_normal((n, dimension))


def in_degrees(points: np.ndarray, k: int = 10) -> np.ndarray:
    """How many other points have a point among their k nearest neighbours, shape (n,).

    The mean is k, whatever the points. A hub is a point with many more.

    Args:
        points: shape (n, dimension).
        k: neighbours of each point, itself not counted.
    """
    from scipy.spatial.distance import cdist

    check_integer("k", k, 1, len(points) - 1)
    distances = cdist(points, points)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.argsort(axis=1)[:, :k]
    return np.bincount(nearest.ravel(), minlength=len(points))


def skewness(x: np.ndarray) -> float:
    """The third moment about the mean, in standard deviations: 0 for a symmetric distribution."""
    centred = np.asarray(x, float) - np.mean(x)
    spread = centred.std()
    if not spread:
        raise IdlibError("All the numbers are equal: their skewness is not defined.")
    return float((centred**3).mean() / spread**3)


def missed(d: int, codimension: int, D: int = 200, seed: int = 0) -> float:
    r"""What a random subspace leaves of the squared error of c linear conditions.

    The solutions of :math:`A\,\theta = b`, with c orthonormal rows in A, are a set of
    codimension c. The subspace :math:`\theta_0 + P\,x` meets it where
    :math:`A P\,x = b - A\,\theta_0`: c equations with d unknowns. Returns the least
    :math:`\|A P\,x + A\,\theta_0 - b\|^2` as a share of its value at x = 0. It is
    :math:`1 - d / c` on average, and 0 from d = c on.

    Args:
        d: dimension of the subspace, from 0 to D.
        codimension: c, from 1 to D.
        D: number of parameters.
        seed: of A, b, theta_0 and P.
    """
    check_integer("d", d, 0, D)
    c = check_integer("codimension", codimension, 1, D)
    rng = np.random.default_rng(seed)
    A = np.linalg.qr(rng.standard_normal((D, c)))[0].T  # (c, D), orthonormal rows
    P = rng.standard_normal((D, d))
    target = rng.standard_normal(c) - A @ rng.standard_normal(D)
    x = np.linalg.lstsq(A @ P, target, rcond=None)[0]
    return float(((A @ P @ x - target) ** 2).sum() / (target**2).sum())
