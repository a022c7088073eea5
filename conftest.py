"""What all tests share: unit tests, doctests and notebooks.

It also closes three holes of nbval, which runs the notebooks:

- a cell tagged ``nbval-check-output`` passes there without a comparison when its stored output
  is missing or is nothing but a picture: here it fails;
- a cell tagged ``raises-exception`` passes there when it raises nothing: here it fails;
- an exception in a thread is not seen there: here it fails the cell under way.
"""

import inspect
import os
import tempfile
from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell

REAL_DATA = pytest.StashKey[Path | None]()


def pytest_configure(config):
    """The same surroundings on every machine, for this process and the kernels that it starts:
    the embedded digits, one thread, as two files are tested side by side, and an IPython
    profile of the tests' own."""
    # The workers of pytest-xdist start in the surroundings that the first process has set.
    asked = os.environ.setdefault("IDLIB_TESTS_DATA", os.environ.get("IDLIB_DATA") or "embedded")
    beside = Path(__file__).parent.parent / "shared" / "data"
    config.stash[REAL_DATA] = next((f for f in (Path(asked), beside) if f.is_dir()), None)
    profile = tempfile.TemporaryDirectory(prefix="idlib-ipython-")
    config.add_cleanup(profile.cleanup)
    startup = Path(profile.name, "profile_default", "startup")
    startup.mkdir(parents=True)
    (startup / "threads.py").write_text(f"{inspect.getsource(_watch_threads)}\n_watch_threads()\n")
    os.environ.update(IDLIB_DATA="embedded", IPYTHONDIR=profile.name)
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def mnist_folder(request) -> Path:
    """A folder for IDLIB_DATA that holds the real MNIST; skips the test where there is none."""
    folder = request.config.stash[REAL_DATA]
    for sub in ("mnist", "MNIST/raw", "."):
        if folder and any((folder / sub).glob("train-images-idx3-ubyte*")):
            return folder
    pytest.skip("needs the real MNIST: set IDLIB_DATA to a folder that holds it")


@pytest.fixture(scope="session")
def glue_folder(request) -> Path:
    """A folder for IDLIB_DATA that holds GLUE files; skips the test where there is none."""
    folder = request.config.stash[REAL_DATA]
    if folder and (folder / "glue").is_dir():
        return folder
    pytest.skip("needs GLUE's files: set IDLIB_DATA to a folder that holds glue/SST-2 and others")


@pytest.fixture(scope="session")
def minilm_folder(request) -> Path:
    """A folder with the real all-MiniLM-L6-v2; skips the test where there is none."""
    data = request.config.stash[REAL_DATA]
    named = os.environ.get("IDLIB_MODELS") or (data and data.parent / "models")
    if named and (folder := Path(named) / "all-MiniLM-L6-v2").is_dir():
        return folder
    pytest.skip("needs all-MiniLM-L6-v2: set IDLIB_MODELS to a folder that holds it")


def _watch_threads():
    """Runs at the start of a kernel: makes a cell fail when a thread does."""
    import threading
    import time

    from IPython import get_ipython

    failures, known = [], set()

    def remember(*_):
        known.update(threading.enumerate())

    def report(*_):
        deadline = time.monotonic() + 2  # seconds that the cell's own threads get to end
        for thread in set(threading.enumerate()) - known:
            if thread.is_alive():  # a thread that another is just starting can't be joined yet
                thread.join(max(0, deadline - time.monotonic()))
        if failures:  # IPython sends an exception of this hook to the front end
            raise RuntimeError("an exception in a thread") from failures.pop()

    threading.excepthook = lambda args: failures.append(args.exc_value)
    get_ipython().events.register("pre_run_cell", remember)
    get_ipython().events.register("post_run_cell", report)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Fails a cell of which nbval did not check what its tag declares."""
    yield
    if not isinstance(item, IPyNbCell):
        return
    if item.options["check"] and not _is_comparable(item.cell):
        item.raise_cell_error("The cell is to be compared, but no text is stored (or a picture is)")
    if item.options["check_exception"] and not any(
        output.output_type == "error" for output in item.test_outputs
    ):
        item.raise_cell_error("The cell declares an exception, but none came")


def _is_comparable(cell) -> bool:
    """Whether the cell was run and left text, and no picture: its bytes differ by machine."""
    data = [output.get("data", {}) for output in cell.outputs]
    text = [output.get("text") for output in cell.outputs] + [d.get("text/plain") for d in data]
    pictures = [k for d in data for k, v in d.items() if k.startswith("image/") or "<img" in v]
    return cell.execution_count is not None and any(text) and not pictures
