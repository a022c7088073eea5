"""How a study is declared: one question, one file of runs, a few parts.

A *study* asks one question and keeps its runs in one file, ``studies/data/NAME.jsonl``. Its *parts*
say which tasks, models and methods are compared, at which d; a *protocol* says how their runs are
made. Nothing here trains: `idlib.studies.record` does, and `idlib.studies.reading` reads.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..engine.config import RunConfig
from ..engine.rates import Rates

__all__ = [
    "BOTH",
    "BOTH_PER_TENSOR",
    "DID",
    "SAID",
    "Method",
    "Part",
    "Protocol",
    "Study",
    "with_rates",
]


@dataclass(frozen=True)
class Method:
    """How theta_d moves the parameters, see `idlib.Subspace`.

    Args:
        normalize: "global", one P over the whole vector, or "per-tensor", a P for each tensor.
        structure_aware: False for DID, True for SAID, "tensors" for a lambda for each tensor.
    """

    normalize: str = "global"
    structure_aware: bool | str = False

    @property
    def name(self) -> str:
        """ "DID" or "SAID"."""
        return "SAID" if self.structure_aware else "DID"


DID = Method()  #: one P for all parameters
SAID = Method(structure_aware=True)  #: the same with a lambda for each layer
BOTH = (DID, SAID)  #: with one P
BOTH_PER_TENSOR = (Method("per-tensor"), Method("per-tensor", True))  #: with a P for each tensor


@dataclass(frozen=True)
class Protocol:
    """How runs are made.

    Args:
        epochs: passes over the training data.
        batch_size: examples in a step.
        projection: see `idlib.Subspace`.
        seeds: of the scored runs.
        rates: how learning rates are chosen.
        scored_on: "test", with learning rates chosen on a validation split; or "train".
        keep_up_to: the first seed's runs carry their d numbers up to this d.
    """

    epochs: int = 5
    batch_size: int = 128
    projection: str = "fastfood"
    seeds: tuple[int, ...] = (0, 1, 2)
    rates: Rates = field(default_factory=Rates)
    scored_on: str = "test"
    keep_up_to: int = 0


def with_rates(protocol: Protocol, **changes) -> Protocol:
    """The protocol with other `Rates`: `changes` are fields of theirs."""
    return replace(protocol, rates=replace(protocol.rates, **changes))


@dataclass(frozen=True)
class Part:
    """Score against d for some models on some tasks: a grid of d, or a search in it.

    Args:
        name: what a run line says it was made for.
        tasks: names of tasks (`idlib.problems.names`).
        models: names of models.
        ds: dimensions, in ascending order; if there are none, the models are trained in full.
        protocol: how.
        methods: how theta_d moves the parameters.
        share: the smallest d that reaches this share of the full model's score is searched.
        also: models whose threshold is searched too, by the same share of their score.
        scores: further scores for which the smallest d is searched. Without a share or a score,
            all of `ds` are run.
    """

    name: str
    tasks: tuple[str, ...]
    models: tuple[str, ...]
    ds: tuple[int, ...] = ()
    protocol: Protocol = field(default_factory=Protocol)
    methods: tuple[Method, ...] = (DID,)
    share: float | None = None
    also: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()

    @property
    def searched(self) -> bool:
        """Whether d is searched; else all of `ds` are run."""
        return bool(self.share or self.scores)

    def base(self, task: str, model: str, method: Method = DID) -> RunConfig:
        """What the runs of a cell share; its d and rate are still to be set."""
        p = self.protocol
        return RunConfig(
            task, model, 1, 0.0, p.seeds[0], p.projection, method.normalize, p.epochs,
            p.batch_size, p.scored_on, structure_aware=method.structure_aware,
        )  # fmt: skip

    def bases(self) -> Iterator[RunConfig]:
        """Of all cells; one for each task and model where models are trained in full."""
        for task in self.tasks:
            for model in self.models:
                for method in self.methods:
                    base = self.base(task, model, method)
                    yield base if self.ds else replace(base, d=None)


@dataclass(frozen=True)
class Study:
    """One question, and the parts that answer it.

    Args:
        name: of the study and its file.
        question: in a sentence.
        parts: in the order in which they are recorded.
    """

    name: str
    question: str
    parts: tuple[Part, ...]

    def tasks(self) -> tuple[str, ...]:
        """The names of all its tasks."""
        return tuple(dict.fromkeys(task for part in self.parts for task in part.tasks))
