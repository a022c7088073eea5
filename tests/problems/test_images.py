"""The digits, the part of MNIST, and MNIST wherever it comes from."""

import gzip
import shutil
import socket
import struct
import threading
import time

import numpy as np
import pytest
import torch
from torchvision.datasets import MNIST

from idlib import IdlibError
from idlib.engine.data import fingerprint
from idlib.problems import images as data
from idlib.problems.images import load, small_digits

WHITE, BLACK = (1 - 0.1307) / 0.3081, (0 - 0.1307) / 0.3081  # normalised
RECORDED = {  # fingerprints of training and test data, as the recorded runs' sessions give them
    "digits": ["1b4ab968b5", "4e1b1122b3"],
    "digits-shuffled": ["809f80dea3", "426e58393f"],
    "mnist": ["ad389d647b", "3adfe5576e"],
    "mnist10k": ["d60805b7f9", "40fb9f7fdd"],
    "mnist10k-shuffled": ["64955d2ab7", "767739d71b"],
}


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch, tmp_path):
    """No data named, cached or to be downloaded, and nothing remembered."""
    monkeypatch.delenv("IDLIB_DATA", raising=False)
    monkeypatch.setattr(data, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(socket, "create_connection", refuse)
    forget()
    yield
    forget()


def forget():
    load.cache_clear()
    data._reachable.cache_clear()


def refuse(*_, **__):
    raise OSError("no network in tests")


def answer(*_, **__):
    return socket.socket()


def idx(array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def write_mnist(folder, packed=False, n=(6, 4)):
    """A small set in MNIST's format: image i is all of grey level i, its label is i."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, size in zip(("train", "t10k"), n, strict=True):
        labels = np.arange(size)
        images = np.broadcast_to(labels[:, None, None], (size, 28, 28))
        for name, array in ((f"{part}-images-idx3", images), (f"{part}-labels-idx1", labels)):
            content = idx(array)
            if packed:
                (folder / f"{name}-ubyte.gz").write_bytes(gzip.compress(content))
            else:
                (folder / f"{name}-ubyte").write_bytes(content)
    return folder


class TestDigits:
    def test_sizes_types_and_values(self):
        task = load("digits")
        for dataset, n in ((task.train, 1347), (task.test, 450)):
            images, labels = dataset.tensors
            assert images.shape == (n, 1, 28, 28) and images.dtype == torch.float32
            assert labels.shape == (n,) and labels.dtype == torch.int64
            assert set(labels.tolist()) == set(range(10))
            assert images.max() == pytest.approx(WHITE) and images.min() == pytest.approx(BLACK)

    def test_no_image_is_in_both_parts(self):
        task = load("digits")
        train, test = (
            {image.numpy().tobytes() for image in part.tensors[0]}
            for part in (task.train, task.test)
        )
        assert len(train) == 1347 and len(test) == 450 and not train & test

    def test_they_are_scikit_learns(self):
        from sklearn.datasets import load_digits

        task, theirs = load("digits"), load_digits()
        labels = torch.cat([task.train.tensors[1], task.test.tensors[1]])
        assert labels.bincount().tolist() == np.bincount(theirs.target).tolist()
        for ours, of_them in zip(small_digits(), (theirs.images, theirs.target), strict=True):
            assert ours.dtype == of_them.dtype and np.array_equal(ours, of_them)

    @pytest.mark.parametrize("name", ["digits", "digits-shuffled", "mnist10k", "mnist10k-shuffled"])
    def test_they_are_the_same_everywhere(self, name):
        """Grey levels are rounded to whole numbers for its sake."""
        task = load(name)
        assert [fingerprint(task.train), fingerprint(task.test)] == RECORDED[name]

    def test_it_says_what_it_is(self):
        assert str(load("digits")) == (
            "digits: 1,347 training and 450 test images, from scikit-learn"
        )

    def test_the_majority_class_scores_about_a_tenth(self):
        labels = load("digits").test.tensors[1].tolist()
        assert load("digits").majority == max(labels.count(c) for c in range(10)) / 450


class TestThePartOfMnist:
    def test_it_is_a_fixed_draw_of_mnist(self, request):
        folder = request.config.rootpath.parent / "shared" / "data"
        if not (folder / "mnist").is_dir():
            pytest.skip("needs all of MNIST beside the checkout")
        part, whole = load("mnist10k"), data._read(folder / "mnist", "a test")
        for few, many in ((part.train, whole.train), (part.test, whole.test)):
            order = torch.randperm(len(many), generator=torch.Generator().manual_seed(0))
            for drawn, all_of_them in zip(few.tensors, many.tensors, strict=True):
                assert torch.equal(drawn, all_of_them[order[: len(few)]])

    def test_its_files_are_small_and_name_their_makers(self):
        assert sum(file.stat().st_size for file in data.PART.iterdir()) < 3e6
        text = (data.PART / "README.md").read_text()
        for name in ("Yann LeCun", "Corinna Cortes", "Christopher J. C. Burges", "ShareAlike 3.0"):
            assert name in " ".join(text.split())

    def test_files_that_are_missing_are_told(self, monkeypatch, tmp_path):
        monkeypatch.setattr(data, "PART", tmp_path)
        with pytest.raises(IdlibError, match="lacks some of its four files: install idlib again"):
            load("mnist10k")


class TestWhereMnistComesFrom:
    @pytest.mark.parametrize("packed", [True, False])
    @pytest.mark.parametrize("sub", ["mnist", "MNIST/raw", "."])
    def test_a_folder_of_ones_own(self, tmp_path, monkeypatch, packed, sub):
        write_mnist(tmp_path / "own" / sub, packed)
        monkeypatch.setenv("IDLIB_DATA", str(tmp_path / "own"))
        task = load("auto")
        assert str(task).startswith("mnist: 6 training and 4 test images, from IDLIB_DATA (")
        images, labels = task.train.tensors
        assert images.shape == (6, 1, 28, 28) and labels.tolist() == [*range(6)]
        expected = ((torch.arange(6) / 255 - 0.1307) / 0.3081).view(6, 1, 1, 1)
        torch.testing.assert_close(images, expected.expand(6, 1, 28, 28))
        assert images.dtype == torch.float32 and labels.dtype == torch.int64

    def test_torchvisions_cache(self):
        write_mnist(data.CACHE / "MNIST" / "raw")
        assert "from torchvision's cache" in str(load("auto"))
        assert load("mnist").name == "mnist"

    def test_a_download(self, monkeypatch):
        monkeypatch.setattr(socket, "create_connection", answer)
        monkeypatch.setattr(
            "torchvision.datasets.MNIST",
            pretend_mnist(lambda root, download: write_mnist(root / "MNIST" / "raw")),
        )
        assert "from torchvision's download" in str(load("auto"))

    def test_its_part_if_asked_for(self, monkeypatch):
        monkeypatch.setenv("IDLIB_DATA", "embedded")
        assert str(load("auto")) == (
            "mnist10k: 10,000 training and 2,000 test images, from idlib, because "
            "IDLIB_DATA=embedded asks for its part"
        )

    def test_its_part_where_there_is_no_network(self, tmp_path, monkeypatch):
        assert str(load("auto")).endswith("because there is no network to download it")
        forget()
        (tmp_path / "empty").mkdir()
        monkeypatch.setenv("IDLIB_DATA", str(tmp_path / "empty"))
        assert "empty) holds no MNIST and there is no network" in str(load("auto"))

    def test_its_part_where_the_network_hangs(self, monkeypatch):
        """Even where the look-up of a name never returns."""
        over = threading.Event()

        def hang(*_, **__):
            over.wait(60)
            raise OSError

        monkeypatch.setattr(socket, "create_connection", hang)
        monkeypatch.setattr(data, "TIMEOUT", 0.1)
        start = time.monotonic()
        task = load("auto")
        over.set()
        assert task.name == "mnist10k" and time.monotonic() - start < 10

    def test_its_part_where_the_download_fails(self, monkeypatch):
        def fail(root, download):
            assert 0 < socket.getdefaulttimeout() < 10
            raise RuntimeError("404")

        monkeypatch.setattr(socket, "create_connection", answer)
        monkeypatch.setattr("torchvision.datasets.MNIST", pretend_mnist(fail))
        socket.setdefaulttimeout(None)
        assert "because its download failed (RuntimeError: 404)" in str(load("auto"))
        assert socket.getdefaulttimeout() is None

    def test_mnist_by_name_is_mnist_or_an_error(self):
        with pytest.raises(IdlibError, match=r"MNIST was asked for, but there is no network"):
            load("mnist")

    def test_a_folder_that_is_not_there(self, tmp_path, monkeypatch):
        monkeypatch.setenv("IDLIB_DATA", str(tmp_path / "nowhere"))
        with pytest.raises(IdlibError, match=r"IDLIB_DATA = '.*nowhere' is no folder"):
            load("auto")

    @pytest.mark.parametrize("name", ["cifar", "", "mnist-", "mnist-shuffled-", "digits-7"])
    def test_an_unknown_name(self, name):
        with pytest.raises(IdlibError, match=rf"task '{name}' was asked for, expected auto, mnist"):
            load(name)


class TestDamage:
    @pytest.mark.parametrize(
        "damage",
        [
            lambda good: good[:-1],
            lambda good: good + b"more",
            lambda good: good[:7],
            lambda good: b"",
            lambda good: b"\0\0\x0d" + good[3:],
            lambda good: b"<html>Moved permanently</html>",
        ],
        ids=["cut", "longer", "header-only", "empty", "floats", "a-web-page"],
    )
    @pytest.mark.parametrize("end", ["", ".gz"])
    def test_a_damaged_file_is_named_and_left(self, tmp_path, monkeypatch, damage, end):
        write_mnist(tmp_path, packed=bool(end))
        path = tmp_path / f"t10k-images-idx3-ubyte{end}"
        bad = damage(path.read_bytes())
        path.write_bytes(bad)
        monkeypatch.setenv("IDLIB_DATA", str(tmp_path))
        with pytest.raises(IdlibError, match=rf"t10k-images-idx3-ubyte{end} is damaged .*left as"):
            load("auto")
        assert path.read_bytes() == bad

    def test_whole_files_that_do_not_belong_together(self, tmp_path, monkeypatch):
        write_mnist(tmp_path, n=(6, 4))
        shutil.copy(tmp_path / "train-labels-idx1-ubyte", tmp_path / "t10k-labels-idx1-ubyte")
        monkeypatch.setenv("IDLIB_DATA", str(tmp_path))
        with pytest.raises(IdlibError, match=r"\(4, 28, 28\) with labels of shape \(6,\)"):
            load("auto")


class TestRealMnist:
    @pytest.fixture
    def task(self, mnist_folder, monkeypatch):
        monkeypatch.setenv("IDLIB_DATA", str(mnist_folder))
        return load("mnist")

    def test_it_is_mnist_as_it_was_recorded(self, task):
        assert [fingerprint(task.train), fingerprint(task.test)] == RECORDED["mnist"]
        images, labels = task.train.tensors
        assert images.shape == (60_000, 1, 28, 28) and len(task.test) == 10_000
        train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
        test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
        assert labels.bincount().tolist() == train
        assert task.test.tensors[1].bincount().tolist() == test
        assert task.majority == 0.1135
        assert abs(images.mean()) < 1e-3 and abs(images.std() - 1) < 1e-3


def pretend_mnist(make):
    """`make` in place of torchvision's MNIST, with its list of servers."""
    make.mirrors = MNIST.mirrors
    return make
