"""What the workflow uses of Snakemake's insides: an upgrade that changes it is noticed here."""

import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from snakemake.jobs import GroupJobFactory

PARTS = ("Snakefile", "config", "profiles", "workflow", "report")
# Snakemake, which also says what limits the start of jobs when it is made and when the first is about to start, and
# that its graph of jobs has what progress reads.
SPY = """
from snakemake.cli import main
from snakemake.dag import DAG
from snakemake.scheduling.job_scheduler import JobScheduler

def spied(method, when):
    def call(self, *arguments, **names):
        if when == "start":
            print(when, self.job_rate_limiter, flush=True)
        result = method(self, *arguments, **names)
        if when == "made":
            print(when, type(self.job_rate_limiter).__name__, flush=True)
        return result
    return call

print("graph", *(hasattr(DAG, name) for name in ("checkpoint_jobs", "needrun_jobs", "jobid")), flush=True)
JobScheduler.__init__ = spied(JobScheduler.__init__, "made")
JobScheduler.schedule = spied(JobScheduler.schedule, "start")
main()
"""


@pytest.fixture(scope="module")
def lines(root, tmp_path_factory):
    """What a run says that looks for one data set."""
    folder = tmp_path_factory.mktemp("snakemake")
    for part in PARTS:
        (folder / part).symlink_to(root / part)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "-c", SPY, "results/data/penguins.json"],
        cwd=folder,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout.splitlines()


def test_snakemake_limits_the_jobs_that_it_starts(lines):
    assert "made JobRateLimiter" in lines


def test_the_workflow_switches_the_limit_off(lines):
    assert "start None" in lines


def test_snakemake_returns_groups_that_were_joined_since():
    """Why the workflow has a factory of its own."""
    factory, one, other = GroupJobFactory(), Mock(), Mock()
    factory.new("runs", [one], None).merge(factory.new("runs", [other], None))
    assert set(factory.new("runs", [one], None).jobs) == {one, other}


def test_progress_is_told_of_the_last_job_though_it_looks_for_data(lines):
    assert any(line.startswith("1 of 1 jobs done (100%), in ") for line in lines)


def test_the_graph_of_jobs_has_what_progress_reads(lines):
    assert "graph True True True" in lines
