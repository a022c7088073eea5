"""Fine-tuning in subspaces: recorded runs, shares of a step, widgets and checks of notebook 08."""

import re
import statistics

import pytest
import torch
from torch.utils.data import TensorDataset

from idlib import widgets
from idlib.engine.data import fingerprint
from idlib.engine.training import accuracy
from idlib.lessons.language.compute import (
    CURVES,
    GROUPS,
    answers,
    group_of,
    method_cells,
    scores_by_rate,
    step_shares,
)
from idlib.problems.language import classifier, text_problem
from idlib.problems.texts import load_text
from idlib.projections import make_projection
from idlib.studies import cells, replay
from idlib.studies.catalogue import STUDIES
from idlib.studies.published import TABLE1

HERE = "RoBERTa 4x128 on docstrings"


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
        c, n = method_cells(HERE)["DID"], 100
        labels = torch.tensor(load_text("docstrings").test.labels[:n])
        right = (answers(c, 3000, n) == labels).double().mean().item()
        test = text_problem("docstrings", c.model).test_set
        few = TensorDataset(*(t[:n] for t in test.tensors))
        assert right == accuracy(replay(c.first_seed[3000]).merged(), few)
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


class TestTunedCurves:
    def test_moving_d_shows_that_d_and_texts_that_change(self):
        explorer = widgets.TunedCurves(HERE, d=1000)
        for d in (300, 3000):
            html = explorer.view(curves=HERE, d=d, method="DID")
            for method, c in method_cells(HERE).items():
                assert f"<td>{method}</td><td><b>{statistics.median(c.scores[d]):.3f}</b>" in html
            right, wrong = (int(n) for n in re.findall(r"(\d+) of the first 150 ", html))
            labels = torch.tensor(load_text("docstrings").test.labels[:150])
            c = method_cells(HERE)["DID"]
            smaller = max(x for x in c.scores if x < d)
            before, after = (int((answers(c, x, 150) == labels).sum()) for x in (smaller, d))
            assert right - wrong == after - before
        assert 'aria-label="RoBERTa 4x128 on docstrings: test accuracy' in html

    def test_the_other_method_and_another_model(self):
        explorer = widgets.TunedCurves(HERE, d=1000)
        views = [explorer.view(curves=HERE, d=1000, method=m) for m in ("DID", "SAID")]
        assert views[0] != views[1]
        other = "MiniLM on SST-2"
        html = explorer.view(curves=other, d=1000, method="SAID")
        assert f"{other}: test accuracy" in html
        assert "put GLUE's files in" in html or "not kept" in html
        ds = {values["d"] for _, values in explorer.values() if values["curves"] == other}
        assert ds == set(method_cells(other)["DID"].scores)


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
    aware = {method: c.method.structure_aware for method, c in method_cells(HERE).items()}
    assert aware == {"DID": False, "SAID": True}
    assert {r.config.structure_aware for r in method_cells(HERE)["SAID"].runs} == {True}
