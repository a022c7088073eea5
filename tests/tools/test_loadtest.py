"""The load test, on a small notebook with two students."""

import re
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = pytest.mark.weekly


def play(folder, *sources):
    """In a process of its own: a browser's event loop may be running in this one."""
    path = folder / "a.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)
    command = [sys.executable, "-m", "idlib", "loadtest", "--kernels", "2"]
    return subprocess.run(
        [*command, "--notebook", str(path)], capture_output=True, text=True, timeout=240
    )


def test_two_students_run_all_cells(tmp_path):
    done = play(tmp_path, "import time\nfrom idlib import widgets", "time.sleep(2)")
    assert done.returncode == 0, done.stderr
    found = re.search(
        r"2 students at the same time: .* after (\d+) s \(median\), (\d+) s \(longest\)",
        done.stdout,
    )
    median, longest = map(int, found.groups())
    assert 2 <= median <= longest < 120
    own = re.search(r"\(USS\): mean (\d+) MB, largest (\d+) MB", done.stdout)
    assert 50 < int(own[1]) <= int(own[2]) < 2000


def test_what_is_wrong_with_a_notebook_is_said_in_a_line(tmp_path):
    done = play(tmp_path, "1 / 0")
    assert done.returncode == 1
    assert re.fullmatch(r"IdlibError: .*ZeroDivisionError.*\n", done.stderr)
