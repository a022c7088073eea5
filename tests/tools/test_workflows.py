"""The workflows run the README's command, on the oldest versions that pyproject.toml admits."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, PYTEST = SETTINGS["project"], SETTINGS["tool"]["pytest"]["ini_options"]
TEST, NEWEST, SITE, WEEKLY = (
    (ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8")
    for name in ("test.yml", "newest.yml", "site.yml", "weekly.yml")
)


def test_the_readmes_command_runs_on_three_systems():
    command = "pip install -r requirements.txt && pytest"
    assert f"\n{command}\n" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"run: {command}\n" in TEST
    assert "os: [ubuntu-latest, macos-latest, windows-latest]" in TEST


def test_the_oldest_versions_are_those_of_pyproject():
    oldest = PROJECT["requires-python"].removeprefix(">=")
    pythons = re.search(r"python: \[(.*)\]", TEST)[1].replace('"', "").split(", ")
    assert pythons[0] == oldest and len(pythons) == 2
    entries = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["course"]]
    lowest = dict(entry.split(">=") for entry in entries)
    for name in ("torch", "torchvision"):
        assert f'"{name}=={lowest[name]}.*"' in TEST


def test_the_weekly_run_installs_every_extra():
    extras = re.search(r"-e \"\.\[([\w,]+)\]\"", NEWEST)[1].split(",")
    assert extras == sorted(PROJECT["optional-dependencies"])
    assert "schedule:" in NEWEST


def test_what_pytest_leaves_out_runs_weekly():
    options = PYTEST["addopts"]
    assert options[options.index("-m") + 1] == "not weekly"
    assert any(marker.startswith("weekly: ") for marker in PYTEST["markers"])
    assert "run: pytest -m weekly\n" in WEEKLY and "cron: " in WEEKLY
    marked = {path.name for path in (ROOT / "tests").rglob("test_*.py")
              if "pytest.mark.weekly" in path.read_text(encoding="utf-8")}  # fmt: skip
    assert marked >= {"test_loadtest.py", "test_hosting.py", "test_site.py"}


def test_style_types_and_the_package_alone_are_looked_at():
    for command in ("ruff check .", "ruff format --check .", "mypy", "pip install ."):
        assert f"run: {command}\n" in TEST


def test_the_site_is_published_from_main_as_the_readme_makes_it():
    command = "python -m idlib site"
    assert f"`{command}`" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"run: {command} --repository" in SITE and "path: build/site\n" in SITE
    assert "branches: [main]" in SITE and "pull_request" not in SITE
    build, publish = SITE.split("  publish:\n")
    assert "needs: build" in publish and "actions/deploy-pages@" in publish
    for permission in ("pages: write", "id-token: write"):  # for the one job that needs them
        assert permission in publish and permission not in build


def test_screenshots_are_kept_of_failed_runs_as_well():
    step = re.search(r"if: always\(\)\n +uses: actions/upload-artifact.*?ignore\n", TEST, re.S)[0]
    assert "path: build/screenshots\n" in step
    code = (ROOT / "tests/browser/conftest.py").read_text(encoding="utf-8")
    assert 'SCREENSHOTS = ROOT / "build" / "screenshots"' in code
    for value in re.findall(r"matrix\.(\w+)", re.search(r"name: (.*)", step)[1]):
        assert f"        {value}: [" in TEST  # a name for each machine: artefacts can't share one
