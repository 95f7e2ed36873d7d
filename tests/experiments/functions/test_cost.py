"""Steps on test functions: what is measured, and how processes are joined."""

import csv
import json
import math
from dataclasses import replace

import pytest
import torch

from forwardgrad.experiments.functions import cost
from forwardgrad.experiments.functions.columns import DESCENT_COSTS, STEPS
from forwardgrad.experiments.functions.definitions import FUNCTIONS
from forwardgrad.experiments.functions.plan import costs
from forwardgrad.experiments.functions.tables import pool_costs
from forwardgrad.results.reading import ResultError

REACH = math.exp(4.302653 * math.log(1.25) / math.sqrt(3))  # of 0.8, 1 and 1.25: see the tests of `speed`


@pytest.fixture
def rosenbrock(tiny):
    return replace(tiny, name="rosenbrock", function="rosenbrock", start=(-1.0, 0.0), learning_rate=5e-4)


def test_every_step_is_taken_from_the_start(tiny):
    """Reverse mode along the gradient, both forward modes along a tangent that they draw."""
    start = torch.tensor(tiny.start, dtype=torch.float64).requires_grad_()
    (gradient,) = torch.autograd.grad(FUNCTIONS["beale"].value(start), start)
    steps = cost.steps_of(tiny)
    assert list(steps) == ["gradient_descent", "forward_gaussian", "forward_gaussian_dual"]
    for _ in range(2):
        assert torch.allclose(steps["gradient_descent"](), start - 0.01 * gradient)
    generator = torch.Generator().manual_seed(0)
    for method in ("forward_gaussian", "forward_gaussian_dual"):  # they share their generator
        tangent = torch.randn(2, dtype=torch.float64, generator=generator)
        assert torch.allclose(steps[method](), start - 0.01 * (gradient @ tangent) * tangent)


def test_rosenbrocks_function_is_the_same_as_a_sum(rosenbrock):
    points = torch.randn(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(cost.rosenbrock_added(points), FUNCTIONS["rosenbrock"].value(points))
    steps = cost.steps_of(rosenbrock)
    assert list(steps)[3:] == ["gradient_descent_added", "forward_gaussian_dual_added"]
    assert torch.allclose(steps["gradient_descent_added"](), steps["gradient_descent"]())


def test_a_process_writes_a_row_for_every_step_and_what_made_it(tiny, rosenbrock, tmp_path, monkeypatch):
    monkeypatch.setattr(cost, "ROUNDS", 1)
    path = tmp_path / "costs/process-0.csv"
    path.parent.mkdir()
    cost.measure_costs([tiny, rosenbrock], path, seconds=1e-3)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [list(row) for row in rows] == [list(STEPS)] * (3 + 5)
    assert {(row["source"], row["function"]) for row in rows} == {("paper", "beale"), ("paper", "rosenbrock")}
    assert min(float(row["seconds_per_step"]) for row in rows) > 0
    record = json.loads((tmp_path / "costs/process-0-record.json").read_text())
    assert (record["threads"], record["descents"]) == (1, 0)


@pytest.fixture
def processes(tmp_path):
    """Three processes that measured the same: forward mode takes 0.8, 1 and 1.25 times twice as long."""
    paths = []
    for process, jitter in enumerate((0.8, 1.0, 1.25)):
        times = {"gradient_descent": 1e-4, "forward_gaussian": 2e-4 * jitter}
        times |= {"gradient_descent_added": 5e-5, "forward_gaussian_dual_added": 2e-4 * jitter}
        rows = [f"paper,rosenbrock,{method},{seconds}" for method, seconds in times.items()]
        path = tmp_path / f"process-{process}.csv"
        path.write_text("\n".join([",".join(STEPS), *rows]) + "\n")
        paths.append(path)
    return paths


def test_ratios_are_taken_within_a_process_to_the_same_form_of_the_function(processes):
    frame = pool_costs(processes)
    assert list(frame) == list(DESCENT_COSTS)
    rows = frame.set_index("method")
    forward = rows.loc["forward_gaussian"]
    ends = ["low", "seconds_per_step", "high"]
    assert forward[ends].tolist() == pytest.approx([2e-4 / REACH, 2e-4, 2e-4 * REACH])
    assert forward[["ratio_low", "ratio", "ratio_high"]].tolist() == pytest.approx([2 / REACH, 2, 2 * REACH])
    assert rows.loc["forward_gaussian_dual_added", "ratio"] == pytest.approx(4)
    assert rows.loc[["gradient_descent", "gradient_descent_added"], "ratio"].tolist() == pytest.approx([1, 1])
    assert set(rows["processes"]) == {3}


def test_fewer_than_three_processes_have_no_interval(processes):
    frame = pool_costs(processes[:2])
    assert frame[["low", "high", "ratio_low", "ratio_high"]].isna().all(axis=None)
    assert frame["ratio"].notna().all()


def test_a_broken_file_is_named(processes):
    processes[1].write_text("source,function\n")
    with pytest.raises(ResultError, match=f"{processes[1]} lacks the column method"):
        pool_costs(processes)


def test_every_process_has_a_file(preset):
    found = costs(preset, ".csv")
    assert len(set(found)) == preset["timing"]["processes"]
    assert found[0] == "results/functions/costs/process-0.csv"
