"""Training of a network for images, started and stopped by the reader."""

import math
from dataclasses import replace

import ipywidgets as w

from ...engine.config import RunConfig
from ...problems.networks import MODELS
from ...problems.variants import Task
from ...projections import PROJECTIONS
from ...studies.reading import cell, provenance
from ..base.live import WIDE, Live
from ..base.plots import to_html
from ..base.slider import Slider
from .plots import accuracy_curves, mark_runs

__all__ = ["LiveTraining"]

DIMENSIONS = (1, 2, 5, 10, 20, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1000, 1400, 2000, 4000)
LEARNING_RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
AS_RECORDED = "as recorded"
FAST = [name for name in PROJECTIONS if name != "dense"]  # that takes minutes on MNIST
RECORDED = {  # study and part whose schedule is followed, by the data
    "mnist": ("mnist", "curves"),
    "mnist10k": ("projections", "fastfood"),
    "digits": ("digits", "curves"),
}
NAMES = {"fc": "FC", "lenet": "LeNet"}


class LiveTraining(Live):
    """Trains a network for images, by the schedule of recorded runs; each finished run becomes a
    star beside them, so that a class builds the curve.

    Args:
        task: the data.
        model: the network chosen first.
        d: the dimension chosen first.
        seed: of the first run; each further one takes the next.
    """

    def __init__(self, task: Task, model: str = "fc", d: int = 100, seed: int = 100):
        self.task, self.seed = task, seed
        base = task.name.split("-")[0]
        study, part = RECORDED[base]
        self.recorded = {m: cell(study, part, base, model=m) for m in MODELS}
        self.model = w.Dropdown(options=list(MODELS), value=model, description="network", **WIDE)
        self.d = Slider(options=DIMENSIONS, value=d, description="d", **WIDE)
        self.projection = w.Dropdown(
            options=FAST, value="fastfood", description="projection", **WIDE
        )
        rates = (AS_RECORDED, *LEARNING_RATES)
        self.lr = w.Dropdown(options=rates, description="learning rate", **WIDE)
        choices = [self.model, self.projection, self.lr, self.d]
        data = task.train, task.test
        super().__init__(choices, data, "images", 500, 20, 0.9, f"Ready: {task}.")

    def config(self) -> RunConfig:
        c, d, lr = self.recorded[self.model.value], self.d.value, self.lr.value
        if lr == AS_RECORDED:
            # beyond the d of the part of MNIST, the rates of all of it
            whole = cell("mnist", "curves", "mnist", model=c.model) if "mnist" in c.task else c
            rates = {**whole.rates, **c.rates}
            lr = rates[min(rates, key=lambda x: abs(math.log(x / d)))]
        return replace(
            c.runs[0].config, task=self.task.name, d=d, lr=lr, seed=self.seed + len(self.made),
            projection=self.projection.value,
        )  # fmt: skip

    def draw_kept(self, runs: list[tuple[RunConfig, float]]) -> str:
        """The recorded scores, and a star for each run."""
        curves = {NAMES[m]: c.scores for m, c in self.recorded.items()}
        fig = accuracy_curves(curves, {"absolute: 0.90": (0.9, "")})
        made = {
            name: [(c.d, score) for c, score in runs if c.model == model and c.d]
            for model, name in NAMES.items()
        }
        mark_runs(fig, made, (0.8, 1.25 * DIMENSIONS[-1]))
        said = "; ".join(f"{c.model}, d = {c.d:,}: {score:.3f}" for c, score in runs)
        alt = f"Test accuracy against d, recorded, and {len(runs)} runs made here. {said}"
        return to_html(fig, alt.strip(), self._caption(len(runs)))

    def _caption(self, count: int) -> str:
        """How many runs there are, and in what they differ from the recorded ones."""
        c = self.recorded["fc"]
        config, there, here = c.runs[0].config, c.facts["train"], len(self.task.train)
        data = "the same images" if (self.task.name, here) == (c.task, there) else (
            f"{there:,} images of {c.task}, where yours are {here:,} of {self.task.name}"
        )  # fmt: skip
        return (
            f"Stars: your finished runs, {count} so far. Marks: recorded on {data}, "
            f"{config.epochs} passes in steps of {config.batch_size}, like yours, with P "
            f"{config.projection} and rates chosen on a validation split: where you choose another "
            f"P or rate, a star may lie elsewhere. {provenance(self.recorded.values())}."
        )
