"""Measure everything within a limited time; what fails is noted, and the rest goes on.

Each of several processes measures every network, one process at a time: what differs between two of them is not seen
within one. They stay until the end, since a process needs seconds to start on a GPU; after a failure, which may leave
its GPU unusable, another takes its place. Started again, it goes on with what is not there yet.
"""

import gc
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from forwardgrad.experiments.gpu.plan import RECORD, Job, jobs
from forwardgrad.experiments.speed.bench import bench
from forwardgrad.experiments.speed.plan import Measurement
from forwardgrad.experiments.training.runs import Run
from forwardgrad.experiments.training.train import train_run
from forwardgrad.files import json_text, write_json, write_sealed
from forwardgrad.machine import graphs
from forwardgrad.machine.provenance import made_here

SHARE = 0.5  # of the time that a measurement may take: the rest is for what comes before it, such as recording graphs
NO_TIME = "left out: the time was up"


@dataclass
class Workers:
    """Processes by number, each with one job at a time.

    Attributes:
        device: cpu or cuda; on a CPU every job has a fresh process, as in the workflow.
        pools: The processes that have been started.
    """

    device: str
    pools: dict[int, ProcessPoolExecutor] = field(default_factory=dict)

    def do(self, process: int, work: Callable[..., None], *arguments: object) -> str | None:
        """Do `work` in a process; return None, or why it failed."""
        if process not in self.pools:
            jobs_of_one = 1 if self.device == "cpu" else None
            self.pools[process] = ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=jobs_of_one)
        try:
            fault = self.pools[process].submit(attempt, work, *arguments).result()
        except BrokenProcessPool:
            fault = "its process died"
        if fault:
            self.pools.pop(process).shutdown()
        return fault

    def end(self) -> None:
        """End all processes."""
        for pool in self.pools.values():
            pool.shutdown(cancel_futures=True)


def attempt(work: Callable[..., None], *arguments: object) -> str | None:
    """Do `work`; return None, or in one line why it failed."""
    try:
        work(*arguments)
    except Exception as fault:  # whatever it is, the rest is to go on
        return f"{type(fault).__name__}: {str(fault).partition(chr(10))[0]}"
    finally:
        gc.collect()
        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()  # the other processes need the memory
    return None


def measure(one: Measurement, process: int, seconds: float, path: Path) -> None:
    """Measure the steps of one network and write rows and record, as the workflow's rule `bench` does."""
    memory = one.memory and process == 0
    rows = bench(
        [one.network], [one.batch_size], one.methods, one.threads, one.device, seconds,
        parts=one.parts, memory=memory, report=lambda _: None,
    )  # fmt: skip
    record = made_here(one.threads, graphs.name(one.device))
    write_sealed(path.with_name(f"{path.stem}-record.json"), record, {path: json_text(rows)})


def measure_all(
    config: dict[str, Any], folder: Path, device: str, minutes: float, data: Path | None, report: Callable[[str], None]
) -> dict[str, str]:
    """Measure what is not there yet, train, and write `record.json`.

    Args:
        config: What is measured, see `plan.load`.
        folder: Where `steps`, `runs` and the record lie.
        device: cpu or cuda.
        minutes: When they are over no job is begun any more.
        data: The prepared data set to train on; None leaves training out.
        report: Called with a line for each job.

    Returns:
        Why jobs failed or were left out, by their paths.
    """
    begun, workers = time.perf_counter(), Workers(device)
    every = jobs(config, device)
    notes = {} if data else {"runs": "left out: no prepared data set, --data names one"}
    todo = [
        job
        for job in every
        if not (folder / job.path).exists() and (data is not None or isinstance(job.work, Measurement))
    ]
    record = made_here(1, graphs.name(device)) | graphs.described(device)
    record |= {"date": datetime.now(UTC).isoformat(timespec="seconds"), "minutes": minutes}

    def left() -> float:
        return 60 * minutes - (time.perf_counter() - begun)

    def note_down() -> None:
        done = sum((folder / job.path).exists() for job in every)
        spent = {"seconds": round(time.perf_counter() - begun, 1), "jobs": len(every), "done": done}
        write_json(folder / RECORD, record | spent | {"notes": notes})

    try:
        for number, job in enumerate(todo, 1):
            if left() <= 0:
                notes |= {each.path: NO_TIME for each in todo[number - 1 :]}
                break
            start, share = time.perf_counter(), SHARE * left() / (len(todo) - number + 1)
            fault = carry_out(job, workers, folder, min(config["timing"]["seconds"], share), data)
            if fault:
                notes[job.path] = fault
            note_down()
            outcome = f"{time.perf_counter() - start:.1f} s{f', failed: {fault}' if fault else ''}"
            report(f"{number}/{len(todo)} {job.path}: {outcome}; {max(left(), 0) / 60:.1f} min left")
    finally:
        workers.end()
        note_down()
    return notes


def carry_out(job: Job, workers: Workers, folder: Path, seconds: float, data: Path | None) -> str | None:
    """Do one job; return None, or why it failed."""
    path = folder / job.path
    if isinstance(job.work, Run):
        return workers.do(job.process, train_run, job.work, data, path.parent, workers.device)
    return workers.do(job.process, measure, job.work, job.process, seconds, path)
