"""A guess that the reader commits to, and the pictures that it is shown in."""

import html
import re
from collections.abc import Callable, Sequence

import ipywidgets as w
from matplotlib.figure import Figure

from .explorers import Explorer
from .panels import Panel, in_turn
from .plots import mark_guess, to_html

__all__ = ["Prediction", "predict"]


class Prediction(Panel):
    """A question, and a guess that is kept once it is made.

    Pictures and comparisons show the guess from the moment at which it is made, whether they were
    drawn before or after it, so that *Run All* need not wait for it.
    """

    def __init__(self, question: str, options: Sequence[str] | None, low: float, high: float):
        text = w.HTML(f"<b>Predict.</b> {question}")
        if options:
            layout = w.Layout(width="auto", margin="0 16px 0 0")
            self.answer = w.RadioButtons(options=options, value=None, layout=layout)
        else:
            self.answer = w.BoundedIntText(
                value=low, min=low, max=high, description="your guess",
                layout=w.Layout(width="200px"), style={"description_width": "initial"},
            )  # fmt: skip
        self.commit = w.Button(description="This is my guess", icon="check")
        self.status = w.HTML("")
        self.guess: int | str | None = None
        self._waiting: list[Callable[[], None]] = []
        self.commit.on_click(self._commit)
        super().__init__([text, w.HBox([self.answer, self.commit]), self.status])

    def static_html(self) -> str:
        options = getattr(self.answer, "options", ())
        listed = "".join(f"<li>{html.escape(str(o))}</li>" for o in options)
        return f"<p>{self.children[0].value}</p>" + (f"<ul>{listed}</ul>" if listed else "")

    def compare(self, answer, explanation: str = "") -> Panel:
        """The guess beside what was measured."""

        def draw() -> str:
            guess = self.words("your guess: ", "no guess was made")
            return f"<p>{guess}; the answer: <b>{answer}</b>. {explanation}</p>"

        return self._follow(draw)

    def picture(self, fig: Figure, alt: str, caption: str, axis: str = "", panel: int = 0) -> Panel:
        """A figure with the guess in it; the arguments are those of `to_html`."""
        return self._follow(lambda: self.to_html(fig, alt, caption, axis, panel))

    def over(self, explorer: Explorer) -> Explorer:
        """An explorer with the guess above it."""
        explorer.guess = self
        return explorer

    def to_html(self, fig: Figure, alt: str, caption: str, axis: str = "", panel: int = 0) -> str:
        """A figure with the guess in its caption, and marked on an axis.

        Args:
            fig: the figure.
            alt: what the picture shows, in words, for those who can't see it.
            caption: what to look at; may hold HTML.
            axis: "x" or "y", the axis on which the guess is a value or a label; none if empty.
            panel: which of the figure's axes that is.
        """
        if self.guess is None:
            return to_html(fig, alt, caption)
        said = self.mark(fig, axis, panel)
        alone = html.unescape(re.sub("<.*?>", "", said))
        return to_html(fig, f"{alt} {alone}", f"{caption} {said}")

    def mark(self, fig: Figure, axis: str, panel: int = 0) -> str:
        """Marks the guess, if `axis` is not empty, and returns what a caption says of it."""
        where = axis and mark_guess(fig.axes[panel], self.guess, axis)
        where = where and f" ({where})"
        return f"{self.words('Your guess: ')}{where}."

    def words(self, before: str, none: str = "") -> str:
        """The guess as HTML, after some words; other words where none was made."""
        number = isinstance(self.guess, int)
        guess = f"{self.guess:,}" if number else html.escape(str(self.guess))
        return none if self.guess is None else f"{before}<b>{guess}</b>"

    def when_made(self, call: Callable[[], None]) -> None:
        """Calls `call` when the guess is made."""
        self._waiting.append(call)

    @in_turn
    def _follow(self, draw: Callable[[], str]) -> Panel:
        """HTML that is drawn now, and again when the guess is made."""
        view = w.HTML(draw())
        self.when_made(lambda: setattr(view, "value", draw()))
        return Panel([view], layout=w.Layout(overflow="visible"))

    @in_turn
    def _commit(self, _) -> None:
        if self.answer.value is None:
            self.status.value = "Choose an answer first."
            return
        self.answer.disabled = self.commit.disabled = True
        # A press may overtake the choice made just before it: then that choice is the guess.
        self.answer.observe(self._make, "value")
        self._make()

    @in_turn
    def _make(self, _=None) -> None:
        self.guess = self.answer.value
        self.status.value = f"{self.words('Your guess: ')}. Now run on."
        for call in self._waiting:
            call()


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
        A widget. Its ``compare(answer, explanation)`` shows the guess beside the answer, its
        ``picture(fig, alt, caption, axis)`` in a figure, its ``over(explorer)`` above an explorer.
    """
    return Prediction(question, options, low, high)
