"""What all widgets share: a static picture for readers without a kernel, and predictions."""

import html
from collections.abc import Callable, Sequence

import ipywidgets as w

from .slider import Slider

__all__ = ["Panel", "SliderPanel", "predict"]


class Panel(w.VBox):
    """A column of widgets that shows `static_html()` where widgets can't run."""

    def static_html(self) -> str:
        """HTML that stands in for the widget: its text and pictures as they are now."""
        leaves = list(_leaves(self))
        shown = "".join(c.value for c in leaves if isinstance(c, w.HTML))
        if all(isinstance(c, w.HTML | w.Box) for c in leaves):
            return shown
        return f"{shown}<p><i>Static picture: run the notebook to use the controls.</i></p>"

    def _repr_mimebundle_(self, **kwargs) -> dict:
        return {**super()._repr_mimebundle_(**kwargs), "text/html": self.static_html()}


class SliderPanel(Panel):
    """A slider over given values, and HTML drawn anew for each.

    Args:
        label: name of the quantity, shown before the slider.
        values: what can be chosen.
        draw: from a value to HTML; answers within about 100 ms to feel alive.
        value: the first choice.
        height: of the HTML, so that nothing jumps; for instance "420px".
    """

    def __init__(
        self, label: str, values: Sequence, draw: Callable[[object], str], value, height: str
    ):
        self.slider = Slider(
            options=values, value=value, description=label, continuous_update=True,
            layout=w.Layout(width="560px"), style={"description_width": "initial"},
        )  # fmt: skip
        self.view = w.HTML(draw(value), layout=w.Layout(min_height=height))
        self._html = draw
        self.slider.observe(lambda change: self.draw(change["new"]), "value")
        super().__init__([self.slider, self.view])

    def draw(self, value) -> None:
        """Shows the picture for `value`; an exception becomes a visible line."""
        try:
            self.view.value = self._html(value)
        except Exception as error:
            self.view.value = error_html(error)


class Prediction(Panel):
    """A guess that the reader commits to before the answer is shown."""

    def __init__(self, question: str, options: Sequence[str] | None, low: float, high: float):
        text = w.HTML(f"<b>Predict.</b> {question}")
        if options:
            self.answer = w.RadioButtons(options=options, value=None, layout=w.Layout(width="auto"))
        else:
            self.answer = w.BoundedIntText(
                value=low, min=low, max=high, description="your guess",
                layout=w.Layout(width="200px"), style={"description_width": "initial"},
            )  # fmt: skip
        self.commit = w.Button(description="This is my guess", icon="check")
        self.status = w.HTML("")
        self.guess = None
        self.commit.on_click(self._commit)
        super().__init__([text, w.HBox([self.answer, self.commit]), self.status])

    def static_html(self) -> str:
        options = getattr(self.answer, "options", ())
        listed = "".join(f"<li>{html.escape(str(o))}</li>" for o in options)
        return f"<p>{self.children[0].value}</p>" + (f"<ul>{listed}</ul>" if listed else "")

    def _commit(self, _) -> None:
        if self.answer.value is None:
            self.status.value = "Choose an answer first."
            return
        self.guess = self.answer.value
        self.answer.disabled = self.commit.disabled = True
        self.status.value = f"Your guess: <b>{html.escape(str(self.guess))}</b>. Now run on."

    def compare(self, answer, explanation: str = "") -> Panel:
        """The guess beside what was measured."""
        guess = "no guess was made" if self.guess is None else f"your guess: <b>{self.guess}</b>"
        return Panel([w.HTML(f"<p>{guess}; measured: <b>{answer}</b>. {explanation}</p>")])


def predict(
    question: str, options: Sequence[str] | None = None, low: int = 0, high: int = 10**9
) -> Prediction:
    """Asks the reader to commit to a guess.

    Args:
        question: may hold HTML.
        options: answers to choose from; a whole number from `low` to `high` if None.
        low: smallest number.
        high: largest number.

    Returns:
        A widget; its ``compare(answer, explanation)`` shows the guess beside the answer.
    """
    return Prediction(question, options, low, high)


def error_html(error: Exception) -> str:
    """An exception as a visible line of a widget."""
    return f'<p style="color:#D55E00"><b>{type(error).__name__}</b>: {html.escape(str(error))}</p>'


def _leaves(widget: w.Widget):
    for child in getattr(widget, "children", ()):
        yield child
        yield from _leaves(child)
