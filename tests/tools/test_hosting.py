"""The configurations that the instructor's guide gives for hosting the course."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "notebooks" / "instructor_guide.md").read_text(encoding="utf-8")
HUB = re.search(r"```py\n(.*?)```", GUIDE, re.S)[1]
ROOM = re.search(r"```sh\n(.*?)```", GUIDE, re.S)[1]


def test_the_hubs_hook_gives_notebooks_once_and_keeps_what_a_student_changed(tmp_path, monkeypatch):
    shutil.copytree(ROOT / "notebooks", tmp_path / "build" / "student")
    monkeypatch.chdir(tmp_path)
    config = mock.MagicMock()
    exec(HUB, {"get_config": lambda: config})
    spawner = SimpleNamespace(user=SimpleNamespace(name="ada"))
    config.Spawner.pre_spawn_hook(spawner)
    mine = tmp_path / "class" / "ada" / "course" / "00_start_here.ipynb"
    assert config.SimpleLocalProcessSpawner.home_dir_template == str(tmp_path / "class/{username}")
    assert config.Spawner.default_url == "/lab/tree/course/00_start_here.ipynb"
    mine.write_text("changed")
    config.Spawner.pre_spawn_hook(spawner)
    assert mine.read_text() == "changed"


def test_hub_and_room_cull_alike():
    def culls(text):
        return {o for o in re.findall(r"--(Map[\w.=]+)", text) if "interval" not in o}

    assert culls(HUB) == culls(ROOM) != set()


@pytest.mark.weekly
@pytest.mark.skipif(os.name == "nt", reason="the guide's commands are for a POSIX shell")
def test_in_a_room_students_have_kernels_of_their_own_and_idle_ones_end(tmp_path):
    shutil.copytree(ROOT / "notebooks", tmp_path / "build" / "student")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    commands = ROOM
    for old, new in {
        "--ip=0.0.0.0": "--ip=127.0.0.1 --allow-root", "--port=8888": f"--port={port}",
        "1 30": "1 2", "timeout=1200": "timeout=3", "interval=60": "interval=1",
    }.items():  # fmt: skip
        assert old in commands
        commands = commands.replace(old, new)

    def ask(path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{port}/api/{path}")
        request.add_header("Authorization", "token CHANGE-ME")
        data = body and json.dumps(body).encode()
        with urllib.request.urlopen(request, data, timeout=30) as answer:
            return json.load(answer)

    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            ["bash", "-c", commands], cwd=tmp_path, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait(lambda: ask("status"), 60)
        sessions = [
            ask("sessions", {
                "path": f"{n}/00_start_here.ipynb", "type": "notebook", "name": "",
                "kernel": {"name": "python3"},
            })
            for n in (1, 2)
        ]  # fmt: skip
        assert sessions[0]["kernel"]["id"] != sessions[1]["kernel"]["id"]
        assert len(ask("kernels")) == 2
        _wait(lambda: ask("kernels") == [], 60)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)
    assert "not recognized" not in (tmp_path / "log").read_text()


def _wait(condition, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.3)
    pytest.fail("it took too long")
