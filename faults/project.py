"""A copy of the workflow that is run, disturbed and run again."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "faults/config.yaml"
PARTS = ("CITATION.cff", "Snakefile", "config", "profiles", "workflow", "report", "results/reference/paper")
TUNED = "penguins:\n  students_lr: {forward_gaussian: 0.2}\n"
MINUTES = 15  # after which a command hangs
# Whatever asks for the network is refused at once.
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")

# What holds times that were measured, the machine's name, or where data were found, which after an interruption is the
# copy that was made before it: all other files are the same in every run.
MEASURED = (
    "results/logs/*",
    "results/data/*.json",
    "results/steps/*",
    "results/functions/costs/*",
    "results/runs/*/times.csv",
    "results/runs/*/run.json",
    "results/frames/*-costs.csv",
    "results/frames/*-runs.csv",
    "results/frames/*-provenance.json",
    "results/frames/speed*.csv",
    "results/tables/claims.csv",
    "results/tables/*/methods.csv",
    "results/tables/*/budgets.csv",
    "results/tables/*/times.csv",
    "results/tables/functions/costs.csv",
    "results/tables/speed/*",
    "results/figures/*-by-step.csv",
    "results/figures/*-budgets-own.*",
    "results/figures/*/rates.csv",
    "results/figures/*/steps-to-threshold.csv",
    "results/figures/*/time*",
    "results/figures/functions/cost.*",
    "results/figures/speed/*",
    "report/notebooks/*",
    "report/site/*",
)
# What comes with the repository; and checksums, which are those of the files beside them.
INPUTS = ("*/.*", "results/reference/*", "results/README.md", "report/templates/*", "report/*.yaml", "report/*.csv")
# Above all, what takes time to make: none of it may be lost, or made twice.
PRECIOUS = ("results/runs/*.*", "results/functions/*.*", "results/estimators/*.*", "results/steps/*.*")


class Outcome(NamedTuple):
    """How a command ended: its status, and the lines that it wrote."""

    status: int
    lines: list[str]


class Project:
    """A copy of the workflow in `folder`, without a network.

    Attributes:
        inside: Words before each command, those that lead into a namespace.
        environment: What else stands in the environment.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inside: list[str] = []
        self.environment: dict[str, str] = {}

    @classmethod
    def fresh(cls, folder: Path) -> "Project":
        """Make a copy in which nothing has been run."""
        for part in PARTS:
            (folder / part).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, folder / part)
        for made in ("report/site", "report/notebooks", "report/reference"):
            shutil.rmtree(folder / made, ignore_errors=True)
        for path in (folder / "config").glob("tuned*.yaml"):
            path.unlink()
        (folder / "config/tuned.yaml").write_text(TUNED)
        return cls(folder)

    def copy(self, folder: Path) -> "Project":
        """Return a copy of it as it is now, times of files included."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)

    def __truediv__(self, path: str) -> Path:
        return self.folder / path

    def start(self, *arguments: str, config: Sequence[Path] = (CONFIG,), cores: int = 1) -> subprocess.Popen:
        """Start the workflow, in a session of its own, as a terminal would."""
        options = ["--cores", str(cores), "--configfile", *map(str, config)]
        return self.begin(sys.executable, "-m", "snakemake", *arguments, *options)

    def begin(self, *command: str) -> subprocess.Popen:
        """Start a command in its folder."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("FORWARDGRAD_")}
        paths = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": str(ROOT / "src"),
        }
        changed = {key: value for key, value in (environment | OFFLINE | paths | self.environment).items() if value}
        return subprocess.Popen(
            [*self.inside, *command],
            cwd=self.folder,
            env=changed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def call(self, *command: str) -> Outcome:
        """Carry out a command in its folder, to its end."""
        return ended(self.begin(*command))

    def run(self, *arguments: str, **options: object) -> Outcome:
        """Run the workflow to its end."""
        return ended(self.start(*arguments, **options))

    def files(self) -> dict[str, Path]:
        """Return every file that runs make, by its path below the folder."""
        found = [path for part in ("results", "report") for path in (self.folder / part).rglob("*") if path.is_file()]
        named = {path.relative_to(self.folder).as_posix(): path for path in sorted(found)}
        return {name: path for name, path in named.items() if not matches(name, INPUTS)}

    def deterministic(self) -> dict[str, bytes]:
        """Return the content of every file that does not depend on times that were measured."""
        return {name: path.read_bytes() for name, path in self.files().items() if not matches(name, MEASURED)}

    def finished(self) -> dict[str, int]:
        """Return when each file was made that takes time to make."""
        return {name: path.stat().st_mtime_ns for name, path in self.files().items() if matches(name, PRECIOUS)}


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Return whether one of the `patterns` fits `name`; a star stands for folders too."""
    return any(fnmatch(name, pattern) for pattern in patterns)


def ended(process: subprocess.Popen) -> Outcome:
    """Wait for a process that was started; return how it ended."""
    try:
        text, _ = process.communicate(timeout=60 * MINUTES)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return Outcome(process.returncode, text.splitlines())
