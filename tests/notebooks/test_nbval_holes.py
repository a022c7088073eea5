"""nbval lets three kinds of broken notebooks pass. With our conftest.py they fail."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).parents[2]
OPTIONS = ["--nbval-lax", "--nbval-current-env", "--color=no", "-p", "no:cacheprovider", "-rA"]

CHECKED = {"tags": ["nbval-check-output"]}
PRINTED = [new_output("stream", name="stdout", text="1\n")]
OBJECT = "<IPython.core.display.HTML object>"
PICTURE = [new_output("display_data", {"text/html": '<img alt="a" src="">', "text/plain": OBJECT})]
SHOW = 'from IPython.display import HTML, display\ndisplay(HTML(\'<img alt="a" src="">\'))'
THREAD = "import threading, time\ndef work():\n    time.sleep(0.2)\n    1 / 0\n"
HOLES = {
    "stripped": new_code_cell("print(2)", metadata=CHECKED),
    "silent": new_code_cell("x = 1", metadata=CHECKED, execution_count=1),
    "picture": new_code_cell(SHOW, metadata=CHECKED, execution_count=1, outputs=PICTURE),
    "no-exception": new_code_cell("x = 1", metadata={"tags": ["raises-exception"]}),
    "no-exception-comment": new_code_cell("# NBVAL_RAISES_EXCEPTION\nx = 1"),
    "thread": new_code_cell(f"{THREAD}threading.Thread(target=work).start()"),
}
GOOD = {
    "compared": new_code_cell("print(1)", metadata=CHECKED, execution_count=1, outputs=PRINTED),
    "exception": new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]}),
    "ended-thread": new_code_cell("import threading\nthreading.Thread(target=print).start()"),
}


def outcomes(folder: Path) -> dict[str, str]:
    """Runs the cells as a notebook under pytest; PASSED or FAILED for each."""
    cells = HOLES | GOOD
    nbformat.write(new_notebook(cells=list(cells.values())), folder / "a.ipynb")
    command = [sys.executable, "-m", "pytest", *OPTIONS, "--rootdir", folder, folder]
    env = {**os.environ, "IPYTHONDIR": str(folder / "ipython")}  # not the one of these tests
    output = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True).stdout
    found = re.findall(r"^(PASSED|FAILED) a\.ipynb::Cell (\d+)", output, re.M)
    by_cell = {int(number): outcome for outcome, number in found}
    return {name: by_cell.get(i, output) for i, name in enumerate(cells)}


def test_nbval_alone_lets_them_pass(tmp_path):
    assert outcomes(tmp_path) == dict.fromkeys(HOLES | GOOD, "PASSED")


def test_with_our_conftest_they_fail(tmp_path):
    shutil.copy(ROOT / "conftest.py", tmp_path)
    expected = dict.fromkeys(HOLES, "FAILED") | dict.fromkeys(GOOD, "PASSED")
    assert outcomes(tmp_path) == expected
