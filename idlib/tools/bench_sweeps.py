"""How fast sweeps and searches are: the second half of ``python -m idlib bench``.

One grid of runs on digits is made by one worker, by two and by two of a local Dask cluster,
their start included; then d90 of both networks is searched for, as the published definitions
ask, with three seeds.
"""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
from joblib.externals.loky import get_reusable_executor

from ..dimension import IntrinsicDimension, intrinsic_dimension
from ..engine.config import RunConfig
from ..engine.estimate import DEFINITIONS
from ..engine.store import RunStore
from ..problems.images import load
from ..problems.names import sweep_named
from ..problems.networks import MODELS
from .bench import table

__all__ = ["Measured", "grid_times", "main", "measured", "search_times"]

SCHEDULES = {"mnist10k": (3, 128), "mnist": (3, 128)}  # epochs, examples in a step
GOALS = {"mnist10k": 90, "mnist": 600}  # seconds for both networks


@dataclass(frozen=True)
class Measured:
    """What a call took.

    Args:
        seconds: by the clock.
        megabytes: the most that this process and its children held at once; sampled.
        result: what the call returned.
    """

    seconds: float
    megabytes: float
    result: object


def measured(call: Callable[[], object], every: float = 0.1) -> Measured:
    """Calls, and looks at the memory every so many seconds; shared pages count once a process."""
    get_reusable_executor().shutdown(wait=True)  # idle workers of the call before
    peak, over = [0], threading.Event()

    def watch():
        while not over.is_set():
            peak.append(max(peak.pop(), _resident()))
            over.wait(every)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    start = time.perf_counter()
    try:
        result = call()
        seconds = time.perf_counter() - start
    finally:
        over.set()
        watcher.join()
    return Measured(seconds, peak[0] / 1e6, result)


def grid_times(runs: int = 48, epochs: int = 40) -> dict[str, Measured]:
    """The same grid of runs on digits by one worker, two, and two of a local Dask cluster."""
    ds = [20 + 10 * i for i in range(runs)]
    grid = [RunConfig("digits", "lenet", d, 0.1, 0, "hashed", epochs=epochs) for d in ds]
    ways = {
        "one worker": {"jobs": 1},
        "two workers": {"jobs": 2},
        "Dask, two workers": {"jobs": 2, "dask": ""},
    }
    return {
        name: measured(lambda how=how: sweep_named(grid, RunStore(), **how))
        for name, how in ways.items()
    }


def search_times(task: str, quick: bool = False) -> dict[str, Measured]:
    """d90 of both networks on a task, by search in two processes; results as they come back."""
    data, (epochs, batch_size) = load(task), SCHEDULES[task]
    seeds, epochs = ((0,), 1) if quick else ((0, 1, 2), epochs)

    def search(name: str) -> IntrinsicDimension:
        return intrinsic_dimension(
            MODELS[name], data.train, data.test, seeds=seeds, epochs=epochs,
            batch_size=batch_size, jobs=2, projection="hashed",
        )  # fmt: skip

    return {name: measured(lambda name=name: search(name)) for name in MODELS}


def main(quick: bool = False) -> None:
    """Prints both tables; MNIST is left out where it is not at hand, and when `quick`."""
    times = grid_times(*((4, 1) if quick else ()))
    one = times["one worker"].seconds
    rows = [("a grid of runs, digits, LeNet", "runs/min", "times one", "goal", "peak MB")]
    for name, m in times.items():
        goal = "1.80" if name == "two workers" else ""
        speed = f"{60 * len(m.result) / m.seconds:.0f}"
        rows.append((name, speed, f"{one / m.seconds:.2f}", goal, f"{m.megabytes:.0f}"))
    print(f"\n{os.cpu_count()} processors; the start of processes is counted")
    print(table(rows))
    rows = [
        (
            "d90 by search, two workers",
            "seconds",
            "goal",
            "runs",
            "relative",
            "absolute",
            "gain",
            "MB",
        )
    ]
    for task, goal in GOALS.items():
        if task == "mnist" and (quick or load("auto").name != task):
            continue
        found = search_times(task, quick)
        for name, m in found.items():
            d90 = [str(getattr(m.result, key).d) for key in DEFINITIONS]
            size = f"{m.megabytes:.0f}"
            rows.append(
                (f"{task}, {name}", f"{m.seconds:.0f}", "", str(len(m.result.runs)), *d90, size)
            )
        total = sum(m.seconds for m in found.values())
        rows.append((f"{task}, both", f"{total:.0f}", str(goal)))
    print("\n" + table(rows))


def _resident() -> int:
    """Bytes held by this process and its children."""
    total, me = 0, psutil.Process()
    for process in (me, *me.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.Error:  # it has just ended
            continue
    return total
