"""The one grammar of names: what was recorded under a name is built again from it."""

import functools
import re
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from idlib import IdlibError, Subspace, load
from idlib.engine.config import RunConfig
from idlib.engine.data import commonest, fingerprint, split
from idlib.engine.training import accuracy
from idlib.problems import chosen, targets
from idlib.problems.chosen import CHOSEN
from idlib.problems.environments import ENVIRONMENTS
from idlib.problems.language import TextClassifier, matthews
from idlib.problems.names import build_named, facts_of, problem_of, run_named
from idlib.problems.networks import lenet
from idlib.problems.starts import OPTIMIZERS
from idlib.problems.targets import cooled_cross_entropy, with_targets
from idlib.problems.texts import is_text, load_text, source_of
from idlib.problems.variants import parse
from idlib.studies.catalogue import STUDIES
from idlib.studies.reading import store_of

CONFIG = RunConfig("digits", "fc-10-1", 20, 0.1, 0, "hashed", epochs=1)


def kind(config: RunConfig) -> tuple:
    """What runs have in common that differ in numbers alone."""
    task = _letters(config.task)
    if is_text(config.task):  # which a network knows by the number of its classes
        base, plus, learned = config.task.partition("+")
        task = f"texts-{len(source_of(base).classes)}{plus}{learned}"
    model = config.model if config.model.startswith("roberta") else _letters(config.model)
    how = (config.projection, config.normalize, config.structure_aware) if config.d else ("full",)
    return task, re.sub(r"(?<=[@-])\d+$", "9", model), *how


def _letters(name: str) -> str:
    return re.sub(r"(?<=\D)\d+", "9", name)


def recorded() -> dict[str, tuple]:
    """One run of each kind, the one with the smallest d, and its study."""
    found = {}
    for name in STUDIES:
        for run in store_of(name):
            label = " ".join(map(str, kind(run.config)))
            known = found.get(label)
            if known is None or (run.config.d or 0) < (known[0].config.d or 0):
                found[label] = run, name
    return found


RECORDED = recorded()


@pytest.fixture
def few_reviews(tmp_path, monkeypatch):
    """The name of a task of two classes: what directions are found from, in a few steps."""
    folder = tmp_path / "glue" / "SST-2"
    folder.mkdir(parents=True)
    rows = ["sentence\tlabel", *(f"film {n} is fine\t{n % 2}" for n in range(64))]
    for part in ("train", "dev"):
        (folder / f"{part}.tsv").write_text("\n".join(rows) + "\n")
    monkeypatch.setenv("IDLIB_DATA", str(tmp_path))
    return "sst2-n64"


# Building SmolLM2 takes half a minute, and test_model_names.py does it.
BUILT = [label for label in sorted(RECORDED) if "smollm" not in label]


@pytest.mark.parametrize("label", BUILT)
def test_one_run_of_each_kind_is_built_again(label, request, monkeypatch):
    run, study = RECORDED[label]
    for number in ("PLACES", "OTHERS", "GRADIENTS"):  # the first directions are those asked for
        monkeypatch.setattr(chosen, number, 2)
    if "MiniLM" in label:
        folder = request.getfixturevalue("minilm_folder")
        monkeypatch.setenv("IDLIB_MODELS", str(folder.parent))
    c = run.config
    if is_text(c.task) and c.projection in CHOSEN:
        c = replace(c, task=request.getfixturevalue("few_reviews"))
    model = build_named(c)
    if c.d is None:
        assert sum(p.numel() for p in model.parameters() if p.requires_grad) == run.D
        return
    assert isinstance(model, Subspace)
    assert (model.D, model.d, model.projection.name) == (run.D, c.d, c.projection)
    if c.structure_aware:
        header = store_of(study).facts["model", c.model]
        assert len(model.shapes) == header["tensors"]
        counted = "tensors" if c.structure_aware == "tensors" else "layers"
        assert len(model.layers) == header[counted]


def test_every_recorded_task_can_be_read():
    for task in {task for study in STUDIES.values() for task in study.tasks()}:
        base, _, learned = task.partition("+")
        if base in ENVIRONMENTS:
            continue
        assert is_text(base) or parse(base)[0] in ("digits", "mnist", "mnist10k")
        assert re.fullmatch(r"|reward|(teacher|distill|smooth)\d+", learned)


def test_all_that_names_can_say_is_among_what_was_recorded():
    names = "\n".join(RECORDED)
    for word in (
        "-shuffled ", "-shuffled-", "-random", "-copies", "-side", "+distill", "+teacher",
        "fc ", "lenet", "fc-9-9", "linear-side9", "+rank", "+orthogonal", "+warm", "+sgd",
        "+lbfgs",
        "texts-2", "texts-6", "texts-2+reward", "roberta-2x64", "roberta-4x256",
        "roberta-4x128@", "MiniLM", "+head", "+lora-", "+vera-", "+unilora-",
        "hashed", "fastfood", *CHOSEN, "per-tensor", "True", "tensors", "full",
    ):  # fmt: skip
        assert word in names, word
    assert 40 < len(RECORDED) < 140


def test_a_coarse_network_sees_the_means_of_blocks():
    for name, D in (("linear-side7", 500), ("fc-10-1-side14", 2080), ("linear", 7850)):
        model = build_named(RunConfig("mnist10k", name, None, 0.1))
        assert sum(p.numel() for p in model.parameters()) == D
    model = build_named(RunConfig("mnist10k", "linear-side7", None, 0.1))
    x = torch.randn(3, 1, 28, 28)
    means = x.view(3, 1, 7, 4, 7, 4).mean(dim=(3, 5))
    weight, bias = model.parameters()
    torch.testing.assert_close(model(x), means.flatten(1) @ weight.T + bias)
    with pytest.raises(IdlibError, match="fc-WIDTH-DEPTH or linear"):
        build_named(RunConfig("mnist10k", "linear-side5", None, 0.1))


class TestProblems:
    def test_a_plain_name_is_the_plain_run(self):
        problem, digits = problem_of(CONFIG), load("digits")
        assert problem.train_set is digits.train and problem.test_set is digits.test
        assert problem.loss_fn is F.cross_entropy and problem.score is accuracy
        assert problem.optimizer_fn is torch.optim.Adam and problem.device == "cpu"

    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_an_optimiser_changes_nothing_else(self, name):
        problem = problem_of(RunConfig("digits", f"fc-10-1+{name}", 20, 0.1))
        assert problem.optimizer_fn is OPTIMIZERS[name]
        same = build_named(CONFIG), build_named(RunConfig("digits", f"fc-10-1+{name}", 20, 0.1))
        assert torch.equal(*(next(m.model.parameters()) for m in same))

    def test_where_it_starts_is_as_the_name_says(self):
        def start(change):
            model = build_named(RunConfig("digits", f"fc-10-1{change}", None, 0.1))
            return next(p for p in model.parameters() if p.ndim > 1)

        plain = torch.linalg.svdvals(start(""))
        assert torch.linalg.svdvals(start("+orthogonal")).std() < 1e-4 < plain.std()
        assert int(torch.linalg.matrix_rank(start("+rank2"), rtol=1e-4)) == 2
        assert not torch.equal(start("+warm10"), start(""))
        assert torch.equal(start("+warm0"), start(""))
        both = start("+rank2+warm0")
        assert torch.equal(both, start("+rank2")), "changes go from left to right"

    def test_what_is_learned_is_as_the_name_says(self, monkeypatch):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            untrained = lenet()
        monkeypatch.setattr(targets, "teacher", lambda: untrained.eval())
        with_targets.cache_clear()
        hard, soft = (problem_of(RunConfig(f"digits+{t}4", "fc-10-1", 9, 0.1))
                      for t in ("teacher", "distill"))  # fmt: skip
        with_targets.cache_clear()
        assert hard.loss_fn is F.cross_entropy
        assert isinstance(soft.loss_fn, functools.partial) and soft.loss_fn.args == (4,)
        assert soft.loss_fn.func is cooled_cross_entropy
        for problem in (hard, soft):
            p = problem.train_set.tensors[1]
            assert p.shape == (1347, 10) and torch.allclose(p.sum(1), torch.ones(1347))
            assert problem.test_set is load("digits").test

    def test_texts(self):
        problem = problem_of(RunConfig("docstrings-n64", "roberta-4x128", 300, 0.01))
        assert len(problem.train_set) == 64 and problem.metric == "accuracy"
        assert isinstance(problem.model_fn(), TextClassifier)
        assert (problem.score, problem.loss_fn) == (accuracy, F.cross_entropy)

    def test_matthews_correlation_where_glue_asks_for_it(self, tmp_path, monkeypatch):
        (tmp_path / "glue" / "CoLA").mkdir(parents=True)
        for part in ("train", "dev"):
            text = "".join(f"x\t{i % 2}\t\tThey run {i} miles.\n" for i in range(20))
            (tmp_path / "glue" / "CoLA" / f"{part}.tsv").write_text(text)
        monkeypatch.setenv("IDLIB_DATA", str(tmp_path))
        load_text.cache_clear()
        problem = problem_of(RunConfig("cola", "roberta-2x64", 300, 0.01))
        load_text.cache_clear()
        assert (problem.metric, problem.score) == ("matthews", matthews)

    def test_a_run_on_one_thread_gives_the_threads_back(self):
        before = torch.get_num_threads()
        torch.set_num_threads(2)
        try:
            assert run_named(CONFIG).config == CONFIG and torch.get_num_threads() == 2
        finally:
            torch.set_num_threads(before)


class TestFacts:
    @pytest.mark.parametrize("name", ["digits", "digits-n100-random50"])
    def test_they_are_those_of_the_data(self, name):
        task, facts = load(name), facts_of(name)
        assert (facts["train"], facts["test"]) == (len(task.train), len(task.test))
        assert facts["majority"] == pytest.approx(task.majority, abs=1e-6)
        held = split(task.train)[1]
        assert facts["validation_majority"] == pytest.approx(commonest(held), abs=1e-6)
        assert facts["data"] == [fingerprint(task.train), fingerprint(task.test)]
        assert facts["metric"] == "accuracy"

    def test_what_is_learned_does_not_change_them(self):
        assert facts_of("digits+distill4") == facts_of("digits")

    def test_texts(self):
        task, facts = load("docstrings-n600"), facts_of("docstrings-n600")
        assert (facts["train"], facts["test"]) == (600, len(task.test))
        assert facts["majority"] == pytest.approx(task.majority, abs=1e-6)


class TestWhatIsNoName:
    @pytest.mark.parametrize(
        "task",
        ["cifar", "", "digits-", "digits-noise5", "digits-shuffled-", "digits-n0", "sst3",
         "digits+", "digits+blur4", "digits+distill", "digits+distill0", "docstrings-n0",
         "docstrings-shuffled", "digits+teacher4+smooth4",
         "digits-shuffled+teacher4", "docstrings+teacher4"],
    )  # fmt: skip
    def test_tasks(self, task):
        for ask in (load, lambda name: problem_of(RunConfig(name, "fc-10-1", 20, 0.1))):
            with pytest.raises(IdlibError, match=r"was asked for|was given|were given"):
                ask(task)

    @pytest.mark.parametrize(
        "model",
        ["resnet", "", "fc-", "fc-10", "fc-0-1", "fc-10-0", "fc-10-1-1", "fc-10-1+", "fc+rank",
         "fc+rank0", "fc+warm", "fc+adamw", "fc+sgd+", "+sgd", "roberta-4x128"],
    )  # fmt: skip
    def test_networks_for_images(self, model):
        with pytest.raises(IdlibError, match=r"was asked for|was given"):
            problem_of(RunConfig("digits", model, 20, 0.1))
        with pytest.raises(IdlibError, match=r"was asked for|was given"):
            build_named(RunConfig("digits", model, 20, 0.1))

    @pytest.mark.parametrize(
        "model",
        ["roberta-4x128@77", "roberta-4x128@last", "roberta-4x128+", "roberta-4x128+lora-0",
         "roberta-4x128+sgd"],
    )  # fmt: skip
    def test_language_models(self, model):
        with pytest.raises(IdlibError, match=r"no checkpoint|adapter"):
            build_named(RunConfig("docstrings", model, 300, 0.1))

    def test_a_model_that_can_not_be_had(self, tmp_path):
        with pytest.raises(IdlibError, match=r"can't be had .*'roberta-4x128'"):
            build_named(RunConfig("docstrings", str(tmp_path), 300, 0.1))

    def test_an_unknown_model_lists_the_known_ones(self):
        with pytest.raises(
            IdlibError, match="'resnet' was asked for, expected fc, lenet, fc-WIDTH"
        ):
            build_named(RunConfig("digits", "resnet", None, 0.1))


def test_a_subspace_of_a_name_is_as_described():
    config = RunConfig("digits", "fc", 30, 0.1, 3, "sparse", "per-tensor", structure_aware=True)
    subspace = build_named(config)
    assert (subspace.d, subspace.normalize, len(subspace.layers)) == (30, "per-tensor", 3)
    assert (subspace.projection.name, subspace.projection.seed) == ("sparse", 3)
    assert isinstance(build_named(RunConfig("auto", "fc", None, 0.1)), nn.Sequential)
