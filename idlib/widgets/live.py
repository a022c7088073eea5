"""Training that the reader starts, watches and stops."""

import threading
import time

import ipywidgets as w
from torch.utils.data import TensorDataset

from ..models import MODELS
from ..plots import to_html, training_curve
from ..projections import PROJECTIONS
from ..runs import build
from ..store import RunConfig
from ..tasks import Task
from ..training import Step, accuracy, train
from .base import Panel, error_html

__all__ = ["LiveTraining"]

DIMENSIONS = (1, 2, 5, 10, 20, 50, 75, 100, 150, 200, 300, 400, 500, 750, 1000, 1400, 2000, 4000)
LEARNING_RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
EPOCHS = {"digits": 20, "mnist": 3}
POINTS = 20  # of the curve
FAST = [name for name in PROJECTIONS if name != "dense"]  # that takes minutes on MNIST


class LiveTraining(Panel):
    """Trains a network in a random subspace, with a Train and a Stop button.

    The training runs in a thread that only sets traits of widgets; one at a time.

    Args:
        task: the data.
        model: the network chosen first.
        d: the dimension chosen first.
    """

    def __init__(self, task: Task, model: str = "fc", d: int = 100):
        self.task = task
        self._few = TensorDataset(*(t[:500] for t in task.test.tensors))
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._step = 0
        wide = {"style": {"description_width": "initial"}}
        self.model = w.Dropdown(options=list(MODELS), value=model, description="network", **wide)
        self.d = w.SelectionSlider(options=DIMENSIONS, value=d, description="d", **wide)
        self.projection = w.Dropdown(
            options=FAST, value="fastfood", description="projection", **wide
        )
        self.lr = w.Dropdown(options=LEARNING_RATES, value=0.3, description="learning rate", **wide)
        self.start = w.Button(description="Train", icon="play", button_style="primary")
        self.halt = w.Button(description="Stop", icon="stop", disabled=True)
        self.bar = w.IntProgress(min=0, max=1, layout=w.Layout(width="240px"))
        self.status = w.HTML(f"Ready: {task}.")
        self.view = w.HTML(self._draw([], [], 1), layout=w.Layout(min_height="300px"))
        self.start.on_click(self._on_start)
        self.halt.on_click(self._on_halt)
        super().__init__(
            [
                w.HBox([self.model, self.projection, self.lr]),
                w.HBox([self.d, self.start, self.halt, self.bar]),
                self.status,
                self.view,
            ]
        )

    def _on_start(self, _) -> None:
        if self._thread and self._thread.is_alive():
            return
        self._stop.clear()
        self.start.disabled, self.halt.disabled = True, False
        config = RunConfig(
            self.task.name, self.model.value, self.d.value, self.lr.value,
            projection=self.projection.value, epochs=EPOCHS[self.task.name.split("-")[0]],
        )  # fmt: skip
        self._thread = threading.Thread(target=self._run, args=(config,), daemon=True)
        self._thread.start()

    def _on_halt(self, _) -> None:
        self._pressed = self._step
        self._stop.set()

    def _run(self, config: RunConfig) -> None:
        try:
            self._train(config)
        except Exception as error:
            self.status.value = error_html(error)
        finally:
            self.start.disabled, self.halt.disabled = False, True

    def _train(self, config: RunConfig) -> None:
        self.status.value = "Drawing the projection …"
        subspace = build(config)
        what = f"{config.model}, d = {config.d:,} of D = {subspace.D:,}"
        begin, steps, scores = time.perf_counter(), [0], [accuracy(subspace, self._few)]

        def on_step(step: Step) -> bool:
            self._step = step.step
            if step.step % max(1, step.steps // POINTS) == 0 or step.step == step.steps:
                steps.append(step.step)
                scores.append(accuracy(step.model, self._few))
                self.view.value = self._draw(steps, scores, step.steps)
                self.bar.max, self.bar.value = step.steps, step.step
                self.status.value = (
                    f"{what}: step {step.step:,} of {step.steps:,}, loss {step.loss:.3f}, accuracy "
                    f"on {len(self._few)} test images <b>{scores[-1]:.3f}</b>"
                )
            return self._stop.is_set()

        history = train(
            subspace, self.task.train, config.lr, config.epochs, config.batch_size, on_step=on_step
        )
        seconds = time.perf_counter() - begin
        if history.status == "diverged":
            self.status.value = f"{what}: {history.message}."
            return
        score = accuracy(subspace.merged(), self.task.test)
        how = "Finished" if history.status == "finished" else (
            f"Stopped at step {history.steps:,} (pressed at step {self._pressed:,})"
        )  # fmt: skip
        self.status.value = (
            f"{how} after {seconds:.1f} s. {what}: accuracy on all {len(self.task.test):,} test "
            f"images <b>{score:.3f}</b>"
        )

    @staticmethod
    def _draw(steps: list[int], scores: list[float], total: int) -> str:
        last = f"now {scores[-1]:.2f}" if scores else "nothing yet"
        alt = f"Test accuracy against training step, {last}; a dashed line marks 0.90."
        caption = "Accuracy on up to 500 test images while training goes on; dashed: 0.90."
        return to_html(training_curve(steps, scores, total), alt, caption)
