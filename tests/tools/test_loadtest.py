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
    command = [sys.executable, "-m", "idlib", "loadtest", "--kernels", "2", "--seconds", "1"]
    return subprocess.run(
        [*command, "--notebook", str(path)], capture_output=True, text=True, timeout=240
    )


def test_two_students_get_their_pictures(tmp_path):
    cells = (
        "from idlib import widgets",
        "widgets.alive()",  # answers with text
        'widgets.RecordedCurves(("digits",))',
    )
    done = play(tmp_path, *cells)
    assert done.returncode == 0, done.stderr
    moves = re.search(
        r"(\d+) moves of 2 students: median (\d+) ms, 95th percentile (\d+) ms, longest (\d+) ms",
        done.stdout,
    )
    count, median, p95, longest = map(int, moves.groups())
    assert 3 <= count <= 32 and 0 < median <= p95 <= longest < 30_000
    own = re.search(r"\(USS\): mean (\d+) MB, largest (\d+) MB", done.stdout)
    assert 50 < int(own[1]) <= int(own[2]) < 2000


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import idlib.widgets\nidlib.widgets.alive()", "no slider in"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_what_is_wrong_with_a_notebook_is_said_in_a_line(tmp_path, source, message):
    done = play(tmp_path, source)
    assert done.returncode == 1
    assert re.fullmatch(r"IdlibError: .*\n", done.stderr) and message in done.stderr
