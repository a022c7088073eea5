"""Many runs: what a store lacks, in worker processes, on a cluster, or together on a GPU."""

import functools
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import cloudpickle
import joblib
import torch
from tqdm import tqdm

from ..errors import IdlibError, check_integer, needing
from .batch import run_batches
from .config import Run, RunConfig
from .runs import Problem
from .store import RunStore

__all__ = ["bar_of", "shared", "sweep"]

Maker = Callable[[RunConfig, bool], Run]


def sweep(
    configs: Iterable[RunConfig],
    store: RunStore,
    make: Maker,
    jobs: int = 1,
    keep_theta_d: Callable[[RunConfig], bool] = lambda config: False,
    batched: Callable[[RunConfig], Problem | None] = lambda config: None,
    part: str = "",
    dask: str | None = None,
    bar: tqdm | None = None,
) -> list[Run]:
    """Makes the runs that `store` does not hold yet.

    Only this process writes the store, as runs finish, so an interrupted sweep loses the runs
    under way and nothing else; another sweep on the same file waits until this one has ended.
    Where torch finds CUDA, runs that can be are trained together in batches on the GPU
    (`idlib.engine.batch`).

    Args:
        configs: what to run; a configuration given twice is run once, and returned twice.
        store: keeps the runs.
        make: from a configuration, and whether to keep its d numbers, to its run.
        jobs: processes, one thread each.
        keep_theta_d: whether the run of a configuration is to carry its d numbers.
        batched: from a configuration to its problem, if its run can be trained together with
            others on a GPU, else to None.
        part: of a study, for which the runs are made.
        dask: address of a Dask scheduler, whose workers then make the runs (they read data and
            IDLIB_DATA where they are); "" starts a local cluster of `jobs` workers.
        bar: a progress bar to move; a new one if None.

    Returns:
        The runs of `configs`, in their order.
    """
    configs, jobs = list(configs), check_integer("jobs", jobs, 1)
    if all(store.get(config) is not None for config in configs):  # nothing to write
        return cast("list[Run]", [store.get(config) for config in configs])
    with store.writing():
        missing = [(c, keep_theta_d(c)) for c in dict.fromkeys(configs) if store.get(c) is None]
        shown = bar if bar is not None else bar_of("runs", total=len(missing), disable=not missing)
        with shown if bar is None else nullcontext():
            for done in _made(missing, make, jobs, batched, dask):
                store.add(replace(done, part=part))
                shown.set_postfix_str(_told(done), refresh=False)
                shown.update()
        return cast("list[Run]", [store.get(config) for config in configs])  # all are made


def bar_of(desc: str, **options: Any) -> tqdm:
    """A progress bar that counts runs, as text: tqdm's bar for notebooks is a widget, which is
    broken once the kernel has ended. In a notebook it stands on stdout, as stderr is red there.

    Args:
        desc: what is written before it.
        options: of tqdm.
    """
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    file = sys.stdout if hasattr(shell, "kernel") else sys.stderr
    return tqdm(desc=desc, unit="run", file=file, **options)


def _made(
    missing: Sequence[tuple[RunConfig, bool]],
    make: Maker,
    jobs: int,
    batched: Callable[[RunConfig], Problem | None],
    dask: str | None,
) -> Iterator[Run]:
    """The runs, as they finish."""
    if not missing:
        return
    on_gpu = dask is None and torch.cuda.is_available()
    if on_gpu and all(batched(config) for config, _ in missing):
        problem_of = cast("Callable[[RunConfig], Problem]", batched)  # it has one for each
        yield from run_batches(missing, problem_of, "cuda")
    elif dask is None and jobs == 1:
        yield from (make(config, keep) for config, keep in missing)
    else:
        with nullcontext(jobs) if dask is None else _cluster(dask, jobs) as workers:
            pool = joblib.Parallel(n_jobs=workers, return_as="generator_unordered")
            yield from pool(joblib.delayed(make)(config, keep) for config, keep in missing)


@contextmanager
def _cluster(address: str, jobs: int) -> Iterator[int]:
    """Has joblib use a Dask cluster; as many runs are under way as it has threads."""
    with needing("dask", "A sweep on Dask"):
        from distributed import Client
    local = {"n_workers": jobs, "threads_per_worker": 1, "dashboard_address": None}
    try:
        client = Client(address, timeout="5s") if address else Client(**local)
    except (OSError, ValueError) as error:
        raise IdlibError(f"No Dask scheduler answers at {address!r}: {error}.") from error
    with client, joblib.parallel_config(backend="dask"):
        yield -1


@contextmanager
def shared(problem: Problem, jobs: int) -> Iterator[Maker]:
    """The problem for `sweep`: as it is for one job; for more, laid down in a file that each
    worker opens once, whose tensors all of them share in memory."""
    if jobs == 1:
        yield problem
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "problem.pt"
        torch.save(problem, path, pickle_module=cloudpickle)
        yield functools.partial(_run_from_file, path)


def _run_from_file(path: Path, config: RunConfig, keep_theta_d: bool = False) -> Run:
    torch.set_num_threads(1)
    return _problem_in(path)(config, keep_theta_d)


@functools.lru_cache(maxsize=1)
def _problem_in(path: Path) -> Problem:
    return torch.load(path, mmap=True, weights_only=False)


def _told(done: Run) -> str:
    c = done.config
    score = done.status if done.score is None else f"{done.score:.3f}"
    return f"last: {c.task} {c.model} d={c.d or 'all'} lr={c.lr:g} seed={c.seed}: {score}"
