"""What a subspace costs a large language model: ``python -m idlib bench --language``.

BERT-base by its configuration, with random weights: nothing is downloaded.
"""

import torch
import torch.nn.functional as F
from torch import nn

from ..errors import needing
from ..lessons.base.timing import fastest, using_threads
from ..problems.language import TextClassifier
from ..subspace import Subspace
from .bench import table

with needing("language", "bench --language"):
    from transformers import BertConfig, BertForSequenceClassification

__all__ = ["language_steps", "main"]

GOAL = 1.25  # at most so many steps of plain fine-tuning
BYTES_GOAL = 8  # of state for each parameter
PAD, SEP = 0, 102


def language_steps(
    config: BertConfig, d: int = 1000, batch: int = 16, length: int = 128, rounds: int = 3
) -> dict[str, tuple[float, float]]:
    """Seconds of a training step, and bytes of the projection's state for each parameter.

    Args:
        config: of the network.
        d: dimension of the subspaces.
        batch: texts in a step.
        length: tokens of a text.
        rounds: timed steps of each kind, which take turns; the fastest counts.

    Returns:
        By kind: "fine-tuning", "hashed", "fastfood" and "fastfood, SAID".
    """
    network = BertForSequenceClassification(config)
    model = TextClassifier(network, PAD, SEP)
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(1000, config.vocab_size, (batch, length), generator=generator)
    labels = torch.randint(2, (batch,), generator=generator)
    kinds = {
        "fine-tuning": model,
        "hashed": Subspace(model, d, "hashed", normalize="per-tensor"),
        "fastfood": Subspace(model, d, "fastfood", normalize="per-tensor"),
        "fastfood, SAID": Subspace(
            model, d, "fastfood", normalize="per-tensor", structure_aware=True
        ),
    }
    calls = {name: _step(m, ids, labels) for name, m in kinds.items()}
    ms = fastest(calls, rounds, repeats=1)
    state = {
        name: m.projection.state_bytes() / m.D if isinstance(m, Subspace) else 0.0
        for name, m in kinds.items()
    }
    return {name: (ms[name] / 1000, state[name]) for name in kinds}


def _step(model: nn.Module, ids: torch.Tensor, labels: torch.Tensor):
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-5)
    model.train()

    def step() -> None:
        loss = F.cross_entropy(model(ids), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def main(threads: int, quick: bool) -> None:
    """Prints the table."""
    with using_threads(threads):
        _main(quick)


def _main(quick: bool) -> None:
    small = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = BertConfig(**(small if quick else {}))
    steps = language_steps(config, rounds=1 if quick else 3)
    plain = steps["fine-tuning"][0]
    rows = [("step of BERT-base, 16 x 128 tokens", "seconds", "ratio", "goal", "bytes", "goal")]
    for name, (seconds, size) in steps.items():
        goals = ("", "", "") if name == "fine-tuning" else (f"{GOAL}", f"{size:.1f}", BYTES_GOAL)
        rows.append((name, f"{seconds:.2f}", f"{seconds / plain:.2f}", *map(str, goals)))
    print("\n" + table(rows))
