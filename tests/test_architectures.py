"""Models and data that people bring: each works, or is refused before anything is trained."""

import copy
import functools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
import transformers
from torch import nn
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from idlib import IdlibError, Subspace, intrinsic_dimension
from idlib.engine.form import tensors_in
from idlib.engine.training import accuracy, train

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")

SMALL = {
    "vocab_size": 20, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 16, "max_position_embeddings": 32, "num_labels": 3, "pad_token_id": 0,
}  # fmt: skip
GPT = {
    "vocab_size": 20, "n_positions": 32, "n_embd": 16, "n_layer": 2, "n_head": 2, "num_labels": 3,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1,
}  # fmt: skip
T5 = {
    "vocab_size": 20, "d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2,
    "decoder_start_token_id": 0, "num_labels": 3,
}  # fmt: skip
BART = {
    "vocab_size": 20, "d_model": 16, "encoder_layers": 1, "decoder_layers": 1,
    "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 16,
    "decoder_ffn_dim": 16, "max_position_embeddings": 32, "num_labels": 3,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2,
}  # fmt: skip


class Recurrent(nn.Module):
    """The last state of a recurrent network over vectors."""

    def __init__(self, kind):
        super().__init__()
        self.cell, self.head = kind(4, 8, batch_first=True), nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.cell(x)[0][:, -1])


class Graph(nn.Module):
    """Two rounds of messages along the edges of a graph, by hand."""

    def __init__(self):
        super().__init__()
        self.own, self.others = nn.Linear(4, 8), nn.Linear(4, 8)
        self.again, self.head = nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, x, edges):
        degree = edges.sum(-1, keepdim=True).clamp(min=1)
        h = torch.relu(self.own(x) + edges @ self.others(x) / degree)
        return self.head(torch.relu(self.again(edges @ h / degree)).mean(1))


class Attention(nn.Module):
    """A transformer of torch's own, with a token in front that reads the rest."""

    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.enter, self.body = nn.Linear(4, 8), nn.TransformerEncoder(layer, 2)
        self.first, self.head = nn.Parameter(torch.zeros(1, 1, 8)), nn.Linear(8, 3)

    def forward(self, x):
        x = torch.cat([self.first.expand(len(x), -1, -1), self.enter(x)], dim=1)
        return self.head(self.body(x)[:, 0])


def picture(name, side=32, **options):
    """A network of torchvision's, and three pictures."""
    make = functools.partial(torchvision.models.get_model, name, weights=None, num_classes=3)
    return lambda: (make(**options), (torch.randn(3, 3, side, side),), {})


def text(kind, config, **more):
    """A network of transformers', and three rows of tokens that end with one of them."""

    def made():
        ids = torch.randint(3, 20, (3, 6))
        ids[:, -1] = 2
        return kind(config()), (), {"input_ids": ids, **more}

    return made


def vectors(make):
    return lambda: (make(), (torch.randn(3, 5, 4),), {})


def edges():
    return (torch.rand(3, 5, 5) > 0.5).float()


t = transformers
ARCHITECTURES = {
    "resnet": lambda: (
        torchvision.models.ResNet(torchvision.models.resnet.BasicBlock, [1, 1, 1, 1], 3),
        (torch.randn(3, 3, 32, 32),), {},
    ),
    "squeezenet": picture("squeezenet1_1", 64),
    "shufflenet": picture("shufflenet_v2_x0_5"),
    "mobilenet_v2": picture("mobilenet_v2", width_mult=0.25),
    "mobilenet_v3": picture("mobilenet_v3_small", width_mult=0.25),
    "mnasnet": picture("mnasnet0_5"),
    "efficientnet": picture("efficientnet_b0"),
    "densenet": lambda: (
        torchvision.models.DenseNet(4, (2, 2), 8, num_classes=3, memory_efficient=True),
        (torch.randn(3, 3, 32, 32),), {},
    ),
    "vit": lambda: (
        torchvision.models.VisionTransformer(16, 8, 2, 2, 16, 32, num_classes=3),
        (torch.randn(3, 3, 16, 16),), {},
    ),
    "swin": lambda: (
        torchvision.models.SwinTransformer([4, 4], 8, [1, 1], [1, 2], [2, 2], num_classes=3),
        (torch.randn(3, 3, 16, 16),), {},
    ),
    "segmentation": picture("lraspp_mobilenet_v3_large", weights_backbone=None),
    "bert": text(t.BertForSequenceClassification, lambda: t.BertConfig(**SMALL)),
    "roberta": text(t.RobertaForSequenceClassification, lambda: t.RobertaConfig(**SMALL)),
    "albert": text(
        t.AlbertForSequenceClassification, lambda: t.AlbertConfig(**SMALL, embedding_size=8)
    ),
    "electra": text(
        t.ElectraForSequenceClassification, lambda: t.ElectraConfig(**SMALL, embedding_size=8)
    ),
    "deberta": text(t.DebertaV2ForSequenceClassification, lambda: t.DebertaV2Config(**SMALL)),
    "masked": text(t.BertForMaskedLM, lambda: t.BertConfig(**SMALL)),
    "gpt2": text(t.GPT2ForSequenceClassification, lambda: t.GPT2Config(**GPT)),
    "gpt2-words": text(t.GPT2LMHeadModel, lambda: t.GPT2Config(**GPT)),
    "llama": text(t.LlamaForSequenceClassification, lambda: t.LlamaConfig(**SMALL)),
    "t5": text(
        t.T5ForConditionalGeneration, lambda: t.T5Config(**T5),
        decoder_input_ids=torch.tensor([[0, 4], [0, 5], [0, 6]]),
    ),
    "bart": text(t.BartForSequenceClassification, lambda: t.BartConfig(**BART)),
    "rnn": vectors(lambda: Recurrent(nn.RNN)),
    "lstm": vectors(lambda: Recurrent(nn.LSTM)),
    "gru": vectors(lambda: Recurrent(functools.partial(nn.GRU, num_layers=2))),
    "attention": vectors(Attention),
    "graph": lambda: (Graph(), (torch.randn(3, 5, 4), edges()), {}),
}  # fmt: skip


def first_tensor(output):
    found = getattr(output, "logits", output)
    return next(iter(tensors_in(found)))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_architecture_trains_in_a_subspace(name, tmp_path):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, args, kwargs = ARCHITECTURES[name]()
        model = model.eval()
        subspace = Subspace(model, d=20, projection="hashed", normalize="per-tensor").eval()
        with torch.no_grad():
            at_zero = first_tensor(subspace(*args, **kwargs))
            plain = first_tensor(model(*args, **kwargs))
            torch.testing.assert_close(at_zero, plain, rtol=1e-5, atol=1e-6)

        def loss():
            scores = first_tensor(subspace(*args, **kwargs))
            labels = torch.zeros(scores.shape[0], *scores.shape[2:], dtype=torch.long)
            return F.cross_entropy(scores, labels)

        first = loss()
        first.backward()
        step = 1e-3 / subspace.theta_d.grad.norm()
        with torch.no_grad():
            subspace.theta_d -= step * subspace.theta_d.grad  # down, by so little that it is
            assert loss() < first
            out = first_tensor(subspace(*args, **kwargs))
            merged = subspace.merged().eval()
            torch.testing.assert_close(
                first_tensor(merged(*args, **kwargs)), out, rtol=1e-4, atol=1e-5
            )
        torch.save(subspace.state_dict(), tmp_path / "state.pt")
        loaded = Subspace(model, d=20, projection="dense").eval()
        loaded.load_state_dict(torch.load(tmp_path / "state.pt"))
        with torch.no_grad():
            assert torch.equal(first_tensor(loaded(*args, **kwargs)), out)


N = 24
X = torch.randn(N, 6, generator=torch.Generator().manual_seed(0))
Y = (X[:, 0] > 0).long()
PAIRS = [(x.numpy(), int(y)) for x, y in zip(X, Y, strict=True)]
HEAD = functools.partial(nn.Linear, 6, 2)


class Own(Dataset):
    """Examples as a function gives them."""

    def __init__(self, example):
        self.example = example

    def __len__(self):
        return N

    def __getitem__(self, i):
        return self.example(i)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(PAIRS)


class Named(nn.Module):
    """Takes inputs by name."""

    def __init__(self):
        super().__init__()
        self.head = HEAD()

    def forward(self, left, right):
        return self.head(torch.cat([left, right], dim=1))


class Answer(nn.Linear):
    """Gives what a function makes of its output."""

    def __init__(self, form):
        super().__init__(6, 2)
        self.form = form

    def forward(self, x):
        return self.form(super().forward(x))


def halves(i):
    return {"left": X[i, :2], "right": X[i, 2:].numpy(), "labels": int(Y[i])}


def loader(data, **options):
    return DataLoader(data, 4, **options)


def soft():
    return TensorDataset(X, F.one_hot(Y, 2) * 0.8 + 0.1)


def hugging_face():
    datasets = pytest.importorskip("datasets")
    return datasets.Dataset.from_list(
        [{name: np.asarray(part).tolist() for name, part in halves(i).items()} for i in range(N)]
    )


DATA = {  # what is given as data, and what makes the model
    "tensors": (lambda: TensorDataset(X, Y), HEAD),
    "soft-labels": (soft, HEAD),
    "list-of-pairs": (lambda: PAIRS, HEAD),
    "two-arrays": (lambda: (X.double().numpy(), Y.int().numpy()), HEAD),
    "two-tensors": (lambda: [X, Y], HEAD),
    "numpy-examples": (lambda: Own(lambda i: (X[i].double().numpy(), np.int32(Y[i]))), HEAD),
    "loader": (lambda: loader(TensorDataset(X, Y), shuffle=True), HEAD),
    "dicts": (lambda: Own(halves), Named),
    "list-of-dicts": (lambda: [halves(i) for i in range(N)], Named),
    "loader-of-dicts": (lambda: loader(Own(halves)), Named),
    "several-inputs": (lambda: Own(lambda i: ((X[i, :2], X[i, 2:]), int(Y[i]))), Named),
    "hugging-face": (hugging_face, Named),
    "an-output-of-transformers": (
        lambda: TensorDataset(X, Y),
        lambda: Answer(lambda z: t.modeling_outputs.SequenceClassifierOutput(logits=z)),
    ),
    "a-dict-of-outputs": (
        lambda: TensorDataset(X, Y), lambda: Answer(lambda z: {"out": z, "aux": z}),
    ),
    "a-tuple-of-one": (lambda: TensorDataset(X, Y), lambda: Answer(lambda z: (z,))),
}  # fmt: skip


QUICK = {
    "seeds": (0,), "epochs": 2, "batch_size": 8, "lrs": (0.3,), "full_lrs": (0.1,), "d_max": 4,
    "per_octave": 1, "progress": False,
}  # fmt: skip


@functools.cache
def plain_scores():
    """Of tensors in memory, and of examples one by one, whose order is another."""
    both = TensorDataset(X, Y), Own(lambda i: (X[i], int(Y[i])))
    found = [intrinsic_dimension(HEAD, data, data, **QUICK) for data in both]
    return [[r.score for r in one.runs] for one in found]


@pytest.mark.parametrize("form", DATA)
def test_a_form_of_data_or_output_works(form):
    """It gives what tensors of the same numbers give."""
    data, model_fn = DATA[form]
    data = data()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = model_fn()
    history = train(model, data, lr=0.1, epochs=8, batch_size=8)
    assert history.status == "finished" and history.steps == 24
    assert accuracy(model, data) > 0.8
    found = intrinsic_dimension(model_fn, data, data, **QUICK)
    assert found.majority == max(Y.float().mean(), 1 - Y.float().mean())
    if form != "soft-labels":
        assert [r.score for r in found.runs] in plain_scores()


MODEL, GOOD = HEAD(), TensorDataset(X, Y)
REFUSED = {  # model, data, what is said
    "a-model-for-a-function": (MODEL, GOOD, r"Linear was given .* lambda: copy.deepcopy\(model\)"),
    "a-name-for-a-function": ("lenet", GOOD, "str was given as what makes the model"),
    "a-function-that-makes-no-model": (lambda: "lenet", GOOD, "model_fn returned str"),
    "a-tuple-of-outputs": (lambda: Answer(lambda z: (z, z)), GOOD, "output is a tuple of 2"),
    "a-dict-of-unknown": (lambda: Answer(lambda z: {"a": z}), GOOD, r"a dict with \['a'\]"),
    "another-width": (
        lambda: nn.Linear(5, 2),
        GOOD,
        r"Linear can't be called .* \(2, 6\) of float",
    ),
    "labels-out-of-range": (HEAD, TensorDataset(X, Y - 1), "training data: Labels from -1 to 0"),
    "labels-that-are-numbers": (HEAD, TensorDataset(X, X[:, 0]), "Labels of torch.float32"),
    "labels-in-columns": (HEAD, TensorDataset(X, Y[:, None]), r"Labels of shape \(24, 1\)"),
    "three-tensors": (HEAD, TensorDataset(X, X, Y), "TensorDataset of 3 tensors"),
    "triples": (HEAD, [(x, x, y) for x, y in PAIRS], "An example is a tuple of 3"),
    "texts": (HEAD, [("a text", 1)] * 4, "A str is part of an example"),
    "dicts-without-a-target": (Named, [{"left": 1.0, "right": 1.0}] * 4, "dict with .*'right'"),
    "a-stream": (HEAD, Stream(), "Stream was given, expected pairs"),
    "a-string": (HEAD, "mnist", "str was given, expected pairs"),
    "nothing": (HEAD, None, "NoneType was given, expected pairs"),
    "one-array": (HEAD, X.numpy(), "ndarray was given, expected pairs"),
    "arrays-of-two-lengths": (HEAD, (X, Y[:9]), "24 inputs and 9 targets"),
    "an-empty-list": (HEAD, [], "0 training and 0 test"),
    "empty-tensors": (HEAD, TensorDataset(X[:0], Y[:0]), "0 training and 0 test"),
    "a-loader-that-collates": (HEAD, loader(GOOD, collate_fn=list), "collate_fn of its own"),
    "ragged": (HEAD, [(x[: 2 + i % 2], y) for i, (x, y) in enumerate(PAIRS)], "put into a batch"),
}


@pytest.mark.parametrize("form", REFUSED)
def test_a_form_is_refused_before_any_training(form, monkeypatch):
    monkeypatch.setattr("idlib.engine.runs.train", None)
    model_fn, data, message = REFUSED[form]
    with pytest.raises(IdlibError, match=message):
        intrinsic_dimension(model_fn, data, data, **QUICK)


@pytest.mark.parametrize("given", ["lenet", nn.Linear, None, lambda: MODEL])
def test_a_subspace_of_no_model_is_refused(given):
    with pytest.raises(IdlibError, match=r"was given, expected a torch\.nn\.Module"):
        Subspace(given, d=3)


def test_a_function_that_copies_a_model_is_one():
    found = intrinsic_dimension(lambda: copy.deepcopy(MODEL), GOOD, GOOD, **QUICK)
    assert found.D == 14
