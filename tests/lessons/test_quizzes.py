"""Quizzes can't be passed by the look of their answers."""

import json
import re
from collections import Counter
from importlib.resources import files

import pytest

from idlib.lessons import LESSONS
from idlib.lessons.base.quizzes import _for_jupyterquiz

QUIZZES = {
    number: json.loads((files("idlib.lessons") / folder / "quiz.json").read_text(encoding="utf-8"))
    for number, folder in LESSONS.items()
}
QUESTIONS = [(number, q) for number, quiz in QUIZZES.items() for q in quiz]
REASON = re.compile(r"[:;(]|\b(as|because|for|if|since|so that)\b")


def others(question: dict) -> list[str]:
    """The wrong answers."""
    return [a for i, a in enumerate(question["answers"]) if i != question["right"]]


def right(question: dict) -> str:
    return question["answers"][question["right"]]


@pytest.mark.parametrize("number, question", QUESTIONS, ids=[number for number, _ in QUESTIONS])
def test_answers_are_several_different_and_of_like_length(number, question):
    lengths = [len(answer) for answer in question["answers"]]
    assert len(set(question["answers"])) == len(lengths) >= 3
    assert max(lengths) <= 1.25 * min(lengths) + 4, question["answers"]


@pytest.mark.parametrize("number, question", QUESTIONS, ids=[number for number, _ in QUESTIONS])
def test_the_right_answer_is_not_the_only_one_with_a_reason(number, question):
    if REASON.search(right(question)):
        assert any(map(REASON.search, others(question))), question["answers"]


def test_the_right_answer_is_the_longest_in_at_most_a_third():
    longest = [
        (number, right(q)) for number, q in QUESTIONS if len(right(q)) >= max(map(len, others(q)))
    ]
    assert len(longest) <= len(QUESTIONS) / 3, longest


def test_no_place_holds_the_right_answer_in_more_than_four_of_ten():
    places = Counter(q["right"] for _, q in QUESTIONS)
    assert max(places.values()) <= 0.4 * len(QUESTIONS), places


@pytest.mark.parametrize("number, question", QUESTIONS, ids=[number for number, _ in QUESTIONS])
def test_whoever_is_wrong_is_told_what_is_right_and_why(number, question):
    for i, answer in enumerate(_for_jupyterquiz(question)["answers"]):
        assert answer["correct"] == (i == question["right"])
        assert answer["feedback"].endswith(question["why"])
        assert answer["correct"] or right(question) in answer["feedback"]
