"""The one exception of the package, and the commonest reasons for it."""

import operator
import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["IdlibError", "check_integer", "needing", "no_write_to"]


class IdlibError(ValueError):
    """Bad input: the message says what was received, what was expected, and what to do."""


def check_integer(name: str, value: int, low: int, high: int | None = None) -> int:
    """`value` as an int, or an `IdlibError` if it is no integer from `low` to `high`."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < low or number > (high or number):
        expected = (
            f"an integer of at least {low}"
            if high is None
            else f"an integer from {low} to {high:,}"
        )
        raise IdlibError(f"{name} = {value!r} was given, expected {expected}.")
    return number


@contextmanager
def needing(extra: str, what: str) -> Iterator[None]:
    """Around imports of packages that an extra of this one brings along.

    Args:
        extra: a key of ``optional-dependencies`` in pyproject.toml.
        what: needs them, as a sentence begins.

    Raises:
        IdlibError: if one is not installed, naming it and the extra.

    >>> with needing("site", "A page"):
    ...     import no_such
    Traceback (most recent call last):
    idlib.errors.IdlibError: A page needs no_such, which is not installed: pip install 'idlib[site]'
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or str(error)).partition(".")[0]
        if name == __package__:  # a fault of this package's own
            raise
        raise IdlibError(
            f"{what} needs {name}, which is not installed: pip install 'idlib[{extra}]'"
        ) from error


@contextmanager
def no_write_to(path: str | os.PathLike) -> Iterator[None]:
    """Around what writes a file; where the operating system refuses, the error names it.

    >>> with no_write_to("runs.jsonl"):  # doctest: +ELLIPSIS
    ...     raise PermissionError(13, "Permission denied")
    Traceback (most recent call last):
    idlib.errors.IdlibError: runs.jsonl can't be written ([Errno 13] Permission denied): choose ...
    """
    try:
        yield
    except TimeoutError:  # of a lock that another process holds
        raise
    except OSError as error:
        raise IdlibError(
            f"{path} can't be written ({error}): choose a path in a folder that may be written to, "
            "on a disk with space."
        ) from error
