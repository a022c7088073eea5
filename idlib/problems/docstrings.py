"""A task of texts that every machine holds: docstrings of installed packages."""

import ast
import contextlib
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

__all__ = ["CACHE", "PACKAGES", "docstrings"]

CACHE = Path(torch.hub.get_dir()).parent / "idlib"  #: ~/.cache/torch/idlib
#: Distribution of each package whose docstrings are read.
PACKAGES = {
    "numpy": "numpy",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "pandas": "pandas",
    "matplotlib": "matplotlib",
    "torch": "torch",
}
MOST = 2000  # docstrings of one package


def docstrings() -> list[tuple[tuple[str], int]]:
    """First lines of docstrings, each with the number of its package in `PACKAGES`, shuffled.

    A line that two packages share is left out, and no more than 2,000 are taken from one.
    Collecting them takes some seconds the first time; then they are kept in `CACHE`.
    """
    found = [p for p in PACKAGES if find_spec(p)]
    versions = " ".join(f"{p}-{version(PACKAGES[p])}" for p in found)
    path = (
        CACHE / f"docstrings-{hashlib.blake2b(versions.encode(), digest_size=5).hexdigest()}.json"
    )
    if path.exists():
        rows = json.loads(path.read_text(encoding="utf-8"))
    else:
        packages: dict[str, set[int]] = {}
        for number, package in enumerate(PACKAGES):
            for line in _first_lines(package) if package in found else ():
                packages.setdefault(line, set()).add(number)
        rows = sorted((line, *of) for line, of in packages.items() if len(of) == 1)
        with contextlib.suppress(OSError):  # without a cache it takes longer, and that is all
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(f".{os.getpid()}").write_text(json.dumps(rows), encoding="utf-8")
            path.with_suffix(f".{os.getpid()}").replace(path)
    rng, kept, of = np.random.default_rng(0), [], Counter[int]()
    for line, number in (rows[i] for i in rng.permutation(len(rows))):
        of[number] += 1
        if of[number] <= MOST:
            kept.append(((line,), number))
    return [kept[i] for i in rng.permutation(len(kept))]


def _first_lines(package: str) -> Iterable[str]:
    """The first lines of public docstrings in a package's files, without importing it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return
    root = Path(spec.origin).parent
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).parts
        if any(p.startswith("test") or p in ("conftest.py", "externals", "_vendor") for p in parts):
            continue
        yield from _lines_in(ast.parse(path.read_text(encoding="utf-8", errors="ignore")))


def _lines_in(tree: ast.AST) -> Iterable[str]:
    named = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, named) and not node.name.startswith("_"):
            line = (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ").strip()
            if 20 <= len(line) <= 200 and line.count(" ") >= 3:
                yield line
            yield from _lines_in(node)
