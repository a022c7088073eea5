"""The small RoBERTas by size: recorded d90, the table of all language models, widget."""

from dataclasses import replace

import pytest

from idlib import IdlibError, widgets
from idlib.engine.estimate import Estimate
from idlib.lessons.family.compute import by_size
from idlib.problems.checkpoints import FAMILY
from idlib.studies import cell, cells
from idlib.studies.layout import TASKS, d90_table


class TestRecorded:
    @pytest.mark.parametrize(("part", "model"), [(p, m) for p in TASKS.values() for m in FAMILY])
    def test_d90_is_the_smallest_d_that_reaches_the_threshold(self, part, model):
        c = cell("family", part, model=model)
        own = c.d90()
        assert own.threshold == pytest.approx(0.9 * c.baseline)
        for seed, d in enumerate(own.per_seed):
            runs = {r.config.d: r.score for r in c.runs if r.config.seed == seed}
            assert (d is None) == (max(runs.values()) < own.threshold)
            if d is not None:
                assert runs[d] >= own.threshold > max([0.0, *(s for x, s in runs.items() if x < d)])

    @pytest.mark.parametrize("part", TASKS.values())
    def test_points_without_a_d90_are_empty(self, part):
        for found in (cells("family", part), cells("family", f"{part}-faster")):
            by = by_size(found[0].part)
            assert list(by) == [c.D for c in found] and len(by) == len(FAMILY)
            assert all(None not in seeds for seeds in by.values())

    def test_training_scores_and_gaps_were_kept(self):
        for c in cells("family", "sst2"):
            assert c.train > 0.5
            assert c.gap == pytest.approx((c.train - c.baseline) / (1 - c.baseline))

    @pytest.mark.parametrize("task", ["mrpc", "rte"])
    def test_small_tasks_of_pairs_say_nothing(self, task):
        for model in FAMILY[2:]:
            for pairs in cells("pairs", "small", task, model=model):
                assert not pairs.scores and pairs.threshold() < pairs.majority
            for normalize in ("global", "per-tensor"):  # the full model alone decides
                row = d90_table()[task, "DID", normalize]
                assert row[model.removeprefix("roberta-")] == "not informative"

    @pytest.mark.parametrize("part", TASKS.values())
    def test_the_table_agrees_with_what_was_found(self, part):
        row = d90_table()[part, "DID", "global"]
        for c in cells("family", part):
            assert row[c.model.removeprefix("roberta-")] == c.d90().short()

    def test_the_table_marks_what_the_smallest_d_reaches(self):
        c = cell("pairs", "small-qqp", model="roberta-4x128", method="DID")
        few = replace(c, runs=tuple(r for r in c.runs if r.config.d >= 1000))
        assert few.told() == f"≤ {few.d90().short()}"

    def test_the_table_has_both_normalisations_and_methods(self):
        for method in ("DID", "SAID"):
            for normalize in ("global", "per-tensor"):
                assert {"4x128", "all-MiniLM-L6-v2"} <= d90_table()[
                    "sst2", method, normalize
                ].keys()

    def test_unknown_models_are_refused(self):
        with pytest.raises(IdlibError, match=r"0 recorded cells fit .*'roberta-9x9'"):
            cell("family", "docstrings", model="roberta-9x9")

    def test_a_threshold_that_any_guess_reaches_says_nothing(self):
        c = cell("family", "sst2", model="roberta-2x64")
        assert c.d90(0.5) == Estimate(
            0.5, (), f"not informative, the commonest label scores {c.majority:.3f}"
        )


def test_sizes_are_chosen():
    explorer = widgets.FamilySizes("roberta-2x64")
    views = {model: explorer.view(model=model) for model in ("roberta-2x64", "roberta-4x256")}
    assert all(f"{model} is marked" in view for model, view in views.items())
    assert len(set(views.values())) == 2
