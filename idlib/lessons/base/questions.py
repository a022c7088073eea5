"""Questions to guess at, which lie with their answers in each lesson's ``predictions.json``.

An entry has a question; then ``options``, or ``between`` (the smallest and the largest number), or
``curve`` (what is to be drawn); an answer, and why it is so. If a figure gives the answer away, its
alternative text and its caption stand there too. ``{name}`` in the last four is a number that the
notebook works out.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Any

from ...errors import IdlibError

__all__ = ["Axes", "Question", "question"]

Points = tuple[tuple[float, float], ...]  # of a curve, from left to right
Guess = int | str | Points | None


@dataclass(frozen=True)
class Axes:
    """What a curve is drawn in: x is logarithmic.

    Args:
        x: where the curve has a value, from left to right.
        x_label: what x is.
        y: smallest and largest value.
        y_label: what y is.
        log: whether y is logarithmic.
    """

    x: Sequence[float]
    x_label: str
    y: Sequence[float]
    y_label: str
    log: bool = False


@dataclass(frozen=True)
class Question:
    """A question, and what its answer is; see above."""

    name: str
    question: str
    answer: str = ""
    why: str = ""
    options: Sequence[str] = ()
    between: Sequence[int] = ()
    curve: Axes | None = None
    alt: str = ""
    caption: str = ""

    def filled(self, field: str, numbers: Mapping[str, Any]) -> str:
        """A text, with numbers where it has names.

        Raises:
            IdlibError: if a number is missing; if an answer is none of the options.
        """
        try:
            text = str(getattr(self, field)).format(**numbers)
        except KeyError as error:
            raise IdlibError(
                f"{self.name} says {error} in its {field}, and got {sorted(numbers) or 'nothing'}: "
                "pass it by that name."
            ) from error
        if field == "answer" and self.options and text not in self.options:
            raise IdlibError(f"{text!r} is the answer of {self.name}, expected one of "
                             f"{', '.join(map(repr, self.options))}.")  # fmt: skip
        return text

    def understood(self, text: str) -> Guess:
        """The whole number that a reader has typed.

        Raises:
            IdlibError: if it is none, or lies outside.
        """
        low, high = self.between
        plain = re.sub(r"[\s,_'’]", "", text)
        if plain.isdecimal() and low <= int(plain) <= high:
            return int(plain)
        given = f"“{text}” was given: type" if text.strip() else "Type"
        raise IdlibError(f"{given} a whole number from {low:,} to {high:,} first.")

    def is_guess(self, guess: Any) -> bool:
        """Whether a guess that was kept still is one."""
        if guess is None:
            return True
        if self.options:
            return guess in self.options
        if self.curve:
            points = isinstance(guess, list | tuple) and all(
                isinstance(p, list | tuple) and len(p) == 2 for p in guess
            )
            return points and [x for x, _ in guess] == [*self.curve.x]
        return isinstance(guess, int) and self.between[0] <= guess <= self.between[1]

    def words(self, guess: Guess) -> str:
        """A guess in words."""
        if self.curve:
            return "the dotted curve"
        return f"{guess:,}" if isinstance(guess, int) else str(guess)


def question(name: str) -> Question:
    """The question of a name, such as "mnist/fc": the lesson's folder, and its entry there.

    Raises:
        IdlibError: if there is none.
    """
    lesson, _, key = name.partition("/")
    path = files("idlib.lessons") / lesson / "predictions.json"
    entries = json.loads(path.read_text(encoding="utf-8")) if lesson and path.is_file() else {}
    if key not in entries:
        known = f"one of {[f'{lesson}/{k}' for k in entries]}" if entries else "such as 'mnist/fc'"
        raise IdlibError(f"No prediction {name!r} is there: choose {known}.")
    entry = dict(entries[key])
    unknown = set(entry) - {field.name for field in fields(Question)}
    if unknown or sum(kind in entry for kind in ("options", "between", "curve")) != 1:
        raise IdlibError(f"{path} has a {key!r} with {sorted(entry)}: see its module.")
    if "curve" in entry:
        entry["curve"] = Axes(**entry["curve"])
    return Question(name, **entry)
