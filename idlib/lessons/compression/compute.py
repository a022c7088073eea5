"""Which of the files of a network are worth their bytes."""

__all__ = ["frontier"]


def frontier(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those of the files for which no smaller one is as accurate, from small to large.

    >>> frontier([(3, 0.5), (1, 0.4), (2, 0.6)])
    [(1, 0.4), (2, 0.6)]

    Args:
        points: bytes and accuracy of each file.
    """
    best: list[tuple[float, float]] = []
    for size, score in sorted(points):
        if not best or score > best[-1][1]:
            best.append((size, score))
    return best
