"""Interruptions of a run: at moments that are drawn by a seed, told by how many files there are, not by the clock."""

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from faults.damages import remove
from faults.project import Outcome, Project, ended
from forwardgrad.pipeline import lock

MOMENTS = 10
SERVER = "forwardgrad.pipeline.server"
WAIT = 60  # seconds for what should be there, or gone, at once
SECONDS = 0.05  # between two looks


def moments(seed: int, files: int = 16, count: int = MOMENTS) -> Iterator[tuple[int, float]]:
    """Yield random moments: how many more files there are, up to `files`, and how many seconds after that."""
    generator = random.Random(seed)
    for _ in range(count):
        yield generator.randrange(files), generator.random()


def wait(project: Project, process: subprocess.Popen, moment: tuple[int, float]) -> None:
    """Wait for a moment of a run; no longer than it lives."""
    files, seconds = moment
    wanted = len(project.files()) + files
    while len(project.files()) < wanted and process.poll() is None:
        time.sleep(SECONDS)
    time.sleep(seconds)


def interrupted(
    how: Callable[[subprocess.Popen], None], seed: int, count: int = MOMENTS
) -> Callable[[Project], Outcome]:
    """Return what starts a run again and again, and ends each `how` it says at a random moment."""

    def disturb(project: Project) -> Outcome:
        lines: list[str] = []
        for moment in moments(seed, count=count):
            before = project.finished()
            process = project.start()
            wait(project, process, moment)
            how(process)
            lines += ended(process).lines
            assert_alone(project)
            after = project.finished()
            # The job that was interrupted is made again, no other.
            again = {name.rpartition("/")[0] for name, made in before.items() if after.get(name, made) != made}
            assert len(again) <= 1, again
        return Outcome(0, lines)

    return disturb


def killed(process: subprocess.Popen) -> None:
    """End Snakemake as the system does when memory is short."""
    process.kill()


def terminated(process: subprocess.Popen) -> None:
    """End Snakemake as `kill` does."""
    process.terminate()


def hung_up(process: subprocess.Popen) -> None:
    """Close the terminal."""
    to_all(process, signal.SIGHUP)


def stopped(process: subprocess.Popen) -> None:
    """Press ctrl-C."""
    to_all(process, signal.SIGINT)


def stopped_thrice(process: subprocess.Popen) -> None:
    """Press ctrl-C three times within a tenth of a second."""
    for _ in range(3):
        to_all(process, signal.SIGINT)
        time.sleep(0.03)


def to_all(process: subprocess.Popen, number: signal.Signals) -> None:
    """Send a signal to all processes that a terminal would send it to."""
    if process.poll() is None:
        os.killpg(process.pid, number)


def assert_alone(project: Project, seconds: float = WAIT) -> None:
    """Wait until no process works in the folder of a project; assert that this takes no longer than `seconds`."""
    end = time.monotonic() + seconds
    while left := working(project):
        assert time.monotonic() < end, left
        time.sleep(SECONDS)


def working(project: Project) -> list[psutil.Process]:
    """Return the processes that work in the folder of a project."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if Path(f"/proc/{process.pid}/cwd").samefile(project.folder):
                found.append(process)
    return found


def server(project: Project) -> psutil.Process:
    """Return the process that forks one for each run of a project, once there is one."""
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        for process in working(project):
            with contextlib.suppress(psutil.Error):
                if SERVER in process.cmdline() and SERVER not in process.parent().cmdline():
                    return process
        time.sleep(SECONDS)
    raise TimeoutError(f"no process of {SERVER} in {WAIT} s")


def during(how: Callable[[Project], None], moment: tuple[int, float] = (12, 0.0)) -> Callable[[Project], Outcome]:
    """Return what starts a run, does something to it at a moment, and waits for its end."""

    def disturb(project: Project) -> Outcome:
        process = project.start()
        wait(project, process, moment)
        how(project)
        return ended(process)

    return disturb


def kill_a_fork(project: Project) -> None:
    """Kill the process of a job while it works, as the system does when memory is short."""
    while True:
        for fork in server(project).children():
            with contextlib.suppress(psutil.Error):
                fork.suspend()
                if fork.status() == psutil.STATUS_STOPPED:
                    fork.kill()
                    return


def kill_the_server(project: Project) -> None:
    """Kill the process that forks: jobs then do their work themselves."""
    server(project).kill()


def little_memory(project: Project) -> None:
    """Let the process that forks, and its forks, have hardly more memory than it has."""
    process = server(project)
    limit = process.memory_info().vms + 3 * 2**20
    process.rlimit(psutil.RLIMIT_AS, (limit, limit))


def second_command(project: Project) -> Outcome:
    """Give the command while it is at work; the first must end well."""
    process = project.start()
    wait(project, process, (8, 0))
    outcome = project.run()
    assert ended(process).status == 0
    return outcome


def lock_of_another_machine(project: Project) -> Outcome:
    """Leave Snakemake's lock as one that another machine took."""
    (project / ".snakemake" / lock.OWNER).write_text('{"pid": 7, "host": "elsewhere", "since": "then"}')
    (project / ".snakemake/locks").mkdir(exist_ok=True)
    (project / ".snakemake/locks/0.output.lock").write_text("results/x.csv\n")
    return project.run()


def unlock(project: Project, _: Project) -> None:
    """Do what is said of a lock that another machine left."""
    remove(project / ".snakemake/locks")
