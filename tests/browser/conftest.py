"""Chromium and JupyterLab, for all tests that look at pages as a reader does.

What a notebook looked like when a test of it failed is kept in build/screenshots.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
SECOND = 1000  # milliseconds
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# jsonschema would build the grammar of web addresses with it, which takes most of a start
START = """import sys
sys.modules["rfc3987_syntax"] = None
from jupyterlab.labapp import main
main()"""
KERNEL = "window.jupyterapp.shell.currentWidget.context.sessionContext"
OPEN = """async path => {
    await window.jupyterapp.restored;
    const panel = await window.jupyterapp.commands.execute('docmanager:open', { path });
    await panel.context.ready;
}"""
RUN_ALL = f"""() => {{
    window.allRan = false;
    const run = async () => {{
        await {KERNEL}.ready;
        await {KERNEL}.session.kernel.info;
        await window.jupyterapp.commands.execute('notebook:run-all-cells');
        await window.jupyterapp.commands.execute('docmanager:save');
        window.allRan = true;
    }};
    run();
}}"""
# A page complains of a kernel that ends before it has answered these, soon after a file is opened.
ASKS = "/subshell/.test(future.msg.header.msg_type)"
ANSWERED = f"""const asked = {KERNEL}.session?.kernel?._futures ?? new Map();
    for (let n = 0; [...asked.values()].some(future => {ASKS}) && n < 100; n++)
        await new Promise(done => setTimeout(done, 100));"""
CLOSE = f"""async () => {{
    await window.jupyterapp.commands.execute('docmanager:save');
    {ANSWERED}
    {KERNEL}.shutdown();  // takes seconds, in which the next notebook can begin
    await window.jupyterapp.commands.execute('application:close-all');
}}"""
CLOSE_ONE = f"""async () => {{
    await {KERNEL}.ready;
    await {KERNEL}.session.kernel.info;
    {ANSWERED}
    await {KERNEL}.shutdown();
    await window.jupyterapp.commands.execute('application:close');
}}"""
ASK = f"""async code => {{
    const future = {KERNEL}.session.kernel.requestExecute({{ code, store_history: false }});
    let said = "";
    future.onIOPub = message => {{
        const {{ text, ename, evalue }} = message.content;
        said += text ?? (ename ? `${{ename}}: ${{evalue}}` : "");
    }};
    await future.done;
    return said;
}}"""


@pytest.fixture(scope="package")
def browser(chromium):
    """Headless Chromium, from the system."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def home(tmp_path_factory):
    """A copy of the notebooks, so that nothing here is saved over."""
    folder = tmp_path_factory.mktemp("lab") / "home"
    folder.mkdir()
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(notebook, folder)
    return folder


@pytest.fixture(scope="package")
def warm_kernels(tmp_path_factory):
    """A folder for JUPYTER_PATH, whose kernels need not import torch; an empty one on Windows."""
    folder = tmp_path_factory.mktemp("warm")
    if not hasattr(os, "fork"):
        yield folder
        return
    from . import warm

    warm.write_spec(folder, folder / "socket")
    command = [sys.executable, warm.__file__, folder / "socket"]
    env = {**os.environ, "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    with subprocess.Popen(command, env=env) as process:
        yield folder
        process.terminate()


@pytest.fixture(scope="package")
def lab(home, warm_kernels):
    """A JupyterLab over that copy."""
    folder = home.parent
    settings = folder / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # render every cell, not only those in view
    (settings / "tracker.jupyterlab-settings").write_text(json.dumps({"windowingMode": "none"}))
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [sys.executable, "-c", START, "--no-browser", "--allow-root"]
    command += [f"--port={port}", "--IdentityProvider.token=", "--expose-app-in-browser"]
    command += [f"--ServerApp.root_dir={home}", "--LabApp.news_url=None"]
    command += ["--LanguageServerManager.autodetect=False"]  # which starts npm eleven times
    env = {**os.environ, "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings")}
    env["JUPYTER_PATH"] = str(warm_kernels)
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{url}/api", timeout=1).close()
                break
            except OSError:
                time.sleep(0.5)
        else:
            pytest.fail(f"JupyterLab did not start:\n{(folder / 'log').read_text()}")
        yield url
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="package")
def run_all(browser, lab, home):
    """Opens a notebook of the copy, runs all its cells, and saves it: a context for its name, of a
    page whose ``saved`` is the path of the file, and whose ``ask`` runs code in its kernel and
    returns what that printed and raised, an exception in a thread since the last time included.

    The page stays for the next notebook, as opening JupyterLab takes longest, unless it fails.
    """
    pages = []

    def opened():
        page = browser.new_page()
        page.set_default_timeout(120 * SECOND)
        page.on("pageerror", lambda error: page.raised.append(error.stack or str(error)))
        page.ask = lambda code: page.evaluate(ASK, code)
        page.raised = []
        page.goto(f"{lab}/lab?reset")
        page.wait_for_function("window.jupyterapp")
        return page

    @contextmanager
    def run(name: str):
        page = pages.pop() if pages else opened()
        page.set_viewport_size({"width": 1300, "height": 1400})
        page.raised, page.saved = [], home / name
        shutil.rmtree(os.environ["IDLIB_GUESSES"], ignore_errors=True)
        page.evaluate(OPEN, name)
        page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell")
        try:
            page.evaluate(RUN_ALL)
            page.wait_for_function("window.allRan", polling=200, timeout=300 * SECOND)
            yield page
        except BaseException:
            photograph(page)
            page.evaluate(f"() => {KERNEL}.shutdown()")
            page.close()
            raise
        page.evaluate(CLOSE)
        pages.append(page)

    return run


def photograph(page) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    height = page.locator(".jp-WindowedPanel-outer").evaluate("e => e.scrollHeight")
    page.set_viewport_size({"width": 1300, "height": height + 200})
    page.locator(".jp-WindowedPanel-outer").evaluate("e => e.scrollTo(0, 0)")
    page.screenshot(path=SCREENSHOTS / f"{page.saved.stem}.png")
