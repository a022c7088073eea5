"""What is to be run, and what came out: a configuration, a run, and how both are written down."""

import base64
from dataclasses import asdict, dataclass, fields

import numpy as np
import torch
from torch import Tensor

from ..errors import check_integer

__all__ = ["Run", "RunConfig", "from_json", "meant", "to_json", "written"]


@dataclass(frozen=True)
class RunConfig:
    """All that decides the outcome of a run.

    Args:
        task: name of the data.
        model: name of the network.
        d: dimension of the subspace; None trains the full model.
        lr: learning rate at the start.
        seed: initial weights, projection and order of the data.
        projection: a name in `idlib.projections.PROJECTIONS`.
        normalize: "global" or "per-tensor".
        epochs: passes over the training data.
        batch_size: examples in a step.
        scored_on: "test": trained on all training data and scored on the test data;
            "validation": trained on 90 % of the training data and scored on the rest;
            "train": trained and scored on all training data.
        decide: thresholds. A run that has any ends once its score lies clearly above all of
            them, or so far below all that it won't reach one (see `idlib.engine.runs.decided`).
        structure_aware: see `idlib.Subspace`; no mapping.

    What only matters in a subspace (`projection`, `normalize`, `structure_aware`) is at its default
    where d is None, so that a full model has one configuration.
    """

    task: str
    model: str
    d: int | None
    lr: float
    seed: int = 0
    projection: str = "fastfood"
    normalize: str = "global"
    epochs: int = 5
    batch_size: int = 128
    scored_on: str = "test"
    decide: tuple[float, ...] = ()
    structure_aware: bool | str = False

    def __post_init__(self) -> None:
        for name in ("d", "seed", "epochs", "batch_size"):  # NumPy's integers too
            if (value := getattr(self, name)) is not None:
                low = 0 if name == "seed" else 1
                object.__setattr__(self, name, check_integer(name, value, low))
        object.__setattr__(self, "lr", float(self.lr))
        if self.d is None:
            for field in fields(self):
                if field.name in ("projection", "normalize", "structure_aware"):
                    object.__setattr__(self, field.name, field.default)


@dataclass(frozen=True)
class Run:
    """A run and its outcome.

    Args:
        config: what was run.
        status: "finished"; "decided", ended early by the thresholds of its configuration;
            "stopped" by hand; or "diverged".
        score: from 0 to 1 (Matthews' correlation from -1), at its end; None if it was stopped
            or diverged.
        loss: training loss of the last step.
        steps: steps made.
        seconds: time taken by training.
        D: number of parameters of the full model.
        message: the reason, if diverged.
        theta_d: the d trained numbers, where they were kept.
        train_score: the same score on (a sample of) the examples it was trained on, for runs
            scored on the test data.
        start: the same score on the test data before the first step, for full models.
        right: for each test example whether its label was found, shape (n,), for runs whose score
            is accuracy on the test data.
        part: of a study, for which it was made.
    """

    config: RunConfig
    status: str
    score: float | None
    loss: float
    steps: int
    seconds: float
    D: int
    message: str = ""
    theta_d: Tensor | None = None
    train_score: float | None = None
    start: float | None = None
    right: Tensor | None = None
    part: str = ""


# What a file calls a projection, where that isn't its name: "fastfood" once had no signs of rows.
WRITTEN = {"fastfood": "fastfood-signed", "fastfood-unsigned": "fastfood"}
MEANT = {written: name for name, written in WRITTEN.items()}


def to_json(run: Run) -> dict:
    """A run as a JSON object; d numbers are kept as float32, right and wrong as bits, in base64."""
    record = dict(vars(run))
    record["config"] = asdict(run.config)
    record["config"]["projection"] = written(run.config.projection)
    for name in ("decide", "structure_aware"):
        if not record["config"][name]:
            del record["config"][name]
    record["loss"] = round(run.loss, 6) if np.isfinite(run.loss) else None
    record["seconds"] = round(run.seconds, 3)
    if run.theta_d is None:
        del record["theta_d"]
    else:
        numbers = run.theta_d.detach().cpu().numpy().astype("<f4")
        record["theta_d"] = base64.b64encode(numbers.tobytes()).decode()
    if run.right is not None:
        bits = np.packbits(run.right.numpy())
        record["right"] = [len(run.right), base64.b64encode(bits.tobytes()).decode()]
    for name in ("message", "train_score", "start", "right", "part"):
        if record[name] in ("", None):
            del record[name]
    return record


def from_json(record: dict) -> Run:
    """The run that `to_json` wrote down."""
    record = dict(record)
    config = dict(record["config"])
    if "projection" in config:
        config["projection"] = meant(config["projection"])
    record["config"] = RunConfig(**config | {"decide": tuple(config.get("decide", ()))})
    record["loss"] = float("nan") if record["loss"] is None else record["loss"]
    if "theta_d" in record:
        numbers = np.frombuffer(base64.b64decode(record["theta_d"]), "<f4")
        record["theta_d"] = torch.from_numpy(numbers.astype(np.float32))
    if "right" in record:
        n, bits = record["right"]
        packed = np.frombuffer(base64.b64decode(bits), np.uint8)
        record["right"] = torch.from_numpy(np.unpackbits(packed, count=n).astype(bool))
    return Run(**record)


def written(projection: str) -> str:
    """What a file calls a projection."""
    return WRITTEN.get(projection, projection)


def meant(written: str) -> str:
    """The projection that a file calls by this name."""
    return MEANT.get(written, written)
