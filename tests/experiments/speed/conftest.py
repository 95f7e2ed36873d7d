"""Measurements made by hand: every method of a network, at costs that are easy to tell."""

import json

import pytest

from forwardgrad.experiments.speed.columns import BENCH
from forwardgrad.experiments.speed.tables import pool, read_processes
from forwardgrad.results.quoted import read_quoted

COSTS = {
    "evaluation": 1.0,
    "backprop": 3.0,
    "backprop_by_hand": 2.4,
    "jvp": 6.0,
    "forward_gaussian": 4.5,
    "forward_rank_one": 1.5,
}
FLOORS = {"evaluation": 0.4, "forward_rank_one": 0.6}


BASES = ("evaluation", "backprop", "backprop_by_hand")
JITTER = (0.8, 1.0, 1.25)  # what a method costs in each process, beside what ratios are taken to


def measured(model, depth, batch_size=64, device="cpu", peaks=False, process=0):
    """Rows as `forwardgrad bench` writes them; the last method could not be measured, and only one process tried."""
    identity = {"model": model, "batch_size": batch_size, "depth": depth, "threads": 2, "device": device}
    rows = []
    for method, cost in COSTS.items():
        cost *= 1 if method in BASES else JITTER[process]
        ratios = {"ratio_to_evaluation": cost, "ratio_to_backprop": cost / 3, "ratio_to_backprop_by_hand": cost / 2.4}
        bounds = {"low": 0.99 * cost / 3, "high": 1.01 * cost / 3, "flop_floor": FLOORS.get(method, 1.0)}
        peak = {
            "peak_bytes": int(COSTS[method] * 2**20) * (depth or 1) if peaks and not process else None,
            "note": None,
        }
        rows.append(identity | {"method": method, "seconds": cost * 1e-3} | ratios | bounds | peak)
    if process:
        return rows
    absent = identity | {"method": "backprop_compiled", "flop_floor": 1.0, "note": "no compiler here: install g++"}
    return [*rows, dict.fromkeys(BENCH) | absent]


@pytest.fixture
def write(tmp_path):
    """A function that writes the rows of one process and returns the file."""

    def write(rows, process=0, folder="batch-64"):
        path = tmp_path / folder / f"process-{process}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(rows))
        return path

    return write


@pytest.fixture
def processes(write):
    """Two models at two batch sizes, and the MLP at three depths, each in three processes."""
    networks = [("mlp", 2, 64), ("cnn", None, 64), ("mlp", 2, 16), ("cnn", None, 16), ("mlp", 10, 64), ("mlp", 50, 64)]
    return read_processes(
        write(measured(*network, peaks=network[0] == "mlp", process=process), process, "-".join(map(str, network)))
        for network in networks
        for process in range(len(JITTER))
    )


@pytest.fixture
def frame(processes):
    return pool(processes)


@pytest.fixture
def quoted(root):
    return read_quoted(root / "report/quoted.csv")
