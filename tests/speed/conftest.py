"""Measurements made by hand: every method of a network, at costs that are easy to tell."""

import json

import pytest

from forwardgrad.columns import BENCH
from forwardgrad.ratios import read_measurements
from forwardgrad.tables import read_quoted

COSTS = {
    "evaluation": 1.0,
    "backprop": 3.0,
    "backprop_by_hand": 2.4,
    "jvp": 6.0,
    "forward_gaussian": 4.5,
    "forward_rank_one": 1.5,
}
FLOORS = {"evaluation": 0.4, "forward_rank_one": 0.6}


def measured(model, depth, batch_size=64, device="cpu", peaks=False):
    """Rows as `forwardgrad bench` writes them; the last method could not be measured."""
    identity = {"model": model, "batch_size": batch_size, "depth": depth, "threads": 2, "device": device}
    rows = []
    for method, cost in COSTS.items():
        ratios = {"ratio_to_evaluation": cost, "ratio_to_backprop": cost / 3, "ratio_to_backprop_by_hand": cost / 2.4}
        bounds = {"low": 0.9 * cost / 3, "high": 1.2 * cost / 3, "flop_floor": FLOORS.get(method, 1.0)}
        peak = {"peak_bytes": int(cost * 2**20) * (depth or 1) if peaks else None, "note": None}
        rows.append(identity | {"method": method, "seconds": cost * 1e-3} | ratios | bounds | peak)
    absent = identity | {"method": "backprop_compiled", "flop_floor": 1.0, "note": "no compiler here: install g++"}
    return [*rows, dict.fromkeys(BENCH) | absent]


@pytest.fixture
def write(tmp_path):
    """A function that writes rows and returns the file."""

    def write(*parts, name="rows.json"):
        path = tmp_path / name
        path.write_text(json.dumps([row for part in parts for row in part]))
        return path

    return write


@pytest.fixture
def frame(write):
    """Two models at two batch sizes, and the MLP at three depths."""
    sizes = [
        measured(model, depth, size, peaks=model == "mlp")
        for size in (64, 16)
        for model, depth in (("mlp", 2), ("cnn", None))
    ]
    return read_measurements(
        [write(*sizes), write(*(measured("mlp", depth, peaks=True) for depth in (10, 50)), name="deep.json")]
    )


@pytest.fixture
def quoted(root):
    return read_quoted(root / "report/quoted.csv")
