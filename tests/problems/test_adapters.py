"""Adapters made with peft: what they train, that they merge, that runs of them repeat."""

import sys
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
import transformers
from transformers import AutoTokenizer

from idlib import IdlibError, Subspace
from idlib.engine.config import RunConfig
from idlib.engine.runs import Problem, run
from idlib.engine.store import RunStore
from idlib.problems.adapters import adapt, numbers, shapes, split_name
from idlib.problems.language import classifier
from idlib.problems.names import build_named, run_named
from idlib.problems.texts import Texts
from idlib.problems.tokens import encode, model_folder

TEXTS = Texts([("the cat sat",), ("a dog ran under the tree",), ("the mat",)] * 8, [0, 1, 0] * 8)
PRODUCTS = ("lora-1", "lora-4", "vera-8", "unilora-50", "tinylora-5")
EVERY = pytest.mark.parametrize("adapter", ["head", *PRODUCTS, "matrices-50"])


@pytest.fixture(params=["bert", "roberta"])
def folder(folders, request):
    return folders[request.param]


def trainable(model):
    return {n: p for n, p in model.named_parameters() if p.requires_grad}


def moved(model, std=0.3):
    """The model with its trainable numbers away from their start."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(3)
        for p in trainable(model).values():
            p.add_(torch.randn_like(p), alpha=std)
    return model


@EVERY
def test_it_starts_as_the_pretrained_function(folder, adapter, made):
    ids = encode(TEXTS, folder).tensors[0]
    plain, adapted = made(folder), made(f"{folder}+{adapter}")
    if adapter.startswith("unilora"):  # its one vector starts within 0.02 of zero
        torch.testing.assert_close(adapted(ids), plain(ids), rtol=0, atol=1e-3)
        assert not torch.equal(adapted(ids), plain(ids))
    else:
        assert torch.equal(adapted(ids), plain(ids))
    assert not torch.allclose(moved(adapted)(ids), plain(ids), atol=1e-2)


@EVERY
def test_only_adapter_and_head_are_trained_and_counted(folder, adapter, made):
    plain = made(folder)
    head = sum(p.numel() for n, p in plain.named_parameters() if ".classifier." in n)
    found = trainable(made(f"{folder}+{adapter}"))
    assert sum(p.numel() for p in found.values()) == head + numbers(adapter, shapes(plain.network))
    assert sum(p.numel() for n, p in found.items() if ".classifier." in n) == head
    others = [n for n in found if ".classifier." not in n]
    shared = ("theta_d", "tinylora_v")  # by all matrices
    assert all(".query." in n or ".value." in n or any(s in n for s in shared) for n in others)
    assert bool(others) == (adapter != "head")


def test_numbers_by_hand():
    matrices = [(3, 5)] * 2
    adapters = ("lora-1", "lora-4", "vera-7", "unilora-9", "tinylora-13", "matrices-9", "head")
    assert [numbers(a, matrices) for a in adapters] == [
        2 * 8, 2 * 4 * 8, 2 * (7 + 3), 9, 13, 9, 0,
    ]  # fmt: skip


@pytest.mark.parametrize("adapter", PRODUCTS)
def test_merged_equals_unmerged_and_has_no_more_parameters(folder, adapter, made):
    ids = encode(TEXTS, folder).tensors[0]
    plain, adapted = made(folder), moved(made(f"{folder}+{adapter}"))
    before = adapted(ids)
    adapted.network = adapted.network.merge_and_unload()
    torch.testing.assert_close(adapted(ids), before, rtol=1e-4, atol=1e-5)
    assert [(n, p.shape) for n, p in adapted.named_parameters()] == [
        (n, p.shape) for n, p in plain.named_parameters()
    ]


def test_matrices_move_together_along_one_p_and_the_head_freely(folder, made):
    ids, labels = encode(TEXTS, folder).tensors
    plain, adapted = made(folder), made(f"{folder}+matrices-50")
    subspace = adapted.network
    assert isinstance(subspace, Subspace) and subspace.d == 50
    assert sum(rows * columns for rows, columns in shapes(plain.network)) == subspace.D
    assert all(n.endswith(("query.weight", "value.weight")) for n in subspace.shapes)
    F.cross_entropy(adapted(ids), labels).backward()
    F.cross_entropy(plain(ids), labels).backward()
    flat = torch.cat([plain.network.get_parameter(n).grad.flatten() for n in subspace.shapes])
    torch.testing.assert_close(subspace.theta_d.grad, subspace.projection.adjoint(flat))
    head = {n: p for n, p in plain.named_parameters() if ".classifier." in n}
    for name, p in head.items():
        own = adapted.get_parameter(name.replace("network.", "network.model."))
        torch.testing.assert_close(own.grad, p.grad)
    before = moved(adapted)(ids)
    adapted.network = subspace.merged()
    torch.testing.assert_close(adapted.eval()(ids), before)
    assert [n for n, _ in adapted.named_parameters()] == [n for n, _ in plain.named_parameters()]


def test_thirteen_numbers_move_every_matrix(folder, made):
    plain, adapted = made(folder), moved(made(f"{folder}+tinylora-13"))
    adapted.network = adapted.network.merge_and_unload()
    after = adapted.state_dict()
    changed = {n for n, w in plain.state_dict().items() if not torch.equal(after[n], w)}
    matrices = {n for n in changed if "classifier" not in n}
    assert len(matrices) == len(shapes(plain.network)) == 4
    changes = [after[n] - plain.state_dict()[n] for n in sorted(matrices)]
    assert {int(torch.linalg.matrix_rank(change, rtol=1e-4)) for change in changes} == {2}


@pytest.mark.parametrize("adapter", ["lora-1", "matrices-20", "unilora-20", "tinylora-5"])
def test_a_decoder_has_adapters_too(decoders, adapter, made):
    """With a head called score; and with a prompt, where nothing else is trained."""
    name = decoders["llama"]
    matrices = shapes(made(name).network)
    assert matrices == [(32, 32), (16, 32)] * 3
    for asked, head in (("", 2 * 32), ("@prompt=the {} sat on a|mat|tree", 0)):
        model = made(f"{name}{asked}+{adapter}")
        found = sum(p.numel() for p in trainable(model).values())
        assert found == numbers(adapter, matrices) + head
        ids = encode(TEXTS, f"{name}{asked}").tensors[0]
        close = {"rtol": 0, "atol": 0.05} if adapter.startswith("unilora") else {}
        torch.testing.assert_close(model(ids), made(f"{name}{asked}")(ids), **close)


@pytest.mark.parametrize("adapter", ["lora-1", "lora-4"])
def test_the_change_of_a_matrix_has_the_rank_of_the_adapter(folder, adapter, made):
    plain, adapted = made(folder), moved(made(f"{folder}+{adapter}"))
    adapted.network = adapted.network.merge_and_unload()
    after = adapted.state_dict()
    changes = {
        n: after[n] - w for n, w in plain.state_dict().items() if not torch.equal(after[n], w)
    }
    matrices = [w for n, w in changes.items() if "classifier" not in n]
    assert len(matrices) == 4  # two blocks, query and value
    rank = int(adapter.split("-")[1])
    assert {int(torch.linalg.matrix_rank(w, rtol=1e-4)) for w in matrices} == {rank}


def test_a_step_goes_as_far_down_the_gradient_at_any_rank(folders, made):
    """So that one learning rate serves all ranks."""
    ids, labels = encode(TEXTS, folders["roberta"]).tensors
    progress = {1: 0.0, 16: 0.0}
    for seed in range(5):
        plain = made(folders["roberta"], seed)
        F.cross_entropy(plain(ids), labels).backward()
        for rank in progress:
            model = made(f"{folders['roberta']}+lora-{rank}", seed)
            optimizer = torch.optim.Adam(trainable(model).values(), lr=1e-3)
            F.cross_entropy(model(ids), labels).backward()
            optimizer.step()
            model.network = model.network.merge_and_unload()
            progress[rank] += sum(
                ((before - after) * before.grad).sum().item()
                for (n, before), after in zip(
                    plain.named_parameters(), model.parameters(), strict=True
                )
                if n.endswith(("query.weight", "value.weight"))
            )
    assert 0.6 < progress[16] / progress[1] < 1.7


@EVERY
def test_runs_repeat_and_differ_by_seed(folders, adapter):
    data = encode(TEXTS, folders["roberta"])
    config = RunConfig("texts", "tiny", None, 0.01, 0, epochs=2, batch_size=8)

    def trained(seed):
        models = []
        model_fn = classifier(f"{folders['roberta']}+{adapter}", 2)
        done = run(replace(config, seed=seed), Problem(model_fn, data, data),
                   on_step=lambda step: models.append(step.model))  # fmt: skip
        return done, {n: p.detach() for n, p in trainable(models[-1]).items()}

    (first, a), (again, b), (_, c) = trained(0), trained(0), trained(1)
    assert first.status == "finished" and first.loss == again.loss and first.score == again.score
    assert all(torch.equal(a[n], b[n]) for n in a)
    assert not any(torch.equal(a[n], c[n]) for n in a)
    assert sum(p.numel() for p in a.values()) == first.D


@pytest.mark.parametrize("adapter", ["lora-2", "vera-8", "unilora-50", "tinylora-5", "matrices-50"])
def test_what_is_drawn_and_frozen_is_drawn_from_the_seed(folders, adapter, made):
    ids = encode(TEXTS, folders["roberta"]).tensors[0]

    def output(seed):
        model = made(f"{folders['roberta']}+{adapter}", seed)
        for n, p in trainable(model).items():
            torch.nn.init.constant_(p, 0.5) if ".lora_A." not in n else None
        return model(ids)

    assert torch.equal(output(0), output(0)) and not torch.equal(output(0), output(1))


def test_runs_by_name_go_into_a_store_and_back(tmp_path):
    config = RunConfig(
        "docstrings-n64", "roberta-4x128+lora-2", None, 0.01, 0, "hashed", "global", 1, 32
    )
    done = run_named(config)
    store = RunStore(tmp_path / "runs.jsonl")
    store.add(done)
    again = RunStore(tmp_path / "runs.jsonl").get(config)
    assert torch.equal(again.right, done.right)
    rounded = {"loss": again.loss, "seconds": again.seconds}
    assert again == replace(done, right=again.right, **rounded)
    assert again.D == 8 * 2 * 256 + 128 * 129 + 6 * 129


def test_a_subspace_of_an_adapter(folders, made):
    model = made(f"{folders['roberta']}+lora-2")
    subspace = Subspace(model, 20)
    assert sum(p.numel() for p in trainable(model).values()) == subspace.D
    ids = encode(TEXTS, folders["roberta"]).tensors[0]
    assert torch.equal(subspace.eval()(ids), model(ids))


def test_what_else_is_drawn_anew_is_trained_too(folders, tmp_path, made):
    encoder = transformers.DistilBertModel.from_pretrained(folders["distilbert"])
    encoder.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(folders["distilbert"]).save_pretrained(tmp_path)
    names = {name.split(".")[1] for name in trainable(made(f"{tmp_path}+head"))}
    assert names == {"pre_classifier", "classifier"}


class TestNames:
    def test_the_adapter_does_not_change_where_a_model_lies(self):
        assert model_folder("roberta-4x128@2000+vera-8") == model_folder("roberta-4x128@2000")
        assert split_name("someone/model") == ("someone/model", "")

    def test_a_folder_may_have_a_plus(self, tmp_path):
        (tmp_path / "a+b").mkdir()
        name = str(tmp_path / "a+b")
        assert split_name(name) == (name, "") and split_name(f"{name}+head") == (name, "head")

    @pytest.mark.parametrize("adapter", ["lora", "lora-0", "lore-4", "lora--1", "head-2", ""])
    def test_unknown_adapters_are_refused(self, adapter):
        with pytest.raises(
            IdlibError, match=rf"adapter '{adapter}' was asked for, expected 'head'"
        ):
            build_named(RunConfig("docstrings", f"roberta-4x128+{adapter}", None, 0.01))

    def test_networks_without_the_matrices_are_refused(self, folders, made):
        for adapter in ("lora-2", "matrices-9"):
            with pytest.raises(
                IdlibError, match=r"DistilBert.* was given, expected .*'query' and 'value'"
            ):
                made(f"{folders['distilbert']}+{adapter}")
        made(f"{folders['distilbert']}+head")
        with pytest.raises(IdlibError, match="Linear was given, expected a network with"):
            adapt(torch.nn.Linear(2, 2), "head")

    def test_a_prompted_model_has_no_head_to_train(self, decoders, made):
        with pytest.raises(IdlibError, match="LlamaForCausalLM was given, expected a network with"):
            made(f"{decoders['llama']}@prompt=the {{}} sat on a|mat|tree+head")

    def test_without_peft(self, folders, monkeypatch, made):
        monkeypatch.setitem(sys.modules, "peft", None)
        with pytest.raises(IdlibError, match=r"needs peft.*pip install 'idlib\[language\]'"):
            made(f"{folders['bert']}+lora-2")
        made(f"{folders['bert']}+head")
