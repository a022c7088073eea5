"""Prompts and words: what is asked stands in every row, and a score belongs to its text alone."""

import pytest
import torch
import torch.nn.functional as F
import transformers

from idlib import IdlibError, Subspace
from idlib.problems.language import TextClassifier, classifier
from idlib.problems.prompts import Answer, Prompt, answer_of, prompted_rows
from idlib.problems.texts import Texts
from idlib.problems.tokens import encode, tokenizer_of

TEXTS = Texts(
    [("cat sat",), ("a dog ran under the tree",), ("mat",), ("dog",)] * 2, [0, 1, 0, 1] * 2
)
PROMPT = "the {} sat on a {word}|mat|tree"
ALL = ("gpt2", "llama", "masked")
KINDS = pytest.mark.parametrize("kind", ALL)


def padded(rows, pad, side):
    """Rows of token numbers in one tensor, with more padding than they need."""
    length = max(map(len, rows)) + 2
    fill = [[pad] * (length - len(row)) for row in rows]
    pairs = zip(rows, fill, strict=True)
    return torch.tensor([r + f if side == "right" else f + r for r, f in pairs])


@KINDS
@pytest.mark.parametrize("asked", ["", f"@prompt={PROMPT}"])
def test_a_score_depends_on_neither_neighbours_nor_padding(decoders, kind, asked, made):
    """Nor does the side of the tokenizer's own matter: it is left for all three."""
    name = decoders[kind] + asked
    assert tokenizer_of(name).padding_side == "left"
    model, data = made(name), encode(TEXTS, name)
    counts = data.lengths().tolist()
    rows = [row[:n] for row, n in zip(data.tensors[0].tolist(), counts, strict=True)]
    alone = torch.cat([model(torch.tensor([row])) for row in rows])
    assert alone.std(0).min() > 1e-4, "texts differ in score"
    for side in ("right", "left"):
        model.side = side
        torch.testing.assert_close(model(padded(rows, model.pad, side)), alone)
        pair = model(padded([rows[1], rows[2]], model.pad, side))
        torch.testing.assert_close(pair, alone[1:3])
    assert model.network.config.pad_token_id == model.pad == tokenizer_of(name).pad_token_id


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
def test_a_decoder_scores_what_comes_next(decoders, kind, made):
    name = f"{decoders[kind]}@prompt={PROMPT}"
    network = transformers.AutoModelForCausalLM.from_pretrained(decoders[kind]).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(decoders[kind])
    ids = tokenizer("the a dog ran under the tree sat on a", return_tensors="pt").input_ids
    words = [tokenizer(word).input_ids[0] for word in ("mat", "tree")]
    expected = network(input_ids=ids).logits[:, -1, words]
    torch.testing.assert_close(made(name)(encode(TEXTS, name).tensors[0])[1:2], expected)


def test_a_masked_model_scores_what_stands_at_the_mask(decoders, made):
    name = f"{decoders['masked']}@prompt=the {{}} sat on {{word}} tree|a|the"
    network = transformers.AutoModelForMaskedLM.from_pretrained(decoders["masked"]).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(decoders["masked"])
    ids = tokenizer("the mat sat on [MASK] tree", return_tensors="pt").input_ids
    place = int((ids[0] == tokenizer.mask_token_id).nonzero())
    words = [tokenizer(word, add_special_tokens=False).input_ids[0] for word in ("a", "the")]
    expected = network(input_ids=ids).logits[:, place, words]
    torch.testing.assert_close(made(name)(encode(TEXTS, name).tensors[0])[2:3], expected)


@KINDS
def test_texts_are_cut_and_the_prompt_is_not(decoders, kind):
    tokenizer, prompt = tokenizer_of(decoders[kind]), Prompt.read(PROMPT)
    short, long = prompted_rows(tokenizer, prompt, [("dog",), ("cat dog " * 50,)], 16)
    assert len(short) < len(long) <= 16 and len(long) >= 15
    ends = 2 if kind == "masked" else 0  # the mask and what ends a text
    assert short[-ends - 3 :] == long[-ends - 3 :], "sat on a"
    with pytest.raises(IdlibError, match="leaves no place for a text in 4 tokens"):
        prompted_rows(tokenizer, prompt, [("dog",)], 4)


def test_two_texts_have_a_place_each(decoders):
    pairs = Texts([("cat", "dog"), ("dog", "cat")], [0, 1])
    name = f"{decoders['gpt2']}@prompt={{}} under {{}} on|mat|tree"
    first, second = encode(pairs, name).tensors[0].tolist()
    assert first == second[2:3] + second[1:2] + second[:1] + second[3:] != second
    with pytest.raises(IdlibError, match="has 2 places for texts, and an example has 1"):
        encode(TEXTS, name)


@KINDS
def test_a_prompted_model_moves_in_a_subspace(decoders, kind, made):
    """No parameter is new, and the gradient is that of the full model, projected."""
    name = f"{decoders[kind]}@prompt={PROMPT}"
    data, model = encode(TEXTS, name), made(name)
    subspace = Subspace(model, 30, "hashed", normalize="per-tensor").eval()
    assert sum(p.numel() for p in model.parameters()) == subspace.D
    assert torch.equal(made(name)(data.tensors[0]), model(data.tensors[0])), "whatever the seed"
    F.cross_entropy(subspace(data.tensors[0]), data.tensors[1]).backward()
    full = subspace.merged()
    F.cross_entropy(full(data.tensors[0]), data.tensors[1]).backward()
    flat = torch.cat([
        (p.grad if p.grad is not None else torch.zeros_like(p)).flatten()
        for p in map(full.get_parameter, subspace.shapes)
    ])  # fmt: skip
    torch.testing.assert_close(subspace.theta_d.grad, subspace.projection.adjoint(flat))


def test_words_are_found_where_they_stand(decoders):
    """After a space, and whatever the case, as this tokenizer has it."""
    tokenizer = tokenizer_of("roberta-4x128")
    answer = answer_of(tokenizer, Prompt.read("{} It was {word} .|bad|great"))
    assert tokenizer.convert_ids_to_tokens(answer.words) == ["Ġbad", "Ġgreat"]
    assert answer.behind == 2  # the full stop and what ends a text
    ids = encode(Texts([("fine",)], [0]), "roberta-4x128@prompt={} It was {word} .|bad|great")
    asked = tokenizer.convert_ids_to_tokens(ids.tensors[0][0].tolist())
    assert asked == ["<s>", "Ġfine", "Ġit", "Ġwas", "<mask>", "Ġ.", "</s>"]


class TestWhatIsNoPrompt:
    @pytest.mark.parametrize(
        ("prompt", "said"),
        [
            ("It was|bad|great", "has no place for the text: put {} there"),
            ("{} It was", r"has the words \[\], expected a word for each class"),
            ("{} It was|bad", "expected a word for each class"),
            ("{} It was|bad|bad", "expected a word for each class"),
            ("{} It was||great", "expected a word for each class"),
            ("{} {word} It {word}|bad|great", "has several places for the word"),
        ],
    )
    def test_refused_when_it_is_read(self, prompt, said):
        with pytest.raises(IdlibError, match=said):
            Prompt.read(prompt)

    def test_a_word_for_each_class(self, decoders):
        with pytest.raises(IdlibError, match="has 2 words, and there are 3 classes"):
            classifier(f"{decoders['gpt2']}@prompt={PROMPT}", 3)

    @pytest.mark.parametrize(
        ("name", "word", "pieces"),
        [("gpt2", "cats", r"\['\[UNK\]'\]"), ("roberta-4x128", "unwatchable", r"\['Ġun', 'w', ")],
    )
    def test_a_word_that_the_model_has_not(self, decoders, name, word, pieces):
        with pytest.raises(IdlibError, match=f"{word!r} is no single token .*{pieces}"):
            classifier(f"{decoders.get(name, name)}@prompt={{}} was|the|{word}", 2)

    def test_two_words_that_are_one_token(self):
        with pytest.raises(IdlibError, match="are 1 tokens of this model's"):
            classifier("roberta-4x128@prompt={} was|Bad|bad", 2)

    def test_a_decoder_answers_at_the_end(self, decoders):
        with pytest.raises(IdlibError, match="this model has no mask: it answers at the end"):
            classifier(f"{decoders['llama']}@prompt={{}} {{word}} sat|mat|tree", 2)

    def test_a_model_that_scores_no_words(self, decoders, tmp_path):
        transformers.BertModel.from_pretrained(decoders["masked"]).save_pretrained(tmp_path)
        tokenizer_of(decoders["masked"]).save_pretrained(tmp_path)
        make = classifier(f"{tmp_path}@prompt={PROMPT}", 2)
        with pytest.raises(IdlibError, match=r"can't score words: they lack cls\.predictions"):
            make()

    def test_a_side_that_is_none(self):
        with pytest.raises(IdlibError, match="side='top' was given"):
            TextClassifier(torch.nn.Linear(2, 2), 0, -1, answer=Answer((1, 2), 0), side="top")
