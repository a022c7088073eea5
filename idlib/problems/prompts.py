"""Prompts and words in place of a new head: "Review: {} It was", and then " bad" or " great".

A model that was pretrained on words scores the words that may come next, or that may stand at a
mask. Each class is given a word (a *verbaliser*), and the scores of these words alone are the
scores of the classes: no parameter is new.

References:
    | Exploiting Cloze Questions for Few Shot Text Classification and Natural Language Inference
      (Schick and Schütze, 2021), https://arxiv.org/abs/2001.07676
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import IdlibError

if TYPE_CHECKING:  # it takes seconds to import
    from transformers import PreTrainedTokenizerBase

__all__ = ["Answer", "Prompt", "answer_of", "prompted_rows"]

TEXT, WORD = "{}", "{word}"


@dataclass(frozen=True)
class Prompt:
    """What stands around a text, and a word for each class.

    Args:
        template: with ``{}`` for each text of an example, and ``{word}`` where the word goes, which
            is behind a space at its end if it does not say.
        words: in the order of the classes.
    """

    template: str
    words: tuple[str, ...]

    @classmethod
    def read(cls, written: str) -> "Prompt":
        """From a model's name: template and words, with ``|`` between them.

        >>> Prompt.read("Review: {} It was|bad|great").words
        ('bad', 'great')

        Raises:
            IdlibError: if there is no place for a text, or there are not two words.
        """
        template, *words = (part.strip() for part in written.split("|"))
        if TEXT not in template:
            raise IdlibError(
                f"The prompt {template!r} has no place for the text: put {TEXT} there, as in "
                "'Review: {} It was'."
            )
        if len(words) < 2 or not all(words) or len(set(words)) < len(words):
            raise IdlibError(
                f"The prompt {written!r} has the words {words}, expected a word for each class "
                "behind it, as in 'Review: {} It was|bad|great'."
            )
        if template.count(WORD) > 1:
            raise IdlibError(f"The prompt {template!r} has several places for the word: leave one.")
        return cls(template if WORD in template else f"{template} {WORD}", tuple(words))

    @property
    def texts(self) -> int:
        """How many texts of an example it has places for."""
        return self.template.count(TEXT)

    @property
    def at_the_end(self) -> bool:
        """Whether the word is the last thing."""
        return self.template.endswith(WORD)

    def filled(self, texts: Sequence[str], word: str) -> str:
        """The prompt with texts and word in their places.

        Raises:
            IdlibError: if there are more or fewer texts than places.
        """
        if len(texts) != self.texts:
            raise IdlibError(
                f"The prompt {self.template!r} has {self.texts} places for texts, and an example "
                f"has {len(texts)}: put {TEXT} for each."
            )
        first, *others = (piece.replace(WORD, word) for piece in self.template.split(TEXT))
        return first + "".join(text + piece for text, piece in zip(texts, others, strict=True))


@dataclass(frozen=True)
class Answer:
    """Where a model is asked for a word, and for which.

    Args:
        words: numbers of the tokens, one for each class.
        behind: how many tokens of a row stand behind the place whose scores are read.
    """

    words: tuple[int, ...]
    behind: int


def answer_of(tokenizer: "PreTrainedTokenizerBase", prompt: Prompt) -> Answer:
    """What a prompt asks for.

    A model whose tokenizer has a mask answers there, any other behind the last token.

    Raises:
        IdlibError: if a word is no single token, two words are the same one, or a model without a
            mask is asked before the prompt's end.
    """
    if not tokenizer.is_fast:
        raise IdlibError(
            f"{type(tokenizer).__name__} can't tell where a word stands: take another."
        )
    found = [_word(tokenizer, prompt, word) for word in prompt.words]
    tokens = tuple(token for token, _ in found)
    if len(set(tokens)) < len(tokens):
        raise IdlibError(
            f"The words {list(prompt.words)} are {len(set(tokens))} tokens of this model's: choose "
            "words that differ for it."
        )
    if tokenizer.mask_token_id is not None:
        return Answer(tokens, found[0][1])
    if not prompt.at_the_end:
        raise IdlibError(
            f"The prompt {prompt.template!r} goes on behind {WORD}, and this model has no mask: it "
            "answers at the end, put the word there."
        )
    return Answer(tokens, 0)


def _word(tokenizer: "PreTrainedTokenizerBase", prompt: Prompt, word: str) -> tuple[int, int]:
    """The token of a word in its place, and how many follow it."""
    before = prompt.template.split(WORD)[0].replace(TEXT, "a")
    encoded = tokenizer(prompt.filled(["a"] * prompt.texts, word), return_offsets_mapping=True)
    start, end = len(before), len(before) + len(word)
    ids = encoded["input_ids"]
    at = [i for i, (a, b) in enumerate(encoded["offset_mapping"]) if a < end and b > start]
    pieces = tokenizer.convert_ids_to_tokens([ids[i] for i in at])
    if len(at) != 1 or ids[at[0]] == tokenizer.unk_token_id:
        raise IdlibError(
            f"The word {word!r} is no single token of this model's, but {pieces}: choose another "
            "word for the class."
        )
    return ids[at[0]], len(ids) - 1 - at[0]


def prompted_rows(
    tokenizer: "PreTrainedTokenizerBase",
    prompt: Prompt,
    examples: Sequence[Sequence[str]],
    length: int,
) -> list[list[int]]:
    """Token numbers of each example in its prompt, up to the place of the answer, or with a mask
    there. Where that is too long, the texts are cut, and the prompt is not.

    Args:
        tokenizer: of the model that is asked.
        prompt: what it is asked.
        examples: of as many texts as the prompt has places.
        length: tokens at most.
    """
    word, behind = prompt.words[0], _word(tokenizer, prompt, prompt.words[0])[1]
    masked = tokenizer.mask_token_id is not None
    most = length if masked else length + behind + 1  # these are taken off again

    def encoded(texts: Sequence[str]) -> list[int]:
        filled = prompt.filled(texts, word)
        return tokenizer(filled, truncation=True, max_length=most + 1)["input_ids"]

    room = (most - len(encoded([""] * prompt.texts))) // prompt.texts
    if room < 1:
        raise IdlibError(
            f"The prompt {prompt.template!r} leaves no place for a text in {length} tokens: take a "
            "shorter one."
        )
    rows = [encoded(texts) for texts in examples]
    for i, texts in enumerate(examples):
        kept = room
        while len(rows[i]) > most:
            rows[i] = encoded([_cut(tokenizer, text, kept) for text in texts])
            kept -= 1
    place = -1 - behind
    if not masked:
        return [row[:place] for row in rows]
    for row in rows:
        row[place] = tokenizer.mask_token_id
    return rows


def _cut(tokenizer: "PreTrainedTokenizerBase", text: str, n: int) -> str:
    """The first n tokens of a text, as text."""
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)[
        "offset_mapping"
    ][:n]
    return text[: offsets[-1][1]] if offsets else ""
