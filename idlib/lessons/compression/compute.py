"""Which of the files of a network are worth their bytes."""

from collections.abc import Sequence

from ...studies.bytes import file_sizes, pruned_sizes

__all__ = ["RETRAINED", "ZIPPED", "frontier", "of_numbers", "ways_to_write"]

ZIPPED = "all weights, zipped"
RETRAINED = "pruned, trained again"


def ways_to_write(
    model: str, bits: Sequence[int] = (32, 8), retrained: bool = False
) -> dict[str, list[tuple[float, float]]]:
    """Bytes and test accuracy of a network's files, by way of writing it: d numbers of each of
    these bits, and the best files of all its weights.

    Args:
        model: "fc" or "lenet".
        bits: as recorded.
        retrained: whether those that were pruned and trained again are among them.
    """
    ways = {f"d numbers, {b} bits": of_numbers(model, b) for b in bits}
    zipped = [s for s in file_sizes(model) if s.d is None]
    rivals = {ZIPPED: zipped}
    if retrained:
        rivals[RETRAINED] = [*pruned_sizes(model)]
    return ways | {way: frontier([(s.bytes, s.score) for s in own]) for way, own in rivals.items()}


def of_numbers(model: str, bits: int) -> list[tuple[float, float]]:
    """Bytes and test accuracy of the files of d numbers with so many bits each, by d."""
    return [(s.bytes, s.score) for s in file_sizes(model) if s.d and s.bits == bits]


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
