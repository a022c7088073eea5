"""The text of a pretraining: read by documents, its tokenizer, its token numbers."""

import hashlib
import json
import lzma
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..errors import IdlibError, needing, no_write_to

with needing("language", "Pretraining"):
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from tokenizers.trainers import BpeTrainer
    from transformers import PreTrainedTokenizerFast

__all__ = ["check_same_texts", "text_of", "token_ids", "tokenizer_of"]

VOCABULARY = 8192
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
BOS, PAD, EOS, UNK, MASK = range(5)
CHARACTERS = 30_000_000  # of the text, from which the tokenizer is made


def text_of(path: Path) -> Iterator[str]:
    """The documents of a text file, which blank lines separate."""
    if not path.exists():
        raise IdlibError(f"There is no file {path}: give a plain text, or one packed by xz.")
    opened = lzma.open if path.suffix == ".xz" else open
    document = []
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                if line.strip():
                    document.append(line)
                elif document:
                    yield "".join(document)
                    document = []
    except (UnicodeDecodeError, lzma.LZMAError, EOFError) as error:
        raise IdlibError(f"{path} can't be read ({error}): give plain text in UTF-8.") from error
    if document:
        yield "".join(document)


def tokenizer_of(text: Path, folder: Path, length: int) -> PreTrainedTokenizerFast:
    """The byte-level BPE tokenizer in `folder`, made from the text's beginning if there is none.

    Args:
        text: see `pretrain`.
        folder: where it is kept.
        length: tokens at most that it cuts a text to when asked to.
    """
    file = folder / "tokenizer.json"
    if not file.exists():
        tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
        tokenizer.normalizer = normalizers.Lowercase()
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=list(SPECIAL),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(_beginning(text, CHARACTERS), trainer)
        tokenizer.post_processor = processors.RobertaProcessing(("</s>", EOS), ("<s>", BOS))
        tokenizer.save(str(file))
    names = ("bos_token", "pad_token", "eos_token", "unk_token", "mask_token")
    tokens = dict(zip(names, SPECIAL, strict=True))
    return PreTrainedTokenizerFast(
        tokenizer_file=str(file),
        cls_token="<s>",
        sep_token="</s>",
        model_max_length=length,
        **tokens,
    )


def token_ids(text: Path, tokenizer: PreTrainedTokenizerFast, kept: Path) -> np.ndarray:
    """The token ids of a text, documents apart by ``</s>``, shape (n,); kept in that file."""
    if not kept.exists():
        parts, batch = [], []
        for document in text_of(text):
            batch.append(document)
            if len(batch) == 500:
                parts += _encoded(batch, tokenizer)
                batch = []
        parts += _encoded(batch, tokenizer)
        half = kept.with_suffix(".part.npy")
        with no_write_to(kept):
            np.save(half, np.concatenate(parts))
            os.replace(half, kept)
    return np.load(kept, mmap_mode="r")


def check_same_texts(folder: Path, *texts: Path) -> None:
    """Notes in the folder which texts it is for, or compares."""
    for path in texts:
        if next(text_of(path), None) is None:
            raise IdlibError(f"{path} holds no text: give plain text in UTF-8.")
    digests = [hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest() for path in texts]
    note = folder / "texts.json"
    if note.exists() and json.loads(note.read_text(encoding="utf-8")) != digests:
        raise IdlibError(f"{folder} holds a run on other texts: give the same, or another folder.")
    with no_write_to(note):
        note.write_text(json.dumps(digests), encoding="utf-8")


def _encoded(documents: list[str], tokenizer: PreTrainedTokenizerFast) -> list[np.ndarray]:
    backend = tokenizer.backend_tokenizer
    found = backend.encode_batch(documents, add_special_tokens=False)
    return [np.array([*e.ids, EOS], np.uint16) for e in found]


def _beginning(text: Path, characters: int) -> Iterator[str]:
    for document in text_of(text):
        yield document
        characters -= len(document)
        if characters < 0:
            return
