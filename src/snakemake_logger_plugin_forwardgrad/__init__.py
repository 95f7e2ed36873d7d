"""How Snakemake writes to the terminal: as ever, but with one line for each thing that is wrong.

Snakemake finds its loggers by the names of their packages; profiles/default asks for this one. Its own dozens of
lines, commands and tracebacks included, still go to the log file that it keeps, and `--verbose` shows them. The handler
is made before Snakemake reads any configuration: the place to look at those that are named on the command line, since
Snakemake shows a traceback for a missing one.
"""

import logging
import sys

from snakemake.logging import ColorizingTextHandler
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from forwardgrad.arguments import RefusalError
from forwardgrad.pipeline.terminal import SAID, configfiles, in_one_line, job_error
from forwardgrad.yaml_file import read_mapping

REMEDY = "mend it, or name targets before --configfile"


class LogHandler(LogHandlerBase, ColorizingTextHandler):
    """Writes to the terminal as Snakemake does, but errors in one line."""

    writes_to_stream = True
    writes_to_file = has_filter = has_formatter = needs_rulegraph = False

    def __post_init__(self) -> None:
        """Check the configurations on the command line; stop with one line if one cannot be read."""
        stream = sys.stdout if self.common_settings.stdout else sys.stderr
        logging.raiseExceptions = False  # no traceback because the disk of Snakemake's own log file is full
        ColorizingTextHandler.__init__(self, nocolor=self.common_settings.nocolor, stream=stream)
        try:
            for path in configfiles(sys.argv[1:]):
                read_mapping(path, REMEDY)
        except RefusalError as fault:
            sys.exit(str(fault))

    def emit(self, record: logging.LogRecord) -> None:
        """Write `record`."""
        ColorizingTextHandler.emit(self, record)

    def format(self, record: logging.LogRecord) -> str:
        """Return what is shown of `record`; nothing if that was said before."""
        if self.common_settings.verbose:
            return super().format(record)
        if getattr(record, "event", None) == LogEvent.JOB_ERROR:
            return job_error(record.rule_name, record.output, record.log)
        if record.levelno < logging.ERROR:
            return super().format(record)
        return "" if str(record.msg).startswith(SAID) else in_one_line(str(record.msg))
