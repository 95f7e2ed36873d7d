"""Errors of Snakemake in one line each, for the logger that writes them (`snakemake_logger_plugin_forwardgrad`)."""

import argparse
import errno
import re
from collections.abc import Sequence
from pathlib import Path

SAID = ("RuleException", "Exiting because a job execution failed")  # once more what the line of a job says
# What to do about errors of the system, by their number.
REMEDIES = {
    errno.EACCES: "make it writable",
    errno.EROFS: "make it writable",
    errno.ENOSPC: "make room",
    errno.ENOTDIR: "remove the file that is where a folder must be",
    errno.EEXIST: "remove the file that is where a folder must be",
    errno.EISDIR: "remove the folder that is where a file must be",
}
KILLED = "it was killed, or could not write: run the same command again"


def configfiles(arguments: Sequence[str]) -> list[Path]:
    """Return the configurations that the `arguments` of Snakemake name."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)  # there is --config too
    parser.add_argument("--configfile", "--configfiles", nargs="+", action="extend", type=Path, default=[])
    return parser.parse_known_args(arguments)[0].configfile


def job_error(rule: str, outputs: Sequence[str], logs: Sequence[str]) -> str:
    """Return the line for a job that failed: what it should make, the last line of its log, and where that is."""
    made = f" ({outputs[0]})" if outputs else ""
    try:
        lines = [line for log in logs for line in Path(log).read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        lines = []
    last = next((line for line in reversed(lines) if line.strip()), KILLED).removeprefix("forwardgrad: ")
    return f"{rule}{made} failed: {with_remedy(last)} [{', '.join(logs)}]"


def in_one_line(text: str) -> str:
    """Return an error in one line: of a traceback its last, of anything else all but where in the code it was."""
    lines = [line for line in text.splitlines() if line.strip()]
    if any(line.startswith("Traceback") for line in lines):
        lines = lines[-1:]
    return with_remedy(" ".join(line.strip() for line in lines if not line.startswith('  File "')))


def with_remedy(line: str) -> str:
    """Return a line with what to do about a file or disk, if that is its fault and it says no remedy itself."""
    found = re.search(r"\[Errno (\d+)\]", line)
    remedy = found and REMEDIES.get(int(found[1]))
    return f"{line}; {remedy} and run the same command again" if remedy else line
