"""The experiments whose results are shipped: which runs they are made of."""

from dataclasses import dataclass

from .dimension import lattice
from .errors import IdlibError

__all__ = ["EXPERIMENTS", "Experiment", "experiment_named", "table1"]


@dataclass(frozen=True)
class Experiment:
    """Score against d for some networks on some tasks: a grid, or a search in it.

    Args:
        tasks: names for `idlib.data.load` or `idlib.texts.load_text`.
        models: names for `idlib.models.network` or `idlib.language.model_folder`, and behind
            the latter perhaps an adapter (`idlib.adapters`).
        ds: dimensions; if there are none, only full models are trained.
        pilots: dimensions at which the learning rate is chosen.
        lrs: learning rates to choose from, in a subspace; a single one is taken as it is.
        full_lrs: the same for the full model.
        scale_lr: whether the rate chosen at a pilot is scaled for another d, as in
            `idlib.search.rate_at`.
        rechecked: whether the rate is chosen once more at the d found, where that lies more than
            half a decade from all pilots, and the search repeated if it is another. Runs at
            the old rate no longer count then (`idlib.recorded.settled`).
        seeds: seeds of the scored runs; the learning rate is chosen with the first.
        rated_by: with how many of the seeds it is chosen instead, by their mean score.
        careful: whether a rate is passed over if the next larger one collapsed, to within 0.01
            of the commonest label. A rate at the edge of what is stable does well with one
            seed and collapses with another.
        epochs: passes over the training data.
        batch_size: examples in a step.
        projection: see `idlib.Subspace`.
        methods: normalisation and structure-awareness, see `idlib.Subspace`.
        keep_up_to: the first seed's runs carry their d numbers up to this d.
        scored_on: "test", with learning rates chosen on a validation split; or "train".
        thresholds: scores for which the smallest d is searched among `ds`, but for those that
            the commonest label reaches.
        share: another such threshold, this share of the full model's mean score. Without any
            threshold, all of `ds` are run.
    """

    tasks: tuple[str, ...]
    models: tuple[str, ...]
    ds: tuple[int, ...]
    pilots: tuple[int, ...]
    lrs: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0)
    full_lrs: tuple[float, ...] = (3e-4, 1e-3, 3e-3, 1e-2)
    seeds: tuple[int, ...] = (0, 1, 2)
    rated_by: int = 1
    careful: bool = False
    epochs: int = 5
    batch_size: int = 128
    projection: str = "fastfood"
    methods: tuple[tuple[str, bool | str], ...] = (("global", False),)
    keep_up_to: int = 2000
    scored_on: str = "test"
    thresholds: tuple[float, ...] = ()
    share: float | None = None
    scale_lr: bool = False
    rechecked: bool = False


MINILM = "sentence-transformers/all-MiniLM-L6-v2"
LANGUAGE = {
    "batch_size": 32,
    "epochs": 1,
    "projection": "hashed",
    "seeds": (0, 1),
    "keep_up_to": 1000,
    "scale_lr": True,
}
PER_TENSOR = (("per-tensor", False), ("per-tensor", True))
GLOBAL = (("global", False), ("global", True))
DOCSTRINGS = {"pilots": (31_623,), "lrs": (3e-3, 1e-2, 3e-2, 1e-1), "rated_by": 1}
FAMILY = ("roberta-2x64", "roberta-2x128", "roberta-4x128", "roberta-4x256")
CHECKPOINTS = tuple(f"roberta-4x128@{step}" for step in (1000, 2000, 4000, 8000, 16_000))
SEARCHED = {  # d90 among four values a decade, the rate chosen where most of them lie
    "ds": tuple(round(10 ** (k / 4)) for k in range(4, 23)),  # 10 to 316,228
    "pilots": (10_000,),
    "lrs": (1e-2, 3e-2, 1e-1, 3e-1),
    "full_lrs": (3e-4, 1e-3, 3e-3),
    "rated_by": 2,
    "careful": True,
    "rechecked": True,
    "share": 0.9,
    **{k: v for k, v in LANGUAGE.items() if k != "epochs"},
    "keep_up_to": 0,
}
WIDE = {  # for MiniLM, whose runs take longer: the best rate with one seed, first at one d
    "pilots": (1000,),
    "full_lrs": (3e-5, 1e-4, 3e-4, 1e-3),
    "rated_by": 1,
    "careful": False,
}
HALF_DECADES = tuple(round(10 ** (k / 2)) for k in range(2, 12))  # 10 to 316,228
UNTRAINED = {
    "lrs": (1e-3, 3e-3, 1e-2, 3e-2),
    "full_lrs": (1e-4, 3e-4, 1e-3),
    "careful": False,  # so little is learned that every rate looks like a collapse
}
SMALL_LORA = ("+head", "+lora-1", "+lora-4", "+lora-16")
VECTORS = ("+vera-64", "+unilora-1000")
QQP = ("qqp-sample-n19200",)
ADAPTED = LANGUAGE | {"ds": (), "pilots": (), "keep_up_to": 0}
EXPERIMENTS = {
    "mnist": Experiment(
        tasks=("mnist", "mnist-shuffled"),
        models=("fc", "lenet"),
        ds=(10, 25, 50, 100, 150, 200, 250, 300, 350, 400, 500, 625, 750, 875, 1000, 1400, 2000),
        pilots=(100, 400, 1400),
    ),
    "digits": Experiment(
        tasks=("digits", "digits-shuffled"),
        models=("fc", "lenet"),
        ds=(5, 10, 20, 30, 40, 50, 60, 75, 100, 125, 150, 200, 300, 400, 600, 800),
        pilots=(40, 100, 300),
        epochs=30,
    ),
    "blocks": Experiment(  # the steps between "mnist" and "mnist-shuffled", at one d
        tasks=("mnist-shuffled-2", "mnist-shuffled-4", "mnist-shuffled-7", "mnist-shuffled-14"),
        models=("fc", "lenet"),
        ds=(400,),
        pilots=(400,),
        lrs=(0.1, 1.0),
        full_lrs=(3e-3,),
        seeds=(0, 1),
    ),
    "model_size": Experiment(  # the 20 networks of Li et al., D from 39,760 to 959,610
        tasks=("mnist",),
        models=tuple(
            f"fc-{width}-{depth}" for depth in range(1, 6) for width in (50, 100, 200, 400)
        ),
        ds=(250, 325, 400, 475, 525, 575, 625, 675, 725, 775, 875, 1000, 1200),
        pilots=(600,),
        lrs=(0.1, 0.3, 1.0),
        full_lrs=(1e-3, 3e-3),
        seeds=(0, 1),
        epochs=3,
        projection="hashed",
        keep_up_to=0,
    ),
    "memorising": Experiment(  # training accuracy: how much of the labels fits into d numbers
        tasks=(
            *(f"mnist-n{n}-random{p}" for p in (0, 10, 50, 100) for n in (500, 1000, 2000, 5000)),
            *("mnist-n1000-copies2-random0", "mnist-n1000-random100-copies2"),
            *(f"mnist-n2000-side{side}-random0" for side in (14, 7, 4)),
        ),
        models=("fc",),
        ds=tuple(d for d in lattice(20_000) if d >= 20),
        pilots=(200, 700, 1500, 3000, 8000),  # a rate that is too large shows as a collapse
        lrs=(0.03, 0.1, 0.3),
        full_lrs=(1e-3, 3e-3),
        seeds=(0, 1),
        epochs=200,
        projection="hashed",
        keep_up_to=0,
        scored_on="train",
        thresholds=(0.9,),
    ),
    "sst2_minilm": Experiment(  # whole curves, DID and SAID, for the slider
        tasks=("sst2-n19200",),
        models=(MINILM,),
        methods=PER_TENSOR,
        ds=(10, 30, 100, 300, 1000, 3000, 10_000, 30_000),
        pilots=(30, 300, 3000),
        lrs=(1e-3, 3e-3, 1e-2, 3e-2, 1e-1),
        full_lrs=(3e-5, 1e-4, 3e-4, 1e-3),
        **LANGUAGE | {"seeds": (0, 1, 2)},
    ),
    "sst2_small": Experiment(
        tasks=("sst2-n19200",),
        models=("roberta-4x128",),
        methods=GLOBAL,
        ds=(30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000),
        pilots=(300, 3000, 30_000),
        lrs=(1e-2, 3e-2, 1e-1, 3e-1, 1.0),
        full_lrs=(3e-4, 1e-3, 3e-3, 1e-2),
        **LANGUAGE,
    ),
    "docstrings_small": Experiment(  # the task that every machine holds
        tasks=("docstrings",),
        models=("roberta-4x128",),
        methods=GLOBAL,
        ds=(30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000),
        pilots=(300, 10_000, 100_000),
        lrs=(1e-2, 3e-2, 1e-1, 3e-1, 1.0),
        full_lrs=(3e-4, 1e-3, 3e-3, 1e-2),
        **LANGUAGE | {"epochs": 2, "keep_up_to": 10_000},
    ),
    "docstrings_tensors": Experiment(  # a lambda for each tensor, as in the released code
        tasks=("docstrings",),
        models=("roberta-4x128",),
        methods=(("global", "tensors"),),
        ds=(300, 3000),
        pilots=(300, 3000),
        lrs=(1e-2, 3e-2, 1e-1, 3e-1, 1.0),
        full_lrs=(3e-4, 1e-3, 3e-3, 1e-2),
        **LANGUAGE | {"epochs": 2, "keep_up_to": 0},
    ),
    "normalisation": Experiment(  # at one d, every rate from too small to too large
        tasks=("sst2-n19200",),
        models=("roberta-4x128",),
        methods=(("global", False), ("per-tensor", False)),
        ds=(1000,),
        pilots=(1000,),
        lrs=(1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0),
        full_lrs=(3e-4, 1e-3, 3e-3, 1e-2),
        **LANGUAGE | {"keep_up_to": 0},
    ),
    "sst2_minilm_global": Experiment(  # the other normalisation, d90 only
        tasks=("sst2-n19200",),
        models=(MINILM,),
        methods=GLOBAL,
        epochs=1,
        **SEARCHED | WIDE | {"lrs": (1e-2, 3e-2, 1e-1, 3e-1, 1.0)},
    ),
    "family_sst2": Experiment(  # by size
        tasks=("sst2-n19200",),
        models=FAMILY,
        methods=GLOBAL[:1],
        epochs=1,
        **SEARCHED | {"seeds": (0, 1, 2)},
    ),
    "family_said": Experiment(  # the same under SAID
        tasks=("sst2-n19200",), models=FAMILY[2:], methods=GLOBAL[1:], epochs=1, **SEARCHED
    ),
    "family_tensors": Experiment(  # the other normalisation
        tasks=("sst2-n19200",),
        models=FAMILY[2:],
        methods=PER_TENSOR,
        epochs=1,
        **SEARCHED | {"lrs": (1e-4, 3e-4, 1e-3, 3e-3), "ds": HALF_DECADES},
    ),
    "pairs_small": Experiment(  # small tasks of pairs: is there anything to measure?
        tasks=("mrpc", "rte"),
        models=FAMILY[2:],
        methods=GLOBAL,
        epochs=5,
        **SEARCHED,
    ),
    "pairs_minilm": Experiment(
        tasks=("mrpc", "rte"),
        models=(MINILM,),
        methods=PER_TENSOR,
        epochs=5,
        **SEARCHED
        | WIDE
        | {
            "lrs": (3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
            "ds": HALF_DECADES[:7],  # 10 to 10,000
        },
    ),
    "mrpc_minilm_global": Experiment(  # the other normalisation, d90 only
        tasks=("mrpc",),
        models=(MINILM,),
        methods=GLOBAL,
        epochs=5,
        **SEARCHED
        | WIDE
        | {
            "lrs": (3e-2, 1e-1, 3e-1, 1.0),
            "ds": HALF_DECADES[2:8],  # 100 to 31,623
        },
    ),
    "family_docstrings": Experiment(
        tasks=("docstrings",),
        models=FAMILY,
        methods=GLOBAL[:1],
        epochs=2,
        **SEARCHED | DOCSTRINGS,
    ),
    # At three times the rate of most, which was passed over as too near to a collapse.
    "rate_sst2": Experiment(
        tasks=("sst2-n19200",),
        models=FAMILY,
        methods=GLOBAL[:1],
        epochs=1,
        **SEARCHED | {"lrs": (1e-1,)},
    ),
    "rate_docstrings": Experiment(
        tasks=("docstrings",),
        models=FAMILY,
        methods=GLOBAL[:1],
        epochs=2,
        **SEARCHED | DOCSTRINGS | {"lrs": (3e-2,)},
    ),
    # Along pretraining; the first is in "untrained_…", the last in "family_…". Each is measured by
    # its own full model and, with a fixed threshold, by the last one's: 0.9 x 0.798 and 0.749.
    "checkpoints_sst2": Experiment(
        tasks=("sst2-n19200",),
        models=CHECKPOINTS,
        methods=GLOBAL[:1],
        epochs=1,
        thresholds=(0.718,),
        **SEARCHED,
    ),
    "checkpoints_docstrings": Experiment(
        tasks=("docstrings",),
        models=CHECKPOINTS,
        methods=GLOBAL[:1],
        epochs=2,
        thresholds=(0.674,),
        **SEARCHED | DOCSTRINGS,
    ),
    "untrained_sst2": Experiment(  # never pretrained; with smaller rates too
        tasks=("sst2-n19200",),
        models=("roberta-4x128@0",),
        methods=GLOBAL[:1],
        epochs=1,
        thresholds=(0.718,),
        **SEARCHED | UNTRAINED,
    ),
    "untrained_docstrings": Experiment(
        tasks=("docstrings",),
        models=("roberta-4x128@0",),
        methods=GLOBAL[:1],
        epochs=2,
        thresholds=(0.674,),
        **SEARCHED | DOCSTRINGS | UNTRAINED,
    ),
    "lora_sst2": Experiment(
        tasks=("sst2-n19200",),
        models=tuple("roberta-4x128" + adapter for adapter in SMALL_LORA),
        full_lrs=(1e-3, 3e-3, 1e-2, 3e-2),
        **ADAPTED,
    ),
    "lora_qqp": Experiment(  # a task of pairs
        tasks=QQP,
        models=tuple("roberta-4x128" + adapter for adapter in SMALL_LORA),
        full_lrs=(1e-3, 3e-3, 1e-2, 3e-2),
        **ADAPTED,
    ),
    "lora_vectors": Experiment(  # the relatives
        tasks=("sst2-n19200", *QQP),
        models=tuple("roberta-4x128" + adapter for adapter in VECTORS),
        full_lrs=(1e-3, 3e-3, 1e-2, 3e-2, 1e-1),
        **ADAPTED,
    ),
    "qqp_small": Experiment(
        tasks=QQP,
        models=FAMILY[2:],
        methods=GLOBAL,
        ds=(10, 30, 100, 300, 1000, 3000, 10_000),
        pilots=(100, 1000),
        lrs=(1e-2, 3e-2, 1e-1, 3e-1, 1.0),
        full_lrs=(3e-4, 1e-3, 3e-3, 1e-2),
        **LANGUAGE | {"keep_up_to": 0},
    ),
    "qqp_tensors": Experiment(  # the other normalisation, d90 only
        tasks=QQP,
        models=FAMILY[2:],
        methods=PER_TENSOR,
        epochs=1,
        **SEARCHED | {"lrs": (1e-4, 3e-4, 1e-3, 3e-3), "ds": HALF_DECADES, "rated_by": 1},
    ),
    "head_minilm": Experiment(  # which wants larger rates still
        tasks=("sst2-n19200", *QQP),
        models=(MINILM + "+head",),
        full_lrs=(1e-2, 3e-2, 1e-1, 3e-1, 1.0),
        **ADAPTED,
    ),
    "lora_minilm": Experiment(
        tasks=("sst2-n19200",),
        models=tuple(MINILM + adapter for adapter in ("+lora-1", "+lora-8")),
        full_lrs=(3e-4, 1e-3, 3e-3, 1e-2),
        **ADAPTED,
    ),
    "lora_minilm_qqp": Experiment(
        tasks=QQP,
        models=tuple(MINILM + adapter for adapter in ("+lora-1", "+lora-8")),
        full_lrs=(3e-4, 1e-3, 3e-3, 1e-2),
        **ADAPTED,
    ),
    "vera_minilm": Experiment(
        tasks=("sst2-n19200",),
        models=(MINILM + "+vera-64",),
        full_lrs=(3e-3, 1e-2, 3e-2, 1e-1),
        **ADAPTED,
    ),
    "vera_minilm_qqp": Experiment(
        tasks=QQP,
        models=(MINILM + "+vera-64",),
        full_lrs=(3e-3, 1e-2, 3e-2, 1e-1),
        **ADAPTED,
    ),
    "qqp_minilm": Experiment(
        tasks=QQP,
        models=(MINILM,),
        methods=PER_TENSOR,
        ds=(100, 1000, 3000),
        pilots=(300, 3000),
        lrs=(3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1),
        full_lrs=(3e-5, 1e-4, 3e-4, 1e-3),
        **LANGUAGE | {"keep_up_to": 0},
    ),
    "qqp_minilm_global": Experiment(  # the other normalisation, d90 only
        tasks=QQP,
        models=(MINILM,),
        methods=GLOBAL,
        epochs=1,
        **SEARCHED
        | WIDE
        | {
            "lrs": (3e-2, 1e-1, 3e-1, 1.0),
            "ds": (30, 100, 300, 1000, 3000),
        },
    ),
}


def experiment_named(name: str) -> Experiment:
    """The experiment of that name; raises `IdlibError` if there is none."""
    if name not in EXPERIMENTS:
        raise IdlibError(f"experiment {name!r} was asked for, expected one of {[*EXPERIMENTS]}.")
    return EXPERIMENTS[name]


def table1(model: str, task: str, epochs: int = 5) -> Experiment:
    """A cell of Table 1 of Aghajanyan et al. (2021): d90 under DID and SAID, searched among 100
    dimensions from 10 to 10,000, four learning rates at each of three of them.

    Args:
        model: a hub name such as "roberta-base", or a folder.
        task: a name for `idlib.texts.load_text`, such as "mrpc".
        epochs: passes over the training data.
    """
    return Experiment(
        tasks=(task,),
        models=(model,),
        methods=PER_TENSOR,
        ds=tuple(sorted({round(10 * 1000 ** (k / 99)) for k in range(100)})),
        pilots=(30, 300, 3000),
        lrs=(1e-3, 3e-3, 1e-2, 3e-2),
        full_lrs=(1e-5, 3e-5, 1e-4, 3e-4),
        seeds=(0, 1),
        epochs=epochs,
        batch_size=32,
        keep_up_to=0,
        share=0.9,
        scale_lr=True,
    )
