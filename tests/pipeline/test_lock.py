import json
import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from forwardgrad.arguments import RefusalError
from forwardgrad.pipeline import lock

HOLD = """
import pathlib, sys, time
from forwardgrad.pipeline import lock
lock.take(pathlib.Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path):
    """Snakemake's folder, with a lock of its own."""
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks/0.output.lock").write_text("results/x.csv\n")
    return tmp_path


@pytest.fixture
def release():
    """Let go what a test takes in this process."""
    yield
    while lock._held:
        lock._held.pop().close()


@pytest.fixture
def other(folder):
    """A process that has taken the folder, and Snakemake's lock with it."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    (folder / "locks").mkdir()
    yield process
    process.kill()
    process.communicate()


def test_the_lock_of_a_dead_process_is_removed(folder, other, release):
    other.send_signal(signal.SIGKILL)
    other.wait()
    lock.take(folder)
    assert not (folder / "locks").exists()
    assert lock.owner_of(folder)["pid"] == os.getpid()


def test_a_living_process_is_named_and_its_lock_stays(folder, other):
    for _ in range(2):
        with pytest.raises(RefusalError) as error:
            lock.take(folder)
        (line,) = str(error.value).splitlines()
        assert line.startswith(f"process {other.pid} on {socket.gethostname()}, since 2")
        assert line.endswith(", runs the workflow here: wait until it has ended, or end it")
    assert (folder / "locks").exists()


def test_the_lock_of_another_machine_stays(folder, release):
    (folder / lock.OWNER).write_text(json.dumps({"pid": 7, "host": "elsewhere", "since": "then"}))
    line = f"process 7 on elsewhere, since then, has locked this folder: if it has ended, delete {folder / 'locks'}"
    with pytest.raises(RefusalError, match=f"^{re.escape(line)}$"):
        lock.take(folder)
    (folder / "locks/0.output.lock").unlink()
    (folder / "locks").rmdir()
    lock.take(folder)
    assert lock.owner_of(folder)["host"] == socket.gethostname()


@pytest.mark.parametrize("content", ["", "{", "[1]", "7", '{"pid": 1'])
def test_what_a_power_cut_left_of_the_owner_is_no_obstacle(folder, release, content):
    (folder / lock.OWNER).write_text(content)
    lock.take(folder)
    assert not (folder / "locks").exists()


def test_one_process_takes_it_once(folder, release):
    lock.take(folder)
    lock.take(folder)
