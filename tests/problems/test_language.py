"""Language models in subspaces: every architecture, from small random configurations on disk."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
import transformers

from idlib import IdlibError, Subspace
from idlib.engine.config import RunConfig
from idlib.problems.language import TextClassifier, classifier, scores, text_problem
from idlib.problems.names import build_named, run_named
from idlib.problems.texts import Texts, load_text
from idlib.problems.tokens import Tokens, encode, model_folder
from idlib.subspace.layers import layers_of

TEXTS = Texts(
    [("the cat sat", "a dog ran"), ("the dog ran under the tree", "on"), ("cat", "a mat")] * 4,
    [0, 1, 0] * 4,
)


@pytest.fixture
def model(folders, request):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        made = classifier(folders[request.param], 2)()
    made.autocast = False
    return made


EVERY = pytest.mark.parametrize(
    "model", ["bert", "roberta", "distilbert", "electra", "albert"], indirect=True
)


@EVERY
def test_equals_the_network_with_its_tokenizers_own_inputs(model, folders):
    tokenizer = transformers.AutoTokenizer.from_pretrained(folders[model.network.config.model_type])
    first, second = zip(*TEXTS.texts[:3], strict=True)
    inputs = tokenizer(list(first), list(second), padding=True, return_tensors="pt")
    if not model.segments:
        del inputs["token_type_ids"]
    ids = F.pad(inputs["input_ids"], (0, 5)).int()  # padding beyond what the batch needs
    model.eval()
    torch.testing.assert_close(model(ids), model.network(**inputs).logits)
    alone = torch.cat([model(row[None]) for row in ids])
    torch.testing.assert_close(model(ids), alone, rtol=1e-4, atol=1e-5)


@EVERY
def test_a_padding_token_inside_a_text_is_a_token(model, folders):
    ids = encode(TEXTS, folders[model.network.config.model_type]).tensors[0][1:2, :6].clone()
    ids[0, 3] = model.pad
    model.eval()
    assert torch.equal(model(F.pad(ids, (0, 3), value=model.pad)), model(ids))
    other = ids.clone()
    other[0, -1] = ids[0, 2]
    assert not torch.equal(model(other), model(ids)), "the last token is seen"
    assert Tokens(F.pad(ids, (0, 3), value=model.pad), torch.zeros(1), model.pad).lengths() == 6


@EVERY
def test_dropout_in_training_and_not_in_evaluation(model, folders):
    ids = encode(TEXTS, folders[model.network.config.model_type]).tensors[0]
    for dropout in (m for m in model.modules() if isinstance(m, torch.nn.Dropout)):
        dropout.p = max(dropout.p, 0.1)
    subspace = Subspace(model, 50, normalize="per-tensor")
    subspace.train()
    assert not torch.equal(subspace(ids), subspace(ids))
    subspace.eval()
    assert torch.equal(subspace(ids), subspace(ids))
    assert torch.equal(subspace(ids), model.eval()(ids))


@EVERY
@pytest.mark.parametrize("structure_aware", [False, True])
def test_the_gradient_is_that_of_the_full_model_projected(model, folders, structure_aware):
    data = encode(TEXTS, folders[model.network.config.model_type])
    ids, labels = data.tensors
    d = 60
    subspace = Subspace(model, d, "hashed", 0, "per-tensor", structure_aware).eval()
    torch.nn.init.normal_(subspace.theta_d, std=0.01)
    F.cross_entropy(subspace(ids), labels).backward()
    full = subspace.merged()
    F.cross_entropy(full(ids), labels).backward()
    named = dict(full.named_parameters())
    m = len(subspace.layers)
    step = subspace.projection(subspace.theta_d.detach()[m:])
    parts = zip(subspace.shapes, step.split([s.numel() for s in subspace.shapes.values()]),
                strict=True)  # fmt: skip
    scale, scaled = torch.zeros(m), []
    for i, (name, part) in enumerate(parts):
        g = named[name].grad.flatten()
        if m:
            layer = subspace._layer[i]
            scale[layer] += g @ part
            g = g * (1 + subspace.theta_d.detach()[layer])
        scaled.append(g)
    expected = torch.cat([scale, subspace.projection.adjoint(torch.cat(scaled))])
    torch.testing.assert_close(subspace.theta_d.grad, expected, rtol=1e-3, atol=1e-6)


@EVERY
def test_head_embeddings_and_blocks_are_layers_of_their_own(model):
    layers = list(dict.fromkeys(layers_of(n for n, _ in model.named_parameters())))
    kind = model.network.config.model_type
    blocks = [layer for layer in layers if layer.split(".")[-1].isdigit()]
    assert len(blocks) == (1 if kind == "albert" else 2)  # ALBERT's blocks share one
    assert any("embeddings" in layer for layer in layers)
    assert any("classifier" in layer for layer in layers)
    assert len(layers) <= 7


@EVERY
def test_every_parameter_counts_once(model):
    subspace = Subspace(model, 40)
    assert sum(p.numel() for p in {*model.parameters()}) == subspace.D
    if model.network.config.model_type == "albert":  # two blocks, one set of parameters
        blocks = [n for n in subspace.shapes if n.endswith("ffn.weight")]
        assert len(blocks) == 1 < model.network.config.num_hidden_layers


@EVERY
@pytest.mark.parametrize("structure_aware", [False, True])
def test_merged_and_loaded_are_the_same_function(model, folders, structure_aware):
    ids = encode(TEXTS, folders[model.network.config.model_type]).tensors[0]
    args = (model, 60, "fastfood", 5, "per-tensor", structure_aware)
    trained = Subspace(*args).eval()
    torch.nn.init.normal_(trained.theta_d, std=0.05)
    torch.testing.assert_close(trained.merged().eval()(ids), trained(ids))
    state = trained.state_dict()
    assert sum(t.numel() for n, t in state.items() if "theta_d" in n) == 60
    assert not any("weight" in name for name in state), "no weights are saved"
    again = Subspace(*args).eval()
    again.load_state_dict(state)
    assert torch.equal(again(ids), trained(ids)) and not torch.equal(again(ids), model.eval()(ids))


@pytest.mark.parametrize("model", ["bert", "roberta", "distilbert", "electra"], indirect=True)
def test_gradient_checkpointing_gives_the_same_gradient(model, folders):
    ids, labels = encode(TEXTS, folders[model.network.config.model_type]).tensors
    grads = []
    new = hasattr(model.network, "activation_checkpointing_enable")  # since transformers 5.23
    enable = f"{'activation' if new else 'gradient'}_checkpointing_enable"
    for checkpointed in (False, True):
        if checkpointed:
            getattr(model.network, enable)()
        subspace = Subspace(model, 40, normalize="per-tensor").train()
        torch.nn.init.constant_(subspace.theta_d, 0.05)
        torch.manual_seed(0)
        F.cross_entropy(subspace(ids), labels).backward()
        grads.append(subspace.theta_d.grad)
    torch.testing.assert_close(grads[0], grads[1])
    merged = subspace.merged().train()  # after a step, and with checkpoints of its own
    torch.manual_seed(0)
    F.cross_entropy(merged(ids), labels).backward()
    flat = torch.cat([merged.get_parameter(n).grad.flatten() for n in subspace.shapes])
    torch.testing.assert_close(subspace.projection.adjoint(flat), grads[1])


@pytest.mark.parametrize("model", ["roberta"], indirect=True)
def test_bfloat16_is_left_out_where_it_is_emulated(model, folders, monkeypatch):
    ids, model = encode(TEXTS, folders["roberta"]).tensors[0], model.eval()
    exact = model(ids)
    model.autocast = True
    for capability, equal in (("AVX2", True), ("DEFAULT", True), ("AVX512", False)):
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda c=capability: c)
        assert torch.equal(model(ids), exact) == equal


@EVERY
def test_bfloat16_autocast_is_close_and_gives_float32(model, folders, monkeypatch):
    monkeypatch.setattr("idlib.problems.language.fast_in_bfloat16", lambda device: True)
    ids = encode(TEXTS, folders[model.network.config.model_type]).tensors[0]
    subspace = Subspace(model, 40, normalize="per-tensor").eval()
    exact = subspace(ids)
    subspace.model.autocast = True
    rounded = subspace(ids)
    assert rounded.dtype == torch.float32
    torch.testing.assert_close(rounded, exact, rtol=0.1, atol=0.05)
    rounded.sum().backward()
    assert subspace.theta_d.grad.dtype == torch.float32 and subspace.theta_d.grad.any()


@EVERY
def test_a_text_longer_than_the_positions(model, folders):
    assert model.positions == (39 if model.network.config.model_type == "roberta" else 40)
    ids = torch.full((2, 41), 4)
    with pytest.raises(
        IdlibError, match=r"A text of 41 tokens was given, and \w+ has \d+ positions"
    ):
        model.eval()(ids)
    assert model(ids[:, : model.positions]).shape == (2, 2)


def test_problems_are_cut_to_the_positions(folders, tmp_path, monkeypatch):
    (tmp_path / "glue" / "SST-2").mkdir(parents=True)
    for part in ("train", "dev"):
        text = "sentence\tlabel\n" + "the cat " * 50 + "\t1\na dog\t0\n"
        (tmp_path / "glue" / "SST-2" / f"{part}.tsv").write_text(text)
    monkeypatch.setenv("IDLIB_DATA", str(tmp_path))
    load_text.cache_clear()
    problem = text_problem("sst2", folders["roberta"])
    load_text.cache_clear()
    assert problem.train_set.lengths().tolist() == [39, 4]
    assert problem.score(problem.model_fn(), problem.test_set) in (0.0, 0.5, 1.0)


def test_texts_are_cut_to_the_length(folders):
    long = Texts([("the cat " * 100,)], [0])
    assert encode(long, folders["bert"], length=16).tensors[0].shape == (1, 16)


def test_a_run_by_name_learns_and_repeats():
    config = RunConfig(
        "docstrings-n1200", "roberta-4x128", 10_000, 0.06, 0, "hashed", "global", 1, 16
    )
    done = run_named(config)
    assert done.status == "finished" and done.score > load_text("docstrings").majority + 0.05
    assert done.D == 1_875_458 + 4 * 129  # four more outputs than for two classes
    few = replace(config, task="docstrings-n64")
    first, again = run_named(few), run_named(few)
    assert first.score == again.score and first.loss == again.loss


def test_structure_aware_runs_by_name():
    config = RunConfig(
        "docstrings-n64", "roberta-4x128", 300, 0.01, 0, "hashed", "per-tensor", 1, 32,
        structure_aware=True,
    )  # fmt: skip
    assert len(build_named(config).layers) == 6
    assert run_named(config).status == "finished"


def test_the_head_is_drawn_from_the_seed_and_the_encoder_is_not():
    a, b = (build_named(RunConfig("sst2", "roberta-4x128", None, 0.0, seed)) for seed in (0, 1))
    same = {n for n, p in a.named_parameters() if torch.equal(p, b.get_parameter(n))}
    assert "network.roberta.encoder.layer.3.output.dense.weight" in same
    assert "network.classifier.out_proj.weight" not in same


def test_metrics_are_those_of_scikit_learn():
    from sklearn.metrics import f1_score, matthews_corrcoef

    ids = torch.tensor([[3], [5], [3], [5], [5]])
    data = torch.utils.data.TensorDataset(ids, torch.tensor([0, 1, 1, 1, 0]))

    class Fives(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.unused = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x):
            return F.one_hot((x[:, 0] == 5).long(), 2).float()

    pair, cola = task("mrpc"), task("cola")
    assert scores(Fives(), data, pair) == {
        "accuracy": pytest.approx(0.6),
        "f1": f1_score([0, 1, 1, 1, 0], [0, 1, 0, 1, 1]),
    }
    assert scores(Fives(), data, cola) == {
        "matthews": matthews_corrcoef([0, 1, 1, 1, 0], [0, 1, 0, 1, 1])
    }


def task(name):
    from idlib.problems.texts import SOURCES, TextTask

    s = SOURCES[name]
    return TextTask(name, TEXTS, TEXTS, s.classes, s.metric, s.f1, "a test")


class TestNames:
    def test_shipped_checkpoints(self):
        assert model_folder("roberta-4x128").endswith("step-025000")
        assert model_folder("roberta-4x128@2000").endswith("step-002000")

    def test_a_checkpoint_that_is_not_there(self):
        with pytest.raises(IdlibError, match=r"no checkpoint '77', expected one of \[0, 1000"):
            model_folder("roberta-4x128@77")
        with pytest.raises(IdlibError, match="no checkpoint 'last'"):
            model_folder("roberta-4x128@last")

    def test_a_hub_name_is_looked_for_in_idlib_models(self, tmp_path, monkeypatch):
        (tmp_path / "some-model").mkdir()
        assert model_folder("someone/some-model") == "someone/some-model"
        monkeypatch.setenv("IDLIB_MODELS", str(tmp_path))
        assert model_folder("someone/some-model") == str(tmp_path / "some-model")

    def test_a_model_that_can_not_be_had(self, tmp_path):
        with pytest.raises(IdlibError, match="IDLIB_MODELS, go online, or take 'roberta-4x128'"):
            classifier(str(tmp_path), 2)


def test_the_real_encoder(minilm_folder, glue_folder, monkeypatch):
    monkeypatch.setenv("IDLIB_MODELS", str(minilm_folder.parent))
    monkeypatch.setenv("IDLIB_DATA", str(glue_folder))
    load_text.cache_clear()
    problem = text_problem("mrpc-n64", "sentence-transformers/all-MiniLM-L6-v2")
    model = problem.model_fn()
    assert isinstance(model, TextClassifier) and model.segments
    ids = problem.train_set.tensors[0][:4]
    tokenizer = transformers.AutoTokenizer.from_pretrained(minilm_folder)
    rows = load_text("mrpc-n64").train.texts[:4]
    inputs = tokenizer(*map(list, zip(*rows, strict=True)), padding=True, return_tensors="pt")
    model.autocast = False
    model.eval()
    torch.testing.assert_close(model(ids), model.network(**inputs).logits)
    load_text.cache_clear()


@pytest.mark.parametrize("configured", [None, 5, 0])
def test_a_decoder_scores_a_text_alike_whatever_stands_beside_it(configured):
    """Its configuration may name another padding token than the tokenizer, or none."""
    config = transformers.GPT2Config(
        vocab_size=20, n_positions=16, n_embd=16, n_layer=1, n_head=2, num_labels=2,
        pad_token_id=configured, bos_token_id=1, eos_token_id=1,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = TextClassifier(transformers.GPT2ForSequenceClassification(config), 0, -1).eval()
    rows = torch.tensor([[7, 5, 8, 0, 0, 0], [3, 4, 5, 6, 5, 9], [4, 5, 0, 0, 0, 0]])
    together = model(rows)
    for row, found in zip(rows, together, strict=True):
        torch.testing.assert_close(model(row[None])[0], found)
        torch.testing.assert_close(model(row[row != 0][None])[0], found)
    assert model.network.config.pad_token_id == 0


def test_no_padding_token_is_refused():
    with pytest.raises(IdlibError, match=r"no padding token: give the tokenizer one"):
        TextClassifier(torch.nn.Linear(2, 2), None, -1)
