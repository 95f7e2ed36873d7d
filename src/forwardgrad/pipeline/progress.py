"""Progress of the workflow on the terminal: how many jobs are done and how long the rest may take.

A filter for the handler through which Snakemake writes to the terminal. Its own dozen lines per job
still go to the log file that it keeps.
"""

import logging
import time

HIDDEN_EVENTS = {"job_info", "job_started", "job_finished", "shellcmd"}
HIDDEN_LINES = ("Select jobs to execute", "Updating checkpoint", "DAG of jobs will be updated", "Execute ")


class Progress(logging.Filter):
    """Shows at most one line per `interval` seconds: jobs done, all jobs, time left, the job last done."""

    def __init__(self, interval: float = 1.0) -> None:
        super().__init__()
        self.interval = interval
        self.start = time.monotonic()
        self.shown = self.start
        self.names: dict[int, str] = {}
        self.last = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether `record` is for the terminal; a progress record gets its new text here."""
        event = getattr(record, "event", None)
        if event == "job_info":
            self.names[record.jobid] = " ".join([record.rule_name, *map(str, (record.wildcards or {}).values())])
        elif event == "job_finished":
            self.last = self.names.pop(record.job_id, "")
        elif event == "progress":
            now = time.monotonic()
            if now - self.shown < self.interval and record.done < record.total:
                return False
            self.shown = now
            record.event, record.msg = None, line(record.done, record.total, now - self.start, self.last)
            return True
        return event not in HIDDEN_EVENTS and not str(record.msg).startswith(HIDDEN_LINES)


def show(logger: logging.Logger) -> None:
    """Show progress wherever Snakemake's `logger` writes to the terminal."""
    for handler in logger.handlers:
        if handler.name == "DefaultStreamHandler":
            handler.addFilter(Progress())


def line(done: int, total: int, seconds: float, name: str) -> str:
    """Return the line for `done` of `total` jobs after `seconds`, the last of them `name`."""
    left = f"about {duration(seconds / done * (total - done))} left" if done < total else f"in {duration(seconds)}"
    return f"{done} of {total} jobs done ({done / total:.0%}), {left}; last: {name}"


def duration(seconds: float) -> str:
    """Return `seconds` in words."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
