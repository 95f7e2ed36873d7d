import numpy as np
import pandas as pd
import pytest

from forwardgrad.results.curves import CURVES, align, curve_table, horizon, percentile_band, thinned

INF = np.inf


@pytest.fixture
def metrics():
    """Two runs: one reaches its threshold at step 2, one diverges at step 3."""
    return pd.DataFrame(
        {
            "seed": [1, 1, 1, 0, 0, 0],
            "step": [0, 1, 3, 0, 1, 2],
            "status": ["running", "running", "diverged", "running", "running", "threshold"],
            "test_loss": [4.0, 5.0, np.nan, 3.0, 2.0, 1.0],
            "test_accuracy": [0.1, 0.2, 0.1, 0.3, 0.4, 0.5],
        }
    )


def test_runs_are_aligned_carried_forward_and_ranked_worst_once_diverged(metrics):
    steps = [0, 1, 2, 3, 9]
    assert align(metrics, "test_loss", steps).tolist() == [[3, 2, 1, 1, 1], [4, 5, 5, INF, INF]]
    assert align(metrics, "test_accuracy", steps).tolist() == [
        [0.3, 0.4, 0.5, 0.5, 0.5],
        [0.1, 0.2, 0.2, -INF, -INF],
    ]


def test_bands_by_hand():
    matrix = np.array([[1, 1, 1], [2, 2, INF], [3, 3, INF], [4, INF, INF]], float)
    band = percentile_band(matrix)
    # Four runs: the 10th percentile lies between the first and second, rounded outwards to the first.
    assert band["median"].tolist() == [2.5, 2.5, INF]
    assert band["low"].tolist() == [1, 1, 1]
    assert band["high"].tolist() == [4, INF, INF]
    assert band["seeds"].tolist() == [4, 4, 4]


def test_two_runs_have_a_median_and_no_band():
    band = percentile_band(np.array([[1.0], [3.0]]))
    assert band["median"].tolist() == [2]
    assert band[["low", "high"]].isna().all(axis=None)


def test_the_horizon_ignores_the_longest_tenth():
    runs = pd.DataFrame({"method": ["a"] * 20 + ["b"], "steps": [*range(1, 19), 2000, 3000, 30]})
    assert horizon(runs[runs["method"] == "a"]) == 2000
    assert horizon(runs.iloc[:18]) == 17
    assert horizon(runs.iloc[20:]) == 30


def test_thinned_steps_are_evaluated_steps_with_both_ends():
    steps = 50 * np.arange(1001)
    few = thinned(steps)
    assert len(few) <= 240
    assert set(few) <= set(steps)
    assert (few[0], few[-1]) == (0, 50_000)
    assert set(steps[:10]) <= set(few)
    assert thinned([4, 0, 4, 2]).tolist() == [0, 2, 4]


def test_curves_of_a_cell(two_methods):
    frames = two_methods.frames()
    curves = curve_table(frames.metrics, frames.runs, frames.costs, ["test_loss"])
    assert list(curves) == list(CURVES)
    forward = curves[curves["method"] == "forward_gaussian"]
    assert forward["step"].tolist() == [0, 1, 2, 3]
    assert forward["seconds"].tolist() == pytest.approx([0, 3e-3, 6e-3, 9e-3])
    assert forward["median"].tolist() == pytest.approx([2, 1.5, 1, 0.29])
    assert forward["high"].tolist() == pytest.approx([2, 5, INF, INF])
    assert set(forward["seeds"]) == {5}


def test_a_method_without_a_measured_cost_has_no_seconds(two_methods):
    frames = two_methods.frames()
    curves = curve_table(frames.metrics, frames.runs, frames.costs.iloc[:1], ["test_loss"])
    assert curves.groupby("method")["seconds"].count().to_dict() == {"backprop": 3, "forward_gaussian": 0}
