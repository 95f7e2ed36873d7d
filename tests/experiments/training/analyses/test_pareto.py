import pytest

from forwardgrad.experiments.training.analyses.pareto import PARETO, pareto

CELL = {"dataset": "mnist5k", "model": "lr"}


@pytest.fixture
def table(results, store_frames):
    """Forty steps of 1 ms for backpropagation; the forward gradients take 2 ms and 0.5 ms, a batch nothing."""
    for seed in range(3):
        results.run("backprop", seed, (2.0, 1.0, 0.8, 0.4, 0.2), every=10, **CELL)
        results.run("forward_gaussian", seed, (2.0, 1.8, 1.6, 1.2, 1.0), every=12, **CELL)
        results.run("forward_rank_one", seed, (2.0, 1.0, 0.6 + seed / 10), every=20, **CELL)
    results.run("forward_rank_one", 3, (2.0, 2e4), "diverged", every=10, **CELL)
    results.run("spsa", 0, (2.0, 1.0), **CELL)
    results.cost({"backprop": 1e-3, "forward_gaussian": 2e-3, "forward_rank_one": 5e-4, "gathering": 1e-12}, "lr", 64)
    return pareto(store_frames(results.frames()), "students").set_index("method")


def test_every_method_of_known_cost_has_a_row(table):
    assert set(table.reset_index()) == set(PARETO)
    assert set(table.index) == {"backprop", "forward_gaussian", "forward_rank_one"}


def test_a_slower_method_is_judged_between_evaluations(table):
    # 40 ms are 20 of its steps: two thirds of the way from step 12 to step 24.
    row = table.loc["forward_gaussian"]
    assert row[["budget", "ratio", "steps"]].tolist() == pytest.approx([0.04, 2, 20])
    first, second = (1 - loss / 10 for loss in (1.8, 1.6))
    assert row["test_accuracy"] == pytest.approx(first + (second - first) * 2 / 3)


def test_a_faster_one_at_its_end_and_without_its_diverged_run(table):
    row = table.loc["forward_rank_one"]
    assert row[["ratio", "steps", "runs", "diverged", "pairs"]].tolist() == pytest.approx([0.5, 80, 3, 1, 3])
    assert row["test_accuracy"] == pytest.approx(1 - 0.07)
    assert row["difference"] == pytest.approx(-0.05)
    assert row["low"] <= row["difference"] <= row["high"]


def test_backpropagation_differs_from_itself_by_nothing(table):
    row = table.loc["backprop"]
    assert row[["difference", "low", "high", "ratio"]].tolist() == [0, 0, 0, 1]
