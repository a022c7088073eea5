"""LoRA and its relatives beside random subspaces (notebook 12)."""

from .protocols import MINILM, TEXTS
from .study import Part, Study, with_rates

__all__ = ["ADAPTERS"]

SST2, QQP = "sst2-n19200", "qqp-sample-n19200"
RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0)


def _trained(name: str, tasks: tuple[str, ...], models: tuple[str, ...], first: int, last: int):
    """Adapters trained in full, at the rates from one place of `RATES` to another."""
    protocol = with_rates(TEXTS, full_lrs=RATES[first : last + 1])
    return Part(name, tasks, models, protocol=protocol)


def _with(model: str, *adapters: str) -> tuple[str, ...]:
    return tuple(f"{model}+{adapter}" for adapter in adapters)


ADAPTERS = Study(
    "adapters",
    "How does LoRA compare with a random subspace of as many numbers?",
    (
        _trained(
            "small",
            (SST2, QQP),
            _with("roberta-4x128", "head", "lora-1", "lora-4", "lora-16"),
            *(1, 4),
        ),
        _trained(
            "small-vectors", (SST2, QQP), _with("roberta-4x128", "vera-64", "unilora-1000"), 1, 5
        ),
        _trained("minilm-head", (SST2, QQP), _with(MINILM, "head"), 3, 7),
        _trained("minilm-lora", (SST2, QQP), _with(MINILM, "lora-1", "lora-8"), 0, 3),
        _trained("minilm-vera", (SST2, QQP), _with(MINILM, "vera-64"), 2, 5),
    ),
)
