"""Training of a network for images, started and stopped by the reader."""

import ipywidgets as w

from ...engine.config import RunConfig
from ...problems.networks import MODELS
from ...problems.variants import Task
from ...projections import PROJECTIONS
from ..base.live import WIDE, Live
from ..base.slider import Slider

__all__ = ["LiveTraining"]

DIMENSIONS = (1, 2, 5, 10, 20, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1000, 1400, 2000, 4000)
LEARNING_RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
EPOCHS = {"digits": 20, "mnist10k": 5, "mnist": 3}
FAST = [name for name in PROJECTIONS if name != "dense"]  # that takes minutes on MNIST


class LiveTraining(Live):
    """Trains a network for images.

    Args:
        task: the data.
        model: the network chosen first.
        d: the dimension chosen first.
    """

    def __init__(self, task: Task, model: str = "fc", d: int = 100):
        self.task = task
        self.model = w.Dropdown(options=list(MODELS), value=model, description="network", **WIDE)
        self.d = Slider(options=DIMENSIONS, value=d, description="d", **WIDE)
        self.projection = w.Dropdown(
            options=FAST, value="fastfood", description="projection", **WIDE
        )
        self.lr = w.Dropdown(options=LEARNING_RATES, value=0.3, description="learning rate", **WIDE)
        choices = [self.model, self.projection, self.lr, self.d]
        data = task.train, task.test
        super().__init__(choices, data, "images", 500, 20, 0.9, f"Ready: {task}.")

    def config(self) -> RunConfig:
        return RunConfig(
            self.task.name, self.model.value, self.d.value, self.lr.value,
            projection=self.projection.value, epochs=EPOCHS[self.task.name.split("-")[0]],
        )  # fmt: skip
