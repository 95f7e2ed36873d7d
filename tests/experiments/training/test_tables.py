import numpy as np
import pandas as pd
import pytest

from forwardgrad.experiments.training.runs import expand
from forwardgrad.experiments.training.tables import (
    METHOD_COLUMNS,
    PAIRED_COLUMNS,
    baseline_of,
    methods,
    paired,
    quoted_steps,
    steps_to_threshold,
)
from forwardgrad.results.quoted import read_quoted

from ...synthetic import REACH


def test_methods_by_hand(two_methods, store_frames):
    table = methods(store_frames(two_methods.frames()), "students")
    assert list(table) == list(METHOD_COLUMNS)
    backprop, forward = table.to_dict("records")
    assert (backprop["runs"], backprop["threshold"], backprop["diverged"]) == (5, 5, 0)
    assert (backprop["steps_median"], backprop["steps_min"], backprop["steps_max"]) == (2, 2, 2)
    assert backprop["test_accuracy"] == pytest.approx(0.97)
    assert (forward["threshold"], forward["completed"], forward["diverged"]) == (4, 0, 1)
    assert (forward["steps_median"], forward["steps_min"], forward["steps_max"]) == (3, 3, np.inf)
    # The diverged run has no part in the mean: (0.30 + 0.29 + 0.28 + 0.27) / 4.
    assert forward["test_loss"] == pytest.approx(0.285)
    # Student's t is 3.1824 for three degrees of freedom; the standard deviation of the four is 0.012910.
    reach = 3.182446 * 0.0129099 / 2
    assert (forward["test_loss_low"], forward["test_loss_high"]) == pytest.approx((0.285 - reach, 0.285 + reach))
    seconds = [forward[f"seconds_per_step{end}"] for end in ("_low", "", "_high")]
    assert seconds == pytest.approx([3e-3 / REACH, 3e-3, 3e-3 * REACH])
    assert forward["gathering"] == 0  # the whole split is one batch
    assert np.isnan(forward["whole_run"])  # four steps do not tell


def test_without_threshold_or_cost_the_columns_are_empty(results, store_frames):
    for seed in range(3):
        results.run(seed=seed)
    (row,) = methods(store_frames(results.frames()), "students").to_dict("records")
    assert np.isnan([row["steps_median"], row["steps_max"], row["seconds_per_step"], row["whole_run"]]).all()
    assert row["completed"] == 3


def test_what_training_took_is_told_over_its_steps_and_batches(results, store_frames):
    for seed in range(3):
        results.run("backprop", seed, dataset="mnist5k", model="lr", every=60)  # 1 ms a step
        results.run("forward_gaussian", seed, dataset="mnist5k", model="lr", every=49)
    results.cost({"backprop": 3e-4, "forward_gaussian": 3e-4, "gathering": 2e-4}, "lr", 64)
    backprop, forward = methods(store_frames(results.frames()), "students").to_dict("records")
    assert backprop["gathering"] == pytest.approx(2e-4)
    assert backprop["whole_run"] == pytest.approx(2)
    assert np.isnan(forward["whole_run"])


def test_steps_of_runs_that_never_reach_the_threshold_are_infinite():
    runs = pd.DataFrame({"seed": [4, 2, 9], "steps": [7, 3000, 5], "status": ["threshold", "completed", "diverged"]})
    steps = steps_to_threshold(runs)
    assert steps.to_dict() == {4: 7, 2: np.inf, 9: np.inf}


def test_differences_are_paired_with_backpropagation_of_the_same_seed(two_methods, store_frames):
    table = paired(store_frames(two_methods.frames()), "students")
    assert list(table) == list(PAIRED_COLUMNS)
    assert set(table["method"]) == {"forward_gaussian"}
    rows = table.set_index("quantity")
    assert rows.loc["steps", ["difference", "low", "high", "pairs"]].tolist() == [1, 1, 1, 4]
    # Losses 0.30, 0.29, 0.28, 0.27 against 0.30 at the same seeds.
    assert rows.loc["test_loss", "difference"] == pytest.approx(-0.015)
    assert rows.loc["test_loss", "pairs"] == 4


def test_what_stands_for_backpropagation():
    assert baseline_of({"a": "forward_gaussian", "faithful": "backprop", "backprop": "backprop"}) == "backprop"
    assert baseline_of({"a": "forward_gaussian", "faithful": "backprop"}) == "faithful"
    assert baseline_of({"a": "forward_gaussian"}) is None


def test_quoted_numbers_belong_to_methods_of_the_default_configuration(root, load):
    quoted = read_quoted(root / "report/quoted.csv")
    declared = {(run.dataset, run.model, run.method) for run in expand(load("config"))}
    students = quoted[quoted["source"] == "students"]
    assert set(students[["dataset", "model", "method"]].itertuples(index=False, name=None)) <= declared
    assert set(quoted["certainty"]) <= {"", "approximate", "FIG", "SEC", "UNV"}
    assert sorted(quoted_steps(quoted).values()) == [44, 50, 324, 399]


def test_a_quoted_file_with_other_columns_is_refused(tmp_path):
    (tmp_path / "quoted.csv").write_text("source,value\na,1\n")
    with pytest.raises(ValueError, match="has other columns than source, dataset"):
        read_quoted(tmp_path / "quoted.csv")
