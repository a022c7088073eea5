"""Every name that a notebook takes from idlib is there, and it borrows from no other lesson."""

import ast
import importlib
import re
from pathlib import Path

import nbformat
import pytest

from idlib.lessons import LESSONS

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
FOLDED = re.compile(r"```python\n(.*?)```", re.S)  # solutions


def code_of(path: Path) -> list[ast.AST]:
    cells = nbformat.read(path, 4).cells
    sources = [c.source for c in cells if c.cell_type == "code"]
    sources += [s for c in cells if c.cell_type == "markdown" for s in FOLDED.findall(c.source)]
    return [node for source in sources for node in ast.walk(ast.parse(source))]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_name_is_there(path):
    known = {}  # modules of ours, by the name they have in the notebook
    nodes = code_of(path)
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "idlib":
            module = importlib.import_module(node.module)
            for alias in node.names:
                found = getattr(module, alias.name, None)
                found = found or importlib.import_module(f"{node.module}.{alias.name}")
                if type(found) is type(ast):
                    known[alias.asname or alias.name] = found
        elif isinstance(node, ast.Import) and node.names[0].name == "idlib":
            known["idlib"] = importlib.import_module("idlib")
    missing = [
        f"{node.value.id}.{node.attr}"
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in known
        and not hasattr(known[node.value.id], node.attr)
    ]
    assert missing == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_borrows_from_no_other_lesson(path):
    modules = [n.module for n in code_of(path) if isinstance(n, ast.ImportFrom) and n.module]
    lessons = {m.split(".")[2] for m in modules if m.startswith("idlib.lessons.")}
    assert lessons <= {"base", LESSONS.get(path.name[:2])}
