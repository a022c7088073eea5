"""The instructor's guide: its plans fill their time, and what they name is there."""

import json
import re
import sys
from pathlib import Path

import pytest

from idlib.lessons.base.questions import question
from idlib.tools import cli as command_line

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "notebooks"
GUIDE = (FOLDER / "instructor_guide.md").read_text(encoding="utf-8")
ANSWERS = (FOLDER / "instructor_answers.md").read_text(encoding="utf-8")
NOTEBOOKS = {path.name[:2]: path for path in sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))}
PLANS = dict(re.findall(r"^## (Plan \d.*?)\n(.*?)(?=^## )", GUIDE, re.M | re.S))
MINUTES = {"Plan 1": 45, "Plan 2": 90, "Plan 3": 90, "Plan 4": 210}
ASSESSED = range(1, 16)


def rows(text: str) -> list[list[str]]:
    """The cells of the rows of all tables, heads left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    heads = {n - 1 for n, line in enumerate(lines) if re.match(r"\|( --- \|)+$", line)}
    return [row for n, row in enumerate(cells) if n not in heads and n - 1 not in heads]


def headings(path: Path) -> str:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]
    return "\n".join(re.findall(r"^#+ .*", "\n".join(texts), re.M))


def page_of(number: str) -> str:
    """The guide's page on a notebook."""
    return re.search(rf"^### {number} .*?\n(.*?)(?=^##)", GUIDE, re.M | re.S)[1]


def test_there_is_a_plan_for_each_length():
    assert [re.match(r"Plan \d", title)[0] for title in PLANS] == [*MINUTES, "Plan 5"]


@pytest.mark.parametrize("plan", MINUTES)
def test_a_plans_minutes_follow_one_another_and_fill_its_time(plan):
    text = next(text for title, text in PLANS.items() if title.startswith(plan))
    times = [re.fullmatch(r"(\d+)–(\d+)", row[0]).groups() for row in rows(text)]
    starts, ends = zip(*(map(int, pair) for pair in times), strict=True)
    assert [0, *ends] == [*starts, MINUTES[plan]]


@pytest.mark.parametrize("plan", PLANS)
def test_every_plan_polls_guesses_and_ends_at_the_door(plan):
    assert re.search(r"\b[Pp]oll", PLANS[plan])
    assert "**Exit question" in PLANS[plan]


def test_sections_that_are_named_exist():
    """``03, "Move d"`` stands for a heading of notebook 03."""
    named = re.findall(r'(\d\d), ((?:"[^"]+"(?: and )?)+)', GUIDE)
    assert len(named) > 20
    missing = [
        (number, title)
        for number, titles in named
        for title in re.findall(r'"([^"]+)"', titles)
        if title not in headings(NOTEBOOKS[number])
    ]
    assert not missing


def test_every_notebook_has_its_page_and_the_course_ends_where_the_guide_does():
    pages = re.findall(r"^### (\d\d) ", GUIDE, re.M)
    assert pages == sorted(pages) and set(pages) >= set(NOTEBOOKS)
    for number in pages:
        parts = ("The idea", "Say", "While it runs", "Skip", "Exit question")
        wanted = parts if number != "00" else parts[:-1]
        assert not [part for part in wanted if f"**{part}.**" not in page_of(number)], number
        assert number == "00" or len(rows(page_of(number))) >= 3


def test_every_question_has_its_answer_on_the_other_page():
    at_doors, marked = ANSWERS.split("## Part A")
    doors = re.findall(r"^\| (\d\d) \| ", at_doors, re.M)
    assert doors == [n for n in re.findall(r"^### (\d\d) ", GUIDE, re.M) if n != "00"]
    plans = re.findall(r"^\| (\d)\. ", at_doors, re.M)
    assert plans == [re.match(r"Plan (\d)", title)[1] for title in PLANS]
    paper = GUIDE[GUIDE.index("### Part A") : GUIDE.index("### Part B")]
    asked = re.findall(r"^(\d+)\. \*\((\d\d)\)\*", paper, re.M)
    assert asked == [(str(n), f"{n:02}") for n in ASSESSED]
    marks = {row[0]: row[1] for row in rows(marked)}
    assert list(marks) == [str(n) for n in ASSESSED]
    for number, text in marks.items():
        points = re.findall(r"\((\d)(?: each)?\)", text)
        twice = text.count(" each)")  # "two of: ... (1 each)"
        assert sum(map(int, points)) + twice == 4, number


def test_no_answer_stands_beside_its_question():
    for text in ("No marks", "Full marks | Partial", "A good answer"):
        assert text not in GUIDE


def test_a_paper_and_the_project_have_twenty_points():
    assessment = GUIDE[GUIDE.index("## Assessment") :]
    papers = rows(assessment[: assessment.index("1. *(01)*")])
    assert len(papers) == 4
    for _, chosen in papers:
        numbers = [int(n) for n in re.findall(r"\d+", chosen)]
        assert set(numbers) <= set(ASSESSED)
        if "one of" not in chosen:
            assert len(numbers) * 4 == 20
    rubric = [row[0] for row in rows(assessment[assessment.index("### Part B") :])]
    assert sum(int(re.search(r"\((\d)\)", name)[1]) for name in rubric) == 20


def test_questions_that_are_polled_exist():
    polled = re.findall(r'widgets\.poll\("([^"]+)"\)', GUIDE)
    assert polled and [question(name).name for name in polled] == polled


def test_commands_that_are_named_exist(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["idlib", "--help"])
    with pytest.raises(SystemExit):
        command_line.main()
    commands = re.search(r"\{([\w,]+)\}", capsys.readouterr().out)[1].split(",")
    named = set(re.findall(r"python -m idlib (\w+)", GUIDE))
    assert named and named <= set(commands)
