"""Many runs: what a store lacks, in worker processes, on a cluster, or together on a GPU."""

import functools
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import cloudpickle
import joblib
import torch
from tqdm.auto import tqdm

from .batch import run_batches
from .errors import IdlibError
from .projection_base import check_integer
from .runs import Problem, run_by_name
from .store import Run, RunConfig, RunStore
from .texts import is_text

__all__ = ["shared", "sweep"]

Maker = Callable[[RunConfig, bool], Run]


def sweep(
    configs: Iterable[RunConfig],
    store: RunStore,
    jobs: int = 1,
    keep_theta_d: Callable[[RunConfig], bool] = lambda config: False,
    make: Maker = run_by_name,
    dask: str | None = None,
    bar: tqdm | None = None,
) -> list[Run]:
    """Makes the runs that `store` does not hold yet.

    Only this process writes the store, as runs finish, so an interrupted sweep loses the runs
    under way and nothing else; another sweep on the same file waits until this one has ended.
    Where torch finds CUDA, runs by name are trained together in batches on the GPU
    (`idlib.batch`).

    Args:
        configs: what to run; a configuration given twice is run once, and returned twice.
        store: keeps the runs.
        jobs: processes, one thread each.
        keep_theta_d: whether the run of a configuration is to carry its d numbers.
        make: from a configuration to its run; by default tasks and models go by name.
        dask: address of a Dask scheduler, whose workers then make the runs (they read data and
            IDLIB_DATA where they are); "" starts a local cluster of `jobs` workers.
        bar: a progress bar to move; a new one if None.

    Returns:
        The runs of `configs`, in their order.
    """
    configs, jobs = list(configs), check_integer("jobs", jobs, 1)
    with store.writing():
        missing = [(c, keep_theta_d(c)) for c in dict.fromkeys(configs) if store.get(c) is None]
        shown = (
            bar
            if bar is not None
            else tqdm(total=len(missing), desc="runs", unit="run", disable=not missing)
        )
        with shown if bar is None else nullcontext():
            for done in _made(missing, make, jobs, dask):
                store.add(done)
                shown.set_postfix_str(_told(done), refresh=False)
                shown.update()
        return [store.get(config) for config in configs]


def _made(
    missing: Sequence[tuple[RunConfig, bool]], make: Maker, jobs: int, dask: str | None
) -> Iterator[Run]:
    """The runs, as they finish."""
    if not missing:
        return
    images = not any(is_text(config.task) for config, _ in missing)
    if dask is None and make is run_by_name and images and torch.cuda.is_available():
        yield from run_batches(missing, "cuda")
    elif dask is None and jobs == 1:
        yield from (make(config, keep) for config, keep in missing)
    else:
        with nullcontext(jobs) if dask is None else _cluster(dask, jobs) as workers:
            pool = joblib.Parallel(n_jobs=workers, return_as="generator_unordered")
            yield from pool(joblib.delayed(make)(config, keep) for config, keep in missing)


@contextmanager
def _cluster(address: str, jobs: int) -> Iterator[int]:
    """Has joblib use a Dask cluster; as many runs are under way as it has threads."""
    try:
        from distributed import Client
    except ImportError as error:
        raise IdlibError(
            "A sweep on Dask was asked for, and Dask is not installed: pip install distributed."
        ) from error
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
