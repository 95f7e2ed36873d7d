"""Asks the run server for a run. Standard library only: this is all that a run of the workflow starts.

See `forwardgrad.pipeline.server` for why there is a server.
"""

import json
import os
import socket
import sys

# The environment variable that holds the path of the server's socket. Slurm hands its jobs the environment in which
# they were submitted, and a job has a server of its own.
ADDRESS = "FORWARDGRAD_SERVER" + os.environ.get("SLURM_JOB_ID", "")


def ask(arguments: list[str]) -> int | None:
    """Have the server carry out the command line `arguments`, writing to this process's own output.

    Returns:
        The exit status, or None if there is no server.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(os.environ[ADDRESS])
        except (KeyError, OSError):
            return None
        request = json.dumps({"folder": os.getcwd(), "arguments": arguments})
        # A line by itself: what is sent with descriptors arrives cut off, where it names many hundred runs.
        socket.send_fds(connection, [b"\n"], [1, 2])
        connection.sendall(f"{request}\n".encode())
        # The connection stays open both ways: its end tells the server that this process is gone.
        try:
            status = connection.recv(1)
        except ConnectionResetError:
            status = b""
    if status:
        return status[0]
    print("forwardgrad: the process of this run was killed; run the same command again", file=sys.stderr)
    return 1
