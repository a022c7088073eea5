"""Small language models of random weights, for the tests that need some on disk."""

import pytest
import torch

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
