"""Fine-tuning in subspaces: recorded runs, shares of a step, widgets and checks of notebook 08."""

import re

import pytest
import torch
from torch.utils.data import TensorDataset

from idlib import widgets
from idlib.engine.data import fingerprint
from idlib.studies.experiments import EXPERIMENTS
from idlib.problems.language import classifier, text_problem
from idlib.projections import make_projection
from idlib.studies.recorded import recorded, replay
from idlib.problems.texts import load_text
from idlib.engine.training import accuracy
from idlib.lessons.language.compute import GROUPS, MAJORITY, METHODS, PUBLISHED, SHOWN, answers, curves, group_of, rates, step_shares

HERE = "RoBERTa 4x128 on docstrings"


def same_docstrings() -> bool:
    task = load_text("docstrings")
    here = [fingerprint(task.train), fingerprint(task.test)]
    return recorded("docstrings_small").sessions[-1]["data"]["docstrings"] == here


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
    @pytest.mark.parametrize("shown", SHOWN)
    def test_both_methods_have_eight_dimensions_or_nearly(self, shown):
        for c in curves(shown).values():
            assert len(c.scores) >= 7
            assert 0 < c.baseline <= 1

    @pytest.mark.parametrize("shown", SHOWN)
    def test_the_full_model_is_one_and_clearly_above_the_commonest_label(self, shown):
        did, said = curves(shown).values()
        assert did.baseline == said.baseline and did.D == said.D
        assert 0.9 * did.baseline > MAJORITY[did.task.split("-")[0]] + 0.1

    @pytest.mark.parametrize("shown", SHOWN)
    def test_rates_are_those_of_a_pilot_and_steps_of_one_length(self, shown):
        name = SHOWN[shown][0]
        validated = {}
        for r in recorded(name):
            c = r.config
            if c.scored_on == "validation" and c.d:
                validated.setdefault(c.structure_aware, set()).add(round(c.lr * c.d**0.5, 3))
        for c in curves(shown).values():
            for r in c.runs:
                length = r.config.lr * r.config.d**0.5
                known = validated[r.config.structure_aware]
                assert min(abs(length / x - 1) for x in known) < 0.01

    def test_a_recorded_run_is_a_seed_and_d_numbers(self):
        if not same_docstrings():
            pytest.skip("other versions of packages are installed: other docstrings")
        run = curves(HERE)["SAID"].first_seed[3000]
        rebuilt = accuracy(
            replay(run).merged(), text_problem("docstrings", run.config.model).test_set
        )
        assert rebuilt == pytest.approx(run.score, abs=0.01)
        assert len(replay(run).lambdas) == 6

    def test_answers_are_those_of_the_replayed_run(self):
        c, n = curves(HERE)["DID"], 100
        labels = torch.tensor(load_text("docstrings").test.labels[:n])
        right = (answers(c, 3000, n) == labels).double().mean().item()
        test = text_problem("docstrings", c.model).test_set
        few = TensorDataset(*(t[:n] for t in test.tensors))
        assert right == accuracy(replay(c.first_seed[3000]).merged(), few)
        assert right > MAJORITY["docstrings"] + 0.1

    def test_the_commonest_label_of_each_task(self, glue_folder, monkeypatch):
        monkeypatch.setenv("IDLIB_DATA", str(glue_folder))
        load_text.cache_clear()
        for task in ("sst2", "mrpc", "rte"):
            assert load_text(task).majority == pytest.approx(MAJORITY[task], abs=5e-4)
        load_text.cache_clear()

    def test_every_rate_was_tried_at_one_dimension(self):
        for way in ("global", "per-tensor"):
            scores = rates(way)
            assert tuple(sorted(scores)) == EXPERIMENTS["normalisation"].lrs
            best = max(scores, key=scores.get)
            assert min(scores) < best < max(scores)  # inside of what was tried


def test_published_said_is_below_did_but_for_one_tie():
    pairs = [
        (PUBLISHED["SAID", task][model], did)
        for task in ("MRPC", "QQP")
        for model, did in PUBLISHED["DID", task].items()
    ]
    assert sum(a < b for a, b in pairs) == 7 and sum(a == b for a, b in pairs) == 1


class TestTunedCurves:
    def test_moving_d_shows_that_d_and_texts_that_change(self):
        panel = widgets.TunedCurves(HERE, d=1000)
        for d in (300, 3000):
            panel.panel.slider.value = d
            html = panel.panel.view.value
            for method, c in curves(HERE).items():
                mean = sum(c.scores[d]) / len(c.scores[d])
                assert f"<td>{method}</td><td><b>{mean:.3f}</b>" in html
            right, wrong = (
                int(n) for n in re.findall(r"(\d+) of the first 150 ", panel.texts.value)
            )
            labels = torch.tensor(load_text("docstrings").test.labels[:150])
            c = curves(HERE)["DID"]
            smaller = max(x for x in c.scores if x < d)
            before, after = (int((answers(c, x, 150) == labels).sum()) for x in (smaller, d))
            assert right - wrong == after - before
        assert re.search(r'<img alt="RoBERTa 4x128 on docstrings: test accuracy[^"]+', html)

    def test_the_other_method_and_another_model(self):
        panel = widgets.TunedCurves(HERE, d=1000)
        before = panel.texts.value
        panel.method.value = "SAID"
        assert panel.texts.value != before
        panel.shown.value = "MiniLM on SST-2"
        html = panel.panel.view.value
        assert "MiniLM on SST-2: test accuracy" in html and "Error" not in html
        assert set(panel.panel.slider.options) == set(curves("MiniLM on SST-2")["DID"].scores)
        assert "put GLUE's files in" in panel.texts.value or "not kept" in panel.texts.value


class TestLiveTuning:
    @pytest.fixture
    def live(self):
        panel = widgets.LiveTuning("docstrings-n256", threshold=0.67, d=300)
        panel.test_set = panel._few
        yield panel
        panel.halt.click()
        if panel._thread:
            panel._thread.join(60)

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
    assert METHODS == {"DID": False, "SAID": True}
