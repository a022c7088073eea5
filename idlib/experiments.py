"""The experiments whose results are shipped: which runs they are made of."""

from dataclasses import dataclass

from .dimension import lattice
from .errors import IdlibError

__all__ = ["EXPERIMENTS", "Experiment", "experiment_named"]


@dataclass(frozen=True)
class Experiment:
    """Score against d for some networks on some tasks: a grid, or a search in it.

    Args:
        tasks: names for `idlib.data.load` or `idlib.texts.load_text`.
        models: names for `idlib.models.network` or `idlib.language.model_folder`.
        ds: dimensions.
        pilots: dimensions at which the learning rate is chosen.
        lrs: learning rates to choose from, in a subspace.
        full_lrs: the same for the full model.
        seeds: seeds of the scored runs; the learning rate is chosen with the first.
        epochs: passes over the training data.
        batch_size: examples in a step.
        projection: see `idlib.Subspace`.
        methods: normalisation and structure-awareness, see `idlib.Subspace`.
        keep_theta_d: whether the first seed's runs carry their d numbers.
        scored_on: "test", with learning rates chosen on a validation split; or "train".
        thresholds: scores for which the smallest d is searched among `ds`; without any, all
            of `ds` are run.
        share: the same for one threshold, this share of the full model's mean score; tasks
            whose commonest label scores as much are left out.
    """

    tasks: tuple[str, ...]
    models: tuple[str, ...]
    ds: tuple[int, ...]
    pilots: tuple[int, ...]
    lrs: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0)
    full_lrs: tuple[float, ...] = (3e-4, 1e-3, 3e-3, 1e-2)
    seeds: tuple[int, ...] = (0, 1, 2)
    epochs: int = 5
    batch_size: int = 128
    projection: str = "fastfood"
    methods: tuple[tuple[str, bool | str], ...] = (("global", False),)
    keep_theta_d: bool = True
    scored_on: str = "test"
    thresholds: tuple[float, ...] = ()
    share: float | None = None


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
        keep_theta_d=False,
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
        keep_theta_d=False,
        scored_on="train",
        thresholds=(0.9,),
    ),
}


def experiment_named(name: str) -> Experiment:
    """The experiment of that name; raises `IdlibError` if there is none."""
    if name not in EXPERIMENTS:
        raise IdlibError(f"experiment {name!r} was asked for, expected one of {list(EXPERIMENTS)}.")
    return EXPERIMENTS[name]
