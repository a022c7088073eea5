"""Training that the reader starts, watches and stops."""

import threading
import time

import ipywidgets as w
from torch.utils.data import Dataset, TensorDataset

from ...engine.config import RunConfig
from ...engine.training import Step, accuracy, train
from ...problems.names import build_named
from .panels import Panel, error_html, in_turn
from .plots import layer_label, to_html, training_curve

__all__ = ["WIDE", "Live"]

WIDE = {"style": {"description_width": "initial"}}
SOON = 0.25  # seconds after which the status says how far it is


class Live(Panel):
    """Trains a model in a random subspace, with a Train and a Stop button.

    The training runs in a thread that only sets traits of widgets; one at a time.

    Args:
        choices: what the reader can set; the last one, d, stands beside the buttons.
        data: training and test examples.
        what: the name of the examples, such as "images".
        few: test examples that are looked at while training goes on.
        points: of the curve.
        threshold: where the dashed line lies.
        ready: what the status says first.
    """

    def __init__(
        self,
        choices: list[w.Widget],
        data: tuple[Dataset, TensorDataset],
        what: str,
        few: int,
        points: int,
        threshold: float,
        ready: str,
    ):
        self.train_set, self.test_set = data
        self.what, self.points, self.threshold = what, points, threshold
        self._few = TensorDataset(*(t[:few] for t in self.test_set.tensors))
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._step = 0
        self.start = w.Button(description="Train", icon="play", button_style="primary")
        self.halt = w.Button(description="Stop", icon="stop", disabled=True)
        self.bar = w.IntProgress(min=0, max=1, layout=w.Layout(width="240px"))
        self.status = w.HTML(ready)
        self.view = w.HTML(self._draw([], [], 1), layout=w.Layout(min_height="300px"))
        self.kept = w.HTML(self.draw_kept([]))
        self.made: list[tuple[RunConfig, float]] = []
        self.start.on_click(self._on_start)
        self.halt.on_click(self._on_halt)
        wrapped = w.Layout(flex_flow="row wrap")
        super().__init__(
            [
                w.HBox(choices[:-1], layout=wrapped),
                w.HBox([choices[-1], self.start, self.halt, self.bar], layout=wrapped),
                self.status,
                w.HBox([self.view, self.kept], layout=wrapped),
            ]
        )

    def config(self) -> RunConfig:
        """The run that the reader has chosen."""
        raise NotImplementedError

    def draw_kept(self, runs: list[tuple[RunConfig, float]]) -> str:
        """What is shown, as HTML, of all runs that were finished, with their scores."""
        return ""

    @in_turn
    def _on_start(self, _) -> None:
        if self._thread and self._thread.is_alive():
            return
        try:
            config = self.config()
        except Exception as error:
            self.status.value = error_html(error)
            return
        self._stop.clear()
        self._step = 0
        self.start.disabled, self.halt.disabled = True, False
        self._thread = threading.Thread(
            target=self._run, args=(config,), name="training", daemon=True
        )
        self._thread.start()

    def _on_halt(self, _) -> None:  # waits for nobody
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
        subspace = build_named(config)
        name = f"{config.model}, d = {config.d:,} of D = {subspace.D:,}, seed {config.seed}"
        begin, steps, scores = time.perf_counter(), [0], [accuracy(subspace, self._few)]
        said = begin

        def on_step(step: Step) -> bool:
            nonlocal said
            self._step = step.step
            looked = step.step % max(1, step.steps // self.points) == 0 or step.step == step.steps
            if looked:
                steps.append(step.step)
                scores.append(accuracy(step.model, self._few))
                self.view.value = self._draw(steps, scores, step.steps)
            if looked or time.perf_counter() - said > SOON:
                said = time.perf_counter()
                self.bar.max, self.bar.value = step.steps, step.step
                self.status.value = (
                    f"{name}: step {step.step:,} of {step.steps:,}, loss {step.loss:.3f}, accuracy "
                    f"on {len(self._few)} test {self.what} <b>{scores[-1]:.3f}</b>"
                )
            return self._stop.is_set()

        history = train(
            subspace, self.train_set, config.lr, config.epochs, config.batch_size, on_step=on_step
        )
        seconds = time.perf_counter() - begin
        if history.status == "diverged":
            self.status.value = f"{name}: {history.message}."
            return
        finished = history.status == "finished"
        seen = self.test_set if finished else self._few  # who stops it does not want to wait
        score = accuracy(subspace.merged(), seen)
        if finished:
            self.made.append((config, score))
            self.kept.value = self.draw_kept(self.made)
        how = "Finished" if finished else (
            f"Stopped at step {history.steps:,} (pressed at step {self._pressed:,})"
        )  # fmt: skip
        self.status.value = (
            f"{how} after {seconds:.1f} s. {name}: accuracy on {'all ' if finished else ''}"
            f"{len(seen):,} test {self.what} <b>{score:.3f}</b>{self._lambdas(subspace)}"
        )

    @staticmethod
    def _lambdas(subspace) -> str:
        scales = ", ".join(f"{layer_label(k)} {v:.2f}" for k, v in subspace.lambdas.items())
        return f".<br>lambda: {scales}" if scales else ""

    def _draw(self, steps: list[int], scores: list[float], total: int) -> str:
        last = f"now {scores[-1]:.2f}" if scores else "nothing yet"
        alt = f"Test accuracy against step, {last}; a dashed line marks {self.threshold:.2f}."
        caption = (
            f"Accuracy on up to {len(self._few)} test {self.what} while training goes on; dashed: "
            f"{self.threshold:.2f}."
        )
        return to_html(training_curve(steps, scores, total, self.threshold), alt, caption)
