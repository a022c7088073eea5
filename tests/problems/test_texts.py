"""Tasks of texts: each file format of GLUE's, the hub, and the embedded docstrings."""

import sys
from types import SimpleNamespace

import pytest

from idlib import IdlibError
from idlib.engine.data import fingerprint
from idlib.problems.docstrings import PACKAGES, docstrings
from idlib.problems.texts import SOURCES, Texts, is_text, load_text

FILES = {  # folder, header, a good line, what it says
    "sst2": ("SST-2", "sentence\tlabel", 'it \'s "fine\t1', (("it 's \"fine",), 1)),
    "mrpc": (
        "MRPC", "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String", "0\t1\t2\tOne .\tTwo .",
        (("One .", "Two ."), 0),
    ),
    "rte": (
        "RTE", "index\tsentence1\tsentence2\tlabel", "0\tA.\tB.\tnot_entailment",
        (("A.", "B."), 1),
    ),
    "qqp": (
        "QQP", "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate", "1\t2\t3\tWho?\tWhat?\t1",
        (("Who?", "What?"), 1),
    ),
    "cola": ("CoLA", None, "gj04\t1\t\tThey run.", (("They run.",), 1)),
    "mnli": (
        "MNLI", "index\tsentence1\tsentence2\tgold_label", "0\tA\tB\tcontradiction",
        (("A", "B"), 2),
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _fresh():
    load_text.cache_clear()
    yield
    load_text.cache_clear()


def written(tmp_path, monkeypatch, name, lines):
    folder, header, *_ = FILES[name]
    (tmp_path / "glue" / folder).mkdir(parents=True)
    content = "\n".join([*([header] if header else []), *lines, ""])
    for part in ("train", "dev_matched" if name == "mnli" else "dev"):
        (tmp_path / "glue" / folder / f"{part}.tsv").write_text(content, encoding="utf-8")
    monkeypatch.setenv("IDLIB_DATA", str(tmp_path))


@pytest.mark.parametrize("name", FILES)
def test_each_file_of_glue_is_read(tmp_path, monkeypatch, name):
    written(tmp_path, monkeypatch, name, [FILES[name][2]] * 3)
    task = load_text(name)
    assert [task.train[i] for i in range(3)] == [FILES[name][3]] * 3
    assert len(task.test) == 3 and "IDLIB_DATA" in task.source


def test_a_damaged_file_is_refused(tmp_path, monkeypatch):
    written(tmp_path, monkeypatch, "rte", [FILES["rte"][2], "1\tonly one"])
    with pytest.raises(IdlibError, match="1 of 2 lines lack a column"):
        load_text("rte")


def test_a_file_with_other_columns_is_refused(tmp_path, monkeypatch):
    written(tmp_path, monkeypatch, "sst2", ["fine\t7"])
    with pytest.raises(IdlibError, match=r"train.tsv can't be read .*label '7'"):
        load_text("sst2")


@pytest.mark.parametrize(
    ("lines", "message"),
    [([], "holds no examples"), (["fine\t-1"], "label '-1'"), (["fine\tyes"], "label 'yes'")],
)
def test_no_examples_and_labels_that_are_none(tmp_path, monkeypatch, lines, message):
    written(tmp_path, monkeypatch, "sst2", lines)
    with pytest.raises(IdlibError, match=message):
        load_text("sst2")


def test_a_field_too_long_for_csv_is_refused(tmp_path, monkeypatch):
    written(tmp_path, monkeypatch, "sst2", ["fine" * 50_000 + "\t1"])
    with pytest.raises(IdlibError, match=r"train.tsv can't be read"):
        load_text("sst2")


@pytest.mark.parametrize(
    ("name", "n_train", "n_test", "majority"),
    [
        ("sst2", 67_349, 872, 0.509),
        ("mrpc", 3_668, 408, 0.684),
        ("qqp-sample", 19_496, 4_000, 0.624),
        ("rte", 2_490, 277, 0.527),
        ("cola", 8_551, 1_043, 0.691),
    ],
)
def test_the_real_files(glue_folder, monkeypatch, name, n_train, n_test, majority):
    monkeypatch.setenv("IDLIB_DATA", str(glue_folder))
    task = load_text(name)
    assert (len(task.train), len(task.test)) == (n_train, n_test)
    assert task.majority == pytest.approx(majority, abs=5e-4)
    assert all(text.strip() for row in task.test.texts for text in row)


def test_the_hub_is_asked_by_its_own_names(monkeypatch):
    asked = []

    def load_dataset(*names, split):
        asked.append((*names, split))
        return FakeColumns(question1=["a", "b"], question2=["c", "d"], label=[0, 1])

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load_dataset))
    task = load_text("qqp")
    assert asked == [("nyu-mll/glue", "qqp", "train"), ("nyu-mll/glue", "qqp", "validation")]
    assert task.train[1] == (("b", "d"), 1)
    assert task.f1 and task.metric == "accuracy"


def test_without_a_network_the_message_names_the_ways_out(monkeypatch):
    def load_dataset(*names, split):
        raise ConnectionError("no route")

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load_dataset))
    with pytest.raises(IdlibError, match=r"no route.*IDLIB_DATA/glue/SST-2.*'docstrings'"):
        load_text("sst2")


@pytest.mark.parametrize("name", ["sst3", "sst2-n", "sst2-n0", "docstrings-n99999999"])
def test_names_that_are_none(monkeypatch, tmp_path, name):
    written(tmp_path, monkeypatch, "sst2", [FILES["sst2"][2]])
    with pytest.raises(IdlibError, match="was asked for"):
        load_text(name)


def test_text_tasks_are_told_from_images():
    assert is_text("sst2-n600") and is_text("docstrings") and is_text("qqp-sample")
    assert not is_text("mnist-n500") and not is_text("digits")
    assert set(SOURCES) >= {"sst2", "mrpc", "qqp", "rte", "cola", "mnli", "anli", "yelp"}


def test_docstrings_can_be_told_apart_and_are_not_shared():
    task = load_text("docstrings")
    rows = [row for (row,) in task.train.texts + task.test.texts]
    assert len(rows) >= 5000 and len(set(rows)) == len(rows)
    assert set(task.train.labels) == set(range(len(PACKAGES)))
    assert task.majority < 0.3
    for label in set(task.train.labels):  # both parts alike
        shares = [part.labels.count(label) / len(part) for part in (task.train, task.test)]
        assert abs(shares[0] - shares[1]) < 0.03
    assert docstrings() == docstrings()


def test_a_part_is_drawn_once_and_for_all():
    whole = Texts([(str(i),) for i in range(100)], range(100))
    assert whole.first(30).texts == whole.first(30).texts != whole.texts[:30]
    assert len(set(whole.first(30).labels)) == 30


def test_fingerprints_tell_texts_apart():
    one, other = Texts([("a", "b")], [1]), Texts([("a", "c")], [1])
    assert fingerprint(one) == fingerprint(Texts([("a", "b")], [1])) != fingerprint(other)


class FakeColumns(dict):
    """A table as `datasets` gives it: rows by iteration, columns by name."""

    def __init__(self, **columns):
        super().__init__(columns)

    def __iter__(self):
        names = [*self.keys()]
        return (dict(zip(names, row, strict=True)) for row in zip(*self.values(), strict=True))
