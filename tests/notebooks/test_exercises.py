"""Exercises and quizzes, as a reader meets them: each stub gets a hint and breaks
nothing, each folded solution passes, each question is answered.

Only the cells above that an exercise needs are run, in this process.
"""

import ast
import contextlib
import io
import json
import re
import symtable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

import idlib
from idlib import checks
from idlib.lessons import LESSONS as FOLDERS

FILES = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
HOME = Path(idlib.__file__).parent / "lessons"
LESSONS = [path for path in FILES if path.stem[:2] >= "01"]
HEADING = re.compile(r"^### Exercise (\d+): .+ \(\d+ minutes, (?:easy|medium|hard)\)$", re.M)
FOLDED = re.compile(r"<details>\s*<summary>Solution</summary>(.*?)</details>", re.S)
CODE = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
CHECK = re.compile(r"^checks\.(\w+\.\w+)\(.*\);$", re.M)


@dataclass
class Exercise:
    """The place of a stub among the cells, its code, its check, its folded solution."""

    index: int
    stub: str
    call: str
    check: str
    solution: str


def read(path: Path):
    return nbformat.read(path, as_version=4)


def exercises(notebook) -> list[Exercise]:
    found = []
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type == "code" and (match := CHECK.search(cell.source)):
            (code,) = CODE.findall(FOLDED.search(notebook.cells[i + 1].source)[1])
            found.append(Exercise(i, cell.source, match[0], match[1], code))
    return found


def names(source: str) -> tuple[set[str], set[str]]:
    """What code gives names to at its top level, and the names that it takes from elsewhere."""
    top = symtable.symtable(source, "cell", "exec")
    given = {
        s.get_name()
        for s in top.get_symbols()
        if s.is_assigned() or s.is_imported() or s.is_namespace()
    }
    taken, tables = set(), [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        taken |= {
            s.get_name()
            for s in table.get_symbols()
            if s.is_referenced() and (table is top or s.is_global())
        }
    return given, taken - given


def above(notebook, index: int, source: str) -> dict:
    """The names that `source` needs, from the code cells above the cell at `index`."""
    wanted, needed = names(source)[1], []
    for cell in reversed(notebook.cells[:index]):
        if cell.cell_type == "code":
            given, taken = names(cell.source)
            if given & wanted:
                needed.append(cell.source)
                wanted = (wanted - given) | taken
    space = {"__name__": "notebook"}
    for cell in reversed(needed):
        run(cell, space)
    return space


def run(source: str, space: dict):
    """Runs code, and returns the value of the expression at its end, if there is one."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()) as output:
        exec(compile(tree, "cell", "exec"), space)
        value = last and eval(compile(ast.Expression(last.value), "cell", "eval"), space)
    space["printed"] = output.getvalue()
    return value


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_headings_number_the_exercises_and_say_minutes_and_difficulty(path):
    notebook = read(path)
    prose = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    headings = re.findall(r"^#+ Exercise .*$", prose, re.M)
    numbers = [int(m[1]) for h in headings if (m := HEADING.match(h))]
    assert numbers == [*range(1, len(exercises(notebook)) + 1)], headings
    assert len(headings) == len(numbers), headings


def test_every_check_belongs_to_an_exercise():
    used = {e.check for path in FILES for e in exercises(read(path))}
    modules = {name: getattr(checks, name) for name in checks.__all__ if name != "verdict"}
    assert used == {f"{m}.{name}" for m, module in modules.items() for name in module.__all__}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_stubs_get_a_hint_and_solutions_pass(path):
    notebook = read(path)
    for e in exercises(notebook):
        space = above(notebook, e.index, f"{e.stub}\n{e.solution}")
        assert run(e.stub, space) is False, e.check
        assert re.match(r"Not yet: .+\nHint: \S", space["printed"], re.S), space["printed"]
        stored = "".join(o.get("text", "") for o in notebook.cells[e.index].outputs)
        assert stored.startswith("Not yet: "), f"{e.check} printed {stored!r} when it was run"
        assert run(f"{e.solution}\n{e.call}", space) is True, space["printed"]
        assert "Right. " in space["printed"], space["printed"]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_quiz_of_two_to_four_questions_comes_before_the_summary(path):
    cells, number = read(path).cells, path.stem[:2]
    (place,) = [i for i, c in enumerate(cells) if c.source == f'widgets.quiz("{number}")']
    assert cells[place - 1].source == "## Quiz"
    assert cells[place + 1].source.startswith("## Summary\n")
    (output,) = cells[place].outputs
    stored = output.data["text/html"]
    assert "<script" not in stored and "application/javascript" not in output.data
    questions = json.loads((HOME / FOLDERS[number] / "quiz.json").read_text(encoding="utf-8"))
    assert 2 <= len(questions) <= 4
    for q in questions:
        assert 2 <= len(q["answers"]) <= 4 and q["right"] in range(len(q["answers"]))
        assert len(q["why"]) > 60
        assert "$" not in "".join([q["question"], q["why"], *q["answers"]])  # no formulas in LaTeX
        assert (
            q["question"] in stored and f"<p>{q['answers'][q['right']]}. {q['why']}</p>" in stored
        )
