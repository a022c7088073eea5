"""What the operating system refuses: for results that is an error, caches are done without."""

import json
from dataclasses import replace

import pytest
import torch

from idlib import IdlibError
from idlib.engine.config import Run, RunConfig
from idlib.engine.lines import write_lines
from idlib.problems import docstrings as of_packages
from idlib.problems import files, pretrain, tokens
from idlib.problems.texts import load_text
from idlib.studies.bytes import BYTES
from idlib.tools.slides import make_slides

CONFIG = RunConfig("digits", "fc-10-1", 3, 0.1)
RUN = Run(CONFIG, "finished", 0.5, 0.1, 1, 1.0, 7960, theta_d=torch.zeros(3))


@pytest.fixture
def below(tmp_path):
    """A path that can't be: below a file. (To root nothing is forbidden, so no mode would do.)"""
    (tmp_path / "file").write_text("Words, one after another.")
    return tmp_path / "file" / "below"


def a_notebook(folder):
    path = folder / "one.ipynb"
    path.write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


@pytest.mark.parametrize(
    "write",
    [
        lambda below: write_lines(below, [{"a": 1}]),
        lambda below: files.write(RUN, below),
        lambda below: replace(BYTES, name="none").record(below / "x.jsonl"),
        lambda below: make_slides([a_notebook(below.parent.parent)], below),
        lambda below: pretrain.pretrain(pretrain.Plan(), below.parent, below.parent, below),
    ],
    ids=["lines", "network", "table", "slides", "pretraining"],
)
def test_a_result_that_cannot_be_written_says_so(below, write):
    with pytest.raises(IdlibError, match=r"below.* can't be written .*choose a path"):
        write(below)


def test_without_a_cache_texts_are_read_all_the_same(below, monkeypatch, tmp_path):
    small = dict(list(of_packages.PACKAGES.items())[:1])
    monkeypatch.setattr(of_packages, "PACKAGES", small)
    monkeypatch.setattr(of_packages, "CACHE", tmp_path / "cache")
    expected = of_packages.docstrings()
    assert expected and list((tmp_path / "cache").iterdir())
    monkeypatch.setattr(of_packages, "CACHE", below)
    assert of_packages.docstrings() == expected


def test_without_a_cache_texts_are_encoded_all_the_same(below, monkeypatch):
    texts = load_text("docstrings").test
    expected = tokens.encode(texts, "roberta-4x128")
    monkeypatch.setattr(tokens, "CACHE", below)
    again = tokens.encode(texts, "roberta-4x128")
    assert torch.equal(again.tensors[0], expected.tensors[0])
