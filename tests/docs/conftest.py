import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PARTS = (
    "Snakefile",
    "CITATION.cff",
    "Makefile",
    "README.md",
    "docs",
    "results/README.md",
    "results/reference/paper",
    "constraints.txt",
    "pyproject.toml",
    "config",
    "profiles",
    "report",
    "src",
    "workflow",
)
OUTPUTS = shutil.ignore_patterns("index.html", "__pycache__", "*.egg-info")
# Whatever asks for the network is refused at once.
OFFLINE = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")


class Copy:
    """A copy of what the workflow consists of, package included, that has no network."""

    def __init__(self, root, folder):
        self.folder = folder
        for part in PARTS:
            if (root / part).is_dir():
                shutil.copytree(root / part, folder / part, ignore=OUTPUTS)
            else:
                (folder / part).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(root / part, folder / part)

    def __call__(self, *command):
        """Run a command in the copy, with its package; return the exit status and the output."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("FORWARDGRAD_")}
        paths = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": str(self.folder / "src"),
        }
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment | OFFLINE | paths,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout


@pytest.fixture(scope="module")
def copy(root, tmp_path_factory):
    return Copy(root, tmp_path_factory.mktemp("copy"))
