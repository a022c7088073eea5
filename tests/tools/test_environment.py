import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from idlib import IdlibError, widgets
from idlib.tools import environment

ROOT = Path(__file__).parents[2]


def test_here_all_is_in_order(capsys):
    environment.check()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(environment.PACKAGES) + 3
    assert [line for line in lines if not line.startswith("OK   ")] == []


@pytest.mark.parametrize(
    ("found", "ok"), [("2.5.1+cpu", False), ("2.6.0", True), ("2.14.1+cu130", True), ("10.0", True)]
)
def test_an_old_version_fails_with_a_remedy(monkeypatch, found, ok):
    monkeypatch.setattr(environment, "version", lambda name: found)
    lines = [line for line in environment.report() if " torch " in line[1]]
    assert lines == [(ok, lines[0][1])]
    if not ok:
        assert lines[0][1].startswith("FAIL torch 2.5.1+cpu, older than 2.6 -> run: pip install")


def test_an_old_python_fails(monkeypatch):
    monkeypatch.setattr(environment.platform, "python_version", lambda: "3.9.18")
    ok, line = next(environment.report())
    assert (ok, line) == (False, "FAIL python 3.9.18, older than 3.11 -> install a newer Python")


def test_a_missing_package_fails(monkeypatch):
    def version(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(environment, "version", version)
    missing = [line for ok, line in environment.report() if not ok]
    assert len(missing) == len(environment.PACKAGES)
    assert missing[0].startswith("FAIL torch is missing -> run: pip install")


def test_damaged_data_fail_with_what_to_do(monkeypatch):
    def load(name):
        raise IdlibError("images.gz is damaged: delete it.")

    monkeypatch.setattr(environment, "load", load)
    assert (False, "FAIL data -> images.gz is damaged: delete it.") in list(environment.report())


def test_the_oldest_versions_are_those_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    ranges = [*project["dependencies"], *extras["course"], *extras["language"]]
    assert {f"{name}>={oldest}" for name, oldest in environment.PACKAGES.items()} <= set(ranges)
    assert project["requires-python"] == f">={environment.PYTHON}"


def test_the_slider_reaches_python_and_the_text_answers():
    panel = widgets.alive()
    slider, line = panel.children
    slider.value = 40
    assert line.value == "Python received d = 40."
    assert "d = 40" in panel.static_html()
