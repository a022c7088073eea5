"""LoRA and its relatives beside random subspaces (notebook 12)."""

from .decoder import LARGE, PROMPTED
from .decoder import TASKS as SIXTEENS
from .protocols import FEW_HUNDRED, MINILM, TEXTS
from .random_start import SST2 as SHORT
from .study import Part, Protocol, Study, with_rates

__all__ = ["ADAPTERS", "EARLIER", "SST2"]

SST2, QQP = "sst2-n19200", "qqp-sample-n19200"
EARLIER = (1000, 4000)  # steps of pretraining
RATES = (3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0)


def _trained(
    name: str,
    tasks: tuple[str, ...],
    models: tuple[str, ...],
    first: int,
    last: int,
    protocol: Protocol = TEXTS,
) -> Part:
    """Adapters trained in full, at the rates from one place of `RATES` to another."""
    protocol = with_rates(protocol, full_lrs=RATES[first : last + 1])
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
        # The place or the way? The matrices that LoRA changes, in a random subspace of as many
        # numbers; thirteen numbers; and LoRA earlier in pretraining.
        _trained(
            "small-place",
            (SST2,),
            _with("roberta-4x128", *(f"matrices-{n}" for n in (2048, 8192, 32_768))),
            2,
            5,
        ),
        _trained("small-thirteen", (SST2,), _with("roberta-4x128", "tinylora-13"), 2, 5),
        *(
            _trained(f"earlier-{step}", (SST2,), _with(f"roberta-4x128@{step}", "lora-4"), 1, 3)
            for step in EARLIER
        ),
        _trained("minilm-head", (SST2, QQP), _with(MINILM, "head"), 3, 7),
        _trained("minilm-lora", (SST2, QQP), _with(MINILM, "lora-1", "lora-8"), 0, 3),
        _trained("minilm-vera", (SST2, QQP), _with(MINILM, "vera-64"), 2, 5),
        # In 200 steps, as random subspaces of MiniLM were recorded in `random_start`.
        *(
            _trained(f"minilm-{way}-200", (SHORT,), _with(MINILM, way), first, last, FEW_HUNDRED)
            for way, first, last in (
                ("head", 4, 7),
                ("tinylora-13", 2, 6),
                ("unilora-1000", 2, 5),
                ("matrices-1000", 2, 5),
                ("lora-1", 1, 4),
                ("matrices-9216", 2, 5),  # as many as LoRA of rank 1
            )
        ),
        # In 40 steps, as random subspaces of the prompted SmolLM2 were recorded in `decoder`.
        _trained("smollm2-tinylora", SIXTEENS, _with(PROMPTED, "tinylora-13"), 2, 6, LARGE),
        _trained("smollm2-unilora", SIXTEENS, _with(PROMPTED, "unilora-100"), 2, 8, LARGE),
    ),
)
