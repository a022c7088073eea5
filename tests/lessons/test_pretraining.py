"""The small RoBERTas along pretraining: checkpoints, filled-in words, recorded d90, widget."""

import itertools
import math
import statistics

import pytest

from idlib import IdlibError, widgets
from idlib.lessons.pretraining.compute import (
    FIXED,
    along,
    at_fixed_d,
    checkpoint_cells,
    fill,
    start_cells,
)
from idlib.problems.checkpoints import (
    CHECKPOINTS,
    FAMILY,
    LAST,
    PRETRAINED,
    START,
    held_out,
    tokens_seen,
)
from idlib.problems.language import masked_model
from idlib.studies import cell
from idlib.studies.layout import TASKS
from idlib.studies.protocols import MINILM
from idlib.studies.random_start import RANDOM

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
        for size in FAMILY:
            assert f"pretrain --size {size.removeprefix('roberta-')} " in card

    @pytest.mark.parametrize("model", FAMILY)
    def test_all_sizes_were_pretrained_on_as_many_tokens(self, model):
        assert tokens_seen(model) == tokens_seen(FAMILY[0]) > 100e6

    @pytest.mark.parametrize("model", FAMILY)
    def test_the_loss_falls_far_below_the_plateau(self, model):
        losses = held_out(model)
        assert min(losses.values()) == pytest.approx([*losses.values()][-1], abs=0.02)
        assert [*losses.values()][-1] < 5.0 < 6.5 < next(iter(losses.values()))

    @pytest.mark.parametrize("model", [*FAMILY, *CHECKPOINTS])
    def test_every_model_loads_and_has_no_dropout(self, model):
        _, network = masked_model(model)
        config = network.config
        assert config.hidden_dropout_prob == config.attention_probs_dropout_prob == 0


class TestFill:
    def test_words_get_better_along_pretraining(self):
        first, last = (dict(fill(m, YORK, k=8192))["york"] for m in (START, LAST))
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


class TestCheckpointCells:
    @pytest.mark.parametrize(
        ("part", "model"), [(part, m) for part in TASKS.values() for m in CHECKPOINTS]
    )
    def test_d90_is_the_smallest_d_that_reaches_the_threshold(self, part, model):
        c = checkpoint_cells(part)[model]
        own = c.d90()
        assert own.threshold == pytest.approx(0.9 * c.baseline)
        for seed, d in enumerate(own.per_seed):
            runs = {r.config.d: r.score for r in c.runs if r.config.seed == seed}
            assert (d is None) == (max(runs.values()) < own.threshold)
            if d is not None:
                assert runs[d] >= own.threshold > max([0.0, *(s for x, s in runs.items() if x < d)])

    @pytest.mark.parametrize("part", TASKS.values())
    def test_checkpoints_stand_by_time_and_are_of_one_size(self, part):
        found = checkpoint_cells(part)
        assert tuple(found) == CHECKPOINTS
        assert len({c.D for c in found.values()}) == len({c.task for c in found.values()}) == 1

    @pytest.mark.parametrize("part", TASKS.values())
    def test_the_fixed_threshold_is_that_of_the_last_checkpoint(self, part):
        last = checkpoint_cells(part)[LAST]
        own, fixed = along(part).values()
        assert f"accuracy {last.threshold():.3f}" in along(part)
        assert own[tokens_seen(LAST)].value == fixed[tokens_seen(LAST)].value == last.d90().value
        for by in (own, fixed):
            assert list(by) == [tokens_seen(model) for model in CHECKPOINTS]

    @pytest.mark.parametrize("part", TASKS.values())
    def test_scores_at_a_fixed_d_are_there_for_all_checkpoints(self, part):
        full, *fixed = at_fixed_d(part).values()
        assert len(fixed) == len(FIXED[part])
        for (model, c), d in itertools.product(checkpoint_cells(part).items(), FIXED[part]):
            scores = at_fixed_d(part)[f"{d:,} numbers"][tokens_seen(model)]
            assert scores == [r.score for r in c.runs if r.config.d == d] and scores
            assert statistics.fmean(scores) < statistics.fmean(full[tokens_seen(model)])

    def test_unknown_models_are_refused(self):
        with pytest.raises(IdlibError, match="'roberta-9x9' was given, expected one of"):
            held_out("roberta-9x9")


class TestWidget:
    def test_a_checkpoint_shows_what_numbers_do_to_it(self):
        explorer = widgets.Checkpoints([YORK])
        for model in (START, LAST):
            scores = checkpoint_cells("sst2")[model].scores[10_000]
            assert f"10,000 numbers {statistics.fmean(scores):.3f}" in explorer.view(model=model)

    def test_moving_through_pretraining_changes_words_and_figure(self):
        explorer = widgets.Checkpoints([YORK])
        assert "york" in explorer.view(model=LAST)
        assert "york" not in explorer.view(model=CHECKPOINTS[1])

    def test_a_sentence_of_ones_own_is_filled_or_explained(self):
        sentences = ["The king and the <mask> had two sons.", "<b>no gap</b>"]
        view = widgets.Checkpoints(sentences).view(model=LAST)
        assert "two sons" in view and "expected one" in view and "<b>no gap" not in view


class TestProse:
    """The numbers in notebook 09 are the recorded ones."""

    def means(self, task, d):
        return [statistics.fmean(c.scores[d]) for c in checkpoint_cells(task).values()]

    def test_as_many_numbers_for_all(self, prose):
        text = prose("09", "fixed-09")
        few, many = self.means("sst2", 10_000), self.means("sst2", 100_000)
        docs = self.means("docstrings", 31_623)
        mini = statistics.fmean(cell("methods", "minilm-sst2-one-p", method="DID").scores[10_000])
        full = [c.baseline for c in checkpoint_cells("sst2").values()]
        assert f"reach {few[0]:.3f} from random weights (ten times as many {many[0]:.3f})" in text
        assert f"{few[1]:.3f} four million tokens later, {few[-1]:.3f} at the end" in text
        assert f"and {mini:.3f} in MiniLM" in text
        assert f"from {full[0]:.3f} to {full[-1]:.3f}" in text
        assert round(100 * (full[-1] - full[0])) == 6 < 100 * (few[-1] - few[0])
        assert f"{docs[0]:.3f}, {docs[1]:.3f}, and never higher" in text and docs[1] == max(docs)
        steps = [after - before for before, after in itertools.pairwise(few)]
        assert steps[0] == max(steps) > 2 * sum(steps[1:])  # the answer of the first guess

    def test_the_same_network_without_its_past(self, prose):
        text, (kept, fresh, longer) = prose("09", "past-told-09"), start_cells().values()
        means = {d: statistics.fmean(scores) for d, scores in kept.scores.items()}
        assert f"gets {means[1000]:.3f} of the reviews right, with 10,000 it gets " in text
        assert f"it gets {means[10_000]:.3f}; its d90 is {kept.d90().short()}" in text
        alone = {d: statistics.fmean(scores) for d, scores in fresh.scores.items()}
        assert f"scores {alone[1000]:.3f} and {alone[10_000]:.3f}, and with" in text
        assert f"with 100,000 numbers {alone[100_000]:.3f} once more" in text
        assert f"With 100,000 it reaches {means[100_000]:.3f}" in text
        assert f"the commonest label, {kept.majority:.3f}" in text
        assert f"random weights it reaches {fresh.baseline:.3f}" in text
        assert f"as pretrained {kept.baseline:.3f}" in text
        best = max(score for scores in fresh.scores.values() for score in scores)
        box = prose("09", "three-09")
        assert f"| **{alone[1000]:.2f} → {means[1000]:.2f}** |" in box
        assert f"| **{longer.baseline:.2f}, {best:.2f}** |" in box
        assert best == pytest.approx(fresh.majority, abs=1e-6)
        assert {len(scores) for c in (kept, fresh) for scores in c.scores.values()} == {3}
        assert f"learn, and reach {longer.baseline:.3f}" in text
        assert longer.runs[0].steps == 3 * fresh.runs[0].steps == 600
        assert set(longer.scores[10_000]) == {best} and len(longer.scores[10_000]) == 2
        assert f"10,000 numbers still score {best:.3f}" in text
        for model in (MINILM, RANDOM):
            ten = cell("random_start", "sst2-ten", model=model)
            assert [round(score, 3) for score in ten.scores[10]] == [round(ten.majority, 3)] * 3
            assert min(ten.rated[10]) == 0.01 and max(ten.rated[10]) == 0.3
        assert f"both score {ten.majority:.3f}, at any rate from 0.01 to 0.3" in text
        assert f"with 100 the pretrained network reaches {means[100]:.3f}" in text
        pairs = [cell("random_start", "qqp", model=model) for model in (MINILM, RANDOM)]
        few, many = (statistics.fmean(pairs[0].scores[d]) for d in (1000, 10_000))
        assert f"1,000 numbers score {few:.3f} and 10,000 score {many:.3f}" in text
        assert f"both score {pairs[1].majority:.3f}, the commonest label" in text
        for scores in pairs[1].scores.values():
            assert scores == [pytest.approx(pairs[1].majority)] * 2
        assert "reach {:.3f} and {:.3f}".format(*(c.baseline for c in pairs)) in text
        assert longer.full[0].config.lr == fresh.full[0].config.lr
        assert longer.rates[10_000] == pytest.approx(fresh.rates[10_000], rel=0.01)

    def test_d90(self, prose):
        text, box = prose("09", "381f3fff"), prose("09", "three-09")
        for part in TASKS.values():
            start = checkpoint_cells(part)[START]
            assert start.d90().d is None and max(start.scores) == 316_228 < start.D / 5
        films, docs = (along(part)["90 % of its own full model"] for part in TASKS.values())
        at = {round(t / 1e6): t for t in films}
        for found in (films[at[16]], films[at[102]], docs[at[4]], docs[at[102]]):
            assert found.short() in text
        assert films[at[16]].interval[0] > films[at[102]].interval[1]
        assert docs[at[4]].interval[1] < docs[at[102]].interval[0]
        assert docs[at[4]].value == min(e.value for e in docs.values() if e.value)
        assert f"as low as at the end, {films[at[8]].value:,.0f}" in text
        held = checkpoint_cells("sst2")[CHECKPOINTS[2]].d90(
            checkpoint_cells("sst2")[LAST].threshold()
        )
        assert sum(d is None for d in held.per_seed) == 1
        low, high = films[at[102]].interval
        assert f"| **none → {films[at[102]].value:,.0f}** |" in box
        assert f"then {low:,.0f} to {high:,.0f}" in box

    def test_the_rate_that_was_replaced(self, prose):
        c = checkpoint_cells("sst2")[START]
        reached = [
            (r.config.d, r.score)
            for r in c.tried
            if r.config.scored_on == "test" and r.score >= c.threshold()
        ]
        d, score = min(reached)
        said = f"with {d:,} numbers ({score:.3f}, threshold {c.threshold():.3f})"
        assert said in prose("09", "381f3fff")
