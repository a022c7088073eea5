"""Fine-tuning in subspaces: recorded runs, shares of a step, widgets and checks of notebook 08."""

import math
import re
import statistics

import pytest
import torch
import transformers
from scipy import stats
from torch.utils.data import TensorDataset

from idlib import IdlibError, plots, widgets
from idlib.engine.data import fingerprint
from idlib.engine.estimate import Estimate
from idlib.engine.training import accuracy
from idlib.lessons.language.compute import (
    CURVES,
    GROUPS,
    answers,
    apart,
    asked,
    d90_pairs,
    decoder_cells,
    group_of,
    method_cells,
    said_ahead,
    scores_by_rate,
    step_shares,
)
from idlib.problems.language import classifier, text_problem
from idlib.problems.texts import load_text
from idlib.projections import make_projection
from idlib.studies import cell, cells, replay
from idlib.studies.catalogue import STUDIES
from idlib.studies.layout import paired
from idlib.studies.published import TABLE1
from idlib.studies.tuned import SENTENCES, TUNED, tuned_runs

HERE = "RoBERTa 4x128 on docstrings"
MINILM = "MiniLM on SST-2"


def same_docstrings() -> bool:
    task = load_text("docstrings")
    here = [fingerprint(task.train), fingerprint(task.test)]
    return method_cells(HERE)["DID"].facts["data"] == here


class TestStepShares:
    def test_they_are_what_a_projection_does(self):
        model = classifier("roberta-4x128", 2)()
        for way, shares in step_shares(model).items():
            sizes = {n: p.numel() for n, p in model.named_parameters()}
            D = sum(sizes.values())
            per_tensor = [*sizes.values()] if way == "per-tensor" else None
            step = make_projection("hashed", D, 500, 0, per_tensor)(torch.randn(500))
            squares = dict.fromkeys(GROUPS, 0.0)
            for name, part in zip(sizes, step.split([*sizes.values()]), strict=True):
                squares[group_of(name)] += float(part.square().sum())
            whole = sum(squares.values())
            assert sum(shares.values()) == pytest.approx(1)
            for group, share in shares.items():
                assert squares[group] / whole == pytest.approx(share, abs=0.05)

    def test_per_tensor_moves_biases_and_layernorm_a_hundred_times_as_much(self):
        shares = step_shares(classifier("roberta-4x128", 2)())
        small = "biases and LayerNorm"
        assert shares["per-tensor"][small] > 100 * shares["global"][small] / 2
        assert shares["global"]["embeddings"] > 0.5


class TestRecorded:
    @pytest.mark.parametrize("curves", CURVES)
    def test_both_methods_have_eight_dimensions_or_nearly(self, curves):
        for c in method_cells(curves).values():
            assert len(c.scores) >= 7
            assert 0 < c.baseline <= 1

    @pytest.mark.parametrize("curves", CURVES)
    def test_the_full_model_is_one_and_clearly_above_the_commonest_label(self, curves):
        did, said = method_cells(curves).values()
        assert did.baseline == said.baseline and did.D == said.D
        assert did.threshold() > did.majority + 0.1

    @pytest.mark.parametrize("curves", CURVES)
    def test_rates_are_those_of_a_pilot_and_steps_of_one_length(self, curves):
        for c in method_cells(curves).values():
            validated = {lr * d**0.5 for d, rates in c.rated.items() for lr in rates}
            for r in c.runs:
                length = r.config.lr * r.config.d**0.5
                assert min(abs(length / x - 1) for x in validated) < 0.01

    def test_a_recorded_run_is_a_seed_and_d_numbers(self):
        if not same_docstrings():
            pytest.skip("other versions of packages are installed: other docstrings")
        run = method_cells(HERE)["SAID"].first_seed[3000]
        rebuilt = accuracy(
            replay(run).merged(), text_problem("docstrings", run.config.model).test_set
        )
        assert rebuilt == pytest.approx(run.score, abs=0.01)
        assert len(replay(run).lambdas) == 6

    def test_answers_are_those_of_the_replayed_run(self):
        c = method_cells(HERE)["DID"]
        texts, labels, _ = asked(c)
        n = len(texts)
        assert labels == load_text("docstrings").test.labels[:n]
        right = sum(a == y for a, y in zip(answers(c, 3000), labels, strict=True)) / n
        test = text_problem("docstrings", c.model).test_set
        few = TensorDataset(*(t[:n] for t in test.tensors))
        assert right == pytest.approx(accuracy(replay(c.first_seed[3000]).merged(), few))
        assert right > c.majority + 0.1

    def test_the_commonest_label_of_each_task(self, glue_folder, monkeypatch):
        monkeypatch.setenv("IDLIB_DATA", str(glue_folder))
        load_text.cache_clear()
        for c in (*cells("methods", "small-sst2"), *cells("pairs", "small")):
            assert load_text(c.task).majority == pytest.approx(c.majority, abs=5e-4)
        load_text.cache_clear()

    def test_every_rate_was_tried_at_one_dimension(self):
        for way in ("global", "per-tensor"):
            scores = scores_by_rate(way)
            (part,) = (p for p in STUDIES["methods"].parts if p.name == "every-rate")
            assert tuple(sorted(scores)) == part.protocol.rates.lrs
            best = max(scores, key=scores.get)
            assert min(scores) < best < max(scores)  # inside of what was tried


def test_published_said_is_below_did_but_for_one_tie():
    pairs = [
        (TABLE1["SAID", task][model], did)
        for task in ("MRPC", "QQP")
        for model, did in TABLE1["DID", task].items()
    ]
    assert sum(a < b for a, b in pairs) == 7 and sum(a == b for a, b in pairs) == 1


class TestPairs:
    def test_they_are_all_that_have_both_and_a_d90(self):
        groups = d90_pairs()
        assert [len(rows) for rows in groups.values()] == [8, 10]
        assert all(found.interval for rows in groups["here"].values() for found in rows)
        for did, said in paired():
            assert (did.method.name, said.method.name) == ("DID", "SAID")
            assert did.task == said.task and did.model == said.model
            assert did.full == said.full and did.method.normalize == said.method.normalize

    def test_intervals_lie_apart_or_not(self):
        def between(low, high):
            return Estimate(0.9, (5,), between=(5.0,), interval=(low, high))

        assert apart(between(1, 2), between(3, 4)) and apart(between(3, 4), between(1, 2))
        assert not apart(between(1, 3), between(2, 4)) and not apart(between(1, 9), between(2, 3))
        assert not apart(between(1, math.inf), between(5, 6))
        with pytest.raises(IdlibError, match="without an interval"):
            apart(between(1, 2), Estimate(0.9, (5,)))

    def test_the_figure_has_a_row_for_each_pair_and_a_bar_for_each_interval(self):
        groups = d90_pairs()
        axes = plots.dumbbells(groups).axes
        for ax, (heading, rows) in zip(axes, groups.items(), strict=True):
            assert [label.get_text() for label in ax.get_yticklabels()] == [*rows]
            assert ax.get_legend().get_title().get_text() == heading
        bars = [line for line in axes[1].lines if line.get_linewidth() == 4]
        assert len(bars) == 2 * len(groups["here"])
        endless = [e for rows in groups["here"].values() for e in rows if e.interval[1] == math.inf]
        arrows = [line for line in axes[1].lines if line.get_marker() == ">"]
        assert len(arrows) == len(endless) == 2


class TestTuned:
    @pytest.mark.parametrize("curves", CURVES)
    def test_every_run_that_kept_its_numbers_has_a_row(self, curves):
        kept = {
            (c.method.name == "SAID", d)
            for c in method_cells(curves).values()
            for d in c.first_seed
        }
        assert set(tuned_runs(CURVES[curves])) == kept

    @pytest.mark.parametrize("curves", CURVES)
    def test_shares_sum_to_one_and_under_did_they_are_those_of_p(self, curves):
        way = method_cells(curves)["DID"].method.normalize
        for (said, d), run in tuned_runs(CURVES[curves]).items():
            assert sum(run.shares.values()) == pytest.approx(1, abs=1e-4)
            assert sum(run.sizes.values()) == pytest.approx(1, abs=1e-4)
            if not said and d >= 100 and way == "global":
                assert run.shares == pytest.approx(run.sizes, abs=0.02)
            blocks = [share for layer, share in run.shares.items() if layer[-1].isdigit()]
            if not said:  # of one size
                assert max(blocks) - min(blocks) < 0.01

    def test_working_a_row_out_again_gives_the_same(self):
        """With the model that comes with the course."""
        for said, d in ((False, 300), (True, 1000)):
            (row,) = TUNED.rows(("small-sst2", said, d))
            recorded = tuned_runs("small-sst2")[said, d]
            assert row["shares"] == pytest.approx(recorded.shares, abs=1e-4)
            # in bfloat16, of 8 bits, which processors round each in their own way
            assert row["praise"] == pytest.approx(recorded.praise, abs=1e-2)

    def test_a_share_is_lambda_squared_times_how_far_p_goes(self):
        run = method_cells("RoBERTa 4x128 on SST-2")["SAID"].first_seed[1000]
        tuned, sizes = (
            tuned_runs("small-sst2")[True, 1000],
            tuned_runs("small-sst2")[True, 30].sizes,
        )
        lambdas = replay(run).lambdas
        weight = {layer: lambdas[layer] ** 2 * sizes[layer] for layer in sizes}
        whole = sum(weight.values())
        for layer, share in tuned.shares.items():
            assert share == pytest.approx(weight[layer] / whole, abs=0.03)

    def test_the_sentences_are_as_many_of_each_kind(self):
        assert len(SENTENCES) == len({text for text, _ in SENTENCES}) == 30
        assert sum(label for _, label in SENTENCES) == 15


class TestTunedCurves:
    @pytest.mark.parametrize("curves", [HERE, MINILM])
    def test_moving_d_shows_that_d_and_texts_that_change(self, curves):
        explorer = widgets.TunedCurves(curves, d=1000)
        for d in (300, 1000):
            html = explorer.view(curves=curves, d=d, method="DID")
            for method, c in method_cells(curves).items():
                assert f"<td>{method}</td><td><b>{statistics.median(c.scores[d]):.3f}</b>" in html
            gained, lost = (int(n) for n in re.findall(r"<b>(?:gains|loses) (\d+)</b>", html))
            c = method_cells(curves)["DID"]
            labels = torch.tensor(asked(c)[1])
            smaller = max(x for x in c.first_seed if x < d)
            before, after = (
                int((torch.tensor(answers(c, x)) == labels).sum()) for x in (smaller, d)
            )
            assert gained - lost == after - before
            assert f"<b>{after} of {len(labels)}</b>" in html
        assert f'aria-label="{curves}: test accuracy' in html

    def test_the_other_method_and_d_whose_numbers_were_not_kept(self):
        explorer = widgets.TunedCurves(MINILM, d=1000)
        views = [explorer.view(curves=MINILM, d=1000, method=m) for m in ("DID", "SAID")]
        assert views[0] != views[1]
        assert "not kept" in explorer.view(curves=MINILM, d=3000, method="SAID")
        ds = {values["d"] for _, values in explorer.values() if values["curves"] == MINILM}
        assert ds == set(method_cells(MINILM)["DID"].scores)


def test_layers_that_moved_are_shown_for_every_d_and_model():
    explorer = widgets.LayerShares(MINILM, d=1000)
    for _, values in explorer.values():
        html, run = explorer.view(**values), tuned_runs(CURVES[values["curves"]])[True, values["d"]]
        assert f"has the largest share of the step: {max(run.shares.values()):.0%}" in html
    html = explorer.view(curves=MINILM, d=1000)
    assert (
        "block 5 has the largest share of the step: 23%, where it has 8% of the parameters" in html
    )


class TestProse:
    """The numbers in notebook 08 are the recorded ones."""

    def test_what_d_numbers_reach(self, prose):
        both = method_cells(MINILM)
        did, said = (statistics.median(both[m].scores[300]) for m in ("DID", "SAID"))
        text = prose("08", "move-d-08")
        assert f"one for each {both['DID'].D / 300:,.0f} parameters" in text
        assert f"reaches {did:.3f}, and {said:.3f} with" in text
        assert f"The full model reaches {both['DID'].baseline:.3f}" in text
        low, high = both["DID"].d90().interval
        assert (
            f"{both['DID'].d90().value:,.0f}, with a 95 % interval from {low:.0f} to {high:,.0f}"
            in text
        )
        assert f"under SAID {both['SAID'].told()}" in text
        box = prose("08", "three-08")
        assert f"accuracy of {said:.2f} on film reviews" in box and "| **300** |" in box
        D, full = both["DID"].D, both["DID"].baseline
        assert f"all {D / 1e6:.1f} million of its parameters bring it to {full:.2f}" in box

    def test_what_the_tuned_model_says_of_our_sentences(self, prose):
        text = prose("08", "move-d-08")
        given = answers(method_cells(MINILM)["SAID"], 1000)
        wrong = [s for a, (s, y) in zip(given, SENTENCES, strict=True) if a != y]
        assert f"gets {30 - len(wrong)} of 30 right" in text
        quoted = re.findall(r"\*(.+?)\*", text)
        assert len(quoted) == 2 and {f"{q}." for q in quoted} <= set(wrong)

    def test_a_hundred_numbers_steer_a_decoder(self, prose):
        text, shown = prose("08", "decoder-told-08"), decoder_cells()
        c = shown["SmolLM2, prompt"]
        assert f"{c.D:,} parameters" in prose("08", "decoder-08")
        (start,) = (run.start for run in c.full)
        few, many = (statistics.fmean(c.scores[d]) for d in (10, 100))
        assert f"{start:.3f} of the reviews right" in text
        assert f"10 numbers bring it to {few:.3f}, 100 to {many:.3f}" in text
        assert f"all parameters to {c.baseline:.3f}" in text
        assert f"{100 * many / c.baseline:.0f} % of the full score" in text
        assert f"of the *gain*, {100 * (many - start) / (c.baseline - start):.0f} %" in text
        assert f"Asked with a prompt, its d90 is {c.told()}" in text
        assert max(few, start) < 0.9 * c.baseline < many
        head = shown["SmolLM2, new head"]
        box = prose("08", "three-08")
        assert f"| **{many:.2f}, {statistics.fmean(head.scores[100]):.2f}** |" in box
        few, many = (f"{statistics.fmean(head.scores[d]):.3f}" for d in (10, 100))
        assert f"get {few} and {many}, all parameters {head.baseline:.3f}" in text
        low, high = sorted(head.scores[100])
        assert f"({low:.3f} and {high:.3f} with 100 numbers)" in text
        assert max(*head.scores[100], head.baseline) < start  # worse than what the prompt has free
        for name in ("MiniLM, new head", "4x128, at a mask", "4x128, new head"):
            other = shown[name]
            scores = [statistics.fmean(other.scores[d]) for d in (10, 100, 1000)]
            said = ", ".join(f"{score:.3f}" for score in scores)
            assert f"{said}, in full {other.baseline:.3f}" in text, name
        asked = shown["4x128, at a mask"]
        few = statistics.fmean(asked.scores[100])
        assert f"gets {few:.3f} with 100 numbers, {asked.baseline:.3f} with all" in text
        starts = [run.start for run in asked.full]
        assert f"untrained {statistics.fmean(starts):.3f}" in text

    def test_said_against_did(self, prose):
        here = d90_pairs()["here"]
        lower = [did.value > said.value for did, said in here.values()]
        clear = {name: apart(*both) for name, both in here.items()}
        assert (sum(lower), len(lower), sum(clear.values())) == (9, 10, 3)
        assert lower[list(clear).index("4x128, SST-2, other rates")] is False
        text, box = prose("08", "said-did-told-08"), prose("08", "three-08")
        assert "lower in nine of ten pairs" in text and "DID's interval in only two" in text
        assert "| **2 of 10** |" in box and "one finds it clearly higher" in box
        for name in (name for name, sure in clear.items() if sure):
            for found in here[name]:
                assert found.short() in text
        for found in (*here["4x128, SST-2, one P"],):
            assert found.short() in text
        by_tensor = cell("methods", "lambda-per-tensor").scores[3000]
        both = method_cells(HERE)
        assert f"scores {statistics.mean(by_tensor):.3f}, with one for each layer " in text
        said, did = (statistics.mean(both[m].scores[3000]) for m in ("SAID", "DID"))
        assert f"each layer {said:.3f}, under DID {did:.3f}" in text

    def test_seed_by_seed(self, prose):
        text, ahead = prose("08", "said-seeds-told-08"), said_ahead("sst2")
        means = {d: 100 * statistics.fmean(found) for d, found in ahead.items()}
        assert {len(found) for found in ahead.values()} == {5}
        assert (
            "gains {:.1f} points of accuracy with 1,000 numbers, {:.1f} with 1,778, and {:.1f} "
            "with 3,162".format(*means.values())
        ) in text
        asked = said_ahead("qqp")
        few, many = (100 * statistics.fmean(found) for found in asked.values())
        assert f"loses {-few:.1f} with 1,000, and gains {many:.1f} with 3,162" in text
        assert list(asked) == [1000, 3162] and {len(found) for found in asked.values()} == {5}
        for found in (*ahead.values(), *asked.values()):
            low, high = stats.ttest_1samp(found, 0).confidence_interval()
            assert -0.021 < low < 0 < high < 0.021
        did, said = (cell("paired", "sst2", method=name) for name in ("DID", "SAID"))
        assert did.rates == said.rates
        assert f"comes out as {did.d90().value:,.0f} without" in text
        assert f"and {said.d90().value:,.0f} with it" in text
        assert did.d90().interval[1] == said.d90().interval[1] == math.inf
        assert f"tested on {did.facts['test']:,}" in text

    def test_which_layers_moved(self, prose):
        text = prose("08", "layers-told-08")
        found = {d: tuned_runs("minilm-sst2")[True, d] for d in (100, 300, 1000)}
        shares = list(found[1000].shares.values())
        blocks = shares[1:7]
        assert blocks == sorted(blocks)
        assert f"from {100 * blocks[0]:.0f} to {100 * blocks[-1]:.0f} %" in text
        assert f"parameters, take {100 * shares[0]:.0f} %" in text
        assert found[1000].sizes["network.bert.embeddings"] == pytest.approx(0.5, abs=0.05)
        order = {d: sorted(run.shares, key=run.shares.get)[::-1] for d, run in found.items()}
        assert [layer[-1] for layer in order[300][:2]] == ["5", "3"] and order[100][0][-1] == "2"
        small = {d: run.shares for (said, d), run in tuned_runs("small-sst2").items() if said}
        second = [100 * small[d]["network.roberta.encoder.layer.2"] for d in (30, 100, 300)]
        assert f"{min(second):.0f} to {max(second):.0f} % up to d = 300" in text
        assert f"embeddings {100 * small[1000]['network.roberta.embeddings']:.0f} %" in text

    def test_normalisation(self, prose):
        text = prose("08", "6baad421")
        tried = {way: scores_by_rate(way) for way in ("global", "per-tensor")}
        best = {way: max(scores, key=scores.get) for way, scores in tried.items()}
        assert f"a factor of {best['global'] / best['per-tensor']:.0f} apart" in text
        one, each = (tried[way] for way in ("global", "per-tensor"))
        assert (
            f"At 0.001 a P for each tensor scores {each[0.001]:.3f} and one P {one[0.001]:.3f}"
            in text
        )
        assert f"at 0.3 it is {each[0.3]:.3f} and {one[0.3]:.3f}" in text
        per_tensor = statistics.median(method_cells(MINILM)["DID"].scores[1000])
        one_p = cell("methods", "minilm-sst2-one-p", method="DID").scores[1000]
        assert f"{per_tensor:.3f} with a P for each tensor, {statistics.median(one_p):.3f}" in text
        nothing = cells("family", "sst2-per-tensor", model="roberta-4x128")
        assert {c.told() for c in nothing} == {"none"}
        assert max(d for c in nothing for d in c.scores) == 316_228
        with torch.device("meta"):
            config = transformers.BertConfig()
            shares = step_shares(transformers.BertForSequenceClassification(config))
        small = shares["per-tensor"]["biases and LayerNorm"]
        assert f"{100 * small:.0f} % of a step in BERT-base goes to biases and LayerNorm" in text
        assert shares["global"]["biases and LayerNorm"] == pytest.approx(0.001, abs=2e-4)

    def test_what_we_measured(self, prose):
        text = prose("08", "c0ed3efe")
        did, said = (cell("pairs", "minilm", "mrpc", method=m).d90() for m in ("DID", "SAID"))
        assert f"takes {did.value:,.0f} under DID and {said.value:,.0f} under SAID" in text
        published = (TABLE1[m, "MRPC"]["BERT-base"] for m in ("DID", "SAID"))
        assert " and ".join(f"{d:,}" for d in published) in text
        docs, films = (method_cells(name) for name in (HERE, "RoBERTa 4x128 on SST-2"))
        most = len(load_text("docstrings").train)
        assert all(c.d90().value > most for c in docs.values()) and f"({most:,})" in text
        for method, c in films.items():
            assert c.d90().value > 3 * method_cells(MINILM)[method].d90().value


class TestLiveTuning:
    @pytest.fixture
    def live(self, request):
        task = getattr(request, "param", "docstrings-n256")  # long enough to be stopped
        panel = widgets.LiveTuning(task, threshold=0.67, d=300)
        panel.test_set = panel._few
        yield panel
        panel.halt.click()
        if panel._thread:
            panel._thread.join(60)

    @pytest.mark.parametrize("live", ["docstrings-n64"], indirect=True)
    def test_it_trains_under_said_and_shows_the_scales(self, live):
        live.start.click()
        live._thread.join(120)
        assert "Finished after" in live.status.value and "lambda: embeddings" in live.status.value
        assert "test texts" in live.status.value
        assert live.config().structure_aware is True and live.config().d == 300

    def test_a_second_press_starts_no_second_training(self, live):
        live.start.click()
        first = live._thread
        live.start.disabled = False
        live.start.click()
        assert live._thread is first
        live.halt.click()
        first.join(60)
        assert not first.is_alive() and "Stopped at step" in live.status.value


def test_methods_are_the_values_of_structure_aware():
    aware = {method: c.method.structure_aware for method, c in method_cells(HERE).items()}
    assert aware == {"DID": False, "SAID": True}
    assert {r.config.structure_aware for r in method_cells(HERE)["SAID"].runs} == {True}
