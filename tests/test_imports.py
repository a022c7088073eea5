"""Imports run one way, from mathematics to pictures, and without a circle."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import idlib

ROOT = Path(idlib.__file__).parent
# From the ground up: a module imports from its own floor and from those before it.
FLOORS = (
    ("errors",),
    ("projections",),
    ("subspace",),
    ("engine",),
    ("dimension",),
    ("problems",),
    ("",),  # idlib itself, what `import idlib` gives
    ("studies",),
    ("lessons",),
    ("plots", "widgets", "checks"),
    ("tools",),
    ("__main__",),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
GROUND = "base"  # of the lessons: the one that all of them may use


def name_of(path: Path, root: Path) -> str:
    """The dotted name of a module below `root`, without the package's own: "" for its __init__."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def graph(root: Path) -> dict[str, set[str]]:
    """The package's modules that each of its modules imports, anywhere in its code."""
    files = {name_of(path, root): path for path in sorted(root.rglob("*.py"))}
    return {name: imported(path, name, files) for name, path in files.items()}


def imported(path: Path, name: str, modules) -> set[str]:
    found = set()
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
            found |= {".".join(parts[1:]) for parts in names if parts[0] == "idlib"}
        elif isinstance(node, ast.ImportFrom) and (node.level or is_ours(node.module)):
            if node.level:
                up = package.split(".")[: len(package.split(".")) - node.level + 1]
                parts = [*filter(None, up), *filter(None, [node.module])]
            else:
                parts = node.module.split(".")[1:]
            for alias in node.names:  # a module of that name, or something in the module before
                inner = ".".join([*parts, alias.name])
                found.add(inner if inner in modules else ".".join(parts))
    return found - {name}


def is_ours(module: str) -> bool:
    return module.split(".")[0] == "idlib"


def against_the_direction(imports: dict[str, set[str]]) -> list[str]:
    """Imports of a module from a floor above its own, or of one lesson from another."""
    found = []
    for name, targets in imports.items():
        for target in targets:
            (room, *rest), (other, *inner) = name.split("."), target.split(".")
            lesson, from_lesson = (p[0] if p else "" for p in (rest, inner))
            if FLOOR[other] > FLOOR[room] or (
                room == other == "lessons" and from_lesson not in (lesson, GROUND, "")
            ):
                found.append(f"{name} imports {target}")
    return found


@pytest.fixture(scope="module")
def imports():
    return graph(ROOT)


def test_imports_run_in_one_direction(imports):
    assert against_the_direction(imports) == []


def test_lessons_compute_then_draw_then_show(imports):
    """Only widgets import widgets, and what computes or checks imports no pictures."""
    last = {
        "plots": 1,
        "d90_plots": 1,
        "curve_plots": 1,
        "score_plots": 1,
        "svg": 1,
        "space": 1,
        "checks": 0,
    }
    last |= dict.fromkeys(("widgets", "live", "panels", "slider", "alive"), 2)
    last |= dict.fromkeys(("predictions", "quizzes", "explorers", "reveals", "curve", "polls"), 2)
    lessons = {name: targets for name, targets in imports.items() if name.startswith("lessons.")}
    pairs = [(name, target) for name, targets in lessons.items() for target in targets]
    step = {name: last.get(name.split(".")[-1], 0) for pair in pairs for name in pair}
    assert [(name, target) for name, target in pairs if step[target] > step[name]] == []
    assert {0, 1, 2} == set(step.values())


def test_no_module_is_imported_by_what_it_imports(imports):
    assert circle(imports) == []


def circle(imports) -> list[str]:
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_the_engine_and_what_lies_below_know_no_names(imports):
    below = {room for rooms in FLOORS[: FLOOR["engine"] + 1] for room in rooms}
    for name, targets in imports.items():
        if name.split(".")[0] in below:
            assert {target.split(".")[0] for target in targets} <= below, name


def test_every_module_is_looked_at(imports):
    assert len(imports) == len([*ROOT.rglob("*.py")]) > 80
    assert {name.split(".")[0] for name in imports} == set(FLOOR)
    assert imports["dimension"] >= {"engine.rates", "errors"}
    assert imports[""] >= {"problems.names", "subspace"}
    assert "lessons.base.plots" in imports["lessons.toy.plots"]


@pytest.mark.parametrize(
    ("module", "code", "said"),
    [
        ("engine/new.py", "from ..problems import images", "engine.new imports problems.images"),
        ("engine/new.py", "def f():\n    import idlib.studies", "engine.new imports studies"),
        ("engine/new.py", "from idlib import load", "engine.new imports "),
        ("projections/new.py", "from ..engine.store import Run", "projections.new imports engine"),
        ("studies/new.py", "from ..plots import curves", "studies.new imports plots"),
        ("lessons/toy/new.py", "from ..mnist import plots", "lessons.toy.new imports lessons.mnis"),
        ("lessons/toy/new.py", "from ... import tools", "lessons.toy.new imports tools"),
        ("lessons/base/new.py", "from ..toy.plots import x", "lessons.base.new imports lessons.to"),
    ],
)
def test_an_import_against_the_direction_is_found(tmp_path, module, code, said, imports):
    room = ROOT.name
    for name in imports:
        path = tmp_path.joinpath(room, *filter(None, name.split(".")), "__init__.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    path = tmp_path / room / module
    path.write_text(code)
    found = against_the_direction(graph(tmp_path / room))
    assert len(found) == 1 and found[0].startswith(said)


def test_a_circle_is_found(tmp_path):
    (tmp_path / "__init__.py").touch()
    (tmp_path / "plots.py").write_text("from .widgets import x")
    (tmp_path / "widgets.py").write_text("def f():\n    from . import plots")
    assert set(circle(graph(tmp_path))) == {"plots", "widgets"}


def test_the_house_has_few_rooms():
    entries = [path.name for path in ROOT.iterdir() if path.name != "__pycache__"]
    assert len(entries) <= 22, entries
