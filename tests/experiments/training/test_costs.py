"""A step is measured once: whatever shows its time or its ratio shows the row of the pooled measurement."""

import pytest

from forwardgrad.experiments.speed.tables import pool, read_processes
from forwardgrad.experiments.training.analyses.budgets import budgets, step_costs
from forwardgrad.experiments.training.columns import COSTS
from forwardgrad.experiments.training.costs import cost_of, read_costs
from forwardgrad.experiments.training.tables import methods
from forwardgrad.results.curves import curve_table

from ...synthetic import REACH

CELL = {"dataset": "mnist5k", "model": "lr"}
STEPS = {
    "gathering": 5e-4,
    "evaluation": 4e-4,
    "backprop": 1e-3,
    "jvp": 3e-3,
    "forward_ad": 2.5e-3,
    "forward_gaussian": 2e-3,
    "forward_rank_one": 6e-4,
    "backprop+adam": 1.5e-3,
}
RUNS = {
    "backprop": {},
    "forward_gaussian": {},
    "forward_rank_one": {},
    "gaussian_slow": {"estimator": "forward_gaussian"},
}
RUNS |= {"backprop_adam": {"estimator": "backprop", "optimizer": "adam"}}
KEYS = {"gaussian_slow": "forward_gaussian", "backprop_adam": "backprop+adam"}  # of the steps, where others


@pytest.fixture
def measured(results, few):
    """Three seeds of five methods on one cell, and the measurement of its steps."""
    for name, settings in RUNS.items():
        for seed in range(3):
            results.run(name, seed, (2.0, 1.0, 0.5), every=10, **settings, **CELL)
    results.cost(STEPS, "lr", 64)
    return results


@pytest.fixture
def pooled(measured):
    """The rows of the pooled measurement by key."""
    return pool(read_processes(measured.costs)).set_index("method")


def own(pooled, method):
    return pooled.loc[KEYS.get(method, method)]


@pytest.fixture
def costs(measured):
    return measured.frames().costs.set_index("method")


def test_costs_are_rows_of_the_pooled_measurement(costs, pooled):
    assert list(costs.reset_index().columns.sort_values()) == sorted(COSTS)
    assert list(costs.index) == list(RUNS)
    for method, row in costs.iterrows():
        step = own(pooled, method)
        assert row["seconds_per_step"] == step["seconds"]
        assert (row["low"], row["high"]) == (step["seconds_low"], step["seconds_high"])
        assert (row["ratio"], row["ratio_low"], row["ratio_high"]) == (
            step["ratio_to_backprop"], step["low"], step["high"],
        )  # fmt: skip
        assert (row["batch_size"], row["threads"], row["processes"]) == (64, 1, 3)
        assert row["gathering"] == pooled.loc["gathering", "seconds"]


def test_costs_by_hand(costs):
    row = costs.loc["forward_gaussian"]
    assert [row[name] for name in ("low", "seconds_per_step", "high")] == pytest.approx(
        [2e-3 / REACH, 2e-3, 2e-3 * REACH]
    )
    assert [row[name] for name in ("ratio_low", "ratio", "ratio_high")] == pytest.approx([2 / REACH, 2, 2 * REACH])
    assert row["gathering"] == pytest.approx(5e-4)


def test_stock_forward_mode_is_the_faster_of_two_and_that_of_dense_gaussian_tangents_alone(costs, pooled):
    stock = ("stock", "stock_ratio", "stock_low", "stock_high")
    columns = ["seconds", "ratio_to_backprop", "low", "high"]
    for method in ("forward_gaussian", "gaussian_slow"):
        assert costs.loc[method, [*stock]].tolist() == pooled.loc["forward_ad", columns].tolist()
    for method in ("backprop", "backprop_adam"):
        assert costs.loc[method, [*stock]].tolist() == own(pooled, method)[columns].tolist()
    assert costs.loc["forward_rank_one", [*stock]].isna().all()


def test_tables_and_time_axes_show_the_same_seconds(measured, costs, pooled, store_frames):
    frames = measured.frames()
    results = store_frames(frames)
    table = methods(results, "students").set_index("method")
    curves = curve_table(frames.metrics, frames.runs, frames.costs, ["test_loss"])
    spent = step_costs(frames.costs).loc["mnist5k", "lr"]
    for method in RUNS:
        seconds = own(pooled, method)["seconds"]
        assert table.loc[method, "seconds_per_step"] == pytest.approx(seconds, rel=1e-12)
        assert table.loc[method, "seconds_per_step_low"] == pytest.approx(own(pooled, method)["seconds_low"], rel=1e-12)
        axis = curves[curves["method"] == method]
        assert axis["seconds"].tolist() == pytest.approx([step * seconds for step in axis["step"]], rel=1e-12)
        assert spent.loc[method, "seconds"] == pytest.approx(seconds, rel=1e-12)
    equal = budgets(results, "students").set_index(["method", "budget"])
    assert equal.xs("seconds", level="budget")["amount"].unique() == pytest.approx([20 * 6e-4])


def test_times_to_a_loss_are_steps_times_the_same_seconds(measured, pooled, times_of):
    times = times_of(measured.frames()).set_index(["method", "cost", "seed"])
    base = pooled.loc["backprop"]
    for method in ("forward_gaussian", "forward_rank_one", "gaussian_slow"):
        step, batch = own(pooled, method), pooled.loc["gathering", "seconds"]
        engine, gathered = times.loc[method, "engine", 0], times.loc[method, "engine_gathered", 0]
        assert (engine["T_f"], engine["T_b"]) == pytest.approx((20 * step["seconds"], 20 * base["seconds"]), rel=1e-12)
        assert engine["cost_ratio"] == pytest.approx(step["ratio_to_backprop"], rel=1e-12)
        assert (engine["cost_low"], engine["cost_high"]) == pytest.approx((step["low"], step["high"]), rel=1e-12)
        assert gathered["T_f"] == pytest.approx(20 * (step["seconds"] + batch), rel=1e-12)
        assert gathered["T_b"] == pytest.approx(20 * (base["seconds"] + batch), rel=1e-12)
    stock = times.loc["forward_gaussian", "stock", 0]
    assert stock["T_f"] == pytest.approx(20 * pooled.loc["forward_ad", "seconds"], rel=1e-12)
    assert stock["cost_ratio"] == pytest.approx(pooled.loc["forward_ad", "ratio_to_backprop"], rel=1e-12)
    # In the logarithm of the same processes: time is iterations times ratio, to rounding.
    reached = times[times["reached"].astype(bool)]
    assert (reached["T_f"] / reached["T_b"]).tolist() == pytest.approx(reached["ratio"].tolist(), rel=1e-9)


def run_of(dataset, **settings):
    stop = {"steps": 9, "loss": None, "split": "train"}
    settings = {"estimator": "backprop", "learning_rate": 0.1, "stop": stop} | settings
    identity = {"experiment": "e", "dataset": dataset, "model": "lr", "method": "backprop", "seed": 0}
    return identity | {"settings": settings}


@pytest.mark.parametrize(("size", "gathered"), [(64, 0.25), (None, 0.0), (3_500, 0.0), (10_000, 0.0)])
def test_a_batch_that_is_the_whole_split_is_not_gathered(size, gathered):
    whole = min(size or 3_500, 3_500)
    steps = {("lr", whole, "backprop"): {"seconds": 1.0}, ("lr", whole, "gathering"): {"seconds": 0.25}}
    row = cost_of(run_of("mnist5k", batch_size=size), steps)
    assert (row["batch_size"], row["gathering"], row["seconds_per_step"]) == (whole, gathered, 1.0)


def test_what_was_not_measured_has_no_cost_and_nothing_stands_in_for_it():
    row = cost_of(run_of("mnist5k", batch_size=64), {("lr", 16, "backprop"): {"seconds": 1.0}})
    assert (row["seconds_per_step"], row["ratio"], row["gathering"], row["threads"]) == (None,) * 4
    assert "stock" not in row
    assert list(read_costs([run_of("mnist5k")], [])) == list(COSTS)
    assert len(read_costs([run_of("mnist5k")], [])) == 0
