"""The small RoBERTa family: checkpoints, filled-in words, recorded d90, checks and widgets."""

import math

import pytest

from idlib import IdlibError, widgets
from idlib.dimension import Estimate
from idlib.lessons.family.compute import CHECKPOINTS, FIXED, SIZES, TASKS, _cell, along, by_size, checkpoints, fill, found, held_out, searched_in, sizes, table, tokens_seen
from idlib.problems.language import PRETRAINED, masked_model
from idlib.studies.recorded import curve, recorded, settled
from idlib.lessons.language.compute import MAJORITY

YORK = "He was born in New <mask> in 1950."


class TestShipped:
    def test_at_least_six_checkpoints_from_the_random_start_on(self):
        seen = [tokens_seen(model) for model in CHECKPOINTS]
        assert len(seen) >= 6 and seen[0] == 0 and seen == sorted(seen)
        assert seen[-1] >= 100e6

    def test_files_are_small_and_in_float16(self):
        from safetensors import safe_open

        files = [path for path in PRETRAINED.rglob("*") if path.is_file()]
        assert sum(path.stat().st_size for path in files) < 60e6
        assert max(path.stat().st_size for path in files) < 25e6
        for path in PRETRAINED.rglob("*.safetensors"):
            with safe_open(path, "pt") as opened:
                dtypes = {opened.get_slice(name).get_dtype() for name in opened.keys()}  # noqa: SIM118
            assert dtypes == {"F16"}, path

    def test_the_card_names_command_and_source_of_every_model(self):
        card = (PRETRAINED / "README.md").read_text(encoding="utf-8")
        assert "CC BY-SA" in card
        for size in SIZES:
            assert f"pretrain --size {size.removeprefix('roberta-')} " in card

    @pytest.mark.parametrize("model", SIZES)
    def test_all_sizes_were_pretrained_on_as_many_tokens(self, model):
        assert tokens_seen(model) == tokens_seen(SIZES[0]) > 100e6

    @pytest.mark.parametrize("model", SIZES)
    def test_the_loss_falls_far_below_the_plateau(self, model):
        losses = held_out(model)
        assert min(losses.values()) == pytest.approx([*losses.values()][-1], abs=0.02)
        assert [*losses.values()][-1] < 5.0 < 6.5 < next(iter(losses.values()))

    @pytest.mark.parametrize("model", [*SIZES, *CHECKPOINTS])
    def test_every_model_loads_and_has_no_dropout(self, model):
        _, network = masked_model(model)
        config = network.config
        assert config.hidden_dropout_prob == config.attention_probs_dropout_prob == 0


class TestFill:
    def test_words_get_better_along_pretraining(self):
        first, last = (
            dict(fill(m, YORK, k=8192))["york"] for m in (CHECKPOINTS[0], CHECKPOINTS[-1])
        )
        assert first < 0.01 and last > 0.3

    def test_probabilities_sum_to_one_and_fall(self):
        p = [p for _, p in fill("roberta-4x128", YORK, k=8192)]
        assert math.fsum(p) == pytest.approx(1, abs=1e-4) and p == sorted(p, reverse=True)

    @pytest.mark.parametrize("text", ["<mask> is the capital of France.", "It rains in <mask>"])
    def test_the_mask_may_stand_at_either_end(self, text):
        assert len(fill("roberta-4x128", text, k=2)) == 2

    @pytest.mark.parametrize("text", ["no gap", "<mask> and <mask>"])
    def test_one_mask_is_needed(self, text):
        with pytest.raises(IdlibError, match="expected one"):
            fill("roberta-4x128", text)

    def test_a_mask_behind_the_last_position_is_refused(self):
        with pytest.raises(IdlibError, match="shorten"):
            fill("roberta-4x128", "word " * 300 + "<mask>")


class TestFound:
    @pytest.mark.parametrize(
        ("task", "model"),
        [(t, m) for t in TASKS.values() for m in dict.fromkeys([*checkpoints(t), *sizes(t)])],
    )
    def test_d90_is_the_smallest_d_that_reaches_the_threshold(self, task, model):
        f = found(task, model)
        assert f.own.threshold == pytest.approx(0.9 * f.full)
        name = searched_in(task, model)
        cell = [r for r in recorded(name) if (r.config.task, r.config.model) == (task, model)]
        counted = settled(name, (r for r in cell if not r.config.structure_aware))
        for seed, d in enumerate(f.own.per_seed):
            runs = {r.config.d: r.score for r in counted if r.config.seed == seed}
            assert (d is None) == (max(runs.values()) < f.own.threshold)
            if d is not None:
                assert (
                    runs[d] >= f.own.threshold > max([0.0, *(s for x, s in runs.items() if x < d)])
                )

    @pytest.mark.parametrize("task", TASKS.values())
    def test_the_fixed_threshold_is_that_of_the_last_checkpoint(self, task):
        assert FIXED[task] == pytest.approx(found(task, CHECKPOINTS[-1]).own.threshold, abs=0.001)

    @pytest.mark.parametrize("task", TASKS.values())
    def test_points_without_a_d90_are_empty(self, task):
        for by in along(task).values():
            assert list(by) == [tokens_seen(model) for model in checkpoints(task)]
            assert all(None not in seeds for seeds in by.values())
        for faster in (False, True):
            by = by_size(task, faster)
            assert list(by) == [found(task, model).D for model in sizes(task)]
            assert all(None not in seeds for seeds in by.values())

    def test_training_scores_and_gaps_were_kept(self):
        for model in sizes("sst2-n19200"):
            f = found("sst2-n19200", model)
            assert f.train > 0.5
            assert f.gap == pytest.approx((f.train - f.full) / (1 - f.full))

    @pytest.mark.parametrize("task", ["mrpc", "rte"])
    def test_small_tasks_of_pairs_say_nothing(self, task):
        for model in SIZES[2:]:
            pairs = curve("pairs_small", task, model)
            assert not pairs.scores and 0.9 * pairs.baseline < MAJORITY[task]
            for normalize in ("global", "per-tensor"):  # the full model alone decides
                row = table()[task, "DID", normalize]
                assert row[model.removeprefix("roberta-")] == "not informative"

    @pytest.mark.parametrize("task", TASKS.values())
    def test_the_table_agrees_with_what_was_found(self, task):
        row = table()[task.split("-")[0], "DID", "global"]
        for model in sizes(task):
            assert row[model.removeprefix("roberta-")] == f"{found(task, model).own.d:,}"

    def test_the_table_marks_what_the_smallest_d_reaches(self):
        line = curve("qqp_small", "qqp-sample-n19200", "roberta-4x128")
        few = [r for r in line.runs if r.config.d >= 1000]
        assert _cell(few, 0.9 * line.baseline, MAJORITY["qqp"]) == "≤ 1,000"

    def test_the_table_has_both_normalisations_and_methods(self):
        for method in ("DID", "SAID"):
            for normalize in ("global", "per-tensor"):
                assert {"4x128", "all-MiniLM-L6-v2"} <= table()["sst2", method, normalize].keys()

    def test_unknown_models_are_refused(self):
        with pytest.raises(IdlibError, match="'roberta-9x9' was given, expected one of"):
            held_out("roberta-9x9")
        with pytest.raises(IdlibError, match="no runs of 'roberta-9x9'"):
            found("docstrings", "roberta-9x9")

    def test_a_threshold_that_any_guess_reaches_says_nothing(self):
        from idlib.lessons.family.compute import _estimate

        assert _estimate([], 0.5, 0.51) == Estimate(
            0.5, (), "says nothing, the commonest label scores 0.510"
        )


class TestWidgets:
    def test_moving_through_pretraining_changes_words_and_figure(self):
        shown = widgets.Checkpoints([YORK])
        last = shown.panel.view.value
        assert "york" in last
        shown.panel.slider.value = CHECKPOINTS[1]
        assert "york" not in shown.panel.view.value and shown.panel.view.value != last

    def test_a_sentence_of_ones_own_is_filled_or_explained(self):
        shown = widgets.Checkpoints([YORK])
        shown.own.value = "The king and the <mask> had two sons."
        assert "two sons" in shown.panel.view.value
        shown.own.value = "<b>no gap</b>"
        assert "expected one" in shown.panel.view.value
        assert "<b>no gap" not in shown.panel.view.value

    def test_sizes_are_chosen(self):
        shown = widgets.FamilySizes("roberta-2x64")
        panel = shown.children[0]
        before = panel.view.value
        panel.slider.value = "roberta-4x256"
        assert "roberta-4x256" in panel.view.value and panel.view.value != before
