import functools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from forwardgrad.experiments.training.runs import Method, Run, Stop
from forwardgrad.pipeline.client import ADDRESS

STARTER = """
import os, sys
from forwardgrad.pipeline import server
server.start()
print(os.environ["FORWARDGRAD_SERVER"], flush=True)
sys.stdin.read()
"""
PATIENCE = 30


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A prepared set of 30 random examples."""
    path = tmp_path_factory.mktemp("data") / "penguins.npz"
    generator = np.random.default_rng(0)
    indices = {"train-0": range(20), "validation-0": range(0), "test-0": range(20, 30)}
    provenance = '{"source": "", "sha256": {}, "licence": "", "licence_url": "", "citation": "", "definition": ""}'
    np.savez(
        path,
        inputs=generator.random((30, 4), dtype=np.float32),
        labels=np.arange(30) % 3,
        provenance=np.array(provenance),
        **{name: np.array(index, dtype=np.int64) for name, index in indices.items()},
    )
    return path


def start():
    environment = {key: value for key, value in os.environ.items() if key != ADDRESS}
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", STARTER], env=environment, text=True, **streams)


@pytest.fixture(scope="module")
def running():
    """The address of a running server and its process."""
    with start() as starter:
        address = starter.stdout.readline().strip()
        (process,) = psutil.Process(starter.pid).children()
        yield address, process
        starter.kill()
    wait(lambda: not process.is_running())


@pytest.fixture
def server(running):
    """The same, once it has no fork."""
    wait(lambda: not running[1].children())
    return running


def client(address, data, output, steps=3, **options):
    run = Run("one", "penguins", "students_mlp", "m", 0, Method("forward_gaussian", 0.01, Stop(steps)), 1)
    return ask(address, ["run", "--run", run.to_json(), "--data", data, "--output", output], **options)


def ask(address, arguments, **options):
    command = [sys.executable, "-m", "forwardgrad.pipeline.cli", *arguments]
    # A shell that runs the tests in the background has them ignore ctrl-C, and their children with them.
    heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    environment = os.environ | {ADDRESS: address}
    return subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=heed, **options
    )  # fmt: skip


def end(process):
    """Return the exit status and the errors of a client."""
    _, error = process.communicate(timeout=PATIENCE)
    return process.returncode, error


def wait(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


def fork_of(process):
    """Wait until the server has forked, and return the fork."""
    wait(process.children)
    return process.children()[0]


def test_a_fork_writes_what_a_process_of_its_own_writes(server, data, tmp_path):
    for name, address in {"fork": server[0], "own": str(tmp_path / "nothing")}.items():
        assert end(client(address, data, tmp_path / name)) == (0, "")
    assert (tmp_path / "fork/metrics.csv").read_bytes() == (tmp_path / "own/metrics.csv").read_bytes()


def test_paths_are_relative_to_the_clients_folder(server, data, tmp_path):
    assert end(client(server[0], data, "here", cwd=tmp_path)) == (0, "")
    assert (tmp_path / "here/metrics.csv").exists()


@pytest.mark.parametrize(("job", "name"), [({}, "FORWARDGRAD_SERVER"), ({"SLURM_JOB_ID": "7"}, "FORWARDGRAD_SERVER7")])
def test_a_job_of_slurm_has_a_server_of_its_own(job, name):
    environment = {key: value for key, value in os.environ.items() if key != "SLURM_JOB_ID"} | job
    command = [sys.executable, "-c", "from forwardgrad.pipeline.client import ADDRESS; print(ADDRESS)"]
    assert subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip() == name


def test_an_error_reaches_the_client(server, tmp_path):
    status, error = end(client(server[0], tmp_path / "missing.npz", tmp_path))
    assert status == 1
    assert "missing.npz does not exist" in error.splitlines()[-1]


def test_a_request_may_name_thousands_of_runs(server, tmp_path):
    folders = [f"results/runs/one/penguins/students_mlp/m/seed-{seed}" for seed in range(4000)]
    status, error = end(ask(server[0], ["frames", "one", "--runs", *folders], cwd=tmp_path))
    assert status == 1
    assert f"{folders[0]}/metrics.csv is missing" in error


def test_a_killed_fork_fails_its_client(server, data, tmp_path):
    process = client(server[0], data, tmp_path, steps=10**8)
    fork_of(server[1]).kill()
    assert end(process) == (1, "forwardgrad: the process of this run was killed; run the same command again\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_fork_ends_with_its_client(server, data, tmp_path, number):
    process = client(server[0], data, tmp_path, steps=10**8)
    fork = fork_of(server[1])
    process.send_signal(number)
    end(process)
    wait(lambda: not fork.is_running() or fork.status() == psutil.STATUS_ZOMBIE)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_when_the_starter_is_killed(data, tmp_path):
    with start() as starter:
        address = Path(starter.stdout.readline().strip())
        (process,) = psutil.Process(starter.pid).children()
        waiting = client(str(address), data, tmp_path, steps=10**8)
        fork = fork_of(process)
        starter.kill()
    wait(lambda: not process.is_running() and not fork.is_running())
    assert end(waiting)[0] == 1
    assert not address.parent.exists()
