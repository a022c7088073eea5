"""Accuracy and gap against d90, and bounds from recorded files; the exercises of notebook 11."""

import itertools
import json
import math
from dataclasses import replace

import pytest

from idlib import IdlibError, widgets
from idlib.engine.config import Run, RunConfig
from idlib.engine.data import SAMPLE, fingerprint, sample
from idlib.engine.estimate import d90
from idlib.engine.lines import read_lines
from idlib.engine.training import accuracy
from idlib.lessons.base.measures import bits_needed
from idlib.lessons.bounds import compute as generalisation
from idlib.lessons.bounds.compute import (
    KINDS,
    bound_of,
    by_labels,
    cells_with_d90,
    gap_inside,
    groups_of,
    kind_of,
)
from idlib.lessons.bounds.theory import (
    complexity,
    kl,
    kl_bound,
    occam_bound,
    rank_correlation,
)
from idlib.problems.files import to_bytes
from idlib.problems.images import load
from idlib.problems.texts import is_text
from idlib.studies import bounds as recording
from idlib.studies.bounds import BITS, BOUNDS, IN_FULL, SAMPLED, replays
from idlib.studies.bytes import file_sizes
from idlib.studies.memorising import NS, SHARES, task_name
from idlib.studies.reading import cell, cells, replay, store_of
from idlib.studies.results import Cell
from idlib.studies.study import Method
from idlib.studies.tables import Table

MNIST = cell("mnist", task="mnist", model="fc").facts["train"]


def in_full():
    return [r for r in replays() if r.bits < 32]


class TestRecorded:
    @pytest.mark.parametrize("place", SAMPLED, ids="/".join)
    def test_every_run_that_kept_its_numbers_is_there(self, place):
        kept = {
            (r.config.task, r.config.model, r.config.structure_aware, r.config.d): r
            for c in cells(*place)
            for r in c.runs
            if r.theta_d is not None and r.config.scored_on == "test"
        }
        own = [r for r in replays() if (r.study, r.part) == place]
        whole = [r for r in own if r.bits == 32]
        assert {(r.task, r.model, r.structure_aware, r.d) for r in whole} == set(kept)
        assert len(whole) == len(kept)
        for r in whole:
            run = kept[r.task, r.model, r.structure_aware, r.d]
            assert r.score == pytest.approx(run.score, abs=0.006)  # bfloat16 on another processor
            assert r.n == min(SAMPLE, r.m)
        rounded = {(r.model, r.d, r.bits) for r in own if r.bits < 32}
        did = {(r.model, r.d) for r in whole if not r.structure_aware}
        assert rounded == ({(*key, b) for key in did for b in BITS} if place in IN_FULL else set())

    def test_rounded_networks_were_scored_on_all_they_were_trained_on(self):
        assert all(r.n == r.m for r in in_full())
        by_heart = {(r.task, r.bits) for r in in_full() if r.study == "memorising"}
        assert by_heart == {(f"mnist-n{n}-random{p}", b) for n in NS for p in SHARES for b in BITS}

    def test_the_bytes_are_those_of_the_file(self):
        for r in replays():
            if (r.study, r.part) in SAMPLED and not r.structure_aware:
                run = next(
                    x
                    for c in cells(r.study, r.part, r.task, r.model, "DID")
                    for x in c.runs
                    if x.config.d == r.d and x.theta_d is not None
                )
                assert r.bytes == len(to_bytes(run, r.bits))

    def test_the_data_are_those_of_the_runs(self):
        sessions = [line["session"] for line in read_lines(BOUNDS.path) if "session" in line]
        first, data = sessions[0], sessions[-1]["data"]
        assert first["command"] == "python -m idlib record generalisation"
        assert all(data[task] == prints for task, prints in first["data"].items())
        for place in (*SAMPLED, ("memorising", "labels")):
            known = {c.task: c.facts["data"] for c in cells(*place)}
            mine = {task: data[task] for task in known if task in data}
            assert mine and mine == {task: known[task] for task in mine}
        assert data["digits"] == [
            fingerprint(load("digits").train),
            fingerprint(load("digits").test),
        ]
        assert BOUNDS.provenance().startswith("Recorded, 1 seed")

    @pytest.mark.parametrize("model", ["fc", "lenet"])
    def test_a_replay_scores_here_what_was_recorded(self, model):
        run = cell("digits", task="digits", model=model).first_seed[150]
        wanted = next(
            r for r in replays() if (r.task, r.model, r.d, r.bits) == ("digits", model, 150, 32)
        )
        train = accuracy(replay(run).merged(), sample(load("digits").train))
        assert train == pytest.approx(wanted.train_score, abs=0.005)

    def test_recording_goes_on_where_it_was(self, tmp_path, monkeypatch):
        c = cell("digits", task="digits", model="fc")
        kept = [r for r in c.runs if r.config.d in (5, 10) and r.theta_d is not None]
        monkeypatch.setattr(recording, "_runs", lambda: recording._keyed(c, kept))
        path = tmp_path / "replays.jsonl"
        BOUNDS.record(path)
        whole = path.read_text().splitlines()
        assert len(whole) == 1 + 2
        path.write_text("\n".join(whole[:2]) + "\n")
        scored = []
        replace(BOUNDS, rows=lambda key: scored.append(key) or BOUNDS.rows(key)).record(path)
        assert path.read_text().splitlines() == whole and len(scored) == 1

    def test_what_was_learned_by_heart_is_trained_again(self, monkeypatch):
        """A small run of the same kind; its rounded networks are scored on all of the labels."""
        config = RunConfig(
            "digits-n200-random100", "fc-20-1", 60, 0.1, 0, "hashed", epochs=5, scored_on="train"
        )
        run = Run(config, "finished", 0.3, 1.0, 10, 0.1, 16_000)
        c = cell("memorising", task=task_name(500, 100))
        c = replace(c, task=config.task, model=config.model, runs=(run,))
        monkeypatch.setattr(recording, "_runs", lambda: recording._keyed(c, [run]))
        (key,) = BOUNDS.asked()
        rows = list(BOUNDS.rows(key))
        assert [r["bits"] for r in rows] == [32, *BITS]
        assert {(r["m"], r["n"]) for r in rows} == {(200, 200)}
        assert rows == list(BOUNDS.rows(key))


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
        assert min(b.hoeffding for b in bounds) < 0.28
        assert min(b.kl for b in bounds) < min(b.hoeffding for b in bounds) - 0.03
        best = min(bounds, key=lambda b: b.kl)
        ds = [b.d for b in bounds if b.bits == best.bits]
        assert min(ds) < best.d < max(ds)  # more numbers pay up to a point

    def test_recorded_bounds_on_texts_hold(self):
        for r in in_full():
            if (r.study, r.part) in IN_FULL:
                assert bound_of(r).kl >= 1 - r.score - 0.03  # 872 sentences of another kind

    def test_random_labels_leave_nothing_of_it(self):
        for r in in_full():
            if r.study == "memorising":
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
        found = {(c.study, c.task, c.model, c.method): c for c in cells_with_d90()}
        assert len(found) == len(cells_with_d90()) >= 30
        for task in ("mnist", "mnist-shuffled"):
            for model in ("fc", "lenet"):
                c = cell("mnist", task=task, model=model)
                assert found["mnist", task, model, Method()] is c
                assert c.d90().d == d90(c.runs, 0.9 * c.baseline).d
                assert c.facts["train"] == MNIST and not is_text(c.task) and kind_of(c) == "MNIST"
        assert sum(c.study == "sizes" for c in cells_with_d90()) == 20
        kinds = {kind_of(c) for c in cells_with_d90()}
        assert {"SST-2", "docstrings"} <= kinds <= set(KINDS.values())

    def test_groups_are_parts_of_all_and_as_large_as_is_said(self, prose):
        everything = set(map(id, cells_with_d90()))
        groups = groups_of(cells_with_d90())
        assert all(set(map(id, some)) < everything for some in groups.values())
        texts, images = len(groups["texts"]), len(groups["images"])
        assert texts + images == len(everything)
        own = texts - len(groups["texts but our own on QQP"])
        text = prose("11", "04184cf1").lower()
        assert own == 8 and f"eight of the {texts} cells of texts" in text
        assert f"twenty of the {images} cells of images" in text
        for label in ("SST-2", "docstrings", "QQP"):
            assert {kind_of(c) for c in groups[f"{label} alone"]} == {label}
        family = groups["SST-2, our own family alone"]
        assert {c.model.partition("-")[0] for c in family} == {"roberta"}
        assert set(map(id, family)) < set(map(id, groups["SST-2 alone"]))

    def test_gaps_are_those_of_the_replays(self):
        c = cell("digits", task="digits", model="lenet")
        assert c in cells_with_d90()
        r = next(
            r
            for r in replays()
            if (r.task, r.model, r.d, r.bits) == ("digits", "lenet", c.d90().d, 32)
        )
        silent = replace(c, runs=tuple(replace(run, train_score=None) for run in c.runs))
        assert gap_inside(silent) == pytest.approx((r.train_score - r.score) / (1 - r.score))
        own = [run for run in c.runs if run.config.d == c.d90().d]
        train, test = (
            sum(x) / len(own) for x in zip(*((r.train_score, r.score) for r in own), strict=False)
        )
        assert gap_inside(c) == pytest.approx((train - test) / (1 - test))
        assert sum(gap_inside(c) is not None for c in cells_with_d90()) >= 10

    def test_gaps_where_labels_and_images_were_changed(self):
        changed = by_labels()
        assert list(changed) == [*SHARES]
        for percent, points in changed.items():
            assert list(points) == [*NS]
            for n, (ratio, gap) in points.items():
                r = next(r for r in in_full() if (r.task, r.bits) == (task_name(n, percent), 6))
                assert ratio == r.d / n
                new = {0: 1 - r.score, 100: 0.9}.get(percent)
                if new is None:  # true labels but for a share that nobody can know
                    new = 1 - ((1 - percent / 100) * r.score + percent / 100 * 0.1)
                assert gap == pytest.approx(new - (1 - r.train_score))

    def test_what_is_said_of_them_is_what_came_out(self, prose):
        text = prose("11", "change-text")
        points = {(p, n): at for p, own in by_labels().items() for n, at in own.items()}
        least, most = (end(points.values(), key=lambda at: at[1]) for end in (min, max))
        assert f"from {least[1]:.2f}, at a tenth" in text and round(least[0], 1) == 0.1
        assert f"to {most[1]:.2f}, at {most[0]:.1f} numbers" in text
        spoilt, clean = points[10, 5000], points[0, 1000]
        assert f"({spoilt[0]:.2f} numbers each, gap {spoilt[1]:.2f})" in text
        assert f"({clean[0]:.2f}, gap {clean[1]:.2f})" in text
        pairs = list(itertools.combinations(points.values(), 2))
        wrong = [(a, b) for a, b in pairs if (a[0] - b[0]) * (a[1] - b[1]) < 0]
        assert len(pairs) == 120 and len(wrong) == 3 and "three of the 120 pairs" in text
        assert all(a[0] > 1 and b[0] > 1 for a, b in wrong)
        low = max(ratio for (p, _), (ratio, _) in points.items() if p <= 10)
        high = min(ratio for (p, _), (ratio, _) in points.items() if p >= 50)
        assert f"between d/m {low:.2f} and {high:.2f}" in text
        shared = [gap for ratio, gap in points.values() if round(ratio, 2) == 1.22]
        assert len(shared) == 4
        assert f"d/m 1.22, with gaps from {min(shared):.2f} to {max(shared):.2f}" in text
        kept = [r.train_score for r in in_full() if r.study == "memorising" and r.bits == 6]
        assert f"it is {min(kept):.2f} to {max(kept):.2f}" in text
        found = rank_correlation(*zip(*points.values(), strict=True))
        assert found.spearman > 0.9

    def test_networks_made_for_one_question_are_left_out(self):
        assert not {c.study for c in cells_with_d90()} & {"questions", "informed"}

    def test_a_d90_that_may_be_smaller_still_is_left_out(self):
        for c in cells_with_d90():
            aware = c.method.name == "SAID"
            tried = {
                r.config.d
                for r in store_of(c.study)
                if (r.config.task, r.config.model, r.config.scored_on) == (c.task, c.model, "test")
                and r.config.d and bool(r.config.structure_aware) == aware
            }  # fmt: skip
            assert c.d90().d > min(tried)

    def test_what_can_be_plotted_counts_once(self, monkeypatch):
        base = RunConfig("sst2-n19200", "roberta-2x64", None, 0.01, 0, "hashed")

        def run(c, score, train):
            return Run(c, "finished", score, 1.0, 1, 1.0, 10**6, train_score=train)

        inside = (
            run(replace(base, d=100, lr=0.0316), 0.6, 0.62),
            run(replace(base, d=316, lr=0.0178), 0.75, 0.8),
        )
        facts = {"metric": "accuracy", "majority": 0.5, "train": 19_200}
        c = Cell(
            "family", "sst2", base.task, base.model, Method(), facts, (run(base, 0.8, 0.9),),
            inside, (), (),
        )  # fmt: skip
        on_train = tuple(replace(r, config=replace(r.config, scored_on="train")) for r in inside)
        others = (
            replace(c, part="sst2-faster"),  # the same cell in another part: counts once
            replace(c, model="roberta-2x128", runs=inside[1:]),  # no smaller d was tried
            replace(c, model="roberta-2x128", runs=inside[:1]),  # no d90
            replace(c, model="roberta-2x128", runs=on_train),
            replace(c, model="roberta-2x128", study="questions"),
        )
        monkeypatch.setattr(generalisation, "cells", lambda: [c, *others])
        assert cells_with_d90.__wrapped__() == (c,)
        assert (c.d90().d, c.baseline, kind_of(c)) == (316, 0.8, "SST-2")
        assert gap_inside(c) == pytest.approx(0.2) and is_text(c.task)


def test_widget_shows_each_term():
    explorer = widgets.OccamBound(750, 6)
    for model, d, bits, m, delta in (
        ("fc", 750, 6, MNIST, 0.05),
        ("lenet", 400, 4, 3000, 0.001),
        ("lenet", 10, 32, 100, 0.1),
    ):
        text = explorer.view(model=model, d=d, bits=bits, m=m, delta=delta)
        size = next(s for s in file_sizes(model) if (s.d, s.bits) == (d, bits))
        b = bound_of(size, m, delta)
        assert f"B = {b.file:,}" in text and f"= <b>{b.hoeffding:.3f}</b>" in text
        assert f"<b>{b.kl:.3f}</b>" in text and f"√(d/m) = {math.sqrt(d / m):.3f}" in text
        assert ("says nothing" in text.partition("</b>")[2]) == (b.hoeffding >= 1)
        assert ("supposed" in text) == (m != MNIST)


def test_the_command_knows_the_recording(monkeypatch, tmp_path):
    from idlib.tools import cli as command

    asked = []
    monkeypatch.setattr(Table, "record", lambda self, path: asked.append((self.name, path)))
    path = str(tmp_path / "x.jsonl")
    monkeypatch.setattr("sys.argv", ["idlib", "record", "bounds", "--path", path])
    command.main()
    assert asked == [("bounds", path)]


def test_the_recorded_file_is_small_and_whole():
    lines = BOUNDS.path.read_text(encoding="utf-8").splitlines()
    assert BOUNDS.path.stat().st_size < 1_000_000
    sessions = sum("session" in json.loads(line) for line in lines)
    assert len(lines) == sessions + len(replays())
