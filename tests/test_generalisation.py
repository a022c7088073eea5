"""Accuracy and gap against d90, and bounds from recorded files; the exercises of notebook 11."""

import json
import math
from dataclasses import replace

import pytest

from idlib import IdlibError, widgets
from idlib.lessons.bounds import compute as generalisation
from idlib.studies import recorded
from idlib.studies import bounds as recording
from idlib.problems.files import encode
from idlib.engine.data import fingerprint
from idlib.problems.images import load
from idlib.dimension import d90
from idlib.studies.bytes import file_sizes
from idlib.lessons.bounds.compute import GROUPS, MNIST, Cell, bound_of, cells
from idlib.lessons.memorising.compute import NS, bits_needed
from idlib.studies.recorded import curve, replay
from idlib.studies.bounds import BITS, IN_FULL, SAMPLED, record_replays, replays
from idlib.engine.runs import SAMPLE
from idlib.engine.data import sample
from idlib.engine.store import Run, RunConfig, RunStore, read_lines
from idlib.lessons.bounds.theory import complexity, kl, kl_bound, occam_bound
from idlib.engine.training import accuracy


def in_full():
    return [r for r in replays() if r.bits < 32]


class TestRecorded:
    @pytest.mark.parametrize("name", SAMPLED)
    def test_every_run_that_kept_its_numbers_is_there(self, name):
        kept = {
            (r.config.task, r.config.model, r.config.structure_aware, r.config.d): r
            for r in recorded.recorded(name)
            if r.theta_d is not None and r.config.scored_on == "test"
        }
        own = [r for r in replays() if r.experiment == name]
        whole = [r for r in own if r.bits == 32]
        assert {(r.task, r.model, r.structure_aware, r.d) for r in whole} == set(kept)
        assert len(whole) == len(kept)
        for r in whole:
            run = kept[r.task, r.model, r.structure_aware, r.d]
            assert r.score == pytest.approx(run.score, abs=0.006)  # bfloat16 on another processor
            assert r.n == min(SAMPLE, r.m)
        rounded = {(r.model, r.d, r.bits) for r in own if r.bits < 32}
        did = {(r.model, r.d) for r in whole if not r.structure_aware}
        assert rounded == ({(*key, b) for key in did for b in BITS} if name in IN_FULL else set())

    def test_rounded_networks_were_scored_on_all_they_were_trained_on(self):
        assert all(r.n == r.m for r in in_full())
        by_heart = {(r.task, r.bits) for r in in_full() if r.experiment == "memorising"}
        assert by_heart == {
            (f"mnist-n{n}-random{p}", b) for n in NS for p in (0, 100) for b in BITS
        }

    def test_the_bytes_are_those_of_the_file(self):
        for r in replays():
            if r.experiment in SAMPLED and not r.structure_aware:
                run = next(
                    x
                    for x in recorded.recorded(r.experiment)
                    if (x.config.task, x.config.model, x.config.d) == (r.task, r.model, r.d)
                    and x.theta_d is not None
                    and not x.config.structure_aware
                )
                assert r.bytes == len(encode(run, r.bits))

    def test_the_data_are_those_of_the_runs(self):
        about = read_lines(recording.PATH)[0]["session"]
        assert about["command"] == "python -m idlib record generalisation"
        for name in (*SAMPLED, "memorising"):
            sessions = recorded.recorded(name).sessions
            known = {task: data for s in sessions for task, data in s["data"].items()}
            mine = {task: about["data"][task] for task in known if task in about["data"]}
            assert mine and mine == {task: known[task] for task in mine}
        assert about["data"]["digits"] == [
            fingerprint(load("digits").train),
            fingerprint(load("digits").test),
        ]
        assert recording.provenance().startswith("Recorded, 1 seed")

    @pytest.mark.parametrize("model", ["fc", "lenet"])
    def test_a_replay_scores_here_what_was_recorded(self, model):
        run = curve("digits", "digits", model).first_seed[150]
        wanted = next(
            r for r in replays() if (r.task, r.model, r.d, r.bits) == ("digits", model, 150, 32)
        )
        train = accuracy(replay(run).merged(), sample(load("digits").train))
        assert train == pytest.approx(wanted.train_score, abs=0.005)

    def test_recording_goes_on_where_it_was(self, tmp_path, monkeypatch):
        few = [r for r in curve("digits", "digits", "fc").runs if r.config.d in (5, 10)]
        kept = [("digits", r) for r in few if r.theta_d is not None]
        monkeypatch.setattr(recording, "_runs", lambda: iter(kept))
        path = tmp_path / "replays.jsonl"
        record_replays(path)
        whole = path.read_text().splitlines()
        assert len(whole) == 1 + 2
        path.write_text("\n".join(whole[:2]) + "\n")
        scored = []
        monkeypatch.setattr(
            recording, "_scored", lambda n, r, f=recording._scored: scored.append(r) or f(n, r)
        )
        record_replays(path)
        assert path.read_text().splitlines() == whole and len(scored) == 1

    def test_what_was_learned_by_heart_is_trained_again(self, monkeypatch):
        """A small run of the same kind; its rounded networks are scored on all of the labels."""
        config = RunConfig(
            "digits-n200-random100", "fc-20-1", 60, 0.1, 0, "hashed", epochs=5, scored_on="train"
        )
        run = Run(config, "finished", 0.3, 1.0, 10, 0.1, 16_000)
        rows = list(recording._scored("memorising", run))
        assert [r.bits for r in rows] == [32, *BITS]
        assert {(r.m, r.n) for r in rows} == {(200, 200)}
        assert rows == list(recording._scored("memorising", run))


class TestBounds:
    def test_terms_are_those_of_the_theory(self):
        size = next(s for s in file_sizes("fc") if (s.d, s.bits) == (750, 6))
        b = bound_of(size)
        assert (b.file, b.m, b.d, b.bits) == (8 * size.bytes, MNIST, 750, 6)
        assert b.hoeffding == pytest.approx(occam_bound(1 - size.train_score, b.file, MNIST))
        assert b.kl == pytest.approx(kl_bound(1 - size.train_score, b.file, MNIST))
        fewer = bound_of(size, m=1000, delta=0.01)
        assert fewer.complexity == pytest.approx(complexity(b.file, 1000, 0.01))
        assert fewer.complexity > b.complexity

    @pytest.mark.parametrize("model", ["fc", "lenet"])
    def test_on_mnist_the_bound_says_something_and_holds(self, model):
        bounds = [bound_of(s) for s in file_sizes(model) if s.d]
        assert all(b.kl >= b.test and b.hoeffding >= b.test for b in bounds)
        assert min(b.hoeffding for b in bounds) < 0.26
        assert min(b.kl for b in bounds) < min(b.hoeffding for b in bounds) - 0.03
        best = min(bounds, key=lambda b: b.kl)
        ds = [b.d for b in bounds if b.bits == best.bits]
        assert min(ds) < best.d < max(ds)  # more numbers pay up to a point

    def test_recorded_bounds_on_texts_hold(self):
        for r in in_full():
            if r.experiment in IN_FULL:
                assert bound_of(r).kl >= 1 - r.score - 0.03  # 872 sentences of another kind

    def test_random_labels_leave_nothing_of_it(self):
        for r in in_full():
            if r.experiment == "memorising":
                b = bound_of(r)
                if "random100" in r.task:
                    assert b.hoeffding >= 1 and b.kl >= b.test > 0.85
                    assert b.file > bits_needed(r.m, r.train_score)
                else:
                    assert b.kl >= b.test
        true, random = (
            min(bound_of(r).kl for r in in_full() if r.task == f"mnist-n5000-random{p}")
            for p in (0, 100)
        )
        assert true < 0.6 and random > 0.9

    @pytest.mark.parametrize("error", [0.0, 0.1, 0.5, 0.89])
    def test_the_shortest_code_of_random_labels_is_worth_a_guess(self, error):
        """The rate-distortion function is m kl(error, 0.9): whatever the code, 0.9 remains."""
        least = bits_needed(1000, 1 - error)
        assert least * math.log(2) == pytest.approx(1000 * kl(error, 0.9))
        assert kl_bound(error, least, 1000, delta=1 - 1e-12) == pytest.approx(0.9, abs=1e-6)

    def test_a_sample_is_refused(self):
        with pytest.raises(IdlibError, match="expected all 60000 training examples scored"):
            bound_of(next(r for r in replays() if r.task == "mnist" and r.bits == 32))
        said = next(r for r in replays() if r.bytes is None)
        with pytest.raises(IdlibError, match="and a file"):
            bound_of(replace(said, n=said.m))


class TestCells:
    def test_every_cell_has_its_curves_d90(self):
        found = {(c.experiment, c.task, c.model, c.method): c for c in cells()}
        assert len(found) == len(cells()) >= 30
        for task in ("mnist", "mnist-shuffled"):
            for model in ("fc", "lenet"):
                c, cell = curve("mnist", task, model), found["mnist", task, model, "DID"]
                assert cell.d90 == d90(c.runs, 0.9 * c.baseline).d
                assert cell.full == pytest.approx(c.baseline)
                assert cell.m == MNIST and not cell.language and cell.group == "MNIST"
        assert sum(c.experiment == "model_size" for c in cells()) == 20
        assert {"SST-2", "docstrings"} <= {c.group for c in cells()} <= set(GROUPS.values())

    def test_gaps_are_those_of_the_replays(self):
        cell = next(c for c in cells() if (c.task, c.model) == ("digits", "lenet"))
        r = next(
            r
            for r in replays()
            if (r.task, r.model, r.d, r.bits) == ("digits", "lenet", cell.d90, 32)
        )
        assert cell.gap == pytest.approx((r.train_score - r.score) / (1 - r.score))
        assert sum(c.gap is not None for c in cells()) >= 10

    def test_a_d90_that_may_be_smaller_still_is_left_out(self):
        for c in cells():
            aware = c.method == "SAID"
            tried = {
                r.config.d
                for r in recorded.recorded(c.experiment)
                if (r.config.task, r.config.model, r.config.scored_on) == (c.task, c.model, "test")
                and r.config.d and bool(r.config.structure_aware) == aware
            }  # fmt: skip
            assert c.d90 > min(tried)

    def test_files_that_are_not_there_are_left_out_and_new_ones_join(self, tmp_path, monkeypatch):
        store = RunStore(tmp_path / "family_sst2.jsonl")
        base = RunConfig("sst2-n19200", "roberta-2x64", None, 0.01, 0, "hashed")
        for c, score, train in (
            (base, 0.8, 0.9),
            (replace(base, d=100, lr=0.0316), 0.6, 0.62),
            (replace(base, d=316, lr=0.0178), 0.75, 0.8),
            (replace(base, d=1000, scored_on="validation"), 0.9, None),
        ):
            store.add(Run(c, "finished", score, 1.0, 1, 1.0, 10**6, train_score=train))
        monkeypatch.setattr(generalisation, "FOLDER", tmp_path)
        monkeypatch.setattr(generalisation, "recorded", lambda name: store)
        (cell,) = cells.__wrapped__()
        expected = ("family_sst2", "sst2-n19200", "roberta-2x64", "DID", 19_200, 316, 0.8, 0.8)
        assert cell == Cell(*expected, 0.75)
        assert cell.gap == pytest.approx(0.2) and cell.language
        # the same cell under another name comes second, and counts once
        (tmp_path / "checkpoints_sst2.jsonl").touch()
        assert cells.__wrapped__() == (cell,)


def test_widget_shows_each_term():
    panel = widgets.OccamBound(750, 6)
    for model, d, bits, m, delta in (
        ("fc", 750, 6, MNIST, 0.05),
        ("lenet", 400, 4, 3000, 0.001),
        ("lenet", 10, 32, 100, 0.1),
    ):
        controls = (panel.model, panel.d, panel.bits, panel.m, panel.delta)
        for control, value in zip(controls, (model, d, bits, m, delta), strict=True):
            control.value = value
        size = next(s for s in file_sizes(model) if (s.d, s.bits) == (d, bits))
        b, text = bound_of(size, m, delta), panel.view.value
        assert f"B = {b.file:,}" in text and f"= <b>{b.hoeffding:.3f}</b>" in text
        assert f"<b>{b.kl:.3f}</b>" in text and f"√(d/m) = {math.sqrt(d / m):.3f}" in text
        assert ("says nothing" in text.partition("</b>")[2]) == (b.hoeffding >= 1)
        assert ("supposed" in text) == (m != MNIST)


def test_the_command_knows_the_recording(monkeypatch, tmp_path):
    from idlib.tools import cli as command

    asked = []
    monkeypatch.setitem(command.OTHERS, "generalisation", asked.append)
    path = str(tmp_path / "x.jsonl")
    monkeypatch.setattr("sys.argv", ["idlib", "record", "generalisation", "--path", path])
    command.main()
    assert asked == [path]


def test_the_recorded_file_is_small_and_whole():
    lines = recording.PATH.read_text(encoding="utf-8").splitlines()
    assert recording.PATH.stat().st_size < 1_000_000
    assert len(lines) == 1 + len(replays()) and all(json.loads(line) for line in lines)
