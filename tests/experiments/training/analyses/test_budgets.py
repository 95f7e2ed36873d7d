import numpy as np
import pytest

from forwardgrad.catalogue import ESTIMATORS
from forwardgrad.experiments.training.analyses.budgets import BUDGETS, at_step, budgets, step_costs

CELL = {"dataset": "mnist5k", "model": "lr"}


@pytest.fixture
def frames(results):
    """Forty steps each; backpropagation takes 1 ms and three passes, rank one 0.5 ms and two."""
    for seed in range(3):
        results.run("backprop", seed, (2.0, 1.0, 0.8, 0.4, 0.2), every=10, **CELL)
        results.run("forward_rank_one", seed, (2.0, 1.8, 1.6, 1.4 - seed / 10, 1.2), every=10, **CELL)
    results.run("backprop", 3, (2.0, 2e4), "diverged", every=10, **CELL)
    results.cost({"backprop": 1e-3, "forward_rank_one": 5e-4}, "lr", 64)
    return results.frames()


@pytest.fixture
def table(frames, store_frames):
    return budgets(store_frames(frames), "students")


def row(table, method, budget):
    return table.set_index(["method", "budget"]).loc[method, budget]


def test_equal_steps_by_hand(table):
    assert list(table) == list(BUDGETS)
    ours = row(table, "forward_rank_one", "steps")
    assert ours[["amount", "step", "runs", "diverged"]].tolist() == [40, 40, 3, 0]
    assert ours["train_loss"] == pytest.approx(1.2)
    backprop = row(table, "backprop", "steps")
    # The diverged run has no part in the mean and does not shorten the budget.
    assert backprop[["amount", "step", "runs", "diverged"]].tolist() == [40, 40, 4, 1]
    assert backprop["train_loss"] == pytest.approx(0.2)


def test_equal_passes_by_hand(table):
    # Rank one has spent 80 passes in the end, backpropagation 120: 80 are 26.7 of its steps, between 0.8 and 0.4.
    backprop = row(table, "backprop", "passes")
    assert backprop[["amount", "step"]].tolist() == pytest.approx([80, 80 / 3])
    assert backprop["train_loss"] == pytest.approx(0.8 - 0.4 * 2 / 3)
    assert row(table, "forward_rank_one", "passes")["step"] == 40


def test_equal_seconds_by_hand(table):
    backprop, ours = (row(table, method, "seconds") for method in ("backprop", "forward_rank_one"))
    assert backprop[["amount", "step"]].tolist() == pytest.approx([0.02, 20])
    assert ours[["amount", "step"]].tolist() == pytest.approx([0.02, 40])
    assert backprop["test_accuracy"] == pytest.approx(1 - 0.08)
    assert backprop["test_accuracy_low"] == pytest.approx(backprop["test_accuracy_high"])


def test_a_method_whose_price_is_unknown_has_no_row_where_it_counts(results, store_frames):
    for method in ("backprop", "forward_blockwise", "spsa"):
        results.run(method, 0, (2.0, 1.0), **CELL)
    results.cost({"backprop": 1e-3, "forward_blockwise": 1e-3}, "lr", 64)
    table = budgets(store_frames(results.frames()), "students")
    found = table.groupby("method", sort=False)["budget"].agg(list).to_dict()
    # The passes of the second depend on the network; a step of the third was not measured.
    assert found == {
        "backprop": ["steps", "passes", "seconds"],
        "forward_blockwise": ["steps", "seconds"],
        "spsa": ["steps", "passes"],
    }
    assert np.isnan(row(table, "backprop", "steps")["train_loss_low"])


def test_a_budget_that_is_met_exactly_counts_to_rounding(frames):
    backprop = frames.metrics[frames.metrics["method"] == "backprop"]
    found = at_step(backprop, 0.03 / 1e-3 * (1 + 1e-12), ["train_loss"])["train_loss"]
    assert found.index.tolist() == [0, 1, 2]  # the fourth has diverged
    assert found.tolist() == pytest.approx([0.4] * 3)


def test_a_run_counts_until_the_evaluation_before_it_diverged(frames):
    backprop = frames.metrics[frames.metrics["method"] == "backprop"]
    assert [len(at_step(backprop, step, ["train_loss"])) for step in (0, 5, 10)] == [4, 3, 3]


def test_step_costs(frames):
    assert step_costs(frames.costs).loc["mnist5k", "lr", "forward_rank_one"].tolist() == pytest.approx([1, 2, 5e-4])
    dense = ("backprop", "forward_gaussian", "forward_rademacher", "forward_sphere", "activity", "noisy_backprop")
    expected = dict.fromkeys(dense, 3)
    expected |= dict.fromkeys(("forward_rank_one", "forward_rank_four", "spsa", "spsa_rank_one"), 2)
    expected |= {f"forward_{kind}_{count}": 1 + 2 * count for kind in ("mean", "projected") for count in (4, 16)}
    expected |= {"forward_rank_one_layer": 1.5}
    expected |= dict.fromkeys(("forward_blockwise", "forward_blockwise_standardised"))  # it depends on the network
    assert {key: ESTIMATORS[key].passes for key in expected} == expected


def test_the_readme_of_results_explains_every_column(root):
    text = (root / "results/README.md").read_text()
    assert all(f"| `{name}` | {meaning} |" in text for name, meaning in BUDGETS.items())
