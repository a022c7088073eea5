"""A class that runs a notebook on one machine: ``python -m idlib loadtest``.

Each student has a kernel and runs all cells, all students at the same time, as at the beginning of
a lesson. Afterwards they move explorers, which their browsers answer: that costs the machine
nothing but the memory that the kernels keep.
"""

import asyncio
import copy
import os
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

TIMEOUT = 1800  # seconds for a cell


@dataclass(frozen=True)
class Load:
    """What was measured, for each student.

    Args:
        seconds: until all cells were run.
        private: megabytes that no other process shares with the kernel (USS).
        proportional: the same, with a k-th of each page that k processes share (PSS); empty
            where the system does not tell.
    """

    seconds: tuple[float, ...]
    private: tuple[float, ...]
    proportional: tuple[float, ...]

    def __str__(self) -> str:
        lines = [
            f"{len(self.seconds)} students at the same time: all cells were run after "
            f"{statistics.median(self.seconds):.0f} s (median), {max(self.seconds):.0f} s (longest)"
        ]
        for sizes, what in (
            (self.private, "memory of its own (USS)"),
            (self.proportional, "with its part of shared pages (PSS)"),
        ):
            if sizes:
                mean = statistics.fmean(sizes)
                lines.append(f"a kernel's {what}: mean {mean:.0f} MB, largest {max(sizes):.0f} MB")
        return "\n".join(lines)


def measure(path: str | os.PathLike, kernels: int = 10) -> Load:
    """Starts the kernels, and runs the notebook in all of them.

    Args:
        path: a notebook.
        kernels: how many students.

    Raises:
        IdlibError: if the notebook can't be read, or a cell raises.
    """
    check_integer("kernels", kernels, 1)
    _, notebook = read(path)
    return asyncio.run(_class(notebook, Path(path), kernels))


async def _class(notebook: NotebookNode, path: Path, kernels: int) -> Load:
    together = asyncio.Barrier(kernels)

    async def student() -> tuple[float, float, float | None]:
        try:
            return await _student(notebook, path, together)
        except Exception:
            await together.abort()  # the others stop at their next cell
            raise

    # None is cancelled: nbclient, cancelled while it stops a kernel, leaves it behind.
    students = await asyncio.gather(*(student() for _ in range(kernels)), return_exceptions=True)
    failures = [found for found in students if isinstance(found, BaseException)]
    if failures:  # the first cause, before those that only stopped with it
        raise min(failures, key=lambda f: isinstance(f, asyncio.BrokenBarrierError))
    seconds, private, proportional = zip(*students, strict=True)
    return Load(seconds, private, () if None in proportional else proportional)


async def _student(
    notebook: NotebookNode, path: Path, together: asyncio.Barrier
) -> tuple[float, float, float | None]:
    """Seconds until all cells were run; private and proportional memory of the kernel."""
    client = NotebookClient(
        copy.deepcopy(notebook),
        kernel_name="python3",
        timeout=TIMEOUT,
        startup_timeout=TIMEOUT,
        resources={"metadata": {"path": str(path.parent)}},
    )
    # As the guide's hubs set them: kernels side by side, each with all cores, hinder one another.
    env = {"IDLIB_DATA": "embedded", "OMP_NUM_THREADS": "1", **os.environ}
    async with client.async_setup_kernel(stderr=subprocess.DEVNULL, env=env):  # errors: messages
        await together.wait()
        begin = time.perf_counter()
        for index, cell in enumerate(client.nb.cells):
            if together.broken:  # another student has failed
                raise asyncio.BrokenBarrierError
            try:
                await client.async_execute_cell(cell, index)
            except CellExecutionError as error:
                raise IdlibError(f"{path}, cell {index}: {error.ename}: {error.evalue}") from error
        seconds = time.perf_counter() - begin
        await together.wait()
        sizes = _memory(client.km.provisioner.pid)
        await together.wait()  # all kernels live until all were measured
    return seconds, *sizes


def _memory(pid: int) -> tuple[float, float | None]:
    """Private and proportional megabytes of a process and its children."""
    process = psutil.Process(pid)
    infos = [p.memory_full_info() for p in (process, *process.children(recursive=True))]
    private = sum(info.uss for info in infos) / 1e6
    return private, sum(info.pss for info in infos) / 1e6 if hasattr(infos[0], "pss") else None
