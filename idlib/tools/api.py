"""The pages on the API, made from the docstrings: part of ``python -m idlib site``.

Sphinx's autodoc reads them. Here it is told which modules stand on which page, and that each
name stands on one page only, the first, however many modules pass it on.
"""

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

from ..errors import needing

with needing("site", "The web site"):
    from sphinx.pycode import ModuleAnalyzer

__all__ = ["PAGES", "by_name", "write_pages"]


def _modules(package: str, *first: str) -> tuple[str, ...]:
    """The modules of one of our packages, some of them before the others."""
    folder = Path(__file__).parents[1] / package
    others = [m.name for m in pkgutil.iter_modules([str(folder)]) if not m.ispkg]
    return tuple(f"idlib.{package}.{name}" for name in dict.fromkeys((*first, *others)))


# By the page's file: its title, what it says first, and its modules.
PAGES = {
    "idlib": (
        "The first names",
        "What most users need, also by `import idlib` alone.",
        ("idlib", "idlib.dimension"),
    ),
    "projections": (
        "Projections and layers",
        "Random matrices, and what a subspace does with the layers of a model.",
        (
            "idlib.projections",
            "idlib.projections.hadamard",
            "idlib.subspace.layers",
            "idlib.subspace.placed",
        ),
    ),
    "engine": (
        "Engine",
        "Training, runs, their store, learning rates, searches and sweeps, for any model and data.",
        _modules("engine", "runs", "training", "data", "store", "sweeps", "search", "rates"),
    ),
    "problems": (
        "Problems",
        "The grammar of names, and the tasks and models behind it.",
        _modules("problems", "names", "images", "variants", "networks", "texts", "language"),
    ),
    "studies": (
        "Studies",
        "How studies are declared and recorded, and how their results are read.",
        tuple(
            f"idlib.studies.{name}" for name in ("reading", "results", "study", "record", "command")
        ),
    ),
}
KINDS = {  # of what is documented: directive, options
    "exception": ("autoexception", (":show-inheritance:",)),
    "class": ("autoclass", (":members:",)),
    "function": ("autofunction", ()),
}


def write_pages(folder: Path) -> list[str]:
    """Writes the pages as reStructuredText.

    Args:
        folder: where NAME.rst goes for each of `PAGES`; made if it is not there.

    Returns:
        The names of the pages, in order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known: set[int] = set()  # classes and functions
    for page, (title, first, modules) in PAGES.items():
        lines = [title, "=" * len(title), "", first.replace("`", "``"), ""]
        for module in modules:
            lines += _section(module, known)
        (folder / f"{page}.rst").write_text("\n".join(lines), encoding="utf-8")
    return list(PAGES)


def by_name(app, what, name, thing, options, signature: str, returned: str) -> tuple[str, str]:
    """Answers autodoc's event ``autodoc-process-signature``: has it write functions and classes
    that are defaults by their names."""
    if signature:
        signature = re.sub(r"<function ([\w.]+)>", r"\1", signature)
        signature = re.sub(r"<class '(?:\w+\.)*(\w+)'>", r"\1", signature)
        signature = signature.replace("<factory>", "...")
    return signature, returned


def _section(name: str, known: set[int]) -> Iterator[str]:
    module = importlib.import_module(name)
    yield from (name, "-" * len(name), "", f".. automodule:: {name}", "")
    for public in module.__all__:
        thing = getattr(module, public)
        if not callable(thing):
            yield from _constant(name, public, thing)
        elif id(thing) not in known:
            known.add(id(thing))
            directive, options = KINDS[_kind(thing)]
            yield f".. {directive}:: {name}.{public}"
            yield from (f"   {option}" for option in options)
            if is_dataclass(thing):  # a function among its defaults is no method
                yield f"   :exclude-members: {', '.join(field.name for field in fields(thing))}"
            yield ""


def _constant(name: str, public: str, thing: object) -> Iterator[str]:
    """Its name, its value if that is short, and its comment. Autodoc would say at length what kind
    of thing it is."""
    short = isinstance(thing, str | int | tuple) and len(repr(thing)) < 80
    value = [f":value: {thing!r}"] if short else []
    yield f".. py:data:: {public}"
    yield from (f"   {line}" for line in (f":module: {name}", *value, ""))
    yield from (f"   {line}" for line in (*_comment(name, public), ""))


def _kind(thing: object) -> str:
    if not isinstance(thing, type):
        return "function"
    return "exception" if issubclass(thing, Exception) else "class"


def _comment(name: str, public: str) -> list[str]:
    """What is said of a constant behind ``#:``, in the module or in one of its own."""
    for module in (name, *(m for m in sorted(sys.modules) if m.startswith(f"{name}."))):
        found = ModuleAnalyzer.for_module(module).find_attr_docs()
        if ("", public) in found:
            return found["", public]
    return []
