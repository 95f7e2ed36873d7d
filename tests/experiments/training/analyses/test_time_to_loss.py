import numpy as np
import pandas as pd
import pytest

from forwardgrad.experiments.training.analyses import time_to_loss
from forwardgrad.experiments.training.analyses.time_to_loss import (
    TIMES_SUMMARY,
    TIMES_TO_LOSS,
    first_step,
    step_times,
)
from forwardgrad.experiments.training.tables import counterpart

INF = float("inf")
CELL = {"dataset": "mnist5k", "model": "lr"}


@pytest.fixture
def frames(results, few):
    """Backpropagation ends at 0.5 after 20 steps of 1 ms; a step of the forward gradient takes 2 ms."""
    for seed in range(4):
        results.run("backprop", seed, (2.0, 1.0, 0.5), "diverged" if seed == 3 else "completed", every=10, **CELL)
    ends = ((2.0, 0.5, 0.6, 0.4), (2.0, 0.9, 0.51, 0.5), (2.0, 0.9, 0.8, 0.7), (2.0, 0.1, 0.1, 0.1))
    for seed, losses in enumerate(ends):
        results.run("forward_gaussian", seed, losses, every=10, **CELL)
    results.cost({"backprop": 1e-3, "forward_gaussian": 2e-3}, batch_size=64, **CELL)
    return results.frames()


def rows(table, cost):
    return table[table["cost"] == cost].set_index("seed")


def test_times_by_hand(frames, times_of):
    table = times_of(frames)
    assert list(table) == list(TIMES_TO_LOSS)
    engine = rows(table, "engine")
    # Seed 3 has no row: its backpropagation diverged.
    assert engine.index.tolist() == [0, 1, 2]
    assert engine["T_b"].tolist() == pytest.approx([0.02] * 3)
    assert engine["T_f"].tolist() == pytest.approx([0.02, 0.06, INF])
    assert engine["ratio"].tolist() == pytest.approx([1, 3, INF])
    assert engine["reached"].tolist() == [True, True, False]
    assert engine["bound"].tolist() == pytest.approx([3, 3, 3])
    assert set(engine["against"]) == {"backprop"}


def test_a_run_with_few_evaluations_does_not_tell_when_a_loss_is_reached(frames, monkeypatch, times_of):
    monkeypatch.setattr(time_to_loss, "EVALUATIONS", 4)
    assert times_of(frames).empty


def test_times_in_memory_and_of_whole_runs_by_hand(frames, times_of):
    table = times_of(frames)
    assert set(table["cost"]) == {"engine", "engine_in_memory", "engine_whole_run"}
    # Steps take 0.8 of their time with the batch in memory; 100 steps of a whole run take 110 times as long as one.
    assert rows(table, "engine_in_memory")["T_f"][1] == pytest.approx(0.048)
    assert rows(table, "engine_whole_run")["T_f"][1] == pytest.approx(0.066)
    assert rows(table, "engine_whole_run")["ratio"][1] == pytest.approx(3)


def measured(**changed):
    row = {"model": "lr", "method": "jvp", "batch_size": 64, "depth": 0.0, "device": "cpu", "ratio_to_backprop": 5.0}
    return pd.DataFrame([row | changed])


def test_the_stock_frameworks_step_costs_its_ratio_times_that_of_backpropagation(frames, times_of):
    times = step_times(frames.costs, measured())
    assert times["mnist5k", "lr", "backprop", "stock"] == pytest.approx(1e-3)
    assert times["mnist5k", "lr", "forward_gaussian", "stock"] == pytest.approx(5e-3)
    assert rows(times_of(frames, measured()), "stock")["ratio"][1] == pytest.approx(7.5)


@pytest.mark.parametrize(
    "changed", [{"model": "mlp"}, {"batch_size": 16}, {"device": "cuda"}, {"method": "forward_ad"}]
)
def test_another_networks_ratio_does_not_count(frames, changed, times_of):
    assert "stock" not in set(times_of(frames, measured(**changed))["cost"])


def test_a_cell_without_validation_has_no_times(frames, times_of, summary_of):
    frames.runs["validation_loss"] = frames.metrics["validation_loss"] = np.nan
    assert len(times_of(frames)) == 0
    assert list(summary_of(times_of(frames), paper_settings=True)) == list(TIMES_SUMMARY)


def test_a_loss_that_only_a_diverging_run_touches_is_not_reached():
    run = pd.DataFrame(
        {"step": [0, 1, 2], "validation_loss": [2.0, 0.6, 0.1], "status": ["running"] * 2 + ["diverged"]}
    )
    assert first_step(run, 0.6) == 1
    assert first_step(run, 0.5) == INF


def test_the_summary_by_hand(frames, times_of, summary_of):
    table = summary_of(times_of(frames), paper_settings=True)
    assert list(table) == list(TIMES_SUMMARY)
    engine = table.set_index("cost").loc["engine"]
    # Ratios 1, 3 and never: the median of three resampled runs may be any of them.
    assert engine[["runs", "reached", "ratio", "low", "high", "bound"]].tolist() == pytest.approx([3, 2, 3, 1, INF, 3])
    assert engine[["T_f", "T_b"]].tolist() == pytest.approx([0.06, 0.02])
    assert engine[["T_f_quoted", "T_b_quoted", "ratio_quoted"]].tolist() == [197.3, 356.8, 0.553]
    assert engine["certainty"] == "FIG"


def test_the_paper_has_no_time_for_methods_of_ours(frames, times_of, summary_of):
    for frame in (frames.metrics, frames.runs, frames.costs):
        frame.replace("forward_gaussian", "forward_rank_one", inplace=True)
    (row,) = summary_of(rows(times_of(frames), "engine").reset_index(), True).to_dict("records")
    assert np.isnan([row["ratio_quoted"], row["T_b_quoted"]]).all()


def test_what_a_method_is_paired_with():
    methods = {"backprop": "backprop", "backprop_low": "backprop", "a_low": "a", "a": "a", "a_high": "a"}
    assert [counterpart(name, methods) for name in methods] == [
        None,
        "backprop",
        "backprop_low",
        "backprop",
        "backprop",
    ]
    assert counterpart("a", {"a": "a"}) is None


def test_the_readme_of_results_explains_every_column(root):
    text = (root / "results/README.md").read_text()
    assert all(f"| `{name}` | {meaning} |" in text for name, meaning in TIMES_TO_LOSS.items())
