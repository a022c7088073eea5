"""A few questions at the end of a notebook, each answer explained."""

import json
from importlib.resources import files

from IPython.display import display
from IPython.utils.capture import capture_output

from ...errors import IdlibError, needing
from .. import LESSONS

__all__ = ["quiz"]

# Okabe and Ito's colours, dark enough for text on white
COLORS = {
    "--jq-multiple-choice-bg": "#00466E",
    "--jq-correct-color": "#006B4E",
    "--jq-incorrect-color": "#A34700",
}
FOCUS = "<style>.MCButton:focus-within { outline: 3px solid #0072B2; }</style>"


def quiz(notebook: str) -> None:
    """Shows the quiz of a notebook, made alive by jupyterquiz.

    Without a kernel, on the web or in slides, its questions are a list, with the answers folded.

    Args:
        notebook: its number, such as "03".

    Raises:
        IdlibError: if there is no quiz of that number.
    """
    with needing("course", "A quiz"):
        from jupyterquiz import display_quiz

    questions = _questions(notebook)
    with capture_output() as shown:
        display_quiz(
            [_for_jupyterquiz(q) for q in questions],
            shuffle_answers=False,
            max_width=720,
            colors=dict(COLORS),
        )
    page, script = (output.data for output in shown.outputs)
    alive = f'<div aria-live="polite">{page["text/html"]}</div>{FOCUS}'
    # Questions hold no formulas, and where JupyterLab is still loading MathJax, typesetting raises.
    bundle = {
        "application/javascript": f"element.innerHTML = {json.dumps(alive)};\n"
        f"(() => {{ const MathJax = undefined;\n{script['application/javascript']}\n}})();",
        "text/html": _static_html(questions),
        "text/plain": f"Quiz of notebook {notebook}",
    }
    display(bundle, raw=True)


def _questions(notebook: str) -> list[dict]:
    """For each question its text, its answers, the place of the right one, and why it is right."""
    if notebook not in LESSONS:
        raise IdlibError(f"No quiz {notebook!r} is there: choose one of {[*LESSONS]}.")
    path = files("idlib.lessons") / LESSONS[notebook] / "quiz.json"
    return json.loads(path.read_text(encoding="utf-8"))


def _for_jupyterquiz(question: dict) -> dict:
    """A question in jupyterquiz's format; a wrong answer is told the right one."""
    right = question["right"]
    said = {True: "Right.", False: f"Not so. Right: “{question['answers'][right]}”."}
    answers = [
        {"answer": a, "correct": i == right, "feedback": f"{said[i == right]} {question['why']}"}
        for i, a in enumerate(question["answers"])
    ]
    return {"question": question["question"], "type": "multiple_choice", "answers": answers}


def _static_html(questions: list[dict]) -> str:
    """The questions as a list, with the right answer of each, and why, folded."""
    items = []
    for q in questions:
        options = "".join(f"<li>{a}</li>" for a in q["answers"])
        items.append(
            f"<li><p><b>{q['question']}</b></p><ul>{options}</ul><details><summary>Answer</summary>"
            f"<p>{q['answers'][q['right']]}. {q['why']}</p></details></li>"
        )
    return f"<ol>{''.join(items)}</ol>"
