# Looked at before anything else, the configuration included, so that what is wrong is one line and not a traceback.

import sys
from pathlib import Path

from forwardgrad.pipeline import lock, validation
from forwardgrad.yaml_file import read_mapping


def or_exit(function, /, *arguments, **names):
    """Return what `function` returns; stop with one line if it refuses."""
    try:
        return function(*arguments, **names)
    except ValueError as fault:
        sys.exit(str(fault))


for fault in validation.obstacles("results", "report", ".snakemake"):
    sys.exit(fault)

# Those on the command line are looked at before this file is read (`snakemake_logger_plugin_forwardgrad`).
or_exit(read_mapping, Path("config/config.yaml"))

if workflow.is_main_process and not workflow.output_settings.dryrun:
    or_exit(lock.take, Path(".snakemake"))
