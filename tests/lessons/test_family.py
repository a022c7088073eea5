"""The small RoBERTas by size: recorded d90, the table of all language models, widget."""

import re
import statistics
from dataclasses import replace

import pytest

from idlib import IdlibError, widgets
from idlib.engine.estimate import Estimate
from idlib.lessons.family.compute import by_size, ladder_cells
from idlib.lessons.language.compute import apart
from idlib.problems.checkpoints import FAMILY, held_out
from idlib.studies import cell, cells
from idlib.studies.layout import TASKS, d90_table
from idlib.studies.published import TABLE1


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
    def test_sizes_stand_in_order_at_both_rates(self, part):
        for found in (cells("family", part), cells("family", f"{part}-faster")):
            by = by_size(found[0].part)
            assert list(by) == [c.D for c in found] and len(by) == len(FAMILY)
            assert [e.value for e in by.values()] == [c.d90().value for c in found]

    def test_training_scores_and_gaps_were_kept(self):
        for c in cells("family", "sst2"):
            assert c.train > 0.5
            assert c.gap == pytest.approx((c.train - c.baseline) / (1 - c.baseline))

    @pytest.mark.parametrize("task", ["mrpc", "rte"])
    def test_small_tasks_of_pairs_say_nothing(self, task):
        for model in FAMILY[2:]:
            for pairs in cells("pairs", "small", task, model=model):
                assert not pairs.scores and pairs.threshold() < pairs.majority
            both = d90_table()[task, "global", model.removeprefix("roberta-")]
            assert both == ("not informative", "not informative")

    @pytest.mark.parametrize("part", TASKS.values())
    def test_the_table_agrees_with_what_was_found(self, part):
        for c in cells("family", part):
            did, _ = d90_table()[part, "global", c.model.removeprefix("roberta-")]
            assert did == c.d90().short()

    def test_the_table_has_no_row_twice_and_a_dash_where_nothing_was_recorded(self):
        assert d90_table()["docstrings", "global", "4x256"][1] == "–"
        page = widgets.method_table().data
        assert page.count("<tr>") == len(d90_table()) + 1 + page.count("colspan")
        headings = re.findall(r'colspan="3"[^>]*>(.*?)<', page)
        assert len(headings) == len(set(headings)) == len({row[:2] for row in d90_table()})

    def test_the_table_marks_what_the_smallest_d_reaches(self):
        c = cell("pairs", "small-qqp", model="roberta-4x128", method="DID")
        few = replace(c, runs=tuple(r for r in c.runs if r.config.d >= 1000))
        assert few.told() == f"≤ {few.d90().short()}"

    def test_the_table_has_both_normalisations_of_two_models(self):
        for normalize in ("global", "per-tensor"):
            assert {("sst2", normalize, m) for m in ("4x128", "MiniLM")} <= d90_table().keys()

    def test_unknown_models_are_refused(self):
        with pytest.raises(IdlibError, match=r"0 recorded cells fit .*'roberta-9x9'"):
            cell("family", "docstrings", model="roberta-9x9")

    def test_a_threshold_that_any_guess_reaches_says_nothing(self):
        c = cell("family", "sst2", model="roberta-2x64")
        assert c.d90(0.5) == Estimate(
            0.5, (), f"not informative, the commonest label scores {c.majority:.3f}"
        )


def test_the_published_sizes_are_told_under_both_methods():
    explorer = widgets.PublishedSizes()
    for method in ("SAID", "DID"):
        view = explorer.view(method=method)
        for task in ("MRPC", "QQP"):
            row = TABLE1[method, task]
            for kind in ("BERT", "RoBERTa"):
                ends = f"{row[f'{kind}-base']:,} to {row[f'{kind}-large']:,}"
                assert f"{kind}, {task}: {ends}" in view


def test_sizes_are_chosen():
    explorer = widgets.FamilySizes("roberta-2x64")
    views = {model: explorer.view(model=model) for model in ("roberta-2x64", "roberta-4x256")}
    assert all(f"{model} is marked" in view for model, view in views.items())
    assert len(set(views.values())) == 2


class TestProse:
    """The numbers in notebook 10 are the recorded ones."""

    def d90(self, part, model):
        return cell("family", part, model=f"roberta-{model}").d90()

    def test_size_in_our_family(self, prose):
        text = prose("10", "3887f94d")
        small, large = (self.d90("sst2", size) for size in ("2x64", "4x256"))
        assert f"{small.short()} and {large.short()} on SST-2" in text and apart(small, large)
        assert apart(*(self.d90("docstrings", size) for size in ("2x64", "4x256")))
        faster = self.d90("sst2-faster", "4x256")
        assert f"4x256 then takes {faster.short()}" in text and not apart(small, faster)
        assert f"from {small.value:,.0f} to {faster.value:,.0f}" in text
        assert self.d90("sst2-faster", "2x64").d is None is self.d90("sst2-faster", "4x128").d
        least, most = self.d90("docstrings", "2x64"), self.d90("docstrings-faster", "4x256")
        assert f"from {least.short()} to {most.short()}" in text and not apart(least, most)
        middle = self.d90("docstrings-faster", "2x128")
        assert f"{middle.short()} for 2x128" in text and apart(middle, most)
        for part, said in (
            ("sst2", "(0.801 against 0.787"),
            ("docstrings", "0.769 against 0.759)"),
        ):
            one, *_, last = (c.baseline for c in cells("family", part))
            assert f"{last:.3f} against {one:.3f}" in said and said in text
        growth = large.value / small.value
        assert 8.5 < growth < 9.5 and "grows ninefold on SST-2" in prose("10", "ex10-29")
        first, *_, last = cells("family", "sst2")
        box = prose("10", "three-10")
        assert round(last.D / first.D) == 8 and "one with eight times the parameters" in box
        assert f"**{first.baseline:.3f} → {last.baseline:.3f}**" in box
        assert f"({held_out(last.model).popitem()[1]:.2f} against" in text

    def test_minilm(self, prose):
        text = prose("10", "minilm-10")
        mini = cell("methods", "minilm-sst2-one-p", method="DID")
        ours = cell("family", "sst2", model="roberta-4x128")
        assert f"{mini.told()} against {ours.told()}" in text and apart(mini.d90(), ours.d90())
        assert round(mini.D / ours.D) == 12

    def test_what_we_measured(self, prose):
        text = prose("10", "e426108a")
        published = {m: [TABLE1[m, "MRPC"][f"RoBERTa-{s}"] for s in ("base", "large")] for m in
                     ("DID", "SAID")}  # fmt: skip
        did, said = (" and ".join(f"{d:,}" for d in published[m]) for m in ("DID", "SAID"))
        assert f"{did} under DID, {said} under SAID" in text
        d = TABLE1["SAID", "QQP"]["RoBERTa-large"]
        assert f"d = {d}" in text and f"{100 * (4 * d + 8) / 1e3:.0f} kB" == "310 kB"
        assert "| **310 kB** |" in prose("10", "three-10") and f"{d} numbers" in prose(
            "10", "three-10"
        )
        fine = prose("10", "2aa8570d")
        thresholds = [c.threshold() for c in cells("pairs", "small-qqp", method="DID")]
        majority = cells("pairs", "small-qqp", method="DID")[0].majority
        low, high = thresholds
        assert f"{low:.3f} and {high:.3f}, lies barely above the commonest" in fine
        assert f"label's {majority:.3f}" in fine
        full = {(c.task, c.model): c for c in cells("pairs", "small") + cells("pairs", "minilm")}
        better = {key for key, c in full.items() if c.baseline > c.majority + 0.04}
        assert better == {("mrpc", "sentence-transformers/all-MiniLM-L6-v2")}


def test_the_ladder_of_layers_as_told(prose):
    text, shown = prose("10", "ladder-told-10"), ladder_cells()
    *few, six = shown.values()
    assert [c.D for c in shown.values()] == sorted(c.D for c in shown.values())
    with_1000 = [statistics.fmean(c.scores[1000]) for c in shown.values()]
    assert f"six: {few[3].baseline:.3f} against {six.baseline:.3f}" in text
    one, two, three, four, all_six = (f"{score:.3f}" for score in with_1000)
    assert f"{all_six} for all six, and {one}, {two}, {three} and {four} for one to four" in text
    tried = [max(score for (score,) in rates.values()) for rates in few[3].rated.values()]
    assert "({:.3f} and {:.3f})".format(*tried) in text
    sizes = "{:.1f}, {:.1f}, {:.1f}, {:.1f} and {:.1f} million"
    assert sizes.format(*(c.D / 1e6 for c in shown.values())) in text
    box = prose("10", "three-10")
    assert f"| **{with_1000[3]:.2f} → {with_1000[4]:.2f}** |" in box and "1,000 numbers" in box
    assert f"the commonest label scores {six.majority:.3f}" in text
    assert min(six.scores[1000]) > max(max(c.scores[1000]) for c in few)
    assert f"got off the ground ({max(few[1].scores[1000]):.3f})" in text
    assert f"bring the six to {statistics.fmean(six.scores[10_000]):.3f}" in text
    assert {round(score, 3) for c in few for score in c.scores[10_000]} == {round(six.majority, 3)}


def test_the_ladder_of_a_decoder_as_told(prose):
    text = prose("10", "ladder-decoder-10")
    shown = [*cells("decoder", "layers"), cell("decoder", "prompted")]
    for layers, c in zip(("10", "20", "all 30"), shown, strict=True):
        (full,) = c.full
        scores = (full.start, *(statistics.fmean(c.scores[d]) for d in (10, 100)), full.score)
        assert f"| {layers} | {' | '.join(f'{score:.3f}' for score in scores)} |" in text
    assert "D is {:.1f}, {:.1f} and {:.1f} million".format(*(c.D / 1e6 for c in shown)) in text
    by_layers = [[statistics.fmean(c.scores[100]), c.baseline] for c in shown]
    assert by_layers == sorted(by_layers) and f"label scores {shown[0].majority:.3f}" in text
    assert {run.config.lr for c in shown for run in c.full} == {3e-5} and "3e-5 for all" in text
    mini = ladder_cells()["all 6 layers"]
    assert round(shown[-1].D / mini.D) == 6
