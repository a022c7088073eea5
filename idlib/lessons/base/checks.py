"""How a check speaks, also when the reader's code raises an exception."""

import functools
import math
import os
import sysconfig
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

from torch import Tensor

__all__ = ["guarded", "known_mistake", "not_like", "number", "verdict"]

OTHERS = (
    f"{Path(__file__).parents[1]}{os.sep}",
    *(f"{sysconfig.get_path(name)}{os.sep}" for name in ("stdlib", "purelib", "platlib")),
    "<",
)


def verdict(problem: str | None, hint: str, praise: str) -> bool:
    """Prints what a check found, and returns whether the answer is right.

    Args:
        problem: what is wrong, with the input and both values; None if nothing is.
        hint: what to think of next; shown with the problem only.
        praise: what the reader has shown, in a sentence.
    """
    if problem is None:
        print(f"Right. {praise}")
        return True
    print(f"Not yet: {problem}\nHint: {hint}")
    return False


def guarded(check: Callable[..., bool]) -> Callable[..., bool]:
    """A check for which an exception is a wrong answer too, so that *Run All* goes on."""

    @functools.wraps(check)
    def run(*answer) -> bool:
        try:
            return check(*answer)
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            frames = traceback.extract_tb(error.__traceback__)
            own = [f for f in frames if _is_readers(f.filename)]
            if not own:
                hint = "Does your code return what the exercise asks for, and of that shape?"
                return verdict(f"what you return can't be used: it raises {what}", hint, "")
            hint = f"It happens in `{own[-1].name}`, at the line `{own[-1].line}`."
            return verdict(f"your code raises {what}", hint, "")

    return run


def known_mistake(got: float, known: Iterable[tuple[float, str]], **close: float) -> str:
    """What went wrong, with a space before it, if the answer is a known wrong one; else nothing.

    Args:
        got: the answer.
        known: wrong answers, each with what leads to it; the first that fits counts.
        close: how near is the same, see `math.isclose`.
    """
    return next((f" {why}" for wrong, why in known if math.isclose(got, wrong, **close)), "")


def not_like(got: object, expected: Tensor, what: str) -> str | None:
    """Whether `got` is no tensor of the shape of `expected`, in words."""
    if not isinstance(got, Tensor):
        return f"{what} you return {type(got).__name__}, expected a tensor."
    if got.shape != expected.shape:
        return f"{what} you return shape {tuple(got.shape)}, expected {tuple(expected.shape)}."
    return None


def number(value: object) -> float:
    """As a float; what is none compares unequal to everything."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _is_readers(filename: str) -> bool:
    """Whether a file is neither of this package nor of Python, nor an installed one."""
    return not filename.startswith(OTHERS)
