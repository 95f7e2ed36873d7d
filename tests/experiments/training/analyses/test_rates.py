import matplotlib.pyplot as plt
import pandas as pd
import pytest
import yaml

from forwardgrad.experiments.training.analyses.rates import (
    RATES,
    by_grid,
    by_method,
    chosen_rates,
    differing,
    rate_table,
    tuned_yaml,
)
from forwardgrad.experiments.training.figures.rates import draw_rates

INF = float("inf")
MADE = [{"versions": {"torch": "2.13.0", "numpy": "2.4.6"}, "runs": 15}]


@pytest.fixture
def grid(results):
    """Two methods at rates 0.1, 0.2 and 0.4, three seeds each; None is a diverged run."""
    losses = {
        ("forward_gaussian", 0.1): (0.9, 0.8, 0.7),
        ("forward_gaussian", 0.2): (0.5, 0.6, 0.4),
        ("forward_gaussian", 0.4): (0.1, None, None),
        ("forward_rank_one", 0.1): (0.9, 0.8, 0.7),
        ("forward_rank_one", 0.2): (0.4, 0.6, None),
        ("forward_rank_one", 0.4): (0.2, 0.3, None),
    }
    for (method, rate), ends in losses.items():
        for seed, loss in enumerate(ends, start=10):
            end = {"losses": (2.0, loss)} if loss else {"losses": (2.0, 2e4), "status": "diverged"}
            results.run(f"{method}@{rate:g}", seed, estimator=method, rate=rate, experiment="tuning", **end)
    return results.frames().runs


def test_the_lowest_median_wins_and_a_diverged_run_ranks_worst(grid):
    table = rate_table(grid)
    assert list(table) == list(RATES)
    rows = table.set_index(["method", "learning_rate"])
    numbers = ["runs", "diverged", "validation_loss", "low", "high"]
    assert rows.loc[("forward_gaussian", 0.2), numbers].tolist() == [3, 0, 0.5, 0.4, 0.6]
    assert rows.loc[("forward_gaussian", 0.4), numbers].tolist() == [3, 2, INF, 0.1, INF]
    assert rows.loc[("forward_rank_one", 0.2), numbers].tolist() == [3, 1, 0.6, 0.4, INF]
    assert chosen_rates(table) == {"penguins": {"students_lr": {"forward_gaussian": 0.2, "forward_rank_one": 0.4}}}


def test_a_rate_at_the_edge_of_its_grid_is_flagged(grid):
    rows = rate_table(grid).set_index("method")
    assert rows[rows["chosen"]]["edge"].to_dict() == {"forward_gaussian": False, "forward_rank_one": True}
    assert not rows[~rows["chosen"]]["edge"].any()


def test_the_order_of_the_rates_in_the_configuration_does_not_matter(grid):
    assert chosen_rates(rate_table(grid.iloc[::-1])) == chosen_rates(rate_table(grid))


def test_of_equal_rates_the_lowest_is_chosen_and_of_diverged_ones_none(results):
    for rate in (0.4, 0.2):
        results.run(f"forward_gaussian@{rate}", 10, (2.0, 0.5), estimator="forward_gaussian", rate=rate)
        results.run(f"backprop@{rate}", 10, (2.0, 2e4), "diverged", estimator="backprop", rate=rate)
    assert chosen_rates(rate_table(results.frames().runs)) == {"penguins": {"students_lr": {"forward_gaussian": 0.2}}}


def test_rates_that_are_not_those_in_use_are_named(grid):
    table = rate_table(grid)
    assert differing(table, {"tuned": chosen_rates(table)}) == []
    config = {"tuned": {"penguins": {"students_lr": {"forward_gaussian": 0.1}}}}
    found = {row["method"]: (row["learning_rate"], row["written"]) for row in differing(table, config)}
    assert found == {"forward_gaussian": (0.2, 0.1), "forward_rank_one": (0.4, None)}


def test_the_file_holds_the_rates_and_says_where_they_come_from(grid):
    text = tuned_yaml(grid, MADE)
    assert yaml.safe_load(text) == chosen_rates(rate_table(grid))
    assert "snakemake --cores all tuned" in text
    assert "# penguins, students_lr: rates 0.1, 0.2, 0.4; seeds 10, 11, 12; 1 steps\n" in text
    assert "# At the edge of its grid: penguins students_lr forward_rank_one\n" in text
    assert "# 15 runs made with torch 2.13.0, numpy 2.4.6\n" in text


def test_rates_keep_their_value_in_the_file(results):
    for rate in (2.8e-5, 1e-7):
        results.run(f"backprop@{rate:g}", 10, (2.0, 1.0 - rate), estimator="backprop", rate=rate)
    written = yaml.safe_load(tuned_yaml(results.frames().runs, []))
    assert written == {"penguins": {"students_lr": {"backprop": 2.8e-5}}}


def test_methods_whose_grids_have_a_rate_in_common_stand_together():
    grids = {"a": (1, 2), "b": (5, 6), "c": (2, 3), "d": (3, 5), "e": (8, 9)}
    rows = [{"method": method, "learning_rate": rate} for method, rates in grids.items() for rate in rates]
    groups = [list(dict.fromkeys(row["method"] for row in group)) for group in by_grid(rows)]
    assert groups == [["a", "c", "b", "d"], ["e"]]
    assert [[row["method"] for row in own] for own in by_method(rows)] == [[method] * 2 for method in grids]


def test_methods_with_other_rates_have_a_panel_of_their_own(grid):
    other = grid.assign(method="activity@3", estimator="activity", learning_rate=3.0)
    both = pd.concat([grid, other])
    figure = draw_rates(both)
    assert [len(axes.get_xticks()) for axes in figure.axes] == [3, 1]
    plt.close(figure)


def test_the_figure_shows_every_run_and_rings_the_chosen(grid):
    figure = draw_rates(grid)
    (axes,) = figure.axes
    lines = axes.get_lines()
    rings = [line for line in lines if line.get_markersize() == 10]
    assert [line.get_ydata().tolist() for line in rings] == [[0.5], [0.3]]
    dots = [line for line in lines if line.get_linestyle() == "None" and line not in rings]
    assert sum(len(line.get_xdata()) for line in dots) == 18
    crosses = [line for line in dots if line.get_marker() == "x"]
    assert sum(len(line.get_xdata()) for line in crosses) == 4
    assert max(line.get_ydata().max() for line in crosses) <= axes.get_ylim()[1]
    shown = "\n".join(text.get_text() for text in figure.findobj(plt.Text)).replace("\n", " ")
    assert "3 seeds that no other experiment uses" in shown
    assert "diverged" in shown
    plt.close(figure)
