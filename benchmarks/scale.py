"""Measure how far the workflow scales: prints the table of docs/install.md, as measured here.

    python benchmarks/scale.py [--rows 10000000] [--runs 200]

Makes everything in a temporary folder (2 GB), with runs of two steps and with made-up curves; about ten minutes. Times
are processor time, which holds on a busy machine too; of these commands each keeps one core busy.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import yaml

from forwardgrad.experiments.training.runs import Method, Run, Stop
from forwardgrad.files import write_sealed

ROOT = Path(__file__).parents[1]
PARTS = ("CITATION.cff", "Snakefile", "config", "profiles", "workflow", "report", "results/reference/paper")
METHODS, EVALUATIONS = 50, 1000  # of the made-up experiment
# Snakemake, which says at its end what its own process used.
OWN = """
import atexit, resource
from snakemake.cli import main
atexit.register(lambda: print(*resource.getrusage(resource.RUSAGE_SELF)[:2]))
main()
"""


class Cost(NamedTuple):
    """What a command took: processor seconds, peak memory in bytes, and what it wrote."""

    seconds: float
    peak: int
    output: str


def cost(folder: Path, command: str) -> Cost:
    """Run a command of Bash in `folder`; stop with its output if it fails."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=folder, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        output.seek(0)
        text = output.read()
    if status:
        sys.exit(f"{command[:200]}\n{text}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, text)


def dry_run(folder: Path) -> Cost:
    """Plan 10,000 runs."""
    configure(folder, seeds=1000)
    return cost(folder, f"{sys.executable} -m snakemake many --dry-run --quiet rules progress --configfile many.yaml")


def processor_per_run(folder: Path, runs: int) -> float:
    """Return the processor seconds of Snakemake itself for one of `runs` runs, its start included."""
    configure(folder, seeds=runs // 10)
    done = cost(folder, f"{sys.executable} -c {shlex.quote(OWN)} results/frames/many.csv --configfile many.yaml")
    return sum(map(float, done.output.split()[-2:])) / runs


def configure(folder: Path, seeds: int) -> None:
    """Configure one experiment of ten cells of runs, each of two steps."""
    settings = {"learning_rate": 0.2, "stop": {"steps": 2}}
    methods = [
        "backprop",
        "forward_gaussian",
        "forward_blockwise",
        "forward_blockwise_standardised",
        "forward_rank_one",
    ]
    cell = {"datasets": ["penguins"], "models": ["students_lr", "students_mlp"], "methods": methods}
    cell |= {"seeds": seeds, "evaluate_every": 1, "settings": settings}
    content = {"run": ["many"], "experiments": {"many": {"title": "Many", "cells": ["many"]}}, "cells": {"many": cell}}
    (folder / "many.yaml").write_text(yaml.safe_dump(content))


def make_runs(folder: Path, rows: int) -> str:
    """Write so many made-up rows as runs of the experiment `mnist`; return their folders as Bash has them."""
    seeds = rows // EVALUATIONS // METHODS
    columns = "step,status,train_loss,validation_loss,test_loss,train_accuracy,validation_accuracy,test_accuracy"
    lines = [f"{columns},test_misclassified,weight_norm,cosine\n"]
    for step in range(EVALUATIONS):
        status, loss = "running" if step < EVALUATIONS - 1 else "completed", 2.3 / (1 + step / 300)
        losses = f"{loss:.9g},{loss * 1.0123:.9g},{loss * 1.0456:.9g}"
        lines.append(f"{step * 20},{status},{losses},0.812345,0.801234,0.798765,2012,{17 + step / 3000:.9g},\n")
    times = "step,seconds\n" + "".join(f"{step * 20},{step * 0.0123:.9g}\n" for step in range(EVALUATIONS))
    names = ["backprop_low_rate", "forward_gaussian_low_rate", *(f"made_up_{number}" for number in range(2, METHODS))]
    for name in names:
        for seed in range(seeds):
            run = Run("mnist", "mnist", "mlp", name, seed, Method("backprop", 2e-5, Stop(20 * EVALUATIONS)), 20)
            record = {"run": json.loads(run.to_json()), "status": "completed", "parameters": 1863690}
            record["data"] = {"source": "made up"}
            path = folder / "results/runs" / run.folder
            write_sealed(path / "run.json", record, {path / "times.csv": times, path / "metrics.csv": "".join(lines)})
    return f"results/runs/mnist/mnist/mlp/{{{','.join(names)}}}/seed-{{0..{seeds - 1}}}"


def judge(folder: Path, rows: int) -> list[Cost]:
    """Join so many rows into frames, judge the claims that ask them, and check what must hold of them."""
    runs = make_runs(folder, rows)
    ledger = yaml.safe_load((folder / "report/claims.yaml").read_text())
    frames = ("mnist", "mnist-runs")
    asked = {key: claim for key, claim in ledger["claims"].items() if claim["evidence"]["frame"] in frames}
    (folder / "asked.yaml").write_text(yaml.safe_dump(ledger | {"claims": asked}))
    program = f"{sys.executable} -m forwardgrad"
    return [
        cost(folder, f"{program} frames mnist --runs {runs}"),
        cost(folder, f"{program} claims --run mnist --ledger asked.yaml --output claims.csv"),
        cost(folder, f"{program} invariants results/frames/mnist.csv results/frames/mnist-runs.csv --output held.csv"),
    ]


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000, help="rows of the frame that is joined and judged")
    parser.add_argument("--runs", type=int, default=200, help="runs by which Snakemake's own time is measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scale-") as name:
        folder = Path(name)
        for part in PARTS:
            (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, folder / part)
        configure(folder, seeds=1000)
        cost(folder, f"{sys.executable} -m snakemake results/data/penguins.npz --configfile many.yaml")
        print("| what | processor time, peak memory |\n|---|---|")
        print(f"| plan 10,000 runs (`--dry-run`) | {dry_run(folder).seconds:.0f} s |")
        print(f"| Snakemake's own processor time per run | {processor_per_run(folder, options.runs):.3f} s |")
        shutil.rmtree(folder / "results/runs", ignore_errors=True)
        steps = judge(folder, options.rows)
        for title, step in zip(("join into frames", "judge claims", "check invariants"), steps, strict=True):
            print(f"| {title}, {options.rows:,} rows | {step.seconds:.0f} s, {step.peak / 2**30:.1f} GiB |")


if __name__ == "__main__":
    main()
