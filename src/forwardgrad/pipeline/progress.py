"""Progress of the workflow on the terminal: how many jobs are done and how long the rest may take.

A filter for the handler through which Snakemake writes to the terminal. Its own dozen lines per job
still go to the log file that it keeps.
"""

import logging
import time
from logging.handlers import QueueHandler
from typing import Any

from forwardgrad.pipeline.forecast import Forecast, Job, kind_of

HIDDEN_EVENTS = {"job_info", "job_started", "job_finished", "shellcmd"}
HIDDEN_LINES = ("Select jobs to execute", "Updating checkpoint", "DAG of jobs will be updated", "Execute ")


class Progress(logging.Filter):
    """Shows at most one line per `interval` seconds: jobs done, all jobs, time left, the job last done.

    Args:
        dag: Snakemake's graph of jobs.
        cores: Number of jobs with one thread that it starts at a time.
        interval: Seconds between two lines.
    """

    def __init__(self, dag: Any, cores: int, interval: float = 1.0) -> None:
        super().__init__()
        self.dag = dag
        self.interval = interval
        self.start = time.monotonic()
        self.shown = self.start
        self.forecast = Forecast(cores, self.start)
        self.names: dict[int, str] = {}
        self.known: dict[int, Job] = {}
        self.last: int | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether `record` is for the terminal; a progress record gets its new text here."""
        event, now = getattr(record, "event", None), time.monotonic()
        if event == "job_info":
            self.names[record.jobid] = " ".join([record.rule_name, *map(str, (record.wildcards or {}).values())])
            self.forecast.begin(Job(record.jobid, kind_of(record.rule_name, record.wildcards), record.threads), now)
        elif event == "job_error":
            self.forecast.end(record.jobid, now)
        elif event == "job_finished":
            self.last = record.job_id
            self.forecast.end(record.job_id, now)
        elif event == "progress":
            if now - self.shown < self.interval and record.done < record.total:
                return False
            self.shown = now
            record.event, record.msg = None, self.line(record.done, record.total, now)
            return True
        return event not in HIDDEN_EVENTS and not str(record.msg).startswith(HIDDEN_LINES)

    def line(self, done: int, total: int, now: float) -> str:
        """Return the line for `done` of `total` jobs."""
        last = f"; last: {self.names[self.last]}" if self.last in self.names else ""  # unknown with --quiet rules
        if done == total:
            return f"{done} of {total} jobs done (100%), in {duration(now - self.start)}{last}"
        if self.dag.checkpoint_jobs:  # how many jobs there are depends on the data sets that are found
            return f"{done} jobs done, looking for the data sets{last}"
        left = duration(self.forecast.left(self.jobs(), done, now))
        return f"{done} of {total} jobs done ({done / total:.0%}), about {left} left{last}"

    def jobs(self) -> list[Job]:
        """Return the jobs that have not ended. The graph counts the last one among them until it has been shown."""
        numbered = {self.dag.jobid(job): job for job in self.dag.needrun_jobs()}
        for number in numbered.keys() - self.known.keys():  # asking a thousand jobs each time would be felt
            job = numbered[number]
            self.known[number] = Job(number, kind_of(job.rule.name, job.wildcards_dict), job.threads)
        return [self.known[number] for number in numbered if number != self.last]


def show(logger: logging.Logger, workflow: Any) -> None:
    """Show the progress of `workflow` wherever Snakemake's `logger` writes to the terminal."""
    cores = workflow.cores if workflow.local_exec else workflow.nodes
    for handler in logger.handlers:
        if isinstance(handler, QueueHandler) or handler.name == "DefaultStreamHandler":
            handler.addFilter(Progress(workflow.dag, cores))


def duration(seconds: float) -> str:
    """Return `seconds` in words."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
