"""The smoke pipeline through profiles/slurm on a cluster that is this machine alone: `make slurm`."""

import os
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("CITATION.cff", "Snakefile", "config", "profiles", "workflow", "report", "results/reference/paper")
ONE_NODE = ROOT / "slurm/one-node.sh"
SMOKE = ("--configfile", "config/smoke.yaml")
MINUTES = 5  # on a quiet machine with two cores
LACKING = [program for program in ("slurmctld", "slurmd", "munged") if shutil.which(program) is None]

pytestmark = [
    pytest.mark.skipif(bool(LACKING), reason=f"no {', '.join(LACKING)}: apt-get install slurm-wlm munge"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can start Slurm"),
    pytest.mark.skipif(
        find_spec("snakemake_executor_plugin_cluster_generic") is None,
        reason="pip install snakemake-executor-plugin-cluster-generic==1.0.9",
    ),
]


class Copy:
    """A copy of the workflow in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        for part in PARTS:
            (folder / part).parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, folder / part)

    def __call__(self, *command):
        """Run a command in it; return its status, what it wrote, and the seconds that it took."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = {key: value for key, value in os.environ.items() if not key.startswith("FORWARDGRAD_SERVER")}
        start = time.monotonic()
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment | {"PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, time.monotonic() - start

    def metrics(self):
        """Return what every run wrote."""
        paths = sorted(self.folder.glob("results/runs/**/metrics.csv"))
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A copy that is run on Slurm, and how that went."""
    copy = Copy(tmp_path_factory.mktemp("slurm"))
    refused = copy(ONE_NODE, "snakemake", "--workflow-profile", "slurm", *SMOKE)
    status, output, _ = copy("snakemake", "data", *SMOKE)
    assert status == 0, output
    return copy, refused, copy(ONE_NODE, "snakemake", "--workflow-profile", "slurm", *SMOKE)


def test_nothing_is_submitted_before_the_data_are_found(cluster):
    status, output, _ = cluster[1]
    assert status == 1
    assert " has not been looked for: run `snakemake data` first, with the same configuration\n" in output
    assert "Submitted" not in output


def test_the_smoke_pipeline_completes_in_a_few_submissions(cluster):
    copy, _, (status, output, seconds) = cluster
    print(f"{seconds:.0f} s, the bar is {60 * MINUTES}")
    assert status == 0, output
    assert (copy.folder / "report/site/index.html").exists()
    assert output.count("Submitted group job") == output.count("Submitted") <= 6


def test_every_run_is_that_of_this_machine_to_the_byte(cluster, tmp_path):
    local = Copy(tmp_path)
    status, output, _ = local("snakemake", *SMOKE)
    assert status == 0, output
    assert len(local.metrics()) >= 46
    assert cluster[0].metrics() == local.metrics()
