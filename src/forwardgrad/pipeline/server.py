"""A server that imports torch once and forks one process for each run, and for other work that needs torch.

Importing torch takes longer than training a small model. So the workflow starts this server, and the
command of each run asks it for a fork, which has everything imported and writes to the output of
whoever asked. Without a server (on another platform, by hand) the command works in its own process,
with the same result to the bit: a run trains on one thread wherever it is, and the server itself
draws no random number, starts no thread and touches no GPU.

Nothing outlives its purpose: the server ends with the process that started it, a fork ends with the
server or with its client.
"""

import json
import os
import select
import shutil
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import traceback
from importlib import import_module
from pathlib import Path

from forwardgrad.pipeline.client import ADDRESS

POLL_SECONDS = 0.5

# What the forks need: importing it takes longer than most of what they do.
NEEDED = (
    "experiments.training.train",
    "experiments.functions.descent",
    "experiments.estimators.sample",
    "experiments.audit.compute",
    "plotting.style",
    "claims.verdicts",
    "report.page",
)


def start() -> None:
    """Start a server for this process and all it starts from now on, unless it has one or cannot fork."""
    if ADDRESS in os.environ or not hasattr(os, "fork"):
        return
    # A folder for this user alone, with a short name: the path of a socket ends at 108 bytes.
    path = Path(tempfile.mkdtemp(prefix="forwardgrad-", dir="/tmp"), "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(128)  # from here on clients wait, however long torch takes to import
        # A session of its own keeps ctrl-C from it: its clients get that, and their end ends its forks.
        subprocess.Popen(
            [sys.executable, "-m", "forwardgrad.pipeline.server", path, str(os.getpid())],
            stdin=listener,
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,
        )
    os.environ[ADDRESS] = str(path)


class Server(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
    """Serves on the listening socket that it finds as its standard input."""

    max_children = 4096
    block_on_close = False
    timeout = POLL_SECONDS

    def __init__(self) -> None:
        super().__init__("", Fork, bind_and_activate=False)
        self.socket = socket.socket(fileno=0)
        self.pid = os.getpid()


class Fork(socketserver.BaseRequestHandler):
    """Carries out one request, in a fork."""

    server: Server

    def handle(self) -> None:
        """Take over the client's output and folder, run its command, send the exit status."""
        from forwardgrad.pipeline.cli import main

        self.server.socket.close()
        _, outputs, _, _ = socket.recv_fds(self.request, 1, 2)
        request = json.loads(self.request.makefile().readline())
        threading.Thread(target=end_with, args=(self.request, self.server.pid), daemon=True).start()
        for number, output in enumerate(outputs, start=1):
            os.dup2(output, number)
        os.chdir(request["folder"])
        try:
            status = main(request["arguments"])
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except BaseException:
            traceback.print_exc()
            status = 1
        sys.stdout.flush()
        sys.stderr.flush()
        self.request.sendall(bytes([status]))


def end_with(client: socket.socket, server: int) -> None:
    """End this process when its client or its server goes, whatever it is doing."""
    while os.getppid() == server and not select.select([client], [], [], POLL_SECONDS)[0]:
        pass
    os._exit(1)


def serve(path: Path, parent: int) -> None:
    """Serve until process `parent` is gone; then remove the folder of the socket at `path`."""
    os.environ.pop(ADDRESS, None)  # a fork does its work itself
    try:
        for module in NEEDED:
            import_module(f"forwardgrad.{module}")

        server = Server()
        while os.getppid() == parent:
            server.handle_request()
            server.collect_children()
    finally:
        shutil.rmtree(path.parent, ignore_errors=True)
    os._exit(0)  # an orderly exit of torch takes a second, while forks keep running


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
