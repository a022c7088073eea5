"""nbval lets three kinds of broken notebooks pass. With our conftest.py they fail, whether nbval
runs a notebook or JupyterLab does; and each notebook is run by one of them."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).parents[2]
OPTIONS = ["--nbval-lax", "--nbval-current-env", "--color=no", "-p", "no:cacheprovider", "-rA"]
OPTIONS += ["-p", "no:nbval", "-p", "nbval.plugin"]  # by the name that our conftest knows it by

# As conftest.py has it: jsonschema would build the grammar of web addresses, for over a second.
START = """import sys
sys.modules["rfc3987_syntax"] = None
from pytest import main
sys.exit(main())"""

CHECKED = {"tags": ["nbval-check-output"]}
OBJECT = "<IPython.core.display.HTML object>"
PICTURE = [new_output("display_data", {"text/html": '<img alt="a" src="">', "text/plain": OBJECT})]
SHOW = 'from IPython.display import HTML, display\ndisplay(HTML(\'<img alt="a" src="">\'))'
THREAD = "import threading, time\ndef work():\n    time.sleep(0.2)\n    1 / 0\n"

LATER = """import asyncio, threading
start = lambda: threading.Thread(target=lambda: 1 / 0).start()
asyncio.get_running_loop().call_later(0.1, start)"""  # as a widget does: no cell is under way


def printed(text):
    return [new_output("stream", name="stdout", text=text)]


HOLES = {
    "stripped": new_code_cell("print(2)", metadata=CHECKED),
    "silent": new_code_cell("x = 1", metadata=CHECKED, execution_count=1),
    "picture": new_code_cell(SHOW, metadata=CHECKED, execution_count=1, outputs=PICTURE),
    "no-exception": new_code_cell("x = 1", metadata={"tags": ["raises-exception"]}),
    "no-exception-comment": new_code_cell("# NBVAL_RAISES_EXCEPTION\nx = 1"),
    "thread": new_code_cell(f"{THREAD}threading.Thread(target=work).start()"),
}
GOOD = {
    "compared": new_code_cell("print(1)", metadata=CHECKED, execution_count=1,
                              outputs=printed("1\n")),
    "in-two-parts": new_code_cell("print('a', flush=True)\nprint('b')\n2", metadata=CHECKED,
                                  execution_count=1, outputs=[
        *printed("a\nb\n"), new_output("execute_result", {"text/plain": "2"}, execution_count=1),
    ]),
    "ended-thread": new_code_cell("import threading\nthreading.Thread(target=print).start()"),
    "not-compared": new_code_cell("print(7)", execution_count=1, outputs=printed("8\n")),
}  # fmt: skip
SEEN = {  # by nbval, too
    "no-longer-holds": new_code_cell("print(1)", metadata=CHECKED, execution_count=1,
                                     outputs=printed("2\n")),
}  # fmt: skip
LAST = {"exception": new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]})}
CELLS = HOLES | GOOD | SEEN | LAST  # in JupyterLab an exception, declared or not, ends a run
EXPECTED = dict.fromkeys(CELLS, "FAILED") | dict.fromkeys(GOOD | LAST, "PASSED")


def written(folder: Path) -> Path:
    path = folder / "holes.ipynb"
    python = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    nbformat.write(new_notebook(cells=list(CELLS.values()), metadata=python), path)
    return path


class TestByNbval:
    def outcomes(self, folder: Path) -> dict[str, str]:
        """Runs the cells as a notebook under pytest; PASSED or FAILED for each."""
        written(folder)
        command = [sys.executable, "-c", START, *OPTIONS, "--rootdir", folder, folder]
        env = {**os.environ, "IPYTHONDIR": str(folder / "ipython")}  # not the one of these tests
        output = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True).stdout
        found = re.findall(r"^(PASSED|FAILED) holes\.ipynb::Cell (\d+)", output, re.M)
        by_cell = {int(number): outcome for outcome, number in found}
        return {name: by_cell.get(i, output) for i, name in enumerate(CELLS)}

    def test_alone_it_lets_them_pass(self, tmp_path):
        assert self.outcomes(tmp_path) == EXPECTED | dict.fromkeys(HOLES, "PASSED")

    def test_with_our_conftest_they_fail(self, tmp_path):
        shutil.copy(ROOT / "conftest.py", tmp_path)
        assert self.outcomes(tmp_path) == EXPECTED


class TestInJupyterLab:
    def test_the_same_fail(self, run_all, home, complaints, tmp_path):
        stored = written(tmp_path)
        shutil.copy(stored, home)
        with run_all(stored.name) as page:
            said = complaints(stored, page.saved)
            assert page.ask("print('calm')") == "calm\n"
            page.ask(LATER)
            page.wait_for_timeout(500)
            assert page.ask("print(1)").endswith("RuntimeError: an exception in a thread")
        by_cell = {int(re.search(r"Cell (\d+): ", text)[1]): text for text in said}
        found = {name: by_cell.get(i) for i, name in enumerate(CELLS)}
        assert {n: "FAILED" if text else "PASSED" for n, text in found.items()} == EXPECTED
        for name, reason in {
            "stripped": "no text is stored", "silent": "no text is stored",
            "picture": "a picture is", "no-exception": "but none came",
            "thread": "an exception in a thread", "no-longer-holds": "Cell outputs differ",
        }.items():  # fmt: skip
            assert reason in found[name]

    def test_cells_that_raise_or_were_not_run_or_are_others_fail(self, complaints, tmp_path):
        error = new_output("error", ename="KeyError", evalue="k", traceback=["KeyError: k"])
        pairs = {
            "KeyError: k": ("1 / 0", new_code_cell("1 / 0", execution_count=1, outputs=[error])),
            "was not run": ("x = 1", new_code_cell("x = 1")),
            "is another": ("y = 1", new_code_cell("y = 2", execution_count=2)),
        }
        stored, saved = tmp_path / "stored.ipynb", tmp_path / "saved.ipynb"
        before = [new_code_cell(source) for source, _ in pairs.values()]
        nbformat.write(new_notebook(cells=before), stored)
        nbformat.write(new_notebook(cells=[cell for _, cell in pairs.values()]), saved)
        said = complaints(stored, saved)
        assert len(said) == 3
        assert all(reason in text for reason, text in zip(pairs, said, strict=True))


class TestEachIsRunOnce:
    def collected(self, *arguments) -> set[str]:
        """By what the first notebook is run: "nbval", "browser"."""
        command = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-n0", "-k", "00_start"]
        done = subprocess.run(
            [*command, "-p", "no:cacheprovider", *arguments], cwd=ROOT, capture_output=True,
            text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        found = {"nbval": self.FIRST, "browser": "tests/browser/test_note"}
        return {how for how, name in found.items() if f"\n{name}" in f"\n{done.stdout}"}

    FIRST = "notebooks/00_start_here.ipynb"
    BOTH = (FIRST, "tests/browser/test_notebooks.py")

    def test_in_a_browser_if_there_is_one(self, chromium):
        assert self.collected(*self.BOTH) == {"browser"}

    def test_by_nbval_where_no_test_in_a_browser_is_asked_for(self):
        assert self.collected(self.FIRST) == {"nbval"}

    def test_by_nbval_if_asked_for(self):
        assert self.collected(*self.BOTH, "--notebooks=nbval") == {"nbval", "browser"}

    def test_without_a_browser_the_option_says_what_is_needed(self, monkeypatch):
        monkeypatch.setenv("PATH", "")
        with pytest.raises(AssertionError, match=r"jupyterlab needs .*on the PATH"):
            self.collected(*self.BOTH, "--notebooks=jupyterlab")


@pytest.mark.parametrize(
    ("nodeid", "scope"),
    [
        ("tests/a/test_b.py::test_c[x-y]", "tests/a/test_b.py"),
        ("tests/a/test_b.py::TestC::test_d[x[1]]", "tests/a/test_b.py::TestC"),
        ("notebooks/03_x.ipynb::Cell 12", "notebooks/03_x.ipynb"),
        ("tests/browser/test_notebooks.py::test_a[03_x]", "tests/browser/test_notebooks.py[03_x]"),
        ("tests/browser/test_notebooks.py::test_b[03_x]", "tests/browser/test_notebooks.py[03_x]"),
        ("idlib/engine/data.py::idlib.engine.data.fingerprint", "idlib/engine/data.py"),
    ],
)
def test_what_stays_on_one_worker(nodeid, scope, request):
    ours = request.config.pluginmanager.get_plugin(str(ROOT / "conftest.py"))
    assert ours.scope_of(nodeid) == scope
