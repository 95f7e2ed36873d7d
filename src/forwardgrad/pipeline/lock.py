"""One workflow at a time in one folder, and a lock that nobody holds any more is no obstacle.

Snakemake leaves its lock behind when it is killed, and then refuses to start. So the process that runs the workflow
holds a lock of the operating system as well: that one goes with its owner, however the owner ends. Who gets it knows
that Snakemake's lock is a dead process's, and removes it. The file says who holds it, for whoever does not get it.
"""

import fcntl
import json
import os
import shutil
import socket
import time
from pathlib import Path
from typing import IO

from forwardgrad.arguments import RefusalError

OWNER = "forwardgrad-owner.json"
LOCKS = "locks"  # Snakemake's own
_held: list[IO[str]] = []  # open until this process ends


def take(folder: Path) -> None:
    """Make this process the only one that runs the workflow; `folder` is Snakemake's, `.snakemake`.

    Raises:
        RefusalError: Another process runs it, or one on another machine left Snakemake's lock behind.
        OSError: The folder cannot be written to.
    """
    if _held:
        return
    folder.mkdir(exist_ok=True)
    file = (folder / OWNER).open("a+", encoding="utf-8")
    owner = owner_of(folder)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise RefusalError(f"{in_words(owner)} runs the workflow here: wait until it has ended, or end it") from None
    here = socket.gethostname()
    if (folder / LOCKS).exists():
        if owner.get("host", here) != here:  # not every shared file system tells one machine of another's locks
            file.close()
            raise RefusalError(f"{in_words(owner)} has locked this folder: if it has ended, delete {folder / LOCKS}")
        shutil.rmtree(folder / LOCKS)
    file.truncate(0)
    json.dump({"pid": os.getpid(), "host": here, "since": time.strftime("%Y-%m-%d %H:%M:%S")}, file)
    file.flush()
    _held.append(file)


def in_words(owner: dict[str, object]) -> str:
    """Return the owner for a message."""
    return "process {pid} on {host}, since {since},".format(**owner) if owner else "another process"


def owner_of(folder: Path) -> dict[str, object]:
    """Return who took the folder last: `pid`, `host` and `since`; empty if nobody did, or it could not write all."""
    try:
        owner = json.loads((folder / OWNER).read_text(encoding="utf-8"))
    except (ValueError, FileNotFoundError):
        return {}
    return owner if isinstance(owner, dict) and {"pid", "host", "since"} <= owner.keys() else {}
