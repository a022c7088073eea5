"""Fine-tuning of a language model, started and stopped by the reader."""

import ipywidgets as w

from ...engine.config import RunConfig
from ...problems.names import load, problem_of
from ..base.live import WIDE, Live
from ..base.slider import Slider

__all__ = ["LiveTuning"]


class LiveTuning(Live):
    """Fine-tunes a language model under DID or SAID.

    Args:
        task: a name for `idlib.problems.texts.load_text`.
        model: see `idlib.problems.names`.
        threshold: where the dashed line lies, such as 0.9 times the full model's score.
        d: the dimension chosen first.
    """

    def __init__(
        self, task: str, model: str = "roberta-4x128", threshold: float = 0.9, d: int = 3000
    ):
        self.task, self.model = task, model
        self.method = w.Dropdown(
            options={"DID": False, "SAID": True}, value=True, description="method", **WIDE
        )
        self.normalize = w.Dropdown(
            options=["global", "per-tensor"], description="normalisation", **WIDE
        )
        rates = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
        self.lr = w.Dropdown(options=rates, value=0.03, description="learning rate", **WIDE)
        ds = (30, 100, 300, 1000, 3000, 10_000, 30_000)
        self.d = Slider(options=ds, value=d, description="d", **WIDE)
        problem = problem_of(RunConfig(task, model, None, 0.0))
        super().__init__(
            [self.method, self.normalize, self.lr, self.d],
            (problem.train_set, problem.test_set), "texts", 200, 10, threshold,
            f"Ready: {model} on {load(task)}.",
        )  # fmt: skip

    def config(self) -> RunConfig:
        return RunConfig(
            self.task, self.model, self.d.value, self.lr.value, 0, "hashed", self.normalize.value,
            epochs=2, batch_size=32, structure_aware=self.method.value,
        )  # fmt: skip
