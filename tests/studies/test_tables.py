"""Tables: recorded once, group by group, and grown when more is asked for."""

from dataclasses import replace

import pytest

from idlib import IdlibError
from idlib.engine.lines import read_lines
from idlib.studies.tables import Table

SQUARES = Table(
    "squares",
    "What is the square?",
    key=("n",),
    asked=lambda: [(1,), (2,)],
    rows=lambda key: [{"n": key[0], "square": key[0] ** 2}],
    data=lambda: {"small": ["a1"]},
)
CUBES = replace(
    SQUARES,
    asked=lambda: [(1,), (2,), (3,)],
    data=lambda: {"small": ["a1"], "large": ["b2"]},
)


def test_a_table_is_recorded_once(tmp_path):
    path = tmp_path / "squares.jsonl"
    SQUARES.record(path)
    before = path.read_text()
    assert SQUARES.held(path) == [{"n": 1, "square": 1}, {"n": 2, "square": 4}]
    replace(SQUARES, rows=lambda key: pytest.fail("recorded twice")).record(path)
    assert path.read_text() == before


def test_more_rows_of_more_data_come_below_a_session_of_their_own(tmp_path):
    path = tmp_path / "squares.jsonl"
    SQUARES.record(path)
    CUBES.record(path)
    assert [row["n"] for row in CUBES.held(path)] == [1, 2, 3]
    lines = read_lines(path)
    assert ["session" in line for line in lines] == [True, False, False, True, False]
    assert lines[0]["session"]["data"] == SQUARES.data()
    assert lines[3]["session"]["data"] == CUBES.data()


def test_other_data_under_the_same_name_are_refused(tmp_path):
    path = tmp_path / "squares.jsonl"
    SQUARES.record(path)
    before = path.read_text()
    with pytest.raises(IdlibError, match="recorded with other data"):
        replace(CUBES, data=lambda: {"small": ["c3"], "large": ["b2"]}).record(path)
    assert path.read_text() == before
