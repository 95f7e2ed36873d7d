import logging

import pytest

from forwardgrad.pipeline.progress import Progress, line


@pytest.mark.parametrize(
    ("done", "total", "seconds", "text"),
    [
        (1, 4, 10, "1 of 4 jobs done (25%), about 30 s left; last: run a"),
        (10, 100, 60, "10 of 100 jobs done (10%), about 9 min left; last: run a"),
        (1, 2, 89, "1 of 2 jobs done (50%), about 89 s left; last: run a"),
        (1, 2, 120, "1 of 2 jobs done (50%), about 2 min left; last: run a"),
        (4, 4, 10, "4 of 4 jobs done (100%), in 10 s; last: run a"),
    ],
)
def test_a_line_tells_what_is_done_and_how_long_the_rest_takes(done, total, seconds, text):
    assert line(done, total, seconds, "run a") == text


def record(event=None, message=None, **fields):
    found = logging.makeLogRecord({"msg": message, **fields})
    if event:
        found.event = event
    return found


def test_one_line_per_interval_with_the_job_that_ended():
    progress = Progress(interval=3600)
    assert not progress.filter(record("job_info", jobid=7, rule_name="run", wildcards={"seed": "3"}))
    assert not progress.filter(record("job_finished", job_id=7))
    assert not progress.filter(record("progress", done=1, total=2))
    last = record("progress", done=2, total=2)
    assert progress.filter(last)
    assert last.msg == "2 of 2 jobs done (100%), in 0 s; last: run 3"


def test_errors_and_plain_messages_pass():
    progress = Progress()
    assert progress.filter(record("job_error", "failed"))
    assert progress.filter(record(None, "Something else"))
    assert not progress.filter(record(None, "Select jobs to execute..."))
