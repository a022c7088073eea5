"""The playground's data are idlib's own, and its files are small."""

import base64
import json
import re
import zlib
from importlib.resources import files

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import idlib
from idlib.tools.playground import LEVELS, MEAN, SPREAD, add_playground, write_playground

ASSETS = files("idlib.tools") / "playground_assets"
LINES = 600  # of JavaScript, at most
BYTES = 400_000  # of all that the page loads for it, at most


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("static")
    write_playground(folder)
    return folder


@pytest.fixture(scope="module")
def given(folder):
    """What the page is given of each data set."""
    text = (folder / "playground_data.js").read_text(encoding="utf-8")
    return json.loads(text.removeprefix("const playgroundData = ").removesuffix(";\n"))


def unpacked(data) -> tuple[torch.Tensor, torch.Tensor]:
    """Grey levels (n, 1, side, side) and labels (n,)."""
    content = np.frombuffer(zlib.decompress(base64.b64decode(data["bytes"])), np.uint8)
    n = data["train"] + data["test"]
    images, labels = np.split(content, [n * data["side"] ** 2])
    images = torch.from_numpy(images.reshape(n, 1, data["side"], data["side"]).copy())
    return images.float(), torch.from_numpy(labels.copy()).long()


def both(task) -> tuple[torch.Tensor, torch.Tensor]:
    """The task's training and test data, one after the other."""
    parts = zip(task.train.tensors, task.test.tensors, strict=True)
    images, labels = (torch.cat(pair) for pair in parts)
    return images, labels


def test_the_digits_enlarged_are_those_of_idlib_in_its_split(given):
    task = idlib.load("digits")
    images, labels = unpacked(given["digits"])
    expected, expected_labels = both(task)
    large = F.interpolate(images * (255 / LEVELS), size=28, mode="bilinear").round()
    assert torch.allclose((large / 255 - MEAN) / SPREAD, expected, atol=1e-5)
    assert torch.equal(labels, expected_labels)
    assert given["digits"]["train"] == len(task.train) == 1347


def test_the_larger_digits_are_means_of_mnist(given):
    task, data = idlib.load("mnist10k"), given["mnist"]
    images, labels = unpacked(data)
    for part, start, n in (
        (task.train, 0, data["train"]),
        (task.test, data["train"], data["test"]),
    ):
        whole, expected_labels = (t[:n] for t in part.tensors)
        means = F.avg_pool2d(whole * SPREAD + MEAN, 2)
        assert (images[start : start + n] / LEVELS - means).abs().max() <= 0.5 / LEVELS + 1e-5
        assert torch.equal(labels[start : start + n], expected_labels)


def test_the_first_visit_is_light(folder):
    assert sum(path.stat().st_size for path in folder.iterdir()) < BYTES
    programs = [path for path in ASSETS.iterdir() if path.name.endswith(".js")]
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in programs) <= LINES


def test_it_stands_below_the_title_and_loads_only_what_is_written(folder):
    page = add_playground("# Title\n\nText.\n")
    assert re.match(r"# Title\n\n```\{raw\} html\n<link .*\n```\n\nText\.\n$", page, re.S)
    loaded = re.findall(r'(?:src|href)="_static/([^"]+)"', page)
    assert sorted(loaded) == sorted(path.name for path in folder.iterdir())
    assert "{" not in page.replace("```{raw}", "")


def test_it_takes_the_place_of_the_pages_picture():
    page = add_playground("# Title\n\nA question.\n\n![It\nmoves](a.gif)\n\nMore.\n")
    assert re.match(r"# Title\n\nA question\.\n\n```.*\n```\n\nMore\.\n$", page, re.S)
