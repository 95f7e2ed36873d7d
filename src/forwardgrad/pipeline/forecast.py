"""How long the jobs of the workflow that are left may take: by what jobs of the same kind took in this run."""

from collections.abc import Iterable, Mapping
from statistics import fmean, median
from typing import Any, NamedTuple

# Jobs that differ in these wildcards alone do the same work.
REPETITIONS = ("seed", "process")

# What a job takes in a default run, in seconds, as long as none of its family has ended; in any other family it is 1.
TYPICAL = {"bench": 8, "costs": 5, "document": 4, "estimates": 20, "notebook": 10, "report": 4}

Kind = tuple[str, ...]


class Job(NamedTuple):
    """A job that has not ended: its number, its rule with what else its work depends on, the cores that it takes."""

    number: int
    kind: Kind
    threads: int


def kind_of(rule: str, wildcards: Mapping[str, Any] | None) -> Kind:
    """Return the rule and its wildcards, but not those by which repetitions differ."""
    return (rule, *(str(value) for name, value in (wildcards or {}).items() if name not in REPETITIONS))


def family(kind: Kind) -> str:
    """Return the last word of the rule of a kind: all rules that make a figure end alike."""
    return kind[0].rpartition("_")[2]


class Forecast:
    """The time that is left, on `cores` cores since `start`. All times are in seconds, of one clock."""

    def __init__(self, cores: int, start: float) -> None:
        self.cores = cores
        self.start = start
        self.running: dict[int, tuple[Job, float]] = {}
        self.taken: dict[Kind, list[float]] = {}
        self.busy = 0.0

    def begin(self, job: Job, now: float) -> None:
        """Note that `job` starts."""
        self.running[job.number] = (job, now)

    def end(self, number: int, now: float) -> None:
        """Note that the job of this number ends."""
        if number in self.running:
            job, start = self.running.pop(number)
            self.taken.setdefault(job.kind, []).append(now - start)
            self.busy += (now - start) * job.threads

    def expected(self, kind: Kind) -> float:
        """Return the seconds of a job: the mean of its kind, else the median of those of its family most alike."""
        if kind in self.taken:
            return fmean(self.taken[kind])
        alike = {other: sum(map(str.__eq__, kind, other)) for other in self.taken if family(other) == family(kind)}
        most = [fmean(self.taken[other]) for other, same in alike.items() if same == max(alike.values())]
        return median(most) if most else TYPICAL.get(family(kind), 1)

    def left(self, jobs: Iterable[Job], done: int, now: float) -> float:
        """Return the seconds until all `jobs`, those running included, have ended, when `done` others have.

        The cores share the work, and no job ends before its time. Between two jobs a core is idle as long as it was
        so far: Snakemake is busy, or a job that takes all cores waits for the others.
        """
        busy = self.busy + sum((now - start) * job.threads for job, start in self.running.values())
        idle = max(0, (now - self.start) * self.cores - busy) / done
        expected: dict[Kind, float] = {}
        work = longest = 0.0
        for job in jobs:
            if job.kind not in expected:
                expected[job.kind] = self.expected(job.kind)
            seconds = expected[job.kind]
            if job.number in self.running:
                seconds = max(0, seconds - (now - self.running[job.number][1]))
            longest = max(longest, seconds)
            work += seconds * job.threads + idle
        return max(longest, work / self.cores)
