"""How long every experiment's jobs took, from what Snakemake keeps of each job: for the tables of minutes."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forwardgrad.catalogue import problems

KEPT = Path(".snakemake/metadata")  # one file for every file that a job made
LOGS = "results/logs/"
OF_EXPERIMENT = ("runs", "frames", "tables", "figures")  # folders that have one below them for each experiment


def job_seconds(metadata: Path = KEPT) -> dict[str, float]:
    """Return the seconds of all jobs by experiment, the most first; what serves several goes by its folder's name.

    The cost of a step serves many experiments: it counts with `speed`, on the architectures of `networks` with that.
    """
    jobs: dict[str, float] = {}  # by the log, of which every job has one
    for path in sorted(metadata.rglob("*")):
        made = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if made.get("log") and made.get("endtime"):
            jobs[made["log"][0]] = made["endtime"] - made["starttime"]
    found: dict[str, float] = {}
    for log, seconds in jobs.items():
        name = experiment_of(log)
        found[name] = found.get(name, 0.0) + seconds
    return {name: round(found[name], 1) for name in sorted(found, key=found.get, reverse=True)}


def experiment_of(log: str) -> str:
    """Return the experiment whose job wrote `log`, else the name of the folder or file below that of logs."""
    first, *rest = log.removeprefix(LOGS).split("/")
    if first == "steps":
        return "networks" if rest[1] in problems.ARCHITECTURES else "speed"
    return (rest[0] if first in OF_EXPERIMENT else first).removesuffix(".log")


def minutes(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the minutes of every experiment, and of `all`, rounded up, on the cores of the machine in `record`.

    A record of a run of which Snakemake has kept nothing has no seconds: there are no minutes.
    """
    seconds = record.get("job_seconds", {})
    cores = record["experiments"]["speed"][0]["host"]["cores"]
    spent = {**seconds, "all": sum(seconds.values())} if seconds else {}
    return {name: f"{math.ceil(own / cores / 60)}" for name, own in spent.items()}
