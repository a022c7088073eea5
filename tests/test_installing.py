"""`idlib` alone needs few packages, and names the extra that brings what it lacks."""

import ast
import importlib
import os
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

import idlib
from idlib.errors import IdlibError, needing

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CORE = [re.match(r"[\w-]+", entry)[0] for entry in PROJECT["project"]["dependencies"]]
EXTRAS = PROJECT["project"]["optional-dependencies"]
OURS = ("errors.py", "projections", "subspace", "engine", "dimension.py", "__init__.py")
MODULES = {  # of each extra, those that this package imports
    "course": "anywidget gymnasium IPython ipywidgets jupyterquiz matplotlib nbclient nbformat PIL "
    "scipy sklearn torchvision",
    "dask": "dask distributed",
    "language": "datasets gguf peft sklearn tokenizers transformers",
    "reward": "mujoco",
    "site": "docutils latex2mathml myst_nb nbconvert sphinx sphinx_revealjs",
}
HEAVY = ("transformers", "matplotlib", "ipywidgets", "anywidget", "sklearn", "torchvision", "peft")
HEAVY += ("nbformat",)
START = """
import sys
sys.modules.update(dict.fromkeys({names}))  # so each of them is not found
import torch
import idlib
loaded = sorted(sys.modules)
from idlib.engine.config import RunConfig
from idlib.engine.store import RunStore
from idlib.engine.sweeps import sweep
from idlib.problems.names import run_named
"""
WORKS = """
data = torch.utils.data.TensorDataset(torch.eye(4).repeat(5, 1), torch.arange(4).repeat(5))
assert idlib.Subspace(torch.nn.Linear(4, 4), d=3)(torch.eye(4)).shape == (4, 4)
found = idlib.intrinsic_dimension(
    lambda: torch.nn.Linear(4, 4), data, data, seeds=(0,), epochs=1, batch_size=10, d_max=2,
    lrs=(0.1,), full_lrs=(0.1,), store="runs.jsonl", progress=False,
)
assert found.D == 20
assert len(RunStore("runs.jsonl")) == len(found.runs)
from idlib.studies.reading import cell
print(cell("mnist", task="mnist", model="fc").D)
import idlib.tools.cli
"""
FAILS = """
import os
with open("loaded", "w") as said:
    print(*loaded, sep="\\n", file=said)
for extra, (names, codes) in {missing}.items():
    if hasattr(os, "fork") and os.fork():  # for each extra, a process that has torch already
        assert os.wait()[1] == 0
        continue
    sys.modules.update(dict.fromkeys(names))
    with open(extra, "w") as said:
        for code in codes:
            try:
                exec(code)
            except Exception as error:
                print(f"{{type(error).__name__}}: {{error}}", file=said)
    os._exit(0)
"""
MISSING = {  # code, and how what it says begins
    "course": {
        "import idlib.widgets": "idlib.widgets needs ",
        "import idlib.plots": "idlib.plots needs ",
        "run_named(RunConfig('cartpole', 'fc-4-1', 1, 1))": "The task 'cartpole' needs gymnasium,",
        "idlib.load('digits')": "The task 'digits' needs sklearn,",
        "idlib.load('mnist')": "MNIST was asked for, but its download needs torchvision,",
        "import idlib.tools.notebooks": "What cleans and runs notebooks needs nbformat,",
    },
    "dask": {
        "sweep([RunConfig('a', 'b', None, 0.1)], RunStore(), run_named, dask='')": "A sweep on "
        "Dask needs distributed,",
    },
    "language": {
        "import idlib.problems.language": "A language model needs transformers,",
        "import idlib.problems.pretrain": "A language model needs transformers,",
        "idlib.load('sst2')": "The download of 'sst2' needs datasets,",
        "run_named(RunConfig('docstrings', 'roberta-4x128', None, 0.1))": "A language model needs ",
    },
    "reward": {
        "run_named(RunConfig('pendulum', 'fc-4-1+es', 1, 1))": "The task 'pendulum' needs mujoco,",
    },
    "site": {
        "import idlib.tools.website": "The web site needs ",
        "import idlib.tools.slides": "A formula needs latex2mathml,",
    },
}


def run_without(names: str, code: str, folder: Path) -> str:
    """What code prints in a Python that lacks some packages."""
    code = START.format(names=names.split()) + code
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_but_the_extras_works_without_them(tmp_path):
    assert run_without(" ".join(MODULES.values()), WORKS, tmp_path) == "199210\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """With a file for each extra, of what is said where it is missing, each in a process of its
    own; and one with the names of all modules that `import idlib` has loaded."""
    folder = tmp_path_factory.mktemp("missing")
    missing = {extra: (MODULES[extra].split(), [*MISSING[extra]]) for extra in MODULES}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCH_HOME", str(folder))  # where no MNIST lies
        patch.delenv("IDLIB_DATA")
        one_by_one = [{extra: found} for extra, found in missing.items()]
        for some in [missing] if hasattr(os, "fork") else one_by_one:
            run_without("", FAILS.format(missing=some), folder)
    return folder


@pytest.fixture(scope="module")
def said(folder):
    return {extra: (folder / extra).read_text().splitlines() for extra in MODULES}


@pytest.fixture(scope="module")
def loaded(folder):
    return (folder / "loaded").read_text().splitlines()


@pytest.mark.parametrize("extra", MODULES)
def test_what_is_missing_is_named_with_its_extra(said, extra):
    for (code, start), line in zip(MISSING[extra].items(), said[extra], strict=True):
        assert line.startswith(f"IdlibError: {start}"), code
        assert f"which is not installed: pip install 'idlib[{extra}]'" in line, code


def test_a_fault_of_our_own_is_no_missing_package():
    with pytest.raises(ModuleNotFoundError, match="nothing_there"), needing("course", "This"):
        importlib.import_module("idlib.nothing_there")
    missing = pytest.raises(IdlibError, match="needs no_such_package, which is not installed")
    with missing, needing("course", "This"):
        importlib.import_module("no_such_package.inner")


def test_the_core_is_what_the_package_imports_at_once(loaded):
    files = [f for name in OURS for f in sorted((ROOT / "idlib").glob(f"{name}/*.py"))]
    files += [ROOT / "idlib" / name for name in OURS if name.endswith(".py")]
    at_once = {name for file in files for name in top_level(file)}
    at_once |= {name for file in problems_of_names(loaded) for name in top_level(file)}
    assert sorted(at_once - sys.stdlib_module_names) == CORE


def test_importing_idlib_stays_light(loaded):
    assert "idlib.problems.names" in loaded and {*HEAVY} & {*loaded} == set()


def top_level(file: Path) -> set[str]:
    """Packages that a module imports when it is imported itself, ours apart."""
    found = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.split(".")[0])
    return found


def problems_of_names(loaded: list[str]) -> list[Path]:
    names = [name.split(".")[-1] for name in loaded if name.startswith("idlib.problems.")]
    assert {"names", "images", "texts"} <= set(names) and "language" not in names
    return [ROOT / "idlib" / "problems" / f"{name}.py" for name in names]


def test_extras_that_are_named_exist():
    named = set()
    for file in (ROOT / "idlib").rglob("*.py"):
        named |= set(re.findall(r"with needing\(\"(\w+)\"", file.read_text(encoding="utf-8")))
    assert named == set(EXTRAS) - {"tests"} == set(MODULES)


def test_the_version_is_said_once():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert idlib.__version__ == PROJECT["project"]["version"]
    assert re.search(r"^## (.+)", changes, re.M)[1] == idlib.__version__


def test_what_is_no_code_comes_with_the_package():
    patterns = PROJECT["tool"]["setuptools"]["package-data"]["idlib"]
    folder, used = ROOT / "idlib", set()
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        left_out = path.suffix in (".py", ".lock", ".pyc") or "__pycache__" in inside.parts
        if path.is_file() and not left_out:
            fitting = {p for p in patterns if fits(inside, p)}
            assert fitting, inside
            used |= fitting
    assert used == set(patterns)


def fits(path: Path, pattern: str) -> bool:
    parts = pattern.split("/")
    return len(parts) == len(path.parts) and all(map(fnmatch, path.parts, parts))


def test_an_ignore_of_the_type_checker_names_its_code_and_its_reason():
    files = [ROOT / name for name in PROJECT["tool"]["mypy"]["files"]]
    files = [f for name in files for f in ([name] if name.suffix else name.rglob("*.py"))]
    assert len(files) > 30
    seen = 0
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            if "type: ignore" in line:
                assert re.search(r"# type: ignore\[[a-z-]+(, [a-z-]+)*\]  # \w.{5,}", line), (
                    f"{file}: {line}"
                )
                seen += 1
    assert seen


def test_ci_checks_types_after_style():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert script.index("\nruff check .\n") < script.index("\nmypy\n")
    workflow = (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
    assert "run: mypy\n" in workflow
