"""What moved in tuned language models, and what they say of sentences that may be shipped.

The subspaces are those of recorded runs that kept theta_d, drawn again; nothing is trained. SST-2's
own sentences are not ours to ship; those here were written for the course, and no model saw them.
"""

import functools
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import torch

from ..engine.config import Run
from ..subspace.layers import layers_of
from .reading import cells, replay
from .results import Cell
from .tables import Table

__all__ = ["SENTENCES", "TUNED", "Tuned", "tuned_runs"]

PARTS = ("minilm-sst2", "small-sst2", "small-docstrings")  # of the study `methods`

#: Sentences of ours on films, and 1 for praise, 0 for blame.
SENTENCES = (
    ("A warm, funny and clever film that I would gladly see again.", 1),
    ("A dull and lifeless film that I would not wish on anyone.", 0),
    ("The actors are wonderful, and the story moves me to tears.", 1),
    ("The actors are wooden, and the story puts me to sleep.", 0),
    ("Two hours of pure joy.", 1),
    ("Two hours of my life that I want back.", 0),
    ("It is beautifully shot, finely acted and never too long.", 1),
    ("It is badly shot, clumsily acted and far too long.", 0),
    ("You will laugh, you will cry, and you will call your mother.", 1),
    ("I laughed once, when the projector broke.", 0),
    ("An honest, tender portrait of a family in trouble.", 1),
    ("A hollow, noisy mess with nothing to say.", 0),
    ("Not a single scene is boring.", 1),
    ("Not a single scene is interesting.", 0),
    ("Hardly anyone will be disappointed.", 1),
    ("Hardly anyone will stay to the end.", 0),
    ("The plot is thin, but the charm of its cast carries it all the way.", 1),
    ("The cast has charm, but the plot is too thin to carry it.", 0),
    ("I expected little and was delighted.", 1),
    ("I expected a lot and was let down.", 0),
    ("It takes its time, and rewards every minute of your patience.", 1),
    ("It takes its time, and yours, and gives nothing back.", 0),
    ("Small, strange and unforgettable.", 1),
    ("Big, loud and forgotten by the time you reach the street.", 0),
    ("The best thing that its director has done in years.", 1),
    ("The best thing about it is the poster.", 0),
    ("A thriller that grips from the first shot to the last.", 1),
    ("A thriller without thrills.", 0),
    ("Its heart is in the right place, and so is everything else.", 1),
    ("Its heart is in the right place; nothing else is.", 0),
)


@dataclass(frozen=True)
class Tuned:
    """A recorded subspace of a language model, drawn again.

    Args:
        part: of the study `methods`, which its run belongs to.
        structure_aware: False for DID, True for SAID.
        d: numbers that were trained.
        shares: for each layer, as SAID has them, its share of the squared step
            :math:`\\|\\theta^D - \\theta_0^D\\|^2`.
        sizes: for each layer its share of the parameters.
        praise: how likely the model takes each of `SENTENCES` for praise; empty where it was tuned
            to something else.
    """

    part: str
    structure_aware: bool
    d: int
    shares: dict[str, float]
    sizes: dict[str, float]
    praise: list[float]


@functools.cache
def tuned_runs(part: str) -> dict[tuple[bool, int], Tuned]:
    """What was recorded of a part of `methods`, by SAID or not, and d."""
    rows = (Tuned(**row) for row in TUNED.read() if row["part"] == part)
    return {(row.structure_aware, row.d): row for row in rows}


def _runs() -> Iterator[tuple[tuple, Cell, Run]]:
    """Those that kept theta_d, with their keys."""
    for part in PARTS:
        for c in cells("methods", part):
            for d, run in c.first_seed.items():
                yield (part, bool(c.method.structure_aware), d), c, run


@torch.no_grad()
def _rows(key: tuple) -> Iterator[dict]:
    c, run = next((c, run) for k, c, run in _runs() if k == key)
    subspace = replay(run)
    after, before = subspace.theta(), dict(subspace.model.named_parameters())
    squares: dict[str, float] = {}
    numbers: dict[str, int] = {}
    for layer, name in zip(layers_of(after), after, strict=True):
        step = (after[name] - before[name]).double()
        squares[layer] = squares.get(layer, 0.0) + float(step.square().sum())
        numbers[layer] = numbers.get(layer, 0) + step.numel()
    praise = _praise(c, subspace.merged()) if c.task.startswith("sst2") else []
    yield asdict(Tuned(*key, _shares(squares), _shares(numbers), praise))


def _shares(of_layers: dict[str, float]) -> dict[str, float]:
    whole = sum(of_layers.values())
    return {layer: round(part / whole, 5) for layer, part in of_layers.items()}


def _praise(c: Cell, model: torch.nn.Module) -> list[float]:
    from ..problems.texts import Texts
    from ..problems.tokens import encode  # transformers takes seconds to import

    texts, labels = zip(*SENTENCES, strict=True)
    ids = encode(Texts(tuple((text,) for text in texts), labels), c.model).tensors[0]
    return [round(p, 4) for p in model.eval()(ids).softmax(-1)[:, 1].tolist()]


TUNED = Table(
    "tuned",
    "Which layers moved in a tuned language model, and what does it say of thirty sentences?",
    key=("part", "structure_aware", "d"),
    asked=lambda: [key for key, _, _ in _runs()],
    rows=_rows,
    data=lambda: {c.task: c.facts["data"] for _, c, _ in _runs()},
)
