"""The checks of notebook 03 accept the solution and say what is wrong with other answers."""

import pytest

from idlib import checks

CASES = {
    "smallest_d": (
        lambda s, t: min((d for d, score in s.items() if score >= t), default=None),
        [
            lambda s, t: None,
            lambda s, t: min((d for d, score in s.items() if score > t), default=None),
            lambda s, t: next((d for d, score in s.items() if score >= t), None),
        ],
    ),
    "threshold": (
        lambda a, m: 0.9 * a if 0.9 * a > m else None,
        [lambda a, m: 0.9 * a, lambda a, m: a, lambda a, m: None, lambda a, m: 0.9],
    ),
    "subspace_step": (
        lambda x, P, g, lr: x - lr * P.adjoint(g),
        [
            lambda x, P, g, lr: x,
            lambda x, P, g, lr: x + lr * P.adjoint(g),
            lambda x, P, g, lr: x - P.adjoint(g),
            lambda x, P, g, lr: g,
            lambda x, P, g, lr: None,
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_solution_passes_and_wrong_answers_get_a_hint(name, capsys):
    check = getattr(checks.mnist, name)
    solution, wrong = CASES[name]
    assert check(solution)
    assert capsys.readouterr().out.startswith("Right.")
    for answer in wrong:
        assert not check(answer)
        assert "Not yet:" in (out := capsys.readouterr().out) and "Hint:" in out
