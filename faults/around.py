"""Disks, homes, networks: what is around a run, and how to make it bad without being root."""

import contextlib
import shutil
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from faults.damages import dated, remove
from faults.moments import MOMENTS, assert_alone, moments, wait
from faults.project import Outcome, Project, ended
from faults.runner import Fault

DATASET = "kmnist600"  # the one that is never found
RECORD = f"results/data/{DATASET}.json"
ARCHIVE = "t10k-images-idx3-ubyte.gz"
NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount", "--propagation", "private"]
ROOM = 260  # MB of the small disk: what a run wants to see, and its files
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"'
SMALL = f'mount -t tmpfs -o size={ROOM}m none "$1"'


def obstacle() -> str:
    """Return why no disk can be mounted here for the processes of a test alone; empty if one can."""
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        return "unshare and nsenter are missing"
    done = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"no namespaces of one's own: {done.stderr.strip()}"


@contextlib.contextmanager
def mounted(script: str, *folders: Path, start: Path) -> Iterator[list[str]]:
    """Run a mounting `script` for each of the `folders`, seen by no other process; yield what leads to `start`."""
    commands = "".join(f'set -- "{folder}"; {script} || exit 1; ' for folder in folders)
    holder = subprocess.Popen(
        [*NAMESPACE, "sh", "-c", f"{commands} echo ready; exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "ready\n"
    try:
        # The folder is entered anew: the one that a process starts in lies on the disk below.
        inside = ["nsenter", "--user", "--preserve-credentials", "--mount", "--target", str(holder.pid)]
        yield [*inside, "env", f"--chdir={start}"]
    finally:
        holder.communicate()


def read_only(name: str, says: str) -> Fault:
    """A folder, with '.' everything, cannot be written to."""

    def disturb(project: Project) -> Outcome:
        with mounted(READ_ONLY, project / name, start=project.folder) as project.inside:
            outcome = project.run()
        project.inside = []
        return outcome

    return Fault(f"`{name}` cannot be written to", disturb, says, status=1, mounts=True)


def with_environment(**environment: str) -> Callable[[Project], Outcome]:
    """Return what runs a project with some variables of the environment, an empty one without it."""

    def disturb(project: Project) -> Outcome:
        project.environment = environment
        outcome = project.run()
        project.environment = {}
        return outcome

    return disturb


def starting(*words: str) -> Callable[[Project], Outcome]:
    """Return what runs a project by a command with these `words` before it."""

    def disturb(project: Project) -> Outcome:
        project.inside = list(words)
        outcome = project.run()
        project.inside = []
        return outcome

    return disturb


def dated_2001(project: Project) -> Outcome:
    """Run a project whose files are all as old as each other."""
    dated(project.folder, 1e9)
    return project.run()


def moved(project: Project) -> Outcome:
    """Run a project whose files came from elsewhere, their times kept, without Snakemake's record of them."""
    remove(project / ".snakemake")
    project.folder = project.folder.rename(project.folder.with_name("moved"))
    return project.run()


def archive(how: Callable[[Path], None], says: str) -> Fault:
    """An official file in the data folder that is none."""

    def disturb(project: Project) -> Outcome:
        path = project.folder.with_name("data") / "KMNIST/raw" / ARCHIVE
        path.parent.mkdir(parents=True)
        path.write_bytes(b"9" * 1000)
        how(path)
        return with_environment(FORWARDGRAD_DATA=str(project.folder.with_name("data")))(project)

    return Fault(f"an archive that is {how.__doc__.lower().rstrip('.')}", disturb, f"{ARCHIVE} {says}")


class Proxy(socketserver.ThreadingTCPServer):
    """A proxy that gives every request the same bytes, then waits for some seconds, again and again."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, answer: bytes, times: int = 1, seconds: float = 0) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.answer, self.times, self.seconds = answer, times, seconds


class Answer(socketserver.BaseRequestHandler):
    """One request."""

    server: Proxy

    def handle(self) -> None:
        """Read a request and send the answer, as long as somebody listens."""
        self.request.recv(65536)
        with contextlib.suppress(OSError):
            for _ in range(self.server.times):
                self.request.sendall(self.server.answer)
                time.sleep(self.server.seconds)


def behind(name: str, answer: bytes, says: str, times: int = 1, seconds: float = 0) -> Fault:
    """Every server gives one answer, see `Proxy`, while a data set is looked for."""

    def disturb(project: Project) -> Outcome:
        (project / RECORD).unlink()
        with Proxy(answer, times, seconds) as proxy:
            threading.Thread(target=proxy.serve_forever, daemon=True).start()
            outcome = with_environment(http_proxy=f"http://127.0.0.1:{proxy.server_address[1]}")(project)
            proxy.shutdown()
        return outcome

    return Fault(f"a server that {name}", disturb, f"{DATASET} is not available: …{says}", mend=retry)


def odd_data_folder(project: Project) -> Outcome:
    """Name a data folder that has in its name what shells, YAML and Snakemake take for something else."""
    (project / RECORD).unlink()
    return project.run("--config", f"data_dir={project.folder}/my da'ta {{x}} {{dataset}} $HOME & größe")


def retry(project: Project, _: Project) -> None:
    """Do what is said of a data set that is not available."""
    project.call(sys.executable, "-m", "forwardgrad", "data", "--retry")


def full_disk(says: str, seed: int) -> Fault:
    """A small disk is filled at random moments, and emptied after each."""

    def disturb(project: Project) -> Outcome:
        lines: list[str] = []
        home = project.folder
        disk = home.with_name(f"{home.name} disk")
        disk.mkdir()
        with mounted(SMALL, disk, start=disk) as inside:
            seen = Path(f"/proc/{inside[inside.index('--target') + 1]}/root{disk}")
            shutil.copytree(home, seen, dirs_exist_ok=True)
            there = Project(seen)
            there.inside = inside
            for moment in moments(seed):
                process = there.start()
                wait(there, process, moment)
                with contextlib.suppress(OSError), (seen / "filler").open("wb") as filler:
                    while True:
                        filler.write(bytes(2**20))
                outcome = ended(process)
                lines += outcome.lines
                assert_alone(there)
                (seen / "filler").unlink()
            shutil.copytree(seen, home, dirs_exist_ok=True, symlinks=True)
        return Outcome(1, lines)

    return Fault(f"the disk is full, {MOMENTS} times", disturb, says, status=1, fresh=True, mounts=True)
