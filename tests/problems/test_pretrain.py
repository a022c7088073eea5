"""Pretraining: stopped and started again it ends with the same weights, and it learns."""

import json
import lzma
import math
import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer

from idlib import IdlibError
from idlib.problems import pretrain
from idlib.problems.language import classifier
from idlib.problems.pretrain import IGNORED, Plan, build, masked
from idlib.problems.pretrain_text import BOS, EOS, MASK, text_of, token_ids, tokenizer_of

WORDS = ("river", "stone", "cloud", "bird", "Winter", "summer", "light", "shadow")
PLAN = Plan("1x32", steps=6, batch=4, length=16, warm_up=2, snapshots=(0, 2), save_every=2)


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """A text of 60 documents and another, in which every word is followed by the next one."""
    folder, rng = tmp_path_factory.mktemp("text"), random.Random(0)
    paths = folder / "train.txt.xz", folder / "other.txt"
    for path in paths:
        documents = []
        for _ in range(60):
            first = rng.randrange(8)
            documents.append(" ".join(WORDS[(first + i) % 8] for i in range(100)) + "\n")
        text = "\n".join(documents).encode()
        path.write_bytes(lzma.compress(text) if path.suffix == ".xz" else text)
    return paths


def weights(folder, step):
    model = AutoModelForMaskedLM.from_pretrained(folder / f"step-{step:06}")
    return torch.cat([p.flatten() for p in model.parameters()])


def test_interrupted_it_ends_with_the_same_weights(texts, tmp_path, monkeypatch):
    pretrain.pretrain(PLAN, *texts, tmp_path / "whole")
    checkpoint, calls = pretrain._checkpoint, []

    def interrupted(*args):
        checkpoint(*args)
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(pretrain, "_checkpoint", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pretrain.pretrain(PLAN, *texts, tmp_path / "parts")
    assert not (tmp_path / "parts/step-000006").exists()
    pretrain.pretrain(PLAN, *texts, tmp_path / "parts")
    for step in (0, 2, 6):
        assert torch.equal(weights(tmp_path / "whole", step), weights(tmp_path / "parts", step))
    assert not torch.equal(weights(tmp_path / "whole", 2), weights(tmp_path / "whole", 6))

    def losses(name):
        lines = (tmp_path / name / "loss.jsonl").read_text().splitlines()
        return [(r["step"], r["loss"], r["held_out"]) for r in map(json.loads, lines[1:])]

    assert losses("whole") == losses("parts")
    assert [step for step, *_ in losses("whole")] == [2, 4, 6]
    for other in ({"lr": 1.0}, {"steps": 8}):  # the rate of a step depends on both
        with pytest.raises(IdlibError, match=f"another {next(iter(other))}"):
            pretrain.pretrain(replace(PLAN, **other), *texts, tmp_path / "whole")


def test_weights_that_are_not_finite_are_not_kept(texts, tmp_path):
    with pytest.raises(IdlibError, match="After step 2 some weights are not finite"):
        pretrain.pretrain(replace(PLAN, lr=1e25), *texts, tmp_path)
    assert not (tmp_path / "step-000002").exists() and not (tmp_path / "checkpoint.pt").exists()


def test_texts_with_one_stem_are_two_texts(texts, tmp_path):
    paths = tmp_path / "words.train.txt", tmp_path / "words.valid.txt"
    for path, text in zip(paths, texts, strict=True):
        path.write_text("\n".join(text_of(text)), encoding="utf-8")
    pretrain.pretrain(replace(PLAN, steps=2), *paths, tmp_path / "run")
    train, held_out = (np.load(tmp_path / "run" / f"{name}.npy") for name in ("train", "held_out"))
    assert not np.array_equal(train, held_out)


def test_texts_that_will_not_do_leave_nothing_behind(texts, tmp_path):
    empty, short = tmp_path / "empty.txt", tmp_path / "short.txt"
    empty.write_text("\n \n", encoding="utf-8")
    short.write_text("a river\n", encoding="utf-8")
    with pytest.raises(IdlibError, match=r"empty.txt holds no text"):
        pretrain.pretrain(PLAN, empty, texts[1], tmp_path / "run")
    assert not list((tmp_path / "run").iterdir())
    with pytest.raises(IdlibError, match=r"short.txt has \d+ tokens, enough for 0 .*give a longer"):
        pretrain.pretrain(PLAN, texts[0], short, tmp_path / "run")
    with pytest.raises(IdlibError, match="a run on other texts"):
        pretrain.pretrain(PLAN, *texts, tmp_path / "run")


def test_any_batch_and_no_warm_up(texts, tmp_path):
    plan = replace(PLAN, steps=1, batch=330, warm_up=0)
    pretrain.pretrain(plan, *texts, tmp_path)
    assert math.isfinite(json.loads((tmp_path / "loss.jsonl").read_text().splitlines()[-1])["loss"])


def test_it_learns_which_word_comes_next(texts, tmp_path):
    plan = replace(PLAN, steps=250, batch=16, warm_up=20, lr=5e-3, save_every=250)
    pretrain.pretrain(plan, *texts, tmp_path)
    last = json.loads((tmp_path / "loss.jsonl").read_text().splitlines()[-1])
    assert last["held_out"] < 0.5 * math.log(8), "guessing among the eight words is log 8"


def test_what_is_kept_loads_with_transformers(texts, tmp_path):
    pretrain.pretrain(replace(PLAN, steps=2), *texts, tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "step-000002")
    ids = tokenizer("River STONE")["input_ids"]
    assert (ids[0], ids[-1]) == (BOS, EOS)
    long = tokenizer("river stone " * 20, truncation=True, return_tensors="pt")
    assert long["input_ids"].shape == (1, PLAN.length)
    assert tokenizer.decode(ids, skip_special_tokens=True).strip() == "river stone"
    assert classifier(str(tmp_path / "step-000002"), 3)()(torch.tensor([ids])).shape == (1, 3)
    model = AutoModelForMaskedLM.from_pretrained(tmp_path / "step-000002")
    assert model(torch.tensor([ids])).logits.shape == (1, len(ids), pretrain.VOCABULARY)


@pytest.mark.parametrize("share", [0.15, 0.2, 0.5])
def test_masks_are_as_in_bert(share):
    ids = torch.randint(5, pretrain.VOCABULARY, (200, 128))
    ids[:, 0] = BOS
    seen, labels = masked(ids, share, seed=0)
    guessed = labels != IGNORED
    assert guessed[:, 1:].double().mean() == pytest.approx(share, abs=0.01)
    assert not guessed[:, 0].any() and (seen[~guessed] == ids[~guessed]).all()
    assert (labels[guessed] == ids[guessed]).all()
    assert (seen[guessed] == MASK).double().mean() == pytest.approx(0.8, abs=0.02)
    assert (seen[guessed] == ids[guessed]).double().mean() == pytest.approx(0.1, abs=0.02)
    again = masked(ids, share, seed=0)
    assert torch.equal(again[0], seen) and not torch.equal(masked(ids, share, 1)[0], seen)


def test_an_epoch_goes_once_through_the_text():
    plan = replace(PLAN, batch=7)
    ids = np.arange(15 * 70 + 20, dtype=np.uint16)
    n = (len(ids) - 15) // 15
    rows = torch.cat([pretrain._sequences(ids, plan, step) for step in range(n // 7)])
    assert (rows[:, 0] == BOS).all()
    assert len(rows[:, 1:].unique()) == rows[:, 1:].numel(), "no token twice"


def test_text_and_tokens(texts, tmp_path):
    documents = list(text_of(texts[0]))
    assert len(documents) == 60 and all(d.endswith("\n") for d in documents)
    tokenizer = tokenizer_of(texts[0], tmp_path, PLAN.length)
    ids = token_ids(texts[0], tokenizer, tmp_path / "ids.npy")
    assert (np.asarray(ids) == EOS).sum() == 60
    assert tokenizer.decode(ids[: list(ids).index(EOS)]).strip() == documents[0].strip().lower()
    with pytest.raises(IdlibError, match="There is no file"):
        list(text_of(tmp_path / "nothing.txt"))


def test_rates_rise_stay_and_fall():
    plan = Plan(steps=1000, warm_up=100)
    rates = [plan.rate(step) for step in range(1000)]
    assert rates[:100] == sorted(rates[:100]) and max(rates) == plan.lr == rates[500]
    assert rates[-200:] == sorted(rates[-200:], reverse=True) and rates[-1] < 0.01 * plan.lr


def test_weights_start_as_large_as_the_hidden_size_asks():
    for size, hidden in (("1x32", 32), ("2x64", 64)):
        model = build(Plan(size))
        dense = model.roberta.encoder.layer[0].attention.self.query.weight
        assert dense.std().item() == pytest.approx(0.9 / math.sqrt(hidden), rel=0.1)
        positions = model.roberta.embeddings.position_embeddings.weight[2:]
        assert positions.std().item() == pytest.approx(0.9 / math.sqrt(hidden), rel=0.3)


@pytest.mark.parametrize("size", ["4", "4x100", "x128", "4x128x2"])
def test_unknown_sizes_are_refused(size):
    with pytest.raises(IdlibError, match=f"size '{size}' was given"):
        build(Plan(size))


def test_a_text_that_is_not_utf_8(tmp_path):
    latin, cut = tmp_path / "latin.txt", tmp_path / "cut.txt.xz"
    latin.write_bytes("Gr\xfc\xdfe\n".encode("latin-1"))
    cut.write_bytes(b"no archive")
    for path in (latin, cut):
        with pytest.raises(IdlibError, match=f"{path.name} can't be read .*plain text in UTF-8"):
            list(text_of(path))
