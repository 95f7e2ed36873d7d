import logging
from types import SimpleNamespace

import pytest

from forwardgrad.pipeline.progress import Progress, duration


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (30, "30 s"), (89, "89 s"), (90, "2 min"), (540, "9 min"), (7200, "120 min")]
)
def test_seconds_in_words(seconds, text):
    assert duration(seconds) == text


def record(event=None, message=None, **fields):
    found = logging.makeLogRecord({"msg": message, **fields})
    if event:
        found.event = event
    return found


class Dag:
    """Snakemake's graph of jobs, as far as progress reads it: runs of three seeds, by their numbers."""

    def __init__(self):
        self.checkpoint_jobs = set()
        self.left = [7, 8, 9]

    def needrun_jobs(self):
        rule = SimpleNamespace(name="run")
        return [SimpleNamespace(rule=rule, wildcards_dict={"seed": n}, threads=1, number=n) for n in self.left]

    def jobid(self, job):
        return job.number


@pytest.fixture
def dag():
    return Dag()


@pytest.fixture
def progress(dag, monkeypatch):
    """Progress on two cores: the job 7 took ten seconds of a clock that stands still then."""
    seconds = iter([0, 0, 10])
    monkeypatch.setattr("time.monotonic", lambda: next(seconds, 10))
    progress = Progress(dag, cores=2)
    assert not progress.filter(record("job_info", jobid=7, rule_name="run", wildcards={"seed": "7"}, threads=1))
    assert not progress.filter(record("job_finished", job_id=7))
    return progress


def shown(progress, done, total):
    """Return the line that is shown; None if there is none."""
    found = record("progress", done=done, total=total)
    return found.msg if progress.filter(found) else None


def test_a_line_tells_what_is_done_and_how_long_the_rest_takes(progress):
    # Two more jobs of ten seconds, and ten seconds of idleness of a core beside each as beside the first.
    assert shown(progress, 1, 3) == "1 of 3 jobs done (33%), about 20 s left; last: run 7"


def test_one_line_per_interval_and_the_last_in_any_case(progress):
    assert shown(progress, 1, 3) is not None
    assert shown(progress, 2, 3) is None
    assert shown(progress, 3, 3) == "3 of 3 jobs done (100%), in 10 s; last: run 7"


def test_the_number_of_jobs_is_told_once_all_data_sets_are_looked_for(progress, dag):
    dag.checkpoint_jobs = {"locate"}
    assert shown(progress, 1, 3) == "1 jobs done, looking for the data sets; last: run 7"
    assert shown(progress, 3, 3).startswith("3 of 3 jobs done")


def test_a_job_whose_start_was_not_seen_counts_as_done(dag):
    progress = Progress(dag, cores=2, interval=0)
    assert not progress.filter(record("job_finished", job_id=7))
    assert shown(progress, 1, 3).startswith("1 of 3 jobs done (33%), about ")


def test_errors_and_plain_messages_pass(progress):
    assert progress.filter(record("job_error", "failed", jobid=8))
    assert progress.filter(record(None, "Something else"))
    assert not progress.filter(record(None, "Select jobs to execute..."))
