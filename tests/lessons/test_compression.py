"""Networks as files: what goes in comes out, and each number is off by no more than is said."""

import io
import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from idlib import IdlibError, widgets
from idlib.engine.training import accuracy, train
from idlib.lessons.compression.compute import frontier
from idlib.problems.files import (
    label_bytes,
    pack,
    quantise,
    read,
    state_dict_bytes,
    to_bytes,
    unpack,
    write,
    zipped,
)
from idlib.problems.images import load
from idlib.problems.names import build_named
from idlib.problems.networks import fc
from idlib.problems.sparse import from_sparse, pruned_and_retrained, to_sparse
from idlib.studies import bytes as filesizes
from idlib.studies.bytes import BITS, BYTES, PRUNED, file_sizes, pruned_sizes
from idlib.studies.reading import cell, replay

ALL_BITS = range(2, 17)
DIGITS = cell("digits", task="digits", model="fc")


@pytest.mark.parametrize("bits", ALL_BITS)
def test_quantised_numbers_are_off_by_half_the_spacing_at_most(bits):
    for scale in (1e-3, 1.0, 1e4):
        x = scale * torch.randn(500, dtype=torch.float64)
        q, spacing = quantise(x, bits)
        assert (spacing * q.double() - x).abs().max() <= spacing / 2 * (1 + 1e-9)
        assert q.abs().max() == 2 ** (bits - 1) - 1  # the largest number uses the range
        again, _ = quantise(spacing * q.double(), bits)
        assert torch.equal(again, q)


def test_quantising_zeros_and_nothing():
    for x in (torch.zeros(3), torch.zeros(0)):
        q, spacing = quantise(x, 4)
        assert torch.equal(spacing * q, x)
    with pytest.raises(IdlibError, match="not finite"):
        quantise(torch.tensor([1.0, math.nan]), 4)
    with pytest.raises(IdlibError, match="bits"):
        quantise(torch.ones(3), 1)


@pytest.mark.parametrize("bits", ALL_BITS)
def test_pack_and_unpack(bits):
    top = 2 ** (bits - 1) - 1
    for n in (0, 1, 7, 100):
        q = torch.randint(-top, top + 1, (n,), dtype=torch.int32)
        data = pack(q, bits)
        assert len(data) == math.ceil(n * bits / 8)
        assert torch.equal(unpack(data, bits, n), q)
    with pytest.raises(IdlibError, match="1 bytes were given for 100 numbers"):
        unpack(b"x", bits, 100)


@pytest.mark.parametrize("model", ["fc", "lenet"])
def test_a_file_holds_the_whole_network(model, tmp_path):
    run = cell("digits", task="digits", model=model).first_seed[125]
    size = write(run, tmp_path / "net", bits=32)
    assert size == (tmp_path / "net").stat().st_size < 4 * 125 + 150
    loaded = read(tmp_path / "net")
    assert torch.equal(loaded.theta_d, replay(run).theta_d)
    for a, b in zip(loaded.merged().parameters(), replay(run).merged().parameters(), strict=True):
        assert torch.equal(a, b)
    score = accuracy(loaded.merged(), load("digits").test)
    assert score == pytest.approx(run.score, abs=0.005)


@pytest.mark.parametrize("bits", [2, 4, 8, 16])
def test_a_rounded_file_is_what_quantise_gives(bits):
    run = DIGITS.first_seed[125]
    data = to_bytes(run, bits)
    q, spacing = quantise(run.theta_d, bits)
    assert torch.equal(read(data).theta_d, (spacing * q).float())
    body = data.partition(b"\n")[2]
    assert len(body) == math.ceil(125 * bits / 8)


def test_damaged_files_are_refused(tmp_path):
    data = to_bytes(DIGITS.first_seed[125], 8)
    for wrong, said in (
        (data[:-1], "124 bytes were given for 125 numbers"),
        (b"PNG" + data, "does not begin with"),
        (b"", "does not begin with"),
        (data.replace(b'"d":', b'"e":'), "'d'"),
        (data.replace(b'"fc"', b'"fd"'), "'fd'"),
    ):
        with pytest.raises(IdlibError, match=said):
            read(wrong)
    (tmp_path / "cut").write_bytes(to_bytes(DIGITS.first_seed[125])[:-2])
    with pytest.raises(IdlibError, match="cut can't be read"):
        read(tmp_path / "cut")
    without = next(r for r in DIGITS.runs if r.theta_d is None)
    with pytest.raises(IdlibError, match="carries no theta_d"):
        to_bytes(without)
    trained = DIGITS.first_seed[125]
    said = replace(trained, config=replace(trained.config, structure_aware=True))
    with pytest.raises(IdlibError, match="has lambdas"):
        to_bytes(said)


def test_zipping_keeps_the_largest_weights():
    model = fc(20, 1)
    before = [p.clone() for p in model.parameters()]
    data, out = zipped(model, keep=0.1)
    weights = torch.cat([p.flatten() for p in model.parameters()])
    left = torch.cat([p.flatten() for p in out.parameters()])
    assert (left != 0).sum() == math.ceil(0.1 * len(weights))
    assert torch.equal(left[left != 0], weights[left != 0])
    assert weights[left == 0].abs().max() <= weights[left != 0].abs().min()
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    sizes = [len(zipped(model, keep, bits)[0]) for keep, bits in ((1, 32), (1, 8), (0.1, 4))]
    assert sizes == sorted(sizes, reverse=True) and len(data) < sizes[0]
    with pytest.raises(IdlibError, match="keep = 0 was given"):
        zipped(model, 0)


def test_label_bytes_is_the_cross_entropy():
    y = torch.arange(10).repeat(8)
    assert label_bytes(torch.zeros(80, 10), y) == pytest.approx(10 * math.log2(10))
    sure = 100 * F.one_hot(y, 10).float()
    assert label_bytes(sure, y) == pytest.approx(0)


def test_state_dict_bytes_is_the_length_of_the_file(tmp_path):
    model = fc()
    torch.save(model.state_dict(), tmp_path / "net.pt")
    assert state_dict_bytes(model) == pytest.approx((tmp_path / "net.pt").stat().st_size, rel=0.01)
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    assert state_dict_bytes(model) == len(buffer.getvalue()) > 4 * 199_210


class TestRecorded:
    @pytest.mark.parametrize("model", ["fc", "lenet"])
    def test_every_file_is_there_and_has_its_length(self, model):
        sizes = file_sizes(model)
        runs = cell("mnist", task="mnist", model=model).first_seed
        assert {(s.d, s.bits) for s in sizes if s.d} == {(d, b) for d in runs for b in BITS}
        for s in sizes:
            if s.d:
                assert s.bytes == len(to_bytes(runs[s.d], s.bits))
                if s.bits == 32:
                    assert s.score == pytest.approx(runs[s.d].score, abs=0.002)

    @pytest.mark.parametrize("model", ["fc", "lenet"])
    def test_a_recorded_file_has_its_accuracy_on_mnist(self, model, mnist_folder, monkeypatch):
        monkeypatch.setenv("IDLIB_DATA", str(mnist_folder))
        load.cache_clear()
        run = cell("mnist", task="mnist", model=model).first_seed[400]
        rebuilt = accuracy(read(to_bytes(run, 4)).merged(), load("mnist").test)
        load.cache_clear()
        recorded = next(s for s in file_sizes(model) if (s.d, s.bits) == (400, 4))
        assert rebuilt == pytest.approx(recorded.score, abs=0.002)

    def test_unknown_networks_are_refused(self):
        with pytest.raises(IdlibError, match="'resnet' was asked for"):
            file_sizes("resnet")

    def test_recording_goes_on_where_it_was(self, tmp_path, monkeypatch):
        """On digits, and the smallest of the recorded networks only."""
        small = replace(DIGITS, runs=tuple(r for r in DIGITS.runs if r.config.d in (5, 10)))
        monkeypatch.setattr(filesizes, "cell", lambda *a, **asked: small)
        monkeypatch.setattr(filesizes, "load", lambda _: load("digits"))
        monkeypatch.setattr(filesizes, "facts_of", lambda _: small.facts)
        monkeypatch.setattr(filesizes, "_full", lambda *a: iter(()))
        path = tmp_path / "sizes.jsonl"
        BYTES.record(path)
        whole = path.read_text().splitlines()
        assert len(whole) == 1 + 2 * 2 * len(BITS)
        path.write_text("\n".join(whole[: 1 + 2 * len(BITS)]) + "\n")
        BYTES.record(path)
        assert path.read_text().splitlines()[1:] == whole[1:]


class TestPrunedAndTrainedAgain:
    @pytest.mark.parametrize("model", filesizes.MODELS)
    def test_every_file_is_there(self, model):
        sizes = pruned_sizes(model)
        asked = {(keep, bits) for keep in filesizes.FEWER for bits in filesizes.FEWER_BITS}
        assert {(s.keep, s.bits) for s in sizes} == asked and len(sizes) == len(asked)
        by_share = [s.bytes for s in sizes if s.bits == 6]
        assert by_share == sorted(by_share, reverse=True)

    def test_training_again_pays_at_every_share(self):
        """Beside the zipped network with as large a share of its weights."""
        for model in filesizes.MODELS:
            cut = {(s.keep, s.bits): s for s in file_sizes(model) if s.d is None}
            for s in pruned_sizes(model):
                if (s.keep, s.bits) in cut:
                    assert s.score > cut[s.keep, s.bits].score
                    share = s.bytes / cut[s.keep, s.bits].bytes
                    assert share < (0.9 if s.keep <= 0.01 else 1.15)

    def test_a_row_is_what_the_file_scores(self, monkeypatch):
        """On digits, with one share, after little training."""
        c = replace(DIGITS.full[0].config, epochs=3)
        short = replace(DIGITS, full=(replace(DIGITS.full[0], config=c),))
        monkeypatch.setattr(filesizes, "cell", lambda *a, **asked: short)
        monkeypatch.setattr(filesizes, "load", lambda _: load("digits"))
        monkeypatch.setattr(filesizes, "FEWER", (0.05,))
        rows = list(PRUNED.rows(("fc",)))
        assert [(r["keep"], r["bits"]) for r in rows] == [(0.05, b) for b in filesizes.FEWER_BITS]
        model = build_named(c)
        train(model, load("digits").train, c.lr, c.epochs, c.batch_size, c.seed)
        ((_, again),) = pruned_and_retrained(model, load("digits").train, (0.05,), c)
        data = to_sparse(again, "fc", 6)
        row = next(r for r in rows if r["bits"] == 6)
        score = accuracy(from_sparse(data), load("digits").test)
        assert row["bytes"] == len(data) and row["score"] == pytest.approx(score, abs=1e-5)


def first(some, score):
    return min((s for s in some if s.score >= score), key=lambda s: s.bytes, default=None)


def test_what_is_said_of_the_rival_that_trains_again(prose):
    text = prose("07", "again-explain")
    fc, lenet = ([s for s in file_sizes(model) if s.d] for model in ("fc", "lenet"))
    again, zipped = pruned_sizes("fc"), [s for s in file_sizes("fc") if not s.d]
    best, numbers = first(again, 0.9), first(fc, 0.9)
    assert f"{best.bytes:,} bytes in place of {first(zipped, 0.9).bytes:,}" in text
    assert f"still take {numbers.bytes:,}," in text
    assert (
        f"0.95 in {first(again, 0.95).bytes:,} bytes, 0.97 in {first(again, 0.97).bytes:,}" in text
    )
    assert all(first(fc, s).bytes < first(again, s).bytes for s in (0.85, 0.9, 0.93, 0.94))
    assert first(fc, 0.95) is None
    left = math.ceil(best.keep * 199_210)
    assert f"d = {numbers.d:,} and {left} weights, of {best.bits} bits each" in text
    assert numbers.bits == best.bits and f"to about {8 * best.bytes / left:.0f}" in text
    pair = first(lenet, 0.9).bytes, first(pruned_sizes("lenet"), 0.9).bytes
    assert "{} bytes against {} at 0.90".format(*pair) in text
    ahead = [s for s in (0.9, 0.95, 0.97, 0.975)
             if first(lenet, s).bytes < first(pruned_sizes("lenet"), s).bytes]  # fmt: skip
    assert ahead[-1] == 0.975 and max(s.score for s in lenet) < 0.98
    many = [next(s.bytes for s in some if (s.keep, s.bits) == (0.3, 8)) for some in (zipped, again)]
    assert "its file takes {:,} bytes, this one {:,}".format(*many) in text
    trained = cell("mnist", task="mnist", model="fc").full[0].config.epochs
    assert f"trained for {trained * (1 + len(filesizes.FEWER))}" in text
    alone = 60_000 * math.log2(10) / 8
    whole = [min(s.bytes + s.label_bytes for s in pruned_sizes(m)) for m in ("fc", "lenet")]
    assert round(alone / whole[0]) == 6 and alone / whole[1] > 8  # "a sixth", "less than an eighth"


def test_a_language_model_comes_back_from_its_file_and_task():
    run = cell("methods", "small-docstrings", method="DID").first_seed[30]
    made = read(to_bytes(run), "docstrings")
    assert torch.equal(made.theta_d, replay(run).theta_d)
    assert made.D == replay(run).D


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(IdlibError, match=r"nothing can't be read as a subspace"):
        read(tmp_path / "nothing")


def test_frontier_drops_what_a_smaller_file_beats():
    assert frontier([(3, 0.5), (1, 0.4), (2, 0.6), (4, 0.7)]) == [(1, 0.4), (2, 0.6), (4, 0.7)]


def test_widget_shows_what_was_recorded():
    explorer = widgets.FileSizes(750, 8)
    for model in ("fc", "lenet"):
        for d, bits in ((10, 32), (2000, 2), (400, 4)):
            view = explorer.view(model=model, d=d, bits=bits)
            this = next(s for s in file_sizes(model) if (s.d, s.bits) == (d, bits))
            assert f"<b>{this.bytes:,} bytes</b>" in view
            assert f"<b>{this.score:.3f}</b>" in view
    assert f"alone {60_000 * math.log2(10) / 8000:.1f} kB" in view
