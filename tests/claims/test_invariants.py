"""Every invariant holds of sound results, and a broken one is told in one line."""

import math

import pandas as pd
import pytest

from forwardgrad.claims.invariants import CHECKED, INVARIANTS, check

RUN = {"experiment": "x", "dataset": "mnist", "model": "lr", "seed": 0}


@pytest.fixture
def metrics():
    """Two methods of one seed, three evaluations each; the second diverges."""
    rows = []
    for method in ("backprop", "forward"):
        for step in (0, 10, 20):
            row = RUN | {"method": method, "step": step, "status": "running", "weight_norm": 2.0 + step}
            row |= dict.fromkeys(("train_loss", "validation_loss", "test_loss"), 2.0)
            row |= dict.fromkeys(("train_accuracy", "validation_accuracy", "test_accuracy"), 0.5)
            rows.append(row | {"cosine": math.nan})
    frame = pd.DataFrame(rows)
    frame.loc[5, ["status", "train_loss", "test_loss"]] = ["diverged", math.inf, math.nan]
    return frame


@pytest.fixture
def frames(metrics):
    ends = metrics.groupby("method").tail(1).assign(status="threshold", threshold=2.0, train_loss=1.9)
    costs = pd.DataFrame({"method": ["backprop"], "seconds_per_step": [2.0], "low": [1.0], "high": [3.0]})
    speed = pd.DataFrame({"model": ["lr"], "method": ["backprop"], "ratio_to_backprop": [1.0]})
    along = {"estimator": "spsa", "network": "lr", "quantity": "along", "formula": 1.0, "measured": 1.2}
    estimators = pd.DataFrame([along | {"low": 1.1, "high": 1.3}])
    return {
        "estimators": estimators,
        "x": metrics,
        "x-runs": ends,
        "x-costs": costs,
        "functions-costs": costs,
        "speed": speed,
    }


def test_sound_results_break_nothing(frames):
    table, lines = check(frames)
    assert lines == []
    assert list(table) == list(CHECKED)
    assert len(table) == sum(map(len, INVARIANTS.values()))
    assert table["broken"].sum() == 0
    assert table["rows"].min() == 1


@pytest.mark.parametrize(
    ("frame", "row", "column", "value", "line"),
    [
        ("x", 3, "weight_norm", 2.1, "x: x/mnist/lr/forward: begins with weights 1.05 to 1.05 times"),
        ("x", 1, "train_loss", math.inf, "x: x/mnist/lr/backprop/0: loss inf at step 10 (finite losses)"),
        ("x", 1, "test_accuracy", 1.5, "x: x/mnist/lr/backprop/0: test_accuracy 1.5 at step 10 (losses and"),
        ("x", 1, "validation_loss", -0.5, "x: x/mnist/lr/backprop/0: validation_loss -0.5 at step 10 (losses and"),
        ("x", 1, "cosine", 1.001, "x: x/mnist/lr/backprop/0: cosine 1.001 at step 10"),
        ("x", 1, "cosine", -1.001, "x: x/mnist/lr/backprop/0: cosine -1.001 at step 10"),
        ("x", 1, "step", 30, "x: x/mnist/lr/backprop/0: steps do not increase (steps increase)"),
        ("x-runs", 2, "threshold", 1.5, "x-runs: x/mnist/lr/backprop/0: ended above its threshold 1.5"),
        ("x-costs", 0, "low", 2.5, "x-costs: backprop: 2 s is not within 2.5 to 3 (costs are ordered)"),
        ("x-costs", 0, "high", 1.5, "x-costs: backprop: 2 s is not within 1 to 1.5 (costs are ordered)"),
        ("x-costs", 0, "seconds_per_step", 0.0, "x-costs: backprop: 0 s is not within 1 to 3 (costs are ordered)"),
        (
            "estimators",
            0,
            "measured",
            1.5,
            "estimators: spsa on lr: 1.5 along the gradient, not 1 (unbiased as derived)",
        ),
        ("speed", 0, "ratio_to_backprop", 1.1, "speed: lr: backpropagation costs 1.1 of itself"),
    ],
)
def test_a_broken_one_is_told_in_one_line(frames, frame, row, column, value, line):
    frames = {name: table.copy() for name, table in frames.items()}
    frames[frame].loc[row, column] = value
    table, lines = check(frames)
    assert [found for found in lines if found.startswith(line)] == lines[:1]
    assert len(lines) == 1
    assert table["broken"].sum() == 1


def test_rounding_breaks_nothing(frames, metrics):
    metrics.loc[1, "cosine"], metrics.loc[2, "cosine"] = 1 + 9e-5, -1 - 9e-5
    metrics.loc[3, "weight_norm"] *= 1 + 9e-7
    frames["speed"].loc[0, "ratio_to_backprop"] = 1 + 9e-7
    assert check(frames)[1] == []


def test_a_cost_without_an_interval_breaks_nothing(frames):
    frames["x-costs"] = frames["x-costs"].assign(low=math.nan, high=math.nan)
    assert check(frames)[1] == []


def test_a_frame_without_rows_breaks_nothing(metrics):
    assert check({"x": metrics.head(0)})[1] == []
