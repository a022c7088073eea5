"""Kernels that begin as copies of one process in which torch and others are imported already, which
saves a quarter of a kernel's time. idlib is none of these: each kernel imports it anew.

``python warm.py SOCKET`` is that process. The kernels that `write_spec` describes ask it for a copy
of itself, and wait until that ends.
"""

import gc
import json
import os
import sys
from importlib import import_module
from pathlib import Path
from socketserver import ForkingMixIn, StreamRequestHandler, UnixStreamServer

MODULES = (
    *("torch._dynamo", "numpy.random", "scipy.stats", "transformers", "ipykernel.kernelapp"),
    *("ipywidgets", "matplotlib.pyplot", "matplotlib.backends.backend_svg"),
)
ASK = """import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as kernel:
    kernel.connect(sys.argv[1])
    asked = sys.argv[2], os.getcwd(), dict(os.environ)
    kernel.sendall(json.dumps(asked).encode() + b"\\n")
    kernel.recv(1)  # nothing: it has ended"""


class Kernel(StreamRequestHandler):
    """One copy: takes the directory and the environment of who asked, and is a kernel."""

    def handle(self) -> None:
        file, folder, environment = json.loads(self.rfile.readline())
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment, JPY_PARENT_PID=str(os.getppid()))  # ends when that does
        sys.argv = ["ipykernel_launcher", "-f", file]
        import_module("ipykernel.kernelapp").launch_new_instance()


class Kernels(ForkingMixIn, UnixStreamServer):
    pass


def write_spec(folder: Path, socket: Path) -> None:
    """Writes a kernelspec "python3" below a folder for JUPYTER_PATH."""
    spec = {
        "argv": [sys.executable, "-SIc", ASK, str(socket), "{connection_file}"],
        "display_name": "Python 3",
        "language": "python",
        "interrupt_mode": "message",  # a signal would not come further than to who asked
    }
    path = folder / "kernels" / "python3" / "kernel.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(spec))


def main() -> None:
    with Kernels(sys.argv[1], Kernel) as server:  # who asks too early waits
        sys.path.pop(0)  # this folder, of which notebooks know nothing
        for name in MODULES:
            import_module(name)
        gc.collect()
        gc.freeze()  # what is never written to stays shared
        server.serve_forever()


if __name__ == "__main__":
    main()
