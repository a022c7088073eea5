"""A class that drags sliders on one machine: ``python -m idlib loadtest``.

Each student has a kernel, in which all cells of a notebook were run. Then students drag sliders by
the messages that JupyterLab sends: over 3 to 8 neighbouring values, one each 0.1 s or, where that
is later, when the picture for the one before has come (JupyterLab waits for it as well). They look
at the picture for 5 to 15 s, and drag again, another slider perhaps. Nobody waits for anybody.
"""

import asyncio
import copy
import os
import random
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from ..errors import IdlibError, check_integer, needing
from .notebooks import read

with needing("course", "The load test"):
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from nbformat import NotebookNode

__all__ = ["Load", "measure"]

TIMEOUT = 600  # seconds for a cell
VALUES = (3, 8)  # of a slider, in one drag
PACE = 0.1  # seconds for a value
LOOKING = (5.0, 15.0)  # seconds at the picture, between drags


@dataclass(frozen=True)
class Load:
    """What was measured.

    Args:
        answers: seconds from a move of a slider to the last picture that it makes.
        private: for each kernel, the megabytes that no other process shares (USS).
        proportional: the same, with a k-th of each page that k processes share (PSS); empty
            where the system does not tell.
    """

    answers: tuple[float, ...]
    private: tuple[float, ...]
    proportional: tuple[float, ...]

    def __str__(self) -> str:
        p95 = statistics.quantiles(self.answers, n=20, method="inclusive")[-1]
        median, longest = statistics.median(self.answers), max(self.answers)
        lines = [
            f"{len(self.answers)} moves of {len(self.private)} students: median "
            f"{1000 * median:.0f} ms, 95th percentile {1000 * p95:.0f} ms, longest "
            f"{1000 * longest:.0f} ms"
        ]
        for sizes, what in (
            (self.private, "memory of its own (USS)"),
            (self.proportional, "with its part of shared pages (PSS)"),
        ):
            if sizes:
                mean = statistics.fmean(sizes)
                lines.append(f"a kernel's {what}: mean {mean:.0f} MB, largest {max(sizes):.0f} MB")
        return "\n".join(lines)


def measure(path: str | os.PathLike, kernels: int = 10, seconds: float = 60.0) -> Load:
    """Starts the kernels, runs the notebook in each, and has the students drag.

    Args:
        path: a notebook with sliders that answer with a picture.
        kernels: how many students.
        seconds: how long they drag.

    Raises:
        IdlibError: if the notebook can't be read, a cell raises, or no slider answers.
    """
    check_integer("kernels", kernels, 1)
    _, notebook = read(path)
    return asyncio.run(_class(notebook, Path(path), kernels, seconds))


async def _class(notebook: NotebookNode, path: Path, kernels: int, seconds: float) -> Load:
    running = asyncio.Semaphore(os.cpu_count() or 1)  # notebooks that run at the same time
    together = asyncio.Barrier(kernels)

    async def student(seed: int) -> tuple[list[float], tuple[float, float | None]]:
        try:
            return await _student(notebook, path, seconds, running, together, seed)
        except Exception:
            await together.abort()  # the others stop at their next cell or drag
            raise

    # None is cancelled: nbclient, cancelled while it stops a kernel, leaves it behind.
    students = await asyncio.gather(*map(student, range(kernels)), return_exceptions=True)
    failures = [found for found in students if isinstance(found, BaseException)]
    if failures:  # the first cause, before those that only stopped with it
        raise min(failures, key=lambda f: isinstance(f, asyncio.BrokenBarrierError))
    answers, sizes = zip(*students, strict=True)
    private, proportional = zip(*sizes, strict=True)
    return Load(
        tuple(answer for several in answers for answer in several),
        private,
        () if None in proportional else proportional,
    )


async def _student(
    notebook: NotebookNode,
    path: Path,
    seconds: float,
    running: asyncio.Semaphore,
    together: asyncio.Barrier,
    seed: int,
) -> tuple[list[float], tuple[float, float | None]]:
    """Seconds of each answer; private and proportional memory of the kernel."""
    client = NotebookClient(
        copy.deepcopy(notebook),
        kernel_name="python3",
        timeout=TIMEOUT,
        startup_timeout=TIMEOUT,
        resources={"metadata": {"path": str(path.parent)}},
    )
    rng, answers = random.Random(seed), []
    # As the guide's hubs set them: kernels side by side, each with all cores, hinder one another.
    env = {"IDLIB_DATA": "embedded", "OMP_NUM_THREADS": "1", **os.environ}
    async with client.async_setup_kernel(stderr=subprocess.DEVNULL, env=env):  # errors: messages
        async with running:
            await _run(client, path, together)
            sliders = await _sliders(client, path)
        await together.wait()
        end = time.perf_counter() + seconds
        pause = rng.uniform(0, min(seconds, LOOKING[1]))
        while not answers or time.perf_counter() + pause < end:
            await asyncio.sleep(pause)
            _go_on(together)
            answers += await _drag(client, rng.choice(sliders), rng)
            pause = rng.uniform(*LOOKING)
        await together.wait()
        sizes = _memory(client.km.provisioner.pid)
        await together.wait()  # all kernels live until all were measured
    return answers, sizes


def _go_on(together: asyncio.Barrier) -> None:
    """Raises if another student has failed."""
    if together.broken:
        raise asyncio.BrokenBarrierError


async def _run(client: NotebookClient, path: Path, together: asyncio.Barrier) -> None:
    """Runs all cells."""
    for index, cell in enumerate(client.nb.cells):
        _go_on(together)
        try:
            await client.async_execute_cell(cell, index)
        except CellExecutionError as error:
            raise IdlibError(f"{path}, cell {index}: {error.ename}: {error.evalue}") from error


async def _sliders(client: NotebookClient, path: Path) -> list[str]:
    """The sliders that answer with a picture, found by moving each of them once."""
    found = []
    for name, state in list(client.widget_state.items()):
        count = len(state.get("_options_labels", ()))
        if "continuous_update" not in state or count < 2:
            continue
        state["index"] = (state["index"] + 1) % count
        if await _move(client, name, state["index"]) is not None:
            found.append(name)
    if not found:
        raise IdlibError(f"no slider in {path} answers with a picture: choose another notebook.")
    return found


async def _drag(client: NotebookClient, name: str, rng: random.Random) -> list[float]:
    """The seconds that each value of a drag took."""
    state, answers = client.widget_state[name], []
    last, way = len(state["_options_labels"]) - 1, rng.choice((-1, 1))
    for _ in range(rng.randint(*VALUES)):
        if not 0 <= state["index"] + way <= last:
            way = -way
        state["index"] += way
        seconds = await _move(client, name, state["index"])
        if seconds is None:
            raise IdlibError(f"{state['description']} = {state['index']} gave no picture.")
        answers.append(seconds)
        await asyncio.sleep(max(0, PACE - seconds))
    return answers


async def _move(client: NotebookClient, name: str, index: int) -> float | None:
    """Seconds until the last picture that the move makes; None if it makes none."""
    data = {"method": "update", "state": {"index": index}, "buffer_paths": []}
    message = client.kc.session.msg("comm_msg", {"comm_id": name, "data": data})
    begin, seconds = time.perf_counter(), None
    client.kc.shell_channel.send(message)
    while True:
        answer = await client.kc.get_iopub_msg(timeout=TIMEOUT)
        if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            continue
        content = answer["content"]
        if answer["msg_type"] == "comm_msg":
            if "<img " in str(content["data"].get("state", {}).get("value")):
                seconds = time.perf_counter() - begin
        elif answer["msg_type"] == "status" and content["execution_state"] == "idle":
            return seconds


def _memory(pid: int) -> tuple[float, float | None]:
    """Private and proportional megabytes of a process and its children."""
    process = psutil.Process(pid)
    infos = [p.memory_full_info() for p in (process, *process.children(recursive=True))]
    private = sum(info.uss for info in infos) / 1e6
    return private, sum(info.pss for info in infos) / 1e6 if hasattr(infos[0], "pss") else None
