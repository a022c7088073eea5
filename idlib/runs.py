"""Single runs and grids of runs."""

import time
from collections.abc import Callable, Iterable

import joblib
import torch
from torch import nn
from torch.utils.data import Dataset, Subset, TensorDataset
from tqdm.auto import tqdm

from .data import load
from .errors import IdlibError
from .models import network
from .store import Run, RunConfig, RunStore
from .subspace import Subspace
from .training import Step, accuracy, train

__all__ = ["build", "run", "split", "sweep"]

VALIDATION_SHARE = 0.1


def run(
    config: RunConfig,
    model_fn: Callable[[], nn.Module],
    train_set: Dataset,
    test_set: Dataset,
    score: Callable[[nn.Module, Dataset], float] = accuracy,
    on_step: Callable[[Step], bool | None] | None = None,
    keep_theta_d: bool = False,
) -> Run:
    """Makes the run that `config` describes; its names of task and model are only labels here.

    Args:
        config: what to run.
        model_fn: makes the model; called with torch's generator seeded by ``config.seed``.
        train_set: training data, of which a validation part is set apart if asked for.
        test_set: test data.
        score: from a model and a data set to a number from 0 to 1.
        on_step: see `idlib.training.train`.
        keep_theta_d: whether the run carries its d numbers.
    """
    if config.scored_on == "validation":
        train_set, test_set = split(train_set)
    model = build(config, model_fn)
    start = time.perf_counter()
    history = train(
        model, train_set, config.lr, config.epochs, config.batch_size, config.seed, on_step=on_step
    )
    seconds = time.perf_counter() - start
    result = None
    if history.status == "finished":
        with torch.random.fork_rng():
            result = score(model.merged() if config.d else model, test_set)
    D = model.D if config.d else sum(p.numel() for p in model.parameters() if p.requires_grad)
    theta_d = model.theta_d.detach().clone() if keep_theta_d and config.d else None
    return Run(
        config,
        history.status,
        result,
        history.loss,
        history.steps,
        seconds,
        D,
        history.message,
        theta_d,
    )


def build(config: RunConfig, model_fn: Callable[[], nn.Module] | None = None) -> nn.Module:
    """The untrained model, or subspace, that `config` describes."""
    model_fn = model_fn or network(config.model)
    with torch.random.fork_rng():
        torch.manual_seed(config.seed)
        model = model_fn()
    if config.d is None:
        return model
    return Subspace(model, config.d, config.projection, config.seed, config.normalize)


def split(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """A fixed 90 % for training, and the rest for choosing the learning rate."""
    n = len(dataset)
    held = max(1, round(VALIDATION_SHARE * n))
    if n < 2:
        raise IdlibError(f"The training set has {n} examples: at least 2 are needed.")
    order = torch.randperm(n, generator=torch.Generator().manual_seed(0))
    if isinstance(dataset, TensorDataset):
        part = lambda index: TensorDataset(*(t[index] for t in dataset.tensors))  # noqa: E731
    else:
        part = lambda index: Subset(dataset, index.tolist())  # noqa: E731
    return part(order[held:]), part(order[:held])


def sweep(
    configs: Iterable[RunConfig],
    store: RunStore,
    jobs: int = 1,
    keep_theta_d: Callable[[RunConfig], bool] = lambda config: False,
) -> list[Run]:
    """Makes the runs that `store` does not hold yet, `jobs` at a time with one thread each.

    Tasks and models are looked up by name. Only this process writes the store, as runs finish,
    so an interrupted sweep loses the runs under way and nothing else.
    """
    configs = list(dict.fromkeys(configs))
    missing = [config for config in configs if store.get(config) is None]
    calls = (joblib.delayed(_run_by_name)(c, keep_theta_d(c)) for c in missing)
    workers = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
    bar = tqdm(workers(calls), total=len(missing), desc="runs", disable=not missing)
    for done in bar:
        store.add(done)
        c = done.config
        bar.set_postfix_str(f"{c.task} {c.model} d={c.d} lr={c.lr:g} seed={c.seed}: {done.score}")
    return [store.get(config) for config in configs]


def _run_by_name(config: RunConfig, keep_theta_d: bool) -> Run:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        task, model_fn = load(config.task), network(config.model)
        return run(config, model_fn, task.train, task.test, keep_theta_d=keep_theta_d)
    finally:
        torch.set_num_threads(threads)
