"""A reader in a real JupyterLab: run notebook 03, move d, train, stop."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = "03_mnist_fc_vs_lenet.ipynb"
SECOND = 1000  # milliseconds


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab over a copy of the notebook, so that nothing here is saved over."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "home").mkdir()
    shutil.copy(ROOT / "notebooks" / NOTEBOOK, folder / "home")
    settings = folder / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # render every cell, not only those in view
    (settings / "tracker.jupyterlab-settings").write_text(json.dumps({"windowingMode": "none"}))
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--port={port}", "--IdentityProvider.token=", "--expose-app-in-browser"]
    command += [f"--ServerApp.root_dir={folder / 'home'}", "--LabApp.news_url=None"]
    env = {**os.environ, "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings")}
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


def test_a_reader_moves_d_then_trains_and_stops(lab, browser):
    page = browser.new_page(viewport={"width": 1300, "height": 1400})
    page.goto(f"{lab}/lab/tree/{NOTEBOOK}?reset")
    page.wait_for_selector(".jp-NotebookPanel .jp-CodeCell", timeout=60 * SECOND)
    page.evaluate(
        """async () => {
            await window.jupyterapp.restored;
            const context = window.jupyterapp.shell.currentWidget.context.sessionContext;
            await context.ready;
            await context.session.kernel.info;
        }"""
    )
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.content.widgets"
        ".filter(c => c.model.type === 'code').every(c => c.model.executionCount > 0)",
        timeout=180 * SECOND,
    )
    assert page.locator(".jp-RenderedText[data-mime-type*='stderr'], .jp-mod-error").count() == 0

    curves = page.locator(".jupyter-widgets.widget-vbox").filter(
        has=page.get_by_text("look inside")
    )
    table = curves.locator("table").first
    before = table.inner_text()
    handle = curves.first.locator(".noUi-handle").first
    handle.focus()
    handle.press("ArrowRight")
    page.wait_for_function(
        "([before]) => [...document.querySelectorAll('.widget-html table')].at(0)"
        ".innerText !== before",
        arg=[before],
        timeout=30 * SECOND,
    )
    accuracies = re.findall(r"\b[01]\.\d{3}\b", table.inner_text())
    assert accuracies and accuracies != re.findall(r"\b[01]\.\d{3}\b", before)

    live = page.locator(".jupyter-widgets.widget-vbox").filter(
        has=page.get_by_text("learning rate")
    )
    live.locator("button", has_text=re.compile(r"^\s*Train\s*$")).last.click()
    status = live.get_by_text(re.compile(r"step [\d,]+ of [\d,]+")).last
    status.wait_for(timeout=60 * SECOND)
    first = status.inner_text()
    page.wait_for_function(
        "(first) => [...document.querySelectorAll('.widget-html')]"
        ".every(e => e.innerText !== first)",
        arg=first,
        timeout=30 * SECOND,
    )
    live.locator("button", has_text=re.compile(r"^\s*Stop\s*$")).last.click()
    stopped = live.get_by_text(re.compile("Stopped at step")).last
    stopped.wait_for(timeout=30 * SECOND)
    made, pressed = (
        int(n.replace(",", ""))
        for n in re.search(
            r"at step ([\d,]+) \(pressed at step ([\d,]+)\)", stopped.inner_text()
        ).groups()
    )
    assert 0 <= made - pressed <= 2
    page.close()
