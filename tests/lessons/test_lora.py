"""LoRA from the gradient and as an optimiser; recorded adapters, their widget and checks."""

import math
import re
from statistics import fmean

import pytest
import torch
import torch.nn.functional as F

from idlib import IdlibError, plots, widgets
from idlib.lessons.adapters.compute import (
    COMPARED,
    PLACE,
    compared_cells,
    earlier_scores,
    tuned_ways,
)
from idlib.lessons.adapters.low_rank import LowRank, change, first_order
from idlib.problems.adapters import numbers, shapes, split_name
from idlib.problems.language import classifier
from idlib.problems.networks import fc
from idlib.problems.texts import Texts
from idlib.problems.tokens import encode
from idlib.studies import cell, cells, provenance
from idlib.studies.adapters import RATES
from idlib.studies.catalogue import STUDIES
from idlib.studies.protocols import MINILM

TEXTS = Texts([("the cat sat",), ("a dog ran under the tree",), ("the mat",)] * 8, [0, 1, 0] * 8)
SMALL = "RoBERTa 4x128 on SST-2"


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


class TestFirstOrder:
    G, B, A = random(7, 5), random(7, 2, seed=1), random(2, 5, seed=2)

    def test_the_change_is_that_of_gradient_descent(self):
        B, A = self.B.clone().requires_grad_(), self.A.clone().requires_grad_()
        (self.G * (B @ A)).sum().backward()  # a loss whose gradient with respect to W is G
        stepped = (B - 0.1 * B.grad) @ (A - 0.1 * A.grad) - B @ A
        torch.testing.assert_close(change(self.G, self.B, self.A, 0.1), stepped)

    def test_its_error_falls_with_the_square_of_the_rate(self):
        errors = [
            (change(self.G, self.B, self.A, lr) - first_order(self.G, self.B, self.A, lr)).norm()
            for lr in (1e-2, 1e-3)
        ]
        assert errors[0] > 0 and math.isclose(errors[0] / errors[1], 100, rel_tol=1e-6)

    def test_it_is_exact_where_B_is_zero(self):
        args = self.G, 0 * self.B, self.A, 0.1
        torch.testing.assert_close(change(*args), first_order(*args))
        torch.testing.assert_close(first_order(*args), -0.1 * self.G @ self.A.T @ self.A)


class TestOptimiser:
    @pytest.mark.parametrize("optimizer_fn", [torch.optim.SGD, torch.optim.Adam])
    def test_it_does_what_training_the_adapter_does(self, folders, optimizer_fn):
        ids, labels = encode(TEXTS, folders["roberta"]).tensors
        adapted, plain = (classifier(folders["roberta"] + a, 2)() for a in ("+lora-3", ""))
        for model in (adapted, plain):
            model.autocast = False
            model.eval().double()
            model.network.requires_grad_(False)
        plain.load_state_dict(
            {
                n.replace("base_model.model.", "").replace("base_layer.", ""): p
                for n, p in adapted.state_dict().items()
                if ".lora_" not in n
            }
        )
        inner = {n: p for n, p in adapted.named_parameters() if ".lora_" in n}
        matrices = {
            n: p for n, p in plain.named_parameters()
            if n.endswith(("query.weight", "value.weight"))
        }  # fmt: skip
        for p in (*inner.values(), *matrices.values()):
            p.requires_grad_(True)
        theirs = optimizer_fn(inner.values(), lr=0.05)
        ours = LowRank(matrices.values(), 0.05, 3, scale=8 / 3, optimizer_fn=optimizer_fn)
        for n, p in matrices.items():
            start = n.replace("network.", "network.base_model.model.").replace("weight", "lora_A.")
            ours.state[p]["A"].copy_(inner[f"{start}default.weight"])
        before = {n: p.detach().clone() for n, p in matrices.items()}
        for _ in range(5):
            for model, optimizer in ((adapted, theirs), (plain, ours)):
                optimizer.zero_grad()
                F.cross_entropy(model(ids), labels).backward()
                optimizer.step()
        adapted.network = adapted.network.merge_and_unload()
        for n, p in matrices.items():
            moved = p.detach() - before[n]
            right = adapted.get_parameter(n).detach() - before[n]
            assert moved.any() and (moved - right).norm() < 1e-3 * right.norm()

    def test_matrices_move_by_the_rank_and_biases_freely_in_a_model_left_as_it_was(self):
        model = fc(20, 1)
        names, before = (
            list(model.state_dict()),
            {n: p.clone() for n, p in model.named_parameters()},
        )
        optimizer = LowRank(model.parameters(), lr=0.01, rank=2, optimizer_fn=torch.optim.Adam)
        for k in range(3):
            optimizer.zero_grad()
            F.cross_entropy(model(torch.rand(8, 784)), torch.arange(k, k + 8) % 10).backward()
            optimizer.step()
        assert list(model.state_dict()) == names
        for n, p in model.named_parameters():
            moved = (p - before[n]).detach()
            assert (
                int(torch.linalg.matrix_rank(moved, rtol=1e-4)) == 2 if p.ndim == 2 else moved.any()
            )
        assert optimizer.numbers() == 2 * (784 + 20) + 2 * (20 + 10) + 20 + 10

    def test_it_follows_a_scheduler_and_repeats(self):
        def trained(factor):
            model = torch.nn.Linear(4, 3)
            torch.nn.init.ones_(model.weight)
            optimizer = LowRank([model.weight], lr=1.0, rank=1, seed=3)
            torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: factor)
            model(torch.ones(1, 4)).sum().backward()
            optimizer.step()
            return model.weight.detach() - 1

        torch.testing.assert_close(trained(0.5), 0.5 * trained(1.0))
        assert torch.equal(trained(1.0), trained(1.0)) and trained(1.0).any()

    def test_a_closure_and_parameters_without_gradient(self):
        a, b = torch.nn.Linear(3, 2, bias=False), torch.nn.Linear(3, 2, bias=False)
        before = b.weight.detach().clone()
        optimizer = LowRank([a.weight, b.weight], lr=0.1, rank=1)

        def closure():
            optimizer.zero_grad()
            loss = a(torch.ones(1, 3)).square().sum()
            loss.backward()
            return loss

        losses = [optimizer.step(closure).item() for _ in range(3)]
        assert losses[0] > losses[1] > losses[2] and torch.equal(b.weight, before)

    def test_it_does_not_go_on_from_a_state_dict_nor_takes_more_groups(self):
        optimizer = LowRank(fc(width=4, depth=1).parameters(), lr=0.1, rank=1)
        with pytest.raises(IdlibError, match="state dict"):
            optimizer.load_state_dict(optimizer.state_dict())
        with pytest.raises(IdlibError, match="all parameters at the start"):
            optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(2, 2))]})

    @pytest.mark.parametrize("rank", [0, -1, 1.5])
    def test_ranks_that_are_none(self, rank):
        with pytest.raises(IdlibError, match=f"rank = {rank} was given, expected an integer"):
            LowRank(fc(20, 1).parameters(), 0.1, rank)


class TestRecorded:
    def test_every_recorded_adapter_is_shown(self):
        shown = {id(c) for compared in COMPARED for c in compared_cells(compared)}
        told = [c for c in cells("adapters") if re.match("earlier|.*-200$", c.part)]  # in words
        assert {id(c) for c in cells("adapters")} - {id(c) for c in told} <= shown
        assert len(told) == 4
        assert next(iter(COMPARED)) == SMALL

    @pytest.mark.parametrize("compared", COMPARED)
    def test_every_way_was_recorded_with_every_seed(self, compared):
        model, study, _ = COMPARED[compared]
        found = compared_cells(compared)
        parts = {p.name: p.protocol for p in (*STUDIES["adapters"].parts, *STUDIES[study].parts)}
        ways = {"lora": "LoRA", "vera": "VeRA", "unilora": "Uni-LoRA", "tinylora": "TinyLoRA",
                "matrices": PLACE}  # fmt: skip
        for c in found:
            base, adapter = split_name(c.model)
            protocol = parts[c.part]
            assert base == model
            if adapter:
                kind, _, size = adapter.partition("-")
                (t,) = (
                    t
                    for t in tuned_ways(compared, ways.get(kind, "head"))
                    if t.size == int(size or 0)
                )
                assert len(t.scores) == len(protocol.seeds) and t.lr in protocol.rates.full_lrs
            else:
                inside = tuned_ways(compared, c.method.name)
                assert {t.size: list(t.scores) for t in inside} == c.scores
                assert {len(t.scores) for t in inside} == {len(protocol.seeds)}
        (full,) = tuned_ways(compared, "full")
        assert full.scores == tuple(r.score for r in found[0].full)
        majority = found[0].majority
        assert all(majority - 0.1 < s < 1 for t in tuned_ways(compared) for s in t.scores)
        assert {t.way for t in tuned_ways(compared)} >= {"head", "LoRA"}
        assert "Recorded on" in provenance(found)

    @pytest.mark.parametrize("compared", [c for c in COMPARED if COMPARED[c][0] == "roberta-4x128"])
    def test_the_numbers_are_those_of_the_formula(self, compared):
        self.check_numbers(compared, "roberta-4x128")

    @pytest.mark.parametrize("compared", [c for c in COMPARED if COMPARED[c][0] != "roberta-4x128"])
    def test_the_numbers_of_a_real_encoder_are_too(self, compared, minilm_folder):
        self.check_numbers(compared, str(minilm_folder))

    @staticmethod
    def check_numbers(compared, model):
        plain = classifier(model, 2)().network
        (head,) = tuned_ways(compared, "head")
        assert sum(p.numel() for p in plain.classifier.parameters()) == head.numbers
        for t in tuned_ways(compared, "LoRA", "VeRA", "Uni-LoRA", "TinyLoRA", PLACE):
            kind = "matrices" if t.way == PLACE else t.way.lower().replace("-", "")
            adapter = f"{kind}-{t.size}"
            assert t.numbers == head.numbers + numbers(adapter, shapes(plain))

    def test_unknown_ways_are_refused(self):
        with pytest.raises(IdlibError, match="'BitFit' was asked for, expected one of"):
            tuned_ways(SMALL, "BitFit")

    def test_ways_have_names(self):
        names = [t.name for t in tuned_ways(SMALL)]
        assert len(set(names)) == len(names) and "LoRA, rank 4" in names and "head only" in names


def test_what_is_said_of_place_and_way_was_recorded(prose):
    text = prose("12", "lora-place-told")
    lora, inside = (tuned_ways(SMALL, way) for way in ("LoRA", PLACE))
    assert [t.numbers for t in lora] == [t.numbers for t in inside]
    here, there = (
        "{:.3f}, {:.3f} and {:.3f}".format(*(t.score for t in ways)) for ways in (inside, lora)
    )
    assert f"{here} against {there}" in text
    assert all(abs(a.score - b.score) < 0.015 for a, b in zip(lora, inside, strict=True))
    (all_of_them,) = (t for t in tuned_ways(SMALL, "DID") if t.size == 3000)
    assert f"with 3,000 numbers ({all_of_them.score:.3f})" in text
    assert all_of_them.score > max(t.score for t in (*lora, *inside))
    along = earlier_scores()
    assert [round(tokens / 1e6) for tokens in along] == [4, 16, 102]
    ranks, subspaces = (
        [fmean(found[name]) for found in along.values()]
        for name in ("LoRA, rank 4", "subspace, d = 10,000")
    )
    assert (
        "{:.3f} after 4 million tokens, {:.3f} after 16 and {:.3f} after 102".format(*ranks) in text
    )
    assert f"from {subspaces[0]:.3f} to {subspaces[-1]:.3f}" in text
    (head,), (tiny,) = (tuned_ways(SMALL, way) for way in ("head", "TinyLoRA"))
    assert f"bring the head's {head.score:.3f} to {tiny.score:.3f}" in text
    assert (tiny.score - head.score) / (lora[0].score - head.score) == pytest.approx(0.5, abs=0.05)
    (same,) = (t for t in tuned_ways(SMALL, "DID") if t.size == 10_000)
    assert f"the same model has {same.score:.3f}" in text
    head, thirteen = (cell("adapters", f"minilm-{way}-200") for way in ("head", "tinylora-13"))
    drawn = cell("random_start", "sst2", model=MINILM)
    assert f"from {head.baseline:.3f} to {thirteen.baseline:.3f}" in text
    assert f"1,000 numbers has {fmean(drawn.scores[1000]):.3f}" in text
    assert drawn.task == head.task and drawn.facts["test"] == 3872
    assert thirteen.full[0].config.lr == RATES[5]


def test_the_figure_shows_every_seed_and_the_lines_across():
    did = compared_cells(SMALL)[0]
    levels = did.majority, did.threshold()
    fig = plots.adapter_scores(tuned_ways(SMALL), *levels, "a title")
    (ax,) = fig.axes
    labels = ax.get_legend_handles_labels()[1]
    drawn = ("DID", "SAID", "LoRA", "head", "VeRA", "Uni-LoRA")
    assert labels == [
        {"head": "head only"}.get(way, way) for way in drawn if tuned_ways(SMALL, way)
    ]
    dots = [line for line in ax.lines if line.get_label() in labels]
    for line, label in zip(dots, labels, strict=True):
        way = "head" if label == "head only" else label
        assert len(line.get_ydata()) == sum(len(t.scores) for t in tuned_ways(SMALL, way))
    heights = [line.get_ydata()[0] for line in ax.lines if len(set(line.get_ydata())) == 1]
    full = tuned_ways(SMALL, "full")[0].score
    assert {did.majority, full, 0.9 * full} <= set(heights)


def test_sliders_choose_a_rank_and_a_d():
    explorer = widgets.RankAndD(SMALL, rank=4, d=1000)
    first = explorer.view(**explorer.start)
    assert "LoRA, rank 4" in first and "DID, d = 1,000" in first and "SAID, d = 1,000" in first
    other = explorer.view(compared=SMALL, rank=0, d=300)
    assert "head only" in other and "LoRA, rank 4" not in other and "DID, d = 300" in other
    shown = {}
    for _, values in explorer.values():
        shown.setdefault(values["compared"], []).append(values)
    assert list(shown) == list(COMPARED)
    for compared, some in shown.items():
        assert f"{compared}: test accuracy" in explorer.view(**some[-1])
