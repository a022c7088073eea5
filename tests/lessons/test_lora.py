"""LoRA from the gradient and as an optimiser; recorded adapters, their widget and checks."""

import math
from statistics import fmean

import pytest
import torch
import torch.nn.functional as F

from idlib import IdlibError, plots, widgets
from idlib.lessons.adapters.compute import (
    CLOSER,
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
from idlib.studies.catalogue import STUDIES

TEXTS = Texts([("the cat sat",), ("a dog ran under the tree",), ("the mat",)] * 8, [0, 1, 0] * 8)
SMALL, SHORT, SMOLLM2 = CLOSER


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
        shown = {id(c) for compared in COMPARED | CLOSER for c in compared_cells(compared)}
        earlier = {id(c) for c in cells("adapters") if c.part.startswith("earlier")}
        assert len(earlier) == 2 and {id(c) for c in cells("adapters")} - earlier <= shown
        assert next(iter(COMPARED)) == SMALL

    @pytest.mark.parametrize("compared", COMPARED | CLOSER)
    def test_every_way_was_recorded_with_every_seed(self, compared):
        model, study, _ = (COMPARED | CLOSER)[compared]
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
        if compared in COMPARED:
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


def told(scores) -> str:
    *first, last = (f"{score:.3f}" for score in scores)
    return f"{', '.join(first)} and {last}"


def one(compared: str, way: str, size: int):
    (t,) = (t for t in tuned_ways(compared, way) if t.size == size)
    return t


def test_what_is_said_of_place_and_way_was_recorded(prose):
    text = prose("12", "lora-place-told")
    lora, inside = (tuned_ways(SMALL, way) for way in ("LoRA", PLACE))
    assert [t.numbers for t in lora] == [t.numbers for t in inside]
    here, there = (told(t.score for t in ways) for ways in (inside, lora))
    assert f"scores {here}, where LoRA of as many numbers scores {there}" in text
    assert all(abs(a.score - b.score) < 0.015 for a, b in zip(lora, inside, strict=True))
    all_of_them = one(SMALL, "DID", 3000)
    assert f"with 3,000 numbers ({all_of_them.score:.3f})" in text
    assert all_of_them.score > max(t.score for t in (*lora, *inside))

    lora, inside = one(SHORT, "LoRA", 1), one(SHORT, PLACE, 9216)
    assert lora.numbers == inside.numbers
    assert f"both score {lora.score:.3f}" in text and f"{inside.score:.3f}" == f"{lora.score:.3f}"
    everywhere = one(SHORT, "DID", 10_000)
    assert f"10,000 numbers for all parameters reach {everywhere.score:.3f}" in text
    assert max(everywhere.scores) < min(*lora.scores, *inside.scores)
    (head,) = tuned_ways(SHORT, "head")
    assert f"and {head.numbers} for its head, it has {one(SHORT, PLACE, 1000).score:.3f}" in text
    assert f"1,000 for all parameters, {one(SHORT, 'DID', 1000).score:.3f}" in text
    found = compared_cells(SHORT)
    assert {len(r.scores) for r in tuned_ways(SHORT, "LoRA", "DID", PLACE)} == {3}
    assert {c.facts["test"] for c in found} == {3872}

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
    assert f"the same model has {one(SMALL, 'DID', 10_000).score:.3f}" in text


def test_what_is_said_of_very_few_numbers_was_recorded(prose):
    text = prose("12", "lora-few-told")
    pairs = [
        f"{head.score:.3f} {word}{tiny.score:.3f}"
        for compared, word in ((SMALL, "alone and "), (SHORT, "and "))
        for head, tiny in [tuned_ways(compared, "head", "TinyLoRA")]
    ]
    assert f"{pairs[0]} with TinyLoRA's 13 numbers" in text and f"{pairs[1]} on MiniLM" in text
    start = cell("decoder", "prompted").full[0].start
    assert f"from {start:.3f} to {one(SMOLLM2, 'TinyLoRA', 13).score:.3f}, ten" in text
    assert f"all parameters to {one(SMOLLM2, 'DID', 10).score:.3f}" in text
    uni, everywhere = one(SMOLLM2, "Uni-LoRA", 100), one(SMOLLM2, "DID", 100)
    assert f"Uni-LoRA's reach {uni.score:.3f}, a random" in text
    assert f"subspace of all parameters {everywhere.score:.3f}, and" in text
    assert min(uni.scores) > max(everywhere.scores) and uni.numbers == everywhere.numbers
    (full,) = tuned_ways(SMOLLM2, "full")
    assert f"the full model {full.score:.3f}" in text
    assert f"reach {one(SHORT, 'Uni-LoRA', 1000).score:.3f}" in text
    assert compared_cells(SMOLLM2)[0].facts["test"] == 872
    for part, rates in (("smollm2-tinylora", 5), ("smollm2-unilora", 7)):
        (tried,) = cell("adapters", part).rated.values()
        best = max(tried, key=tried.get)
        assert len(tried) == rates and min(tried) < best < max(tried)


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
