"""The search finds what a scan of all d would, and few runs are enough for it."""

from dataclasses import replace

import pytest

from idlib.engine.config import Run, RunConfig
from idlib.engine.search import bisect, nearest, search

DS = [10, 20, 30, 40, 60, 80, 120, 160, 240, 320]
CELLS = [RunConfig("t", "m", None, 0.1, seed) for seed in (0, 1, 2)]


def outcome(config: RunConfig) -> Run:
    """A made-up score that grows with d, faster for higher seeds."""
    score = min(1.0, config.d * (config.seed + 1) / 300)
    return Run(config, "finished", score, 0.1, 1, 1.0, 1000)


@pytest.mark.parametrize("start", [0, 7, 39])
@pytest.mark.parametrize("stride", [1, 4])
def test_bisect_equals_linear_scan(start, stride):
    for first in range(41):
        steps, asked = bisect(start, stride, 40), []
        i = next(steps)
        with pytest.raises(StopIteration) as end:
            while True:
                asked.append(i)
                i = steps.send(i >= first)
        assert end.value.value == (first if first < 40 else None)
        assert len(asked) == len(set(asked)) <= 14


@pytest.mark.parametrize("first", [10, 70, 1000])
def test_every_threshold_is_bracketed_for_every_cell(first):
    made = {}

    def make(configs):
        made.update((c, outcome(c)) for c in configs)
        return [made[c] for c in configs]

    search([(c, DS, (0.5, 0.9)) for c in CELLS], first, 2, make)
    for cell in CELLS:
        tried = {c.d: r.score for c, r in made.items() if c.seed == cell.seed}
        assert len(tried) <= 8
        for threshold in (0.5, 0.9):
            truth = [
                d for d in DS if outcome(RunConfig("t", "m", d, 0.1, cell.seed)).score >= threshold
            ]
            reached = [d for d, score in tried.items() if score >= threshold]
            if not truth:
                assert not reached and DS[-1] in tried
                continue
            assert min(reached) == truth[0]
            assert truth[0] == DS[0] or DS[DS.index(truth[0]) - 1] in tried


def test_cells_go_side_by_side():
    """Each round asks for one run of every cell that is not done, so that workers have work."""
    rounds = []

    def make(configs):
        rounds.append([c.seed for c in configs])
        return [outcome(c) for c in configs]

    search([(c, DS, (0.5,)) for c in CELLS], 40, 2, make)
    assert rounds[0] == rounds[1] == [0, 1, 2]
    assert all(len(set(seeds)) == len(seeds) for seeds in rounds)


def test_each_cell_has_its_own_dimensions_and_thresholds():
    asked = {c: [] for c in CELLS}

    def make(configs):
        for c in configs:
            asked[replace(c, d=None, decide=())].append((c.d, c.decide))
        return [outcome(c) for c in configs]

    search([(CELLS[0], DS, (0.5,)), (CELLS[1], DS[3:], (0.9,)), (CELLS[2], DS, ())], 40, 2, make)
    assert {decide for _, decide in asked[CELLS[0]]} == {(0.5,)}
    assert {decide for _, decide in asked[CELLS[1]]} == {(0.9,)}
    assert min(d for d, _ in asked[CELLS[1]]) >= DS[3] and not asked[CELLS[2]]


def test_no_threshold_needs_no_run():
    search([(c, DS, ()) for c in CELLS], 40, 2, lambda configs: pytest.fail("a run was made"))


def test_nearest():
    assert [nearest(DS, d) for d in (1, 24, 26, 10_000)] == [DS[0], DS[1], DS[2], DS[9]]
    assert nearest((10, 100), 40) == 100  # by ratio: the difference would say 10
