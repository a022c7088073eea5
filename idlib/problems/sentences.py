"""Which of SST-2's training phrases are whole sentences, and what belongs to them.

GLUE's training file of SST-2 holds the phrases of the Stanford Sentiment Treebank's sentences, in
no order and without a word of which belongs to which. A phrase that is part of no other, word for
word, is taken for a sentence: there are 6,885 of them, 20 words long on average, where the treebank
has 6,920 training sentences that are not neutral, and 93 % end in a full stop.

References:
    | Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank (Socher et
      al., 2013), section 3, https://aclanthology.org/D13-1170
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

__all__ = ["held_out", "whole_sentences"]


def held_out(phrases: Sequence[str], labels: Sequence[int], n: int) -> tuple[list[int], list[int]]:
    """Draws n whole sentences, always the same.

    Which ones are drawn depends on the sentences alone, not on the order of the phrases. One that
    stands there with two labels is not drawn.

    Args:
        phrases: of sentences, and the sentences themselves.
        labels: of the phrases.
        n: how many sentences, fewer if there are not so many.

    Returns:
        The places of the sentences drawn, and those of all phrases that are neither one of them
        nor part of one.
    """
    plain = [" ".join(phrase.split()) for phrase in phrases]
    place = {phrase: i for i, phrase in reversed([*enumerate(plain)])}
    twice = {p for p, label in zip(plain, labels, strict=True) if label != labels[place[p]]}
    sentences = [s for s in whole_sentences(plain) if s not in twice]
    held = [sentences[i] for i in np.random.default_rng(0).permutation(len(sentences))[:n]]
    gone = {part for sentence in held for part in _parts(sentence)}
    return [place[s] for s in held], [i for i, p in enumerate(plain) if p not in gone]


def whole_sentences(phrases: Iterable[str]) -> list[str]:
    """Those of the phrases that are part of no other, once each, in alphabetical order.

    >>> whole_sentences(["fine", "a fine film", "film", "so it goes", "a fine film"])
    ['a fine film', 'so it goes']

    Args:
        phrases: words with one space between them.
    """
    found, inside = [], set[str]()
    for phrase in sorted(set(phrases), key=lambda p: -p.count(" ")):
        if phrase not in inside:
            found.append(phrase)
            inside.update(_parts(phrase))
    return sorted(found)


def _parts(sentence: str) -> Iterator[str]:
    """All runs of words in a sentence, itself among them."""
    ends = [i for i, letter in enumerate(sentence) if letter == " "]
    ends.append(len(sentence))
    first = 0
    for n, end in enumerate(ends):
        for last in ends[n:]:
            yield sentence[first:last]
        first = end + 1
