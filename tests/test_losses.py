"""d90 under losses and scores of other kinds, on small real problems."""

import functools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision
from sklearn.datasets import load_diabetes, load_iris
from sklearn.metrics import f1_score, r2_score
from torch import nn
from torch.utils.data import TensorDataset

from idlib import IdlibError, RunStore, intrinsic_dimension
from idlib.engine.training import accuracy

QUICK = {"seeds": (0,), "per_octave": 1, "progress": False}


def standard(x):
    x = np.asarray(x, np.float32)
    return torch.from_numpy((x - x.mean(0)) / x.std(0))


def halves(x, y):
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    return [TensorDataset(x[part], y[part]) for part in order.chunk(2)]


@torch.no_grad()
def outputs(model, data):
    return model(data.tensors[0])


def r2(model, data):
    return r2_score(data.tensors[1], outputs(model, data))


def minus_mse(model, data):
    return -F.mse_loss(outputs(model, data), data.tensors[1])


def macro_f1(model, data):
    return f1_score(data.tensors[1], outputs(model, data) > 0, average="macro", zero_division=0)


def percent(model, data):
    return 100 * accuracy(model, data)


def regression():
    x, y = load_diabetes(return_X_y=True)
    return halves(standard(x), standard(y[:, None]))


def on_diabetes(score, **options):
    train, test = regression()
    options = {"lrs": (0.1,), "full_lrs": (0.03,), "epochs": 10, "batch_size": 32} | options
    return intrinsic_dimension(
        lambda: nn.Linear(10, 1), train, test, loss_fn=F.mse_loss, score=score, **QUICK | options
    )


def test_regression_by_r2():
    found = on_diabetes(r2, absolute=0.3)
    assert 0.4 < found.baseline < 0.6 and found.majority is None
    assert found.relative.threshold == pytest.approx(0.9 * found.baseline)
    assert 1 < found.relative.d <= found.D == 11
    assert found.absolute.d is not None and found.absolute.d <= found.relative.d
    assert {r.status for r in found.runs} == {"finished"}


def test_an_error_with_its_sign_turned_has_a_threshold_in_its_own_units():
    found, by_r2 = on_diabetes(minus_mse, absolute=-0.7), on_diabetes(r2)
    assert -0.6 < found.baseline < -0.4
    assert found.relative.d is None and "90 % of what is not positive is no goal" in str(found)
    assert found.absolute.d is not None
    scores = [r.score for r in found.runs if r.config.d == found.absolute.d]
    assert max(scores) >= -0.7
    both = ([r.score for r in one.runs if r.config.d is None] for one in (found, by_r2))
    for error, share in zip(*both, strict=True):  # the same models
        assert (error > -0.55) == (share > 0.4)


def test_a_score_in_percent_has_a_share_and_no_absolute_threshold_of_0_9():
    x, y = load_iris(return_X_y=True)
    train, test = halves(standard(x), torch.tensor(y))
    options = {"lrs": (0.1,), "full_lrs": (0.1,), "epochs": 8, "batch_size": 16, **QUICK}
    options["projection"] = "hashed"
    model_fn = functools.partial(nn.Linear, 4, 3)
    found = intrinsic_dimension(model_fn, train, test, score=percent, **options)
    assert found.baseline > 80 and found.relative.threshold == pytest.approx(0.9 * found.baseline)
    assert found.relative.d is not None
    assert found.absolute.d is None and "outside 0 to 1: pass absolute in the units" in str(found)
    again = intrinsic_dimension(model_fn, train, test, score=percent, absolute=80, **options)
    plain = intrinsic_dimension(model_fn, train, test, absolute=0.8, **options)
    assert again.absolute.d == plain.absolute.d is not None
    assert again.relative.d == plain.relative.d == found.relative.d


def test_several_labels_at_once():
    x, kind = load_iris(return_X_y=True)
    x, kind = standard(x), torch.tensor(kind)
    y = torch.stack([kind == 0, kind != 2, x[:, 1] > 0], dim=1).float()
    train, test = halves(x, y)
    found = intrinsic_dimension(
        lambda: nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3)), train, test,
        loss_fn=nn.BCEWithLogitsLoss(), score=macro_f1, absolute=0.6, epochs=15, batch_size=16,
        lrs=(0.1,), full_lrs=(0.03,), **QUICK,
    )  # fmt: skip
    assert found.baseline > 0.75 and found.relative.d is not None
    assert 1 <= found.absolute.d < found.D
    with pytest.raises(IdlibError, match=r"do not sum to 1 .*pass score="):
        intrinsic_dimension(
            lambda: nn.Linear(4, 3), train, test, loss_fn=nn.BCEWithLogitsLoss(), **QUICK
        )


def squares(n, seed):
    """Pictures of a bright square before a dark ground, and for each pixel whether it is in it."""
    generator = torch.Generator().manual_seed(seed)
    masks = torch.zeros(n, 32, 32, dtype=torch.long)
    for mask, (i, j) in zip(masks, torch.randint(16, (n, 2), generator=generator), strict=True):
        mask[i : i + 16, j : j + 16] = 1
    noise = 0.3 * torch.randn(n, 3, 32, 32, generator=generator)
    return TensorDataset(2.0 * masks[:, None] - 0.5 + noise, masks)


def overlap(model, data):
    """Intersection over union of the squares."""
    with torch.no_grad():
        answers = model(data.tensors[0])["out"].argmax(1)
    found, there = answers == 1, data.tensors[1] == 1
    return float((found & there).sum() / (found | there).sum())


class Pixels(nn.Conv2d):
    """A segmentation of one layer, with outputs as torchvision has them."""

    def forward(self, x):
        return {"out": super().forward(x)}


@pytest.mark.parametrize("score", [accuracy, overlap])
def test_segmentation(score):
    found = intrinsic_dimension(
        lambda: Pixels(3, 2, 5, padding=2), squares(16, 0), squares(8, 1), score=score,
        epochs=15, batch_size=4, lrs=(0.1,), full_lrs=(0.03,), **QUICK,
    )  # fmt: skip
    assert found.baseline > 0.9
    assert 1 <= found.relative.d < found.D
    assert found.majority == (pytest.approx(0.75) if score is accuracy else None)


def test_segmentation_by_a_model_of_torchvision():
    def model_fn():
        return torchvision.models.get_model(
            "lraspp_mobilenet_v3_large", weights=None, weights_backbone=None, num_classes=2
        )

    found = intrinsic_dimension(
        model_fn, squares(8, 0), squares(4, 1), score=overlap, projection="hashed", epochs=1,
        batch_size=8, lrs=(0.1,), full_lrs=(0.003,), d_max=2, normalize="per-tensor", **QUICK,
    )  # fmt: skip
    assert 0 <= found.baseline <= 1 and {r.status for r in found.runs} == {"finished"}


def bad(value):
    return lambda model, data: value


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"score": bad(math.nan)}, "score of the untrained model is nan"),
        ({"score": bad(None)}, r"score can't be had of Linear .*TypeError"),
        ({"score": lambda model, data: data.nothing}, "score can't be had .*AttributeError"),
        ({"loss_fn": F.mse_loss}, r"loss can't be had of outputs \(2, 1\) of float32"),
        ({"loss_fn": lambda out, y: out}, r"loss is \(2, 1\) of float32, expected one number"),
        ({"loss_fn": lambda out, y: torch.zeros(())}, "loss is .* depends on the model's"),
        ({"loss_fn": lambda out, y: 0.0}, r"loss is 0\.0, expected one number"),
        ({"absolute": math.inf}, "absolute = inf"),
    ],
)
def test_a_loss_or_score_that_says_nothing_is_refused_before_any_training(
    options, message, monkeypatch
):
    monkeypatch.setattr("idlib.engine.runs.train", None)
    train, test = regression()
    if "loss_fn" in options and options["loss_fn"] is F.mse_loss:
        train = TensorDataset(train.tensors[0], train.tensors[1].repeat(1, 3))
    with pytest.raises(IdlibError, match=message):
        intrinsic_dimension(
            lambda: nn.Linear(10, 1), train, test,
            **{"loss_fn": F.mse_loss, "score": r2} | options, **QUICK,
        )  # fmt: skip


def test_labels_of_the_test_set_are_looked_at():
    train, _ = regression()
    y = (train.tensors[1][:, 0] > 0).long()
    with pytest.raises(IdlibError, match="In the test data: Labels from -1 to -1"):
        intrinsic_dimension(
            lambda: nn.Linear(10, 2), TensorDataset(train.tensors[0], y),
            TensorDataset(train.tensors[0], torch.full_like(y, -1)), **QUICK,
        )  # fmt: skip


def test_a_score_that_becomes_none_is_no_score():
    """A run whose score is NaN at its end diverged; others are found."""
    calls = []

    def broken(model, data):
        calls.append(1)
        return math.nan if len(calls) == 2 else r2(model, data)

    found = on_diabetes(broken, lrs=(0.05, 0.1), full_lrs=(0.01, 0.03))
    assert [r.status for r in found.runs].count("diverged") == 1
    assert found.runs[0].message == "diverged: the score is nan"


def test_a_store_tells_losses_apart(tmp_path):
    path = tmp_path / "runs.jsonl"
    train, test = regression()
    for number, loss_fn in enumerate(
        (F.mse_loss, F.l1_loss, nn.HuberLoss(), nn.HuberLoss(delta=0.5))
    ):
        intrinsic_dimension(
            lambda: nn.Linear(10, 1), train, test, loss_fn=loss_fn, score=r2, store=path,
            epochs=1, d_max=1, lrs=(0.1,), full_lrs=(0.1,), **QUICK,
        )  # fmt: skip
        assert len({r.config.task for r in RunStore(path)}) == number + 1
    with pytest.raises(IdlibError, match=r"lambda.* has none"):
        intrinsic_dimension(
            lambda: nn.Linear(10, 1), train, test, loss_fn=lambda out, y: F.mse_loss(out, y),
            score=r2, store=path, **QUICK,
        )  # fmt: skip
