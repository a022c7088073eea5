"""Whether this machine has what the course needs, line by line, with a remedy."""

import platform
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import torch

from ..errors import IdlibError
from ..problems.images import load

__all__ = ["check", "report"]

PYTHON = "3.11"  # the oldest versions that will do, as in pyproject.toml
PACKAGES = {
    "torch": "2.6",
    "torchvision": "0.21",
    "jupyterlab": "4.2",
    "jupyterquiz": "2.9",
    "ipywidgets": "8.1",
    "transformers": "4.46",
    "datasets": "3.0",
    "peft": "0.21",
}
INSTALL = "run: pip install -r requirements.txt, then restart the kernel"


def check() -> None:
    """Prints the report."""
    for _, line in report():
        print(line)


def report() -> Iterator[tuple[bool, str]]:
    """Whether each thing is in order, and a line on it. Loading the data may take seconds."""
    yield _version("python", platform.python_version(), PYTHON, "install a newer Python")
    for name, oldest in PACKAGES.items():
        try:
            yield _version(name, version(name), oldest, INSTALL)
        except PackageNotFoundError:
            yield _line(f"{name} is missing", INSTALL)
    yield _line(f"device: {_device()}")
    try:
        task = load("auto")
        yield _line(f"data: {task.name}, from {task.source}")
    except IdlibError as error:
        yield _line("data", str(error))


def _version(name: str, found: str, oldest: str, remedy: str) -> tuple[bool, str]:
    if _numbers(found) >= _numbers(oldest):
        return _line(f"{name} {found}")
    return _line(f"{name} {found}, older than {oldest}", remedy)


def _line(what: str, remedy: str = "") -> tuple[bool, str]:
    return (False, f"FAIL {what} -> {remedy}") if remedy else (True, f"OK   {what}")


def _numbers(text: str) -> tuple[int, ...]:
    """
    >>> _numbers("2.14.1+cu130")
    (2, 14, 1)
    """
    return tuple(int(number) for number in re.findall(r"\d+", text.split("+")[0]))


def _device() -> str:
    if torch.cuda.is_available():
        return f"cuda, {torch.cuda.get_device_name()}"
    return f"cpu, threads: {torch.get_num_threads()} (enough for the whole course)"
