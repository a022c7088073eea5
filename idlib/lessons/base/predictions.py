"""A guess that the reader commits to, before what gives the answer away is shown."""

import html
import re
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as w
from IPython.display import DisplayHandle, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...errors import IdlibError
from . import guesses
from .curve import Curve
from .curve_plots import beside
from .explorers import Explorer
from .panels import Panel, in_turn
from .plots import mark_guess, to_html
from .questions import Guess, Question, question
from .reveals import Reveal
from .svg import PAPER, Stage

__all__ = ["Prediction", "predict"]

AUTO = {"width": "auto"}


class Form(Panel):
    """What the guess of a prediction is entered in."""

    def __init__(self, prediction: "Prediction", children: Sequence[w.Widget]):
        super().__init__(children)
        self.prediction = prediction

    def static_html(self) -> str:
        """The question, see `Prediction.static_html`."""
        return self.prediction.static_html()

    def __repr__(self) -> str:
        return repr(self.prediction)


class Prediction:
    """A question, shown with its form until a guess is made or skipped, and kept from then on.

    What comes after it waits for the guess, whether its cell was run before or after, so that
    *Run All* neither stops nor gives anything away.

    Args:
        asked: the question.
    """

    def __init__(self, asked: Question):
        self.asked, self.name = asked, asked.name
        found = guesses.kept(self.name)
        self.made = bool(found) and asked.is_guess(found["guess"])
        self.guess: Guess = _frozen(found["guess"]) if self.made else None
        self.status = w.HTML("")
        self.answer = _entry(asked)
        self.commit = w.Button(description="This is my guess", icon="check", layout=AUTO)
        self.skip = w.Button(description="Skip", layout=AUTO)
        self.commit.on_click(self._commit)
        self.skip.on_click(self._skip)
        self.answer.observe(self._answered, "value")
        buttons = w.HBox([self.commit, self.skip])
        row = w.Box([self.answer, buttons], layout=w.Layout(flex_flow="row wrap"))
        asks = w.HTML(f"<b>Predict.</b> {asked.question}")
        self.form = Form(self, [asks, row, self.status])
        self.form.add_class(f"idlib-asks-{self.name.replace('/', '-')}")
        self._waiting: list[Callable[[], None]] = []
        self._shown: list[DisplayHandle] = []

    def show(
        self, shown: Any = None, axis: str = "", panel: int = 0, also: Sequence["Prediction"] = (),
        **numbers: Any,
    ) -> Reveal:  # fmt: skip
        """Something that gives the answer away: it waits for the guess.

        Args:
            shown: a figure, with the guess in it; an explorer or other HTML, with the guess above
                it. Nothing, for what is printed in the body of ``with guess.show():``.
            axis: of a figure: "x" or "y", where the guess is a value or a label.
            panel: which of the figure's axes that is.
            also: other predictions whose guesses it waits for.
            numbers: for the names in the figure's alternative text and caption.
        """
        made = (self, *also)
        if isinstance(shown, Figure):
            alt, caption = (self.asked.filled(x, numbers) for x in ("alt", "caption"))
            if not alt:
                raise IdlibError(f"{self.name} has no 'alt' for its figure: add it to its entry.")
            return Reveal(made, lambda: self._figure(shown, alt, caption, axis, panel), "picture")
        if isinstance(shown, Explorer):
            return Reveal(made, lambda: shown.with_guesses(made), "picture")
        page = getattr(shown, "data", shown) or ""
        return Reveal(made, lambda: self._above(page) + page, "output")

    def reveal(self, recorded: dict[float, float] | None = None, **numbers: Any) -> Reveal:
        """The guess beside the answer, with its explanation.

        Args:
            recorded: what a curve is compared with, y for each x.
            numbers: for the names in the answer and its explanation.
        """
        answer, why = (self.asked.filled(field, numbers) for field in ("answer", "why"))

        def draw() -> str:
            said = f"<p>{self.words()} The answer: <b>{answer}</b>. {why}</p>"
            return said + self._beside(recorded) if recorded else said

        return Reveal((self,), draw, "answer")

    def _above(self, page: str) -> str:
        """The guess as a line above HTML, if there is HTML and a guess."""
        return f"<p>{self.words()}</p>" if page and self.guess is not None else ""

    def mark(self, fig: Figure, axis: str, panel: int = 0) -> str:
        """Marks the guess, if `axis` is not empty, and returns what a caption says of it."""
        if self.guess is None:
            return ""
        if not (axis or self.asked.curve):
            return self.words()
        where = mark_guess(fig.axes[panel], self.guess, axis)
        return self.words() if self.asked.curve or not where else f"{self.words()[:-1]} ({where})."

    def words(self) -> str:
        """The guess as HTML; nothing where the question was skipped."""
        said = html.escape(self.asked.words(self.guess))
        return "" if self.guess is None else f"Your guess: <b>{said}</b>."

    def when_made(self, call: Callable[[], None]) -> None:
        """Calls `call` when the guess is made."""
        self._waiting.append(call)

    @in_turn
    def forget(self) -> None:
        """Forgets the guess, here and where it was kept: show the prediction again to guess."""
        guesses.forget(self.name)
        self.made, self.guess = False, None

    def static_html(self) -> str:
        """The question, as it stands where no kernel is; and the guess, once it is made."""
        options = "".join(f"<li>{html.escape(option)}</li>" for option in self.asked.options)
        listed = f"<ul>{options}</ul>" if options else ""
        said = "<p><i>Run this cell to guess.</i></p>"
        if self.made:
            said = f"<p>{self.words() or 'Skipped.'} {self.status.value}</p>"
        return f"<p><b>Predict.</b> {self.asked.question}</p>{listed}{said}"

    def _figure(self, fig: Figure, alt: str, caption: str, axis: str, panel: int) -> str:
        said = self.mark(fig, axis, panel)
        alone = html.unescape(re.sub("<.*?>", "", said))
        return to_html(fig, f"{alt} {alone}".strip(), f"{caption} {said}".strip())

    @in_turn
    def _answered(self, _) -> None:
        """What was said of an earlier answer no longer holds."""
        if not self.made:
            self.status.value = ""

    @in_turn
    def _commit(self, _) -> None:
        try:
            self._chosen()
        except IdlibError as error:
            self.status.value = html.escape(str(error))
            return
        self.commit.disabled = self.skip.disabled = self.answer.disabled = True
        # A press may overtake the choice made just before it: then that choice is the guess.
        self.answer.observe(self._make, "value")
        self._make()

    @in_turn
    def _skip(self, _) -> None:
        self.commit.disabled = self.skip.disabled = self.answer.disabled = True
        self._take(None)

    @in_turn
    def _make(self, _=None) -> None:
        self._take(self._chosen())

    def _chosen(self) -> Guess:
        """What the form holds; an `IdlibError` if it is no guess."""
        if self.asked.between:
            return self.asked.understood(self.answer.value)
        if self.asked.curve:
            return self.answer.drawn()
        if self.answer.value is None:
            raise IdlibError("Choose an answer first.")
        return self.answer.value

    def _take(self, guess: Guess) -> None:
        self.guess, self.made, self.status.value = guess, True, ""
        try:
            guesses.keep(self.name, guess)
        except IdlibError as error:
            self.status.value = f"It is not kept: {html.escape(str(error))}"
        for handle, bundle in zip(self._shown, (self._bundle(), {"text/plain": ""}), strict=False):
            handle.update(bundle, raw=True)
        for call in self._waiting:
            call()

    def _beside(self, recorded: dict[float, float]) -> str:
        """The drawn curve beside a recorded one, and how far they lie apart."""
        alt = f"{self.asked.curve.y_label} against {self.asked.curve.x_label} as it was recorded"
        far = ""
        if self.guess:
            alt, far = f"{alt}; dotted, the guess", self.answer.apart(self.guess, recorded)
        drawn = Stage(beside(self.asked.curve, recorded)).to_svg([f"{alt}."], self._draw_guess)
        return f'<figure style="margin:0;{PAPER}">{drawn}</figure><p>{far}</p>'

    def _draw_guess(self, ax: Axes) -> None:
        if self.guess:
            mark_guess(ax, self.guess, "")

    def _bundle(self) -> dict[str, Any]:
        return {"text/html": self.static_html(), "text/plain": repr(self)}

    def __repr__(self) -> str:
        return f"Prediction({self.name!r})"

    @in_turn
    def _ipython_display_(self) -> None:
        if self.made:
            display(self._bundle(), raw=True)
        else:
            self._shown = self.form.show()


def predict(name: str) -> Prediction:
    """Asks the reader to commit to a guess; what gives the answer away waits for it.

    Args:
        name: the lesson's folder, and the question's name in its ``predictions.json``, such as
            "mnist/fc".

    Returns:
        A prediction. What its ``show(...)`` and ``reveal(...)`` are given is seen once the guess
        is made or skipped.

    Raises:
        IdlibError: if there is no such question.
    """
    return Prediction(question(name))


def _entry(asked: Question) -> w.Widget:
    """What the guess is entered with, empty."""
    if asked.curve:
        return Curve(asked.curve)
    if asked.options:
        layout = w.Layout(width="auto", margin="0 16px 0 0", flex="0 0 auto")
        return w.RadioButtons(options=asked.options, value=None, layout=layout)
    return w.Text(
        description="your guess", placeholder="a whole number", layout=w.Layout(width="240px"),
        style={"description_width": "initial"},
    )  # fmt: skip


def _frozen(guess: Any) -> Guess:
    return tuple(tuple(point) for point in guess) if isinstance(guess, list) else guess
