"""SST-2's training sentences: found among their phrases, and held out with all that is theirs."""

import random

import pytest

from idlib import IdlibError
from idlib.problems.names import facts_of
from idlib.problems.sentences import held_out, whole_sentences
from idlib.problems.texts import is_text, load_text, source_of

TREES = [  # a sentence, and phrases of it
    ["a fine film", "fine film", "a", "fine", "film"],
    ["it is no fine film", "no fine film", "fine film", "it", "is"],
    ["so dull", "so", "dull"],
    ["dull", "no film"],  # phrases of sentences that are not there
]


def inside(phrase: str, sentence: str) -> bool:
    return f" {phrase} " in f" {sentence} "


def test_a_sentence_is_part_of_no_other():
    phrases = [phrase for tree in TREES for phrase in tree]
    assert whole_sentences(phrases) == ["a fine film", "it is no fine film", "no film", "so dull"]


def test_words_are_compared_whole():
    assert whole_sentences(["art", "a party", "part"]) == ["a party", "art", "part"]


@pytest.mark.parametrize("n", [1, 2, 3])
def test_nothing_of_a_sentence_that_is_held_out_is_left(n):
    phrases = [phrase for tree in TREES for phrase in tree]
    held, left = held_out(phrases, [0] * len(phrases), n)
    assert len(held) == n and set(held).isdisjoint(left)
    gone = {phrases[i] for i in range(len(phrases)) if i not in left}
    assert gone == {p for p in phrases if any(inside(p, phrases[i]) for i in held)}


def test_the_order_of_the_file_does_not_matter():
    phrases = [phrase for tree in TREES for phrase in tree]
    other = random.Random(0).sample(phrases, len(phrases))
    found = [held_out(rows, [0] * len(rows), 2) for rows in (phrases, other)]
    (first, kept), (again, kept_too) = found
    assert [phrases[i] for i in first] == [other[i] for i in again]
    assert sorted(phrases[i] for i in kept) == sorted(other[i] for i in kept_too)


def test_a_sentence_with_two_labels_is_not_held_out():
    held, left = held_out(["a b", "a b", "c d", "a"], [0, 1, 1, 0], 5)
    assert held == [2] and left == [0, 1, 3]


class TestTheTask:
    @pytest.fixture(autouse=True)
    def _fresh(self):
        load_text.cache_clear()
        yield
        load_text.cache_clear()

    @pytest.fixture
    def files(self, tmp_path, monkeypatch):
        (tmp_path / "glue" / "SST-2").mkdir(parents=True)
        rows = [f"{phrase} \t{i % 2}" for i, tree in enumerate(TREES) for phrase in tree]
        for part, lines in (("train", rows), ("dev", ["a good one .\t1", "fine film\t0"])):
            text = "\n".join(["sentence\tlabel", *lines, ""])
            (tmp_path / "glue" / "SST-2" / f"{part}.tsv").write_text(text)
        monkeypatch.setenv("IDLIB_DATA", str(tmp_path))

    def test_they_join_the_test_with_their_labels(self, files):
        plain, task = load_text("sst2"), load_text("sst2-held2")
        assert task.test.texts[:2] == plain.test.texts and len(task.test) == 4
        label = dict(zip(plain.train.texts, plain.train.labels, strict=True))
        assert task.test.labels[2:] == [label[text] for text in task.test.texts[2:]]
        sentences = [text for (text,) in task.test.texts[2:]]
        assert not any(inside(p, s) for (p,) in task.train.texts for s in sentences)
        assert len(load_text("sst2-n2-held2").train) == 2
        assert facts_of("sst2-held2")["data"] != facts_of("sst2")["data"]

    @pytest.mark.parametrize("name", ["sst2-held0", "sst2-held99", "sst2-n99-held2"])
    def test_numbers_that_are_none(self, files, name):
        with pytest.raises(IdlibError, match="was asked for, and "):
            load_text(name)

    @pytest.mark.parametrize(
        "name", ["mrpc-held30", "docstrings-held9", "sst2-held2-n9", "sst2-held"]
    )
    def test_only_of_sst2_and_in_one_order(self, name):
        with pytest.raises(IdlibError, match=r"was asked for.*behind 'sst2', too, -held3000"):
            source_of(name)

    def test_the_name_is_one_of_a_text_task(self):
        assert is_text("sst2-n19200-held4000") and not is_text("digits-held3")

    def test_the_real_sentences(self, glue_folder, monkeypatch):
        """As many as the treebank has that are not neutral, to within one in a hundred; as long as
        those of the development set; about half of them positive; and none of it is left."""
        monkeypatch.setenv("IDLIB_DATA", str(glue_folder))
        plain, task = load_text("sst2"), load_text("sst2-held3000")
        phrases = [" ".join(text.split()) for (text,) in plain.train.texts]
        sentences = whole_sentences(phrases)
        assert len(sentences) == 6885 == pytest.approx(6920, rel=0.01)
        assert sum(s.endswith(" .") for s in sentences) / len(sentences) > 0.92

        def words(texts):
            return sum(len(text.split()) for (text,) in texts) / len(texts)

        held = task.test.texts[872:]
        assert len(held) == 3000 and words(held) == pytest.approx(words(plain.test.texts), rel=0.02)
        assert sum(task.test.labels[872:]) / 3000 == pytest.approx(0.52, abs=0.02)
        assert set(task.train.texts).isdisjoint(held)
        sample = random.Random(0).sample(task.train.texts, 300)
        long = " | ".join(f" {text} " for (text,) in held)
        assert not any(f" {phrase} " in long for (phrase,) in sample)
        assert len(task.train) > 30_000
