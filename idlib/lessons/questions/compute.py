"""Accuracy against d for the open questions: recorded, and measured now."""

from collections.abc import Sequence
from dataclasses import replace

from ...engine.config import RunConfig
from ...engine.rates import Rates
from ...engine.runs import build
from ...engine.store import RunStore
from ...engine.training import accuracy
from ...errors import IdlibError
from ...problems.names import problem_of
from ...studies.questions import STUDENT, TARGETS
from ...studies.reading import cell, cells_of
from ...studies.record import record_part
from ...studies.results import Cell
from ...studies.study import Part, Protocol, Study

__all__ = ["at_start", "line", "recorded_lines"]

LINES = {  # by question and label, the part of the study, and which of its cells
    "targets": {label: ("targets", task, STUDENT) for label, task in TARGETS.items()},
    "starts": {
        "He": ("starts", "digits", STUDENT),
        "orthogonal": ("starts", "digits", f"{STUDENT}+orthogonal"),
        "rank 2": ("starts", "digits", f"{STUDENT}+rank2"),
        "10 full steps": ("starts", "digits", f"{STUDENT}+warm10"),
    },
    "optimisers": {
        "Adam": ("starts", "digits", STUDENT),
        "SGD with momentum": ("momentum", "digits", f"{STUDENT}+sgd"),
        "L-BFGS, full batch": ("full-batch", "digits", f"{STUDENT}+lbfgs"),
        "Adam, 120 passes": ("longer", "digits", STUDENT),
    },
}


def recorded_lines(question: str) -> dict[str, Cell]:
    """What was recorded for a question, by label.

    Args:
        question: "targets", "starts" or "optimisers".

    Raises:
        IdlibError: if there is no such question.
    """
    if question not in LINES:
        raise IdlibError(f"lines for {question!r} were asked for, expected one of {[*LINES]}.")
    return {
        label: cell("questions", part, task, model=model)
        for label, (part, task, model) in LINES[question].items()
    }


def line(
    task: str,
    model: str,
    ds: Sequence[int],
    lrs: Sequence[float] = (0.1, 0.3),
    epochs: int = 10,
    seeds: Sequence[int] = (0, 1, 2),
    store: RunStore | None = None,
    batch_size: int = 128,
    rated_by: int = 1,
) -> Cell:
    """Accuracy against d of a network on a task, measured now.

    Args:
        task: for instance "digits+teacher4", see `idlib.problems.names`.
        model: for instance "fc-20-1+warm10".
        ds: dimensions; if there are none, the network is trained in full.
        lrs: learning rates to choose from at each d, on a validation split.
        epochs: passes over the training data.
        seeds: of the initial weights, P and the order of the data.
        store: keeps the runs; in memory if None.
        batch_size: examples in a step.
        rated_by: with how many of the seeds a rate is chosen, by their mean score.
    """
    store = RunStore() if store is None else store
    ds, lrs = tuple(ds), tuple(lrs)
    rates = Rates(lrs, full_lrs=lrs, pilots=ds, rated_by=rated_by)
    protocol = Protocol(epochs, batch_size, "hashed", tuple(seeds), rates)
    part = Part("line", (task,), (model,), ds, protocol)
    record_part(part, store, _unknown)
    (found,) = cells_of(Study("line", "What is accuracy against d?", (part,)), store, _unknown)
    return found


def _unknown(task: str, model: str) -> list:
    """No full model: a line is not held against one."""
    return []


def at_start(measured: Cell) -> tuple[float, ...]:
    """Test accuracy with theta_d = 0, of each seed of a cell.

    Args:
        measured: a line.
    """
    configs = {r.config.seed: replace(r.config, d=None) for r in measured.runs}
    return tuple(_untrained(config) for _, config in sorted(configs.items()))


def _untrained(config: RunConfig) -> float:
    problem = problem_of(config)
    return accuracy(build(config, problem.model_fn), problem.test_set)
