"""The set-up files agree with each other and with what the code imports."""

import ast
import json
import re
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path
from unittest import mock

import pytest

import idlib
from idlib.studies.command import ALL as STUDIES_AND_TABLES
from idlib.studies.reading import cell, cells
from idlib.tools import cli as command_line

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = sorted((ROOT / "notebooks" / "docs").glob("*.md"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# called, named in settings, or imported by pytest.importorskip
TOOLS = {"imageio", "jupyterlab", "mujoco", "mypy", "ruff", "playwright", "furo", "myst-nb"}
# where the names differ
DISTRIBUTIONS = {"IPython": "ipython", "PIL": "pillow", "sklearn": "scikit-learn"}
DISTRIBUTIONS |= {"sphinx_revealjs": "sphinx-revealjs", "xdist": "pytest-xdist"}
DISTRIBUTIONS |= {"yaml": "pyyaml"}
DISTRIBUTIONS |= {"axe_playwright_python": "axe-playwright-python"}
TEST = "pip install -r requirements.txt && pytest"
START = "pip install -r requirements.txt && jupyter lab notebooks/00_start_here.ipynb"


def requirements() -> list[str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def pins() -> dict[str, str]:
    return dict(line.split("==") for line in requirements()[:-1])


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def sources(*folders: str) -> dict[Path, str]:
    """The Python code of modules, and of notebooks' code cells."""
    files = [f for folder in folders for f in sorted((ROOT / folder).rglob("*"))]
    code = {f: f.read_text(encoding="utf-8") for f in files if f.suffix == ".py"}
    for f in files:
        if f.suffix == ".ipynb" and ".ipynb_checkpoints" not in f.parts:
            cells = json.loads(f.read_text(encoding="utf-8"))["cells"]
            code[f] = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    return code


def imports(code: str) -> set[str]:
    """Names of the modules imported, those of relative imports beginning with a dot."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * bool(node.level) + (node.module or node.names[0].name))
    return found


def distributions(code: str) -> set[str]:
    """Packages that the code imports, apart from Python's own and ours."""
    names = {name.split(".")[0] for name in imports(code)} - {"", "idlib"}
    return {DISTRIBUTIONS.get(name, name) for name in names - sys.stdlib_module_names}


def test_requirements_are_exact_and_end_with_the_package():
    assert requirements()[-1] == "-e ."
    assert list(pins()) == sorted(pins())
    assert all(re.fullmatch(r"[\d.]+", version) for version in pins().values())


def test_requirements_are_what_is_imported_directly():
    code = [*sources("idlib", "tests", "notebooks").values(), (ROOT / "conftest.py").read_text()]
    imported = set().union(*map(distributions, code))
    assert imported | TOOLS == set(pins())


def test_environment_holds_the_same_set():
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    _, pip_section = text.split("  - pip:\n")
    assert re.findall(r"^ {6}- (.+)$", pip_section, re.M) == requirements()


def test_the_ranges_of_the_package_cover_its_imports_and_admit_the_pins():
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    entries = [entry for group in groups for entry in group if not entry.startswith("idlib[")]
    ranges = dict(entry.split(">=") for entry in entries)
    assert len(ranges) == len(set(entries))  # one range for each
    imported = set().union(*map(distributions, sources("idlib").values()))
    assert imported <= set(ranges)
    assert {name for name in ranges if numbers(pins()[name]) < numbers(ranges[name])} == set()


def test_readme_has_the_two_commands_and_ci_runs_the_second():
    assert f"\n{START}\n" in README
    assert f"\n{TEST}\n" in README
    assert TEST in [line.strip() for line in (ROOT / ".ci/run").read_text().splitlines()]


def test_a_failing_install_or_test_fails_ci(tmp_path):
    """`a && b` alone does not end a script under `set -e` where a fails."""
    script = (ROOT / ".ci/run").read_text()
    block = re.search(rf"^\(\n *{re.escape(TEST)}\n\)$", script, re.M)[0]
    for broken in ("pip", "pytest"):
        fakes = "".join(
            f"{n}() {{ {'false' if n == broken else 'true'}; }}\n" for n in ("pip", "pytest")
        )
        done = subprocess.run(["bash", "-c", f"set -euo pipefail\n{fakes}{block}\nexit 0"])
        assert done.returncode != 0


@pytest.mark.parametrize("page", [ROOT / "README.md", *DOCS], ids=lambda page: page.stem)
def test_examples_run(page, monkeypatch, tmp_path):
    """Those in Python; what is to be read only is marked as py."""
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    monkeypatch.setattr(
        idlib, "intrinsic_dimension", mock.create_autospec(idlib.intrinsic_dimension)
    )
    monkeypatch.chdir(tmp_path)
    exec("\n".join(blocks), {})
    measured = any("intrinsic_dimension" in block for block in blocks)
    assert measured == (page.stem in ("README", "your_own_model"))
    assert idlib.intrinsic_dimension.call_count == measured


def test_readme_is_short_and_leads_to_all_pages():
    assert len(README.splitlines()) <= 120
    for page in DOCS:
        assert f"({page.relative_to(ROOT).as_posix()})" in README


def test_readme_gives_the_recorded_d90():
    mnist = []
    for task in ("mnist", "mnist-shuffled"):
        for model in ("fc", "lenet"):
            c = cell("mnist", "curves", task, model=model)
            found, most = c.d90("absolute"), max(c.scores)
            ends = found.interval and " to ".join(f"{end:,.0f}" for end in found.interval)
            mnist.append(f"{found.value:,.0f} ({ends})" if found.d else f"over {most:,}")
    assert mnist == re.findall(
        r"^\| (?:MNIST|shuffled pixels), (?:LeNet|fully connected net).*?\| (.+?) \|", README, re.M
    )
    sizes = [c.d90("absolute").value for c in cells("sizes")]
    assert len(sizes) == 20
    assert f"| {min(sizes):,.0f} to {max(sizes):,.0f} | 575 to 775 |" in README
    small = {"model": "roberta-4x128"}
    for label, did, said in (
        ("MiniLM, per tensor, MRPC", ("pairs", "minilm", "mrpc"), ("pairs", "minilm", "mrpc")),
        ("MiniLM, one P, MRPC", ("pairs", "minilm-one-p"), ("pairs", "minilm-one-p")),
        ("MiniLM, per tensor, SST-2", ("methods", "minilm-sst2"), ("methods", "minilm-sst2")),
        ("SST-2", ("family", "sst2"), ("family", "sst2-said")),
    ):
        which = small if label == "SST-2" else {}
        found = (
            cell(*place, method=method, **which).told()
            for place, method in ((did, "DID"), (said, "SAID"))
        )
        assert f"| {label}: {' and '.join(found)} |" in README
    poles = [cell("reward", part=f"{name}-es") for name in ("cartpole", "pendulum")]
    sizes, found = (f"{c.D:,}" for c in poles), (c.told() for c in poles)
    assert f"D = {' and '.join(sizes)}, by evolution | {' and '.join(found)} |" in README
    found = cell("methods", "minilm-sst2", method="SAID").d90()
    low, high = found.interval
    assert f"{found.value:.0f} numbers (95 % interval {low:.0f} to {high:.0f})" in README
    start, end = (
        statistics.fmean(cell(study, part, model=model).scores[10_000])
        for study, part, model in (
            ("pretraining", "sst2-random", None),
            ("family", "sst2", "roberta-4x128"),
        )
    )
    assert f"to {start:.2f} on film reviews from random weights, to {end:.2f} once" in README
    small, *_, large = (c.d90().value for c in cells("family", "sst2"))
    assert 8.5 < large / small < 9.5 and "d90 grows ninefold at one learning rate" in README


def test_commands_that_are_named_exist(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["idlib", "--help"])
    with pytest.raises(SystemExit):
        command_line.main()
    commands = re.search(r"\{([\w,]+)\}", capsys.readouterr().out)[1].split(",")
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    assert set(re.findall(r"python -m idlib (\w+)", text)) == set(commands)
    assert "`python -m idlib record --list`" in README
    assert re.findall(r"python -m idlib record ([\w-]+)", README) == ["--list", "NAME"]
    named = set(re.findall(r"python -m idlib record (\w+)", text)) - {"NAME"}
    assert named and named <= {*STUDIES_AND_TABLES, "table1"}
