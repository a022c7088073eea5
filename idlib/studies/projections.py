"""Does it matter how P is drawn? Accuracy at three d on a part of MNIST (notebooks 02 and 03)."""

from dataclasses import replace

from .study import Part, Protocol, Rates, Study, with_rates

__all__ = ["PROJECTIONS"]

DS = (50, 100, 200)
CAREFUL = Protocol(
    seeds=tuple(range(16)), rates=Rates(lrs=(0.1, 0.3, 1.0, 3.0), pilots=DS, rated_by=2)
)
QUICK = with_rates(replace(CAREFUL, seeds=tuple(range(8))), lrs=(0.3, 1.0), rated_by=1)


def _part(kind: str, protocol: Protocol) -> Part:
    protocol = replace(protocol, projection=kind)
    return Part(kind, ("mnist10k",), ("fc", "lenet"), DS, protocol)


PROJECTIONS = Study(
    "projections",
    "Does it matter how P is drawn?",
    (_part("dense", CAREFUL), _part("fastfood", CAREFUL), _part("fastfood-unsigned", QUICK)),
)
