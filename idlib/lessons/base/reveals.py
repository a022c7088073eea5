"""What gives an answer away: it is shown once the guesses are made.

Until then its cell says that it waits, and holds the answer folded. Where the form of the question
is in the page, put there by a kernel or by the script of the web site, the fold can't be opened:
guess, or skip. In a saved notebook, and wherever no form is, it unfolds on request.
"""

import html
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from IPython.display import display
from IPython.utils.capture import capture_output

from .panels import in_turn

__all__ = ["Reveal"]


class Guess(Protocol):
    """A prediction, see `idlib.lessons.base.predictions.Prediction`."""

    name: str
    made: bool

    def when_made(self, call: Callable[[], None]) -> None: ...


class Reveal:
    """HTML that waits for guesses; as a context, what is printed and shown in its body.

    Args:
        guesses: predictions, all of which it waits for.
        draw: makes the HTML, anew when the guesses are made.
        what: it is, in a word.
    """

    def __init__(self, guesses: Sequence[Guess], draw: Callable[[], str], what: str):
        self.guesses, self._draw, self.what = guesses, draw, what

    def to_html(self) -> str:
        """What stands in the cell now."""
        page = self._draw()
        if all(guess.made for guess in self.guesses):
            return f'<div class="idlib-revealed">\n{page}\n</div>'
        names = [guess.name.replace("/", "-") for guess in self.guesses]
        here = f"idlib-waits-{'-'.join([self.what, *names])}"
        asked = f"body:has({', '.join(f'.idlib-asks-{name}' for name in names)}) .{here}"
        says = f"The {self.what} waits for your guess above."
        return (
            f'<div class="idlib-waits {here}">\n<style>{asked} > details {{ display: none }} '
            f'{asked}::before {{ content: "{says}"; font-style: italic }}</style>\n'
            f"<details><summary>Show the {self.what}</summary>\n{page}\n</details>\n</div>"
        )

    def __enter__(self) -> None:
        self._capture = capture_output()
        self._captured = self._capture.__enter__()

    def __exit__(self, kind, error, traceback) -> None:
        self._capture.__exit__(kind, error, traceback)
        if kind is not None:
            self._captured.show()
            return
        printed = html.escape(self._captured.stdout, quote=False)
        pages = [f'<pre style="overflow-x:auto">{printed}</pre>'] if printed else []
        pages += [output.data["text/html"] for output in self._captured.outputs]
        self._draw = lambda: "\n".join(pages)
        self._ipython_display_()

    def _bundle(self) -> dict[str, Any]:
        return {"text/html": self.to_html(), "text/plain": "Reveal()"}

    @in_turn
    def _ipython_display_(self) -> None:
        handle = display(self._bundle(), raw=True, display_id=True)
        if handle and not all(guess.made for guess in self.guesses):  # no handle outside IPython
            for guess in self.guesses:
                guess.when_made(lambda: handle.update(self._bundle(), raw=True))
