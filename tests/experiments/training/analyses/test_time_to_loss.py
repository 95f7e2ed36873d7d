import math

import numpy as np
import pandas as pd
import pytest

from forwardgrad.experiments.training.analyses import time_to_loss
from forwardgrad.experiments.training.analyses.loss_ratios import MOST
from forwardgrad.experiments.training.analyses.time_to_loss import (
    TIMES_SUMMARY,
    TIMES_TO_LOSS,
    first_step,
    steps_to,
)
from forwardgrad.experiments.training.tables import counterpart

from ....synthetic import REACH

INF = float("inf")
CELL = {"dataset": "mnist5k", "model": "lr"}
STEPS = {"backprop": 1e-3, "forward_gaussian": 2e-3, "gathering": 1e-3, "jvp": 5e-3, "forward_ad": 6e-3}


@pytest.fixture
def frames(results, few):
    """Backpropagation ends at 0.5 after 20 steps of 1 ms; a step of the forward gradient takes 2 ms."""
    for seed in range(4):
        results.run("backprop", seed, (2.0, 1.0, 0.5), "diverged" if seed == 3 else "completed", every=10, **CELL)
    ends = ((2.0, 0.5, 0.6, 0.4), (2.0, 0.9, 0.51, 0.5), (2.0, 0.9, 0.8, 0.7), (2.0, 0.1, 0.1, 0.1))
    for seed, losses in enumerate(ends):
        results.run("forward_gaussian", seed, losses, every=10, **CELL)
    results.cost(STEPS, "lr", 64)
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
    assert engine["iterations"].tolist() == pytest.approx([0.5, 1.5, INF])
    assert engine["ratio"].tolist() == pytest.approx([1, 3, INF])
    assert engine["reached"].tolist() == [True, True, False]
    assert engine["in_band"].tolist() == [False] * 3
    assert engine["bound"].tolist() == pytest.approx([3, 3, 3])
    assert set(engine["against"]) == {"backprop"}


def test_a_run_with_few_evaluations_does_not_tell_when_a_loss_is_reached(frames, monkeypatch, times_of):
    monkeypatch.setattr(time_to_loss, "EVALUATIONS", 4)
    assert times_of(frames).empty


def test_times_by_other_costs_by_hand(frames, times_of):
    table = times_of(frames)
    assert list(dict.fromkeys(table["cost"])) == ["engine", "engine_gathered", "stock"]
    # Gathering takes 1 ms for both; stock forward mode 5 ms, and backpropagation stays what it is.
    gathered, stock = rows(table, "engine_gathered").loc[1], rows(table, "stock").loc[1]
    assert gathered[["T_f", "T_b", "ratio"]].tolist() == pytest.approx([0.09, 0.04, 2.25])
    assert stock[["T_f", "T_b", "ratio"]].tolist() == pytest.approx([0.15, 0.02, 7.5])
    assert gathered["iterations"] == stock["iterations"] == 1.5


def test_the_costs_interval_is_that_over_processes(frames, times_of):
    table = times_of(frames)
    names = ["cost_low", "cost_ratio", "cost_high"]
    ends = {cost: rows(table, cost).loc[0, names].tolist() for cost in set(table["cost"])}
    assert ends["engine"] == pytest.approx([2 / REACH, 2, 2 * REACH])
    assert ends["stock"] == pytest.approx([5 / REACH, 5, 5 * REACH])
    assert ends["engine_gathered"] == pytest.approx([(2 / REACH + 1) / 2, 1.5, (2 * REACH + 1) / 2])


def test_a_cost_that_was_not_measured_gives_no_times(results, few, times_of):
    results.run("backprop", 0, (2.0, 1.0, 0.5), every=10, **CELL)
    results.run("forward_rank_one", 0, (2.0, 0.9, 0.5), every=10, **CELL)
    results.run("spsa", 0, (2.0, 0.9, 0.5), every=10, **CELL)
    results.cost({"backprop": 1e-3, "forward_rank_one": 2e-3}, "lr", 64)
    table = times_of(results.frames())
    # Rank one has no stock forward mode, gathering was not measured, nor was any step of SPSA.
    assert set(table[["method", "cost"]].itertuples(index=False, name=None)) == {("forward_rank_one", "engine")}


def run_of(*losses, last="completed"):
    steps = range(0, 10 * len(losses), 10)
    return pd.DataFrame({"step": steps, "validation_loss": losses, "status": ["running"] * (len(losses) - 1) + [last]})


@pytest.mark.parametrize(
    ("losses", "last", "found"),
    [
        ((2.0, 0.5, 0.6), "completed", (10, False)),
        ((2.0, 0.9, 0.5), "completed", (20, False)),
        ((2.0, 0.9, 0.5 * MOST), "completed", (20, True)),
        ((2.0, 0.5 * MOST, 0.9), "completed", (INF, False)),  # within the band on its way
        ((2.0, 0.9, 0.5 * MOST + 1e-9), "completed", (INF, False)),
        ((2.0, 0.9, 0.51), "diverged", (INF, False)),
        ((2.0, 0.9, 0.4), "diverged", (INF, False)),
    ],
)
def test_a_run_that_ends_within_the_band_counts_as_there_at_its_end(losses, last, found):
    assert steps_to(run_of(*losses, last=last), 0.5) == found


def test_within_band_endings_are_told(results, few, times_of, summary_of):
    for seed, last in enumerate((0.4, 0.52, 0.7)):
        results.run("backprop", seed, (2.0, 1.0, 0.5), every=10, **CELL)
        results.run("forward_gaussian", seed, (2.0, 0.9, last), every=10, **CELL)
    results.cost(STEPS, "lr", 64)
    table = times_of(results.frames())
    engine = rows(table, "engine")
    assert engine["reached"].tolist() == [True, True, False]
    assert engine["in_band"].tolist() == [False, True, False]
    assert engine["T_f"].tolist() == pytest.approx([0.04, 0.04, INF])
    summary = summary_of(table, paper_settings=False).set_index("cost").loc["engine"]
    assert summary[["runs", "reached", "in_band"]].tolist() == [3, 2, 1]
    assert summary["bound"] == pytest.approx(2)


def test_a_cell_without_validation_has_no_times(frames, times_of, summary_of):
    frames.runs["validation_loss"] = frames.metrics["validation_loss"] = np.nan
    assert len(times_of(frames)) == 0
    assert list(summary_of(times_of(frames), paper_settings=True)) == list(TIMES_SUMMARY)


def test_a_loss_that_only_a_diverging_run_touches_is_not_reached():
    run = run_of(2.0, 0.6, 0.1, last="diverged")
    assert first_step(run, 0.6) == 10
    assert first_step(run, 0.5) == INF


def test_the_summary_by_hand(frames, times_of, summary_of):
    table = summary_of(times_of(frames), paper_settings=True)
    assert list(table) == list(TIMES_SUMMARY)
    engine = table.set_index("cost").loc["engine"]
    # Iterations 0.5, 1.5 and never: the median of three resampled runs may be any of them.
    assert engine[["iterations_low", "iterations", "iterations_high"]].tolist() == [0.5, 1.5, INF]
    assert engine[["runs", "reached", "in_band", "bound"]].tolist() == pytest.approx([3, 2, 0, 3])
    # The widths of both intervals add in squares: a third of the iterations, and that of the costs.
    low = 3 * math.exp(-math.hypot(math.log(3), math.log(REACH)))
    assert engine[["low", "ratio", "high"]].tolist() == pytest.approx([low, 3, INF])
    assert engine[["cost_low", "cost_ratio", "cost_high"]].tolist() == pytest.approx([2 / REACH, 2, 2 * REACH])
    assert engine[["T_f", "T_b"]].tolist() == pytest.approx([0.06, 0.02])
    assert engine[["T_f_quoted", "T_b_quoted", "ratio_quoted"]].tolist() == [197.3, 356.8, 0.553]
    assert engine["certainty"] == "FIG"


def test_the_costs_interval_enters_where_all_seeds_need_the_same_iterations(results, few, times_of, summary_of):
    for seed in range(3):
        results.run("backprop", seed, (2.0, 1.0, 0.5), every=10, **CELL)
        results.run("forward_gaussian", seed, (2.0, 0.5, 0.4), every=10, **CELL)
    results.cost(STEPS, "lr", 64)
    row = summary_of(times_of(results.frames()), paper_settings=False).set_index("cost").loc["engine"]
    assert row[["iterations_low", "iterations", "iterations_high"]].tolist() == [0.5, 0.5, 0.5]
    assert row[["low", "ratio", "high"]].tolist() == pytest.approx([1 / REACH, 1, REACH])


def test_without_an_interval_of_the_costs_the_ratio_has_none(frames, times_of, summary_of):
    table = times_of(frames).assign(cost_low=np.nan, cost_high=np.nan)
    row = summary_of(table, paper_settings=False).set_index("cost").loc["engine"]
    assert row["ratio"] == pytest.approx(3)
    assert row[["low", "high"]].isna().all()


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
