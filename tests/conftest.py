"""Small language models of random weights, for the tests that need some on disk.

Torch is imported by those that want it, as tests in a browser do not."""

import pytest

NOUNS = ("cat", "dog", "mat", "tree")
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "a", "sat", "ran", "on", "under", *NOUNS)
SMALL = {
    "vocab_size": len(WORDS), "hidden_size": 32, "num_hidden_layers": 2,
    "num_attention_heads": 2, "intermediate_size": 64, "max_position_embeddings": 40,
    "pad_token_id": 0,
}  # fmt: skip


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Every architecture, drawn small and saved with a tokenizer that marks two segments."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    architectures = {
        "bert": transformers.BertConfig(**SMALL),
        "roberta": transformers.RobertaConfig(**SMALL, type_vocab_size=1),
        "distilbert": transformers.DistilBertConfig(
            vocab_size=len(WORDS), dim=32, n_layers=2, n_heads=2, hidden_dim=64,
            max_position_embeddings=40,
        ),
        "electra": transformers.ElectraConfig(**SMALL, embedding_size=16),
        "albert": transformers.AlbertConfig(**SMALL, embedding_size=16),
    }  # fmt: skip
    backend = Tokenizer(models.WordLevel({w: i for i, w in enumerate(WORDS)}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )  # fmt: skip
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]",
        unk_token="[UNK]", model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )  # fmt: skip
    made = {}
    for name, config in architectures.items():
        folder = tmp_path_factory.mktemp(name)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            kind = transformers.AutoModelForSequenceClassification
            kind.from_config(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        made[name] = str(folder)
    return made


@pytest.fixture(scope="session")
def decoders(tmp_path_factory):
    """Two kinds of decoders, which know their places by number or by rotation, and a masked model
    with its head. The decoders' tokenizer has no padding token, and would pad at the left."""
    import torch
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    size = len(WORDS)
    names = {"bos_token_id": 2, "eos_token_id": 3, "initializer_range": 0.3}  # texts differ
    configurations = {
        "gpt2": transformers.GPT2Config(
            vocab_size=size, n_positions=40, n_embd=32, n_layer=3, n_head=2, **names
        ),
        "llama": transformers.LlamaConfig(
            vocab_size=size, hidden_size=32, intermediate_size=48, num_hidden_layers=3,
            num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=40,
            tie_word_embeddings=True, **names,
        ),
        "masked": transformers.BertConfig(**SMALL, initializer_range=0.3),
    }  # fmt: skip
    made = {}
    for name, config in configurations.items():
        words = [*WORDS[:1], "[MASK]", *WORDS[2:]] if name == "masked" else WORDS
        unknown = "[PAD]" if name == "masked" else "[UNK]"
        backend = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unknown))
        backend.pre_tokenizer = pre_tokenizers.Whitespace()
        special = {"eos_token": "[SEP]", "unk_token": unknown, "padding_side": "left"}
        if name == "masked":
            special |= {"mask_token": "[MASK]", "pad_token": "[PAD]", "sep_token": "[SEP]"}
            backend.post_processor = processors.TemplateProcessing(
                single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
            )
        folder = tmp_path_factory.mktemp(name)
        kind = transformers.AutoModelForMaskedLM if name == "masked" else (
            transformers.AutoModelForCausalLM
        )  # fmt: skip
        with torch.random.fork_rng():
            torch.manual_seed(0)
            kind.from_config(config).save_pretrained(folder)
        transformers.PreTrainedTokenizerFast(tokenizer_object=backend, **special).save_pretrained(
            folder
        )
        made[name] = str(folder)
    return made


@pytest.fixture(scope="session")
def made():
    """Makes the classifier of a model's name, drawn from a seed, to be compared in float32."""
    import torch

    from idlib.problems.language import classifier

    def make(name, seed=1):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = classifier(name, 2)()
        model.autocast = False
        return model.eval()

    return make
