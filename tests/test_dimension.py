"""d90 by search: right, resumable, and honest about its limits."""

import functools
import random
from itertools import pairwise

import numpy as np
import pytest
import torch
from pytest import approx
from torch import nn
from torch.utils.data import Dataset, TensorDataset

import idlib
from idlib import IdlibError
from idlib.dimension import lattice
from idlib.engine.config import Run, RunConfig
from idlib.engine.estimate import bracket, d90
from idlib.engine.models import model_label
from idlib.engine.runs import build
from idlib.engine.search import rate_at
from idlib.engine.store import RunStore
from idlib.engine.training import accuracy

INPUTS, CLASSES = 12, 4


def blobs(n: int, seed: int) -> TensorDataset:
    """Clouds of points around four fixed centres."""
    centres = torch.randn(CLASSES, INPUTS, generator=torch.Generator().manual_seed(99))
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % CLASSES
    return TensorDataset(
        centres[labels] + 0.4 * torch.randn(n, INPUTS, generator=generator), labels
    )


def linear() -> nn.Module:
    return nn.Linear(INPUTS, CLASSES)


TRAIN, TEST = blobs(200, 1), blobs(100, 2)
QUICK = {"epochs": 10, "batch_size": 40, "lrs": (0.1, 0.3), "full_lrs": (0.03,), "progress": False}


def measure(**options):
    options = {"seeds": (0, 1), **QUICK, **options}
    return idlib.intrinsic_dimension(linear, options.pop("train", TRAIN), TEST, **options)


@functools.cache
def measured(**options):
    """Measured once, without a store: a run repeats exactly."""
    return measure(**options)


@pytest.fixture(scope="module")
def found():
    """With two seeds, without a store."""
    return measured()


def test_d90_reaches_the_threshold_and_the_next_smaller_d_does_not(found):
    scores = {
        (r.config.d, r.config.seed): r.score
        for r in found.runs
        if r.config.scored_on == "test" and r.config.d
    }
    ds = lattice(found.D)
    for definition in (found.relative, found.absolute, found.gain):
        assert len(definition.per_seed) == 2 and definition.d in ds
        for seed, d in enumerate(definition.per_seed):
            assert scores[d, seed] >= definition.threshold
            assert scores[ds[ds.index(d) - 1], seed] < definition.threshold


def test_d90_lies_between_two_whole_runs_and_has_an_interval():
    found = measured(seeds=(0, 1, 2))
    inside = [r for r in found.runs if r.config.scored_on == "test" and r.config.d]
    for estimate in (found.relative, found.absolute, found.gain):
        assert {r.status for r in bracket(inside, estimate.threshold)} == {"finished"}
        ds = lattice(found.D)
        for d, between in zip(estimate.per_seed, estimate.between, strict=True):
            assert ds[ds.index(d) - 1] <= between <= d
        low, high = estimate.interval
        assert low <= estimate.value <= high
        assert f"{estimate.value:,.0f}, 95% interval {low:,.0f} to" in str(found)


def test_gain_counts_from_what_is_had_for_nothing(found):
    full = [r for r in found.runs if r.config.d is None and r.config.scored_on == "test"]
    start = sum(accuracy(build(r.config, linear), TEST) for r in full) / len(full)
    assert found.floor == approx(max(start, 0.25)) and found.majority == 0.25
    assert found.gain.threshold == approx(found.floor + 0.9 * (found.baseline - found.floor))


def test_a_full_model_that_gains_nothing_has_no_d90_by_gain():
    labels = (torch.arange(100) < 96).long()
    noise = torch.randn(100, INPUTS, generator=torch.Generator().manual_seed(0))
    data = TensorDataset(noise * 1e-6, labels)  # nothing to be learned from
    found = idlib.intrinsic_dimension(lambda: nn.Linear(INPUTS, 2), data, data, seeds=(0,), **QUICK)
    assert found.gain.d is None and found.gain.interval is None
    assert "0.960, and 0.960 is for nothing" in str(found)


def test_a_resumed_search_makes_no_run_twice(tmp_path, monkeypatch, found):
    path, made = tmp_path / "runs.jsonl", []
    real = idlib.engine.runs.run

    def interrupted(config, *args, **kwargs):
        if len(made) == 5:
            raise KeyboardInterrupt
        made.append(config)
        return real(config, *args, **kwargs)

    monkeypatch.setattr(idlib.engine.runs, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        measure(store=path)
    assert len(RunStore(path)) == 5

    again = []
    monkeypatch.setattr(
        idlib.engine.runs, "run", lambda c, *a, **k: again.append(c) or real(c, *a, **k)
    )
    resumed = measure(store=path)
    assert not set(made) & set(again)
    assert str(resumed) == str(found)
    assert [(r.config, r.score) for r in resumed.runs] == [(r.config, r.score) for r in found.runs]


def test_a_store_serves_other_seeds_and_thresholds(tmp_path):
    path = tmp_path / "runs.jsonl"
    measure(seeds=(0,), store=path)
    for options in ({"seeds": (0, 1, 2)}, {"absolute": 0.8}, {"absolute": 0.97}):
        found, fresh = measure(store=path, **options), measured(**options)
        assert found.relative == fresh.relative and found.absolute == fresh.absolute


def test_a_store_tells_scores_and_models_apart(tmp_path):
    path = tmp_path / "runs.jsonl"

    def half(model, data):
        return idlib.engine.training.accuracy(model, data) / 2

    class Bent(nn.Linear):
        def forward(self, x):
            return super().forward(x).tanh()

    class Flat(nn.Linear):
        def forward(self, x):
            return super().forward(x)

    Flat.__name__ = Flat.__qualname__ = "Bent"
    ways = [{}, {"score": half}, {"model": Bent}, {"model": Flat}]
    baselines = []
    for options in ways:
        kind = options.pop("model", nn.Linear)
        before = len(RunStore(path))
        found = idlib.intrinsic_dimension(
            lambda kind=kind: kind(INPUTS, CLASSES), TRAIN, TEST, seeds=(0,), store=path,
            **QUICK, **options,
        )  # fmt: skip
        assert len(RunStore(path)) > before, "new runs"
        baselines.append(found.baseline)
    assert baselines[1] == baselines[0] / 2


def test_a_model_with_nothing_to_train_is_refused():
    frozen = nn.Linear(INPUTS, CLASSES).requires_grad_(False)
    with pytest.raises(IdlibError, match="no trainable parameters"):
        idlib.intrinsic_dimension(lambda: frozen, TRAIN, TEST, **QUICK)


def test_the_learning_rate_is_chosen_without_the_test_data():
    found = measured(seeds=(0,))
    inside = [r for r in found.runs if r.config.d]
    pilots = {}
    for r in (r for r in inside if r.config.scored_on == "validation"):
        pilots.setdefault(r.config.d, []).append(r)
    for d, runs in pilots.items():  # the same two rates for all d, but for a factor
        assert [r.config.lr for r in runs] == [rate_at(d, lr, 128) for lr in (0.1, 0.3)]
    best = {d: max(runs, key=lambda r: (r.score, -r.loss)).config.lr for d, runs in pilots.items()}
    scored = [r.config for r in inside if r.config.scored_on == "test"]
    assert scored and set(pilots) <= {1, 13, found.D}
    for c in scored:
        assert c.lr in [approx(rate_at(c.d, lr, d), rel=0.01) for d, lr in best.items()]
    assert found.lr in {c.lr for c in scored}


def test_a_threshold_at_the_majority_rate_is_not_informative():
    labels = (torch.arange(100) < 96).long()
    skewed = TensorDataset(
        torch.randn(100, INPUTS, generator=torch.Generator().manual_seed(0)), labels
    )
    found = idlib.intrinsic_dimension(
        lambda: nn.Linear(INPUTS, 2), skewed, skewed, seeds=(0,), **QUICK
    )
    assert found.relative.d is None and "commonest label scores 0.960" in str(found)


def test_a_language_model_is_never_given_up_and_a_network_for_images_is():
    """A model of one's own on whole numbers is a language model: it may start late. The task's
    name says nothing."""
    labels = torch.arange(120) % 2
    words = torch.randint(6, (120, 5), generator=torch.Generator().manual_seed(0))

    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.head = nn.Embedding(6, 4), nn.Linear(4, 2)

        def forward(self, x):
            return self.head(self.words(x.long()).mean(1))

    def ended(inputs):
        data = TensorDataset(inputs, labels)  # nothing can be learned from them
        found = idlib.intrinsic_dimension(
            Reader, data, data, absolute=0.99, seeds=(0,), d_max=8, **QUICK
        )
        scored = [r for r in found.runs if r.config.decide]
        return {r.status for r in scored}

    assert ended(words) == {"finished"}
    assert "decided" in ended(words.float())


def test_a_threshold_out_of_reach_is_said_to_be():
    found = measure(d_max=2, absolute=0.99, seeds=(0,))
    assert found.absolute.d is None
    assert "not reached by 1 of 1 seeds up to d = 2" in str(found.absolute)


def test_any_dataset_and_model_will_do():
    class Points(Dataset):
        def __init__(self, points):
            self.points = points

        def __len__(self):
            return len(self.points)

        def __getitem__(self, i):
            x, y = self.points[i % len(self.points)]  # worked out from any i
            return x, int(y)

    def deep():
        return nn.Sequential(
            nn.Linear(INPUTS, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Linear(16, CLASSES)
        )

    found = idlib.intrinsic_dimension(deep, Points(TRAIN), Points(TEST), seeds=(0,), **QUICK)
    assert found.relative.d is not None and found.relative.d < found.D


def test_runs_that_diverge_are_recorded_as_such_and_never_as_scores():
    class Bounded(nn.Linear):
        def forward(self, x):
            out = super().forward(x)
            return out / (out.abs() < 1e20)  # infinite beyond

    found = idlib.intrinsic_dimension(
        lambda: Bounded(INPUTS, CLASSES), TRAIN, TEST, seeds=(0,), **QUICK | {"lrs": (0.3, 1e30)}
    )
    diverged = [r for r in found.runs if r.status == "diverged"]
    assert diverged and found.lr < 10
    assert all(r.score is None and "e+" in r.message for r in diverged)
    broken = TensorDataset(torch.full((40, INPUTS), torch.nan), torch.arange(40) % CLASSES)
    with pytest.raises(IdlibError, match=r"0\.157, 0\.471.* diverged.*not finite"):
        measure(train=broken)


def test_empty_data_are_refused():
    with pytest.raises(IdlibError, match="0 training and 100 test"):
        measure(train=blobs(0, 1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seeds": ()}, "seeds is empty"),
        ({"lrs": ()}, "lrs is empty"),
        ({"full_lrs": ()}, "full_lrs is empty"),
        ({"per_octave": 0}, "per_octave = 0 was given"),
        ({"jobs": 0}, "jobs = 0 was given"),
        ({"seeds": (0, -1)}, "a seed = -1 was given"),
        ({"absolute": 90}, "absolute = 90 was given"),
        ({"projection": "nope"}, "projection='nope' was given"),
        ({"normalize": "layer"}, "normalize='layer' was given"),
        ({"epochs": 0}, "epochs = 0 was given"),
        ({"batch_size": 0}, "batch_size = 0 was given"),
        ({"score": lambda model, data: 1.0, "store": RunStore()}, "and .*lambda.* has none"),
    ],
)
def test_bad_options(options, message, monkeypatch):
    monkeypatch.setattr("idlib.engine.runs.train", None)  # before any run is made
    with pytest.raises(IdlibError, match=message):
        idlib.intrinsic_dimension(linear, TRAIN, TEST, **{**QUICK, **options})


def test_one_model_again_and_again_is_refused_and_left_as_it_was():
    net = linear().train()
    before = net.weight.clone()
    with pytest.raises(IdlibError, match=r"one model twice.*copy.deepcopy"):
        idlib.intrinsic_dimension(lambda: net, TRAIN, TEST, **QUICK)
    assert torch.equal(net.weight, before) and net.training


class Noisy(nn.Module):
    """A linear map with dropout that its structure does not show, and a function that shows."""

    def __init__(self, p, hook=lambda x: x):
        super().__init__()
        self.linear, self.p, self.hook = linear(), p, hook

    def forward(self, x):
        return self.linear(torch.dropout(x, self.p, self.training))

    def extra_repr(self):
        return f"{self.hook}"


def test_models_have_one_name_in_a_store_if_they_are_the_same():
    x = TRAIN[0][0]
    names = [model_label(lambda p=p: Noisy(p, lambda x: x), x) for p in (0.1, 0.1, 0.9)]
    assert names[0] == names[1] != names[2]


def test_numpys_integers_are_integers(tmp_path):
    config = RunConfig("t", "m", np.int64(3), np.float32(0.5), np.int32(1), epochs=np.int64(2))
    assert config == RunConfig("t", "m", 3, 0.5, 1, epochs=2)
    store = RunStore(tmp_path / "runs.jsonl")
    store.add(Run(config, "finished", 0.5, 0.0, 1, 1.0, 100))
    assert RunStore(tmp_path / "runs.jsonl").get(config).score == 0.5


def test_the_lattice_is_even_in_the_logarithm():
    ds = lattice(199_210)
    assert ds[0] == 1 and ds[-1] == 199_210
    ratios = [b / a for a, b in pairwise(ds) if 20 < a < 100_000]
    assert max(ratios) < 1.22 and min(ratios) > 1.16
    assert lattice(1) == [1]


def test_d90_is_the_smallest_d_that_reaches_the_threshold_seed_by_seed():
    rng = random.Random(0)
    runs = [
        Run(RunConfig("t", "m", d, 0.1, seed), "finished", score, 0.0, 1, 1.0, 100)
        for d, scores in {10: (0.2, 0.1), 20: (0.9, 0.5), 40: (0.8, 0.95)}.items()
        for seed, score in enumerate(scores)
    ]
    rng.shuffle(runs)
    assert d90(runs, 0.9).per_seed == (20, 40)
    assert d90(runs, 0.9).d == 40
    assert d90(runs, 0.93).d is None
    assert "1 of 2 seeds" in d90(runs, 0.93).note


def test_the_later_run_counts_where_the_rate_was_chosen_again():
    first, again, larger = (
        Run(RunConfig("t", "m", d, lr), "finished", score, 0.0, 1, 1.0, 100)
        for d, lr, score in ((10, 0.1, 0.9), (10, 0.3, 0.8), (20, 0.3, 0.95))
    )
    assert d90([first, larger, again], 0.85).d == 20
