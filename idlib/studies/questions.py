"""Small experiments on the digits for open questions (notebook 13)."""

from dataclasses import replace

from .study import Part, Protocol, Rates, Study, with_rates

__all__ = ["QUESTIONS", "STUDENT", "TARGETS"]

STUDENT = "fc-20-1"
TARGETS = {  # what it learns from
    "labels": "digits",
    "teacher's outputs, T = 4": "digits+distill4",
    "the same, student at T = 1": "digits+teacher4",
}
ADAM = (0.1, 0.3, 1.0, 3.0)
TRAINED = Protocol(epochs=12, projection="hashed", rates=Rates(rated_by=2))  # at every d


def _at(protocol: Protocol, ds: tuple[int, ...], lrs: tuple[float, ...], rated_by: int = 2):
    """The same with a rate chosen at each of the dimensions."""
    return {"ds": ds, "protocol": with_rates(protocol, pilots=ds, lrs=lrs, rated_by=rated_by)}


FEW = _at(TRAINED, (20, 40, 80), ADAM)
FIVE_SEEDS = replace(TRAINED, seeds=(0, 1, 2, 3, 4))

QUESTIONS = Study(
    "questions",
    "What do targets, starts and optimisers do to what fits into d numbers?",
    (
        Part(
            "full",
            tuple(TARGETS.values()),
            (STUDENT,),
            protocol=with_rates(FIVE_SEEDS, full_lrs=(1e-3, 3e-3, 1e-2)),
        ),
        Part(
            "targets",
            tuple(TARGETS.values()),
            (STUDENT,),
            **_at(FIVE_SEEDS, (80, 120, 160, 200, 240), ADAM[:3], rated_by=3),
        ),
        Part(
            "starts",
            ("digits",),
            tuple(STUDENT + start for start in ("", "+orthogonal", "+rank2", "+warm10")),
            **FEW,
        ),
        Part("momentum", ("digits",), (f"{STUDENT}+sgd",), **_at(TRAINED, (20, 40, 80), ADAM[:3])),
        Part(
            "full-batch",
            ("digits",),
            (f"{STUDENT}+lbfgs",),
            **_at(replace(TRAINED, batch_size=2000), (40, 80), (0.3, 1.0), rated_by=1),
        ),
        Part(
            "longer",
            ("digits",),
            (STUDENT,),
            **_at(replace(TRAINED, epochs=120), (40, 80), (0.3, 1.0), rated_by=1),
        ),
    ),
)
