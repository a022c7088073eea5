"""How fast the projections are: ``python -m idlib bench``.

Times are set against something measured in the same run: a subspace's training step against
the full model's, a projection alone against reading and writing a vector of D numbers once.
See `idlib.lessons.base.timing` for how.
"""

from collections.abc import Sequence
from itertools import zip_longest

import torch

from ..lessons.base.timing import Cost, StepTime, projection_costs, step_times, using_threads

__all__ = ["main", "table"]

D_LARGE = 22_713_216  # parameters of all-MiniLM-L6-v2
STEP_GOALS = {  # at most so many steps of the full model; None: shown for comparison
    "fc": {"hashed": 1.15, "fastfood": 1.6, "fastfood-global": 3.0, "sparse": None},
    "lenet": {
        "hashed": 1.05,
        "fastfood": 1.15,
        "fastfood-global": None,
        "sparse": None,
        "dense": None,
    },
}
COST_GOALS = {"hashed": (60, None), "fastfood": (100, 90)}  # at D_LARGE: ms, and MB of state


def main(threads: int = 2, quick: bool = False) -> None:
    """Prints both tables; `quick` shows in seconds that all works, with times of little worth."""
    rounds, D = (1, 100_000) if quick else (100, D_LARGE)
    print(f"torch {torch.__version__}, threads: {threads}, d = 750. Each time is the fastest of")
    print("many calls, for which all variants take turns. A goal is the most that is wanted.")
    with using_threads(threads):
        print("\nTraining step (forward, backward, Adam) on a batch of 128, over the full model's")
        times = [t for m, goals in STEP_GOALS.items() for t in step_times(m, goals, rounds=rounds)]
        print(_step_table(times))
        print(f"\nProjection alone at D = {D:,}; goals at D = {D_LARGE:,}; the floor is to read")
        print("and write each of D numbers once")
        print(_cost_table(projection_costs(COST_GOALS, D, rounds=max(1, rounds // 5))))


def _step_table(times: Sequence[StepTime]) -> str:
    rows = [("step of", "ms", "ratio", "goal")]
    for t in times:
        goal = STEP_GOALS[t.model].get(t.projection)
        name = f"{t.model} {t.projection or '(full model)'}"
        rows.append((name, f"{t.ms:.2f}", f"{t.ratio:.2f}", f"{goal:.2f}" if goal else ""))
    return table(rows)


def _cost_table(costs: Sequence[Cost]) -> str:
    rows = [("projection", "P x, ms", "P'y, ms", "both, ms", "goal", "floors", "state, MB", "goal")]
    rows.append(("(floor)", "", "", f"{costs[0].floor_ms:.1f}", "", "1.0"))
    for c in costs:
        ms, megabytes = COST_GOALS[c.projection]
        times = (f"{c.forward_ms:.1f}", f"{c.adjoint_ms:.1f}", f"{c.ms:.1f}", str(ms))
        floors, state = f"{c.ms / c.floor_ms:.1f}", f"{c.state_bytes / 1e6:.1f}"
        rows.append((c.projection, *times, floors, state, str(megabytes or "")))
    return table(rows)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Text in columns, names to the left and numbers to the right, with a rule below the head."""
    widths = [max(map(len, column)) for column in zip_longest(*rows, fillvalue="")]
    lines = []
    for name, *numbers in rows:
        cells = [name.ljust(widths[0]), *map(str.rjust, numbers, widths[1:])]
        lines.append("  ".join(cells).rstrip())
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])
