"""Steps whose seconds are made by the model itself, so that a fit must find what they were made of."""

import math

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from forwardgrad.experiments.speed.alternatives import alternative
from forwardgrad.experiments.speed.columns import PROCESSES, REGIMES, SPEED
from forwardgrad.experiments.speed.figures.lines import batch
from forwardgrad.experiments.speed.figures.size import paper_points, size
from forwardgrad.experiments.speed.regime import TWO, crossed, crossing, fit, modelled, predict, regimes
from forwardgrad.experiments.speed.section import paper_steps, sizes
from forwardgrad.experiments.speed.tables import paper_seconds

# Seconds for each operation, multiply-add and parameter. The Gaussian's operations are half as many, so that its step
# is cheaper while the overhead of operations, 150 us, is more than 4 ns for each parameter: below 37,500 parameters.
OVERHEAD, RATE = 5e-6, 25e9
PER_PARAMETER = {"evaluation": 0.0, "backprop": 0.0, "forward_gaussian": 4e-9, "jvp": 4e-9}
OPERATIONS = {"evaluation": 10, "backprop": 60, "forward_gaussian": 30, "jvp": 90}
NETWORKS = {
    ("lr", 0): 7850,
    ("mlp_width_1", 2): 1_000,
    ("mlp_width_8", 2): 10_000,
    ("mlp_width_64", 2): 100_000,
    ("mlp", 2): 1_000_000,
    ("cnn", None): 3_000_000,
}


def seconds_of(method, parameters, multiply_adds):
    return OPERATIONS[method] * OVERHEAD + multiply_adds / RATE + parameters * PER_PARAMETER[method]


def row(model, depth, parameters, batch_size, method, device="cpu", slower=1.0):
    multiply_adds = float(parameters * batch_size)
    seconds = slower * seconds_of(method, parameters, multiply_adds)
    ratio = seconds / seconds_of("backprop", parameters, multiply_adds)
    return dict.fromkeys(SPEED) | {
        "device": device,
        "model": model,
        "depth": depth,
        "batch_size": batch_size,
        "method": method,
        "threads": 1,
        "parameters": parameters,
        "seconds": seconds,
        "ratio_to_backprop": ratio,
        "low": ratio,
        "high": ratio,
        "ratio_to_backprop_by_hand": 2 * ratio,
        "operations": OPERATIONS[method],
        "multiply_adds": multiply_adds,
        "processes": 3,
    }


def rows(slower=1.0, device="cpu"):
    return [
        row(model, depth, parameters, batch_size, method, device, 1.0 if method == "backprop" else slower)
        for (model, depth), parameters in NETWORKS.items()
        for batch_size in (1, 64)
        for method in OPERATIONS
    ]


@pytest.fixture
def measured():
    return pd.DataFrame(rows(), columns=list(SPEED))


def frames(measured, slowness=(1.0, 1.0, 1.0)):
    each = [pd.DataFrame(rows(slower)).assign(process=process) for process, slower in enumerate(slowness)]
    return {"frames/speed": measured, "frames/speed-processes": pd.concat(each).reindex(columns=list(PROCESSES))}


@pytest.fixture
def results(measured, store):
    """Frames, and the table of regimes beside them."""
    found = store(frames(measured))
    return store({"tables/speed/regimes": regimes(found)})


def of(table, method):
    return table[table["method"] == method].iloc[0]


def test_data_made_by_the_model_give_its_coefficients_back(measured):
    found = fit(measured[measured["method"] == "forward_gaussian"])
    assert found.to_dict() == pytest.approx(
        {"operations": OVERHEAD, "multiply_adds": 1 / RATE, "parameters": PER_PARAMETER["forward_gaussian"]}
    )


def test_no_coefficient_is_negative(measured):
    own = measured[measured["method"] == "backprop"]
    found = fit(own.assign(seconds=own["seconds"] - 1e-11 * own["parameters"]))
    assert found["parameters"] == 0
    assert (found[list(TWO)] > 0).all()


def test_relative_errors_count_and_not_seconds():
    """Absolute errors of 1, 2 and 1 s would give 4/3."""
    steps = pd.DataFrame({"operations": [1.0, 1.0, 1.0], "seconds": [1.0, 2.0, 1.0]})
    assert fit(steps, ("operations",))["operations"] == pytest.approx((1 + 1 / 2 + 1) / (1 + 1 / 4 + 1))


def test_fewer_than_two_rows_for_each_term_are_not_fitted(measured):
    own = measured[measured["method"] == "jvp"]
    assert fit(own.head(6)).notna().all()
    assert fit(own.head(5)).isna().all()
    assert fit(own.head(4), TWO).notna().all()


def test_a_prediction_is_the_sum_of_its_terms():
    steps = pd.DataFrame({"operations": [2.0, None], "parameters": [3.0, 1.0]})
    found = predict(steps, pd.Series({"operations": 10.0, "parameters": 100.0}))
    assert found.iloc[0] == 320
    assert math.isnan(found.iloc[1])


def test_modelled_rows_are_those_measured_with_what_the_model_says(measured):
    found = modelled(measured)
    assert found["model_seconds"].tolist() == pytest.approx(measured["seconds"].tolist())
    assert found["model_ratio"].tolist() == pytest.approx(measured["ratio_to_backprop"].tolist())


def test_nothing_is_predicted_where_operations_are_not_counted(measured):
    gpu = pd.DataFrame(rows(device="cuda")).assign(operations=None)
    both = modelled(pd.concat([measured, gpu], ignore_index=True))
    assert both.loc[both["device"] == "cpu", "model_seconds"].notna().all()
    assert both.loc[both["device"] == "cuda", ["model_seconds", "model_ratio"]].isna().all(axis=None)
    assert modelled(gpu)["model_ratio"].isna().all()


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        ([0.5, 2.0, 4.0], 10**1.5),  # half-way in both logarithms
        ([0.25, 2.0, 4.0], 10 ** (1 + 2 / 3)),
        ([0.5, 1.0, 2.0], 100),
        ([0.5, 2.0, 0.5], math.inf),
        ([2.0, 0.5, 2.0], 10**2.5),  # for good, not for the first time
        ([1.0, 2.0, 3.0], 0),
        ([0.5, 0.6, 0.7], math.inf),
        ([0.5, math.nan, 2.0], math.nan),
    ],
)
def test_a_crossing_is_interpolated_in_logarithms(ratios, expected):
    steps = pd.DataFrame({"size": [10, 100, 1000], "ratio": ratios}).sample(frac=1, random_state=0)
    assert crossing(steps["size"], steps["ratio"]) == pytest.approx(expected, nan_ok=True)


def test_the_table_has_what_the_times_are_made_of(results):
    table = results.table("speed", "regimes")
    assert list(table.columns) == list(REGIMES)
    assert table["method"].tolist() == ["backprop", "forward_gaussian", "jvp"]
    found = of(table, "forward_gaussian")
    assert found[["overhead", "rate", "per_parameter"]].tolist() == pytest.approx([5, 25e9, 4])
    assert (found["networks"], found["largest_error"]) == (12, pytest.approx(0, abs=1e-9))
    assert found["two_terms_error"] > 0.05
    assert of(table, "backprop")["two_terms_largest_error"] == pytest.approx(0, abs=1e-9)


def test_the_table_has_the_crossing_of_the_mlps_measured_and_by_the_model(results, measured):
    table = results.table("speed", "regimes")
    own = measured[(measured["method"] == "forward_gaussian") & (measured["batch_size"] == 64)]
    own = own[own["depth"] == 2].sort_values("parameters")
    assert 10_000 < crossing(own["parameters"], own["ratio_to_backprop"]) < 100_000
    found = of(table, "forward_gaussian")
    expected = crossing(own["parameters"], own["ratio_to_backprop"])
    names = ["crossing", "crossing_low", "crossing_high", "crossing_model"]
    assert found[names].tolist() == pytest.approx([expected] * 4)
    assert found["processes"] == 3
    higher = of(table, "jvp")
    assert (higher["crossing"], higher["crossing_model"], math.isnan(higher["crossing_low"])) == (0, 0, True)
    assert math.isnan(of(table, "backprop")["crossing"])
    assert list(crossed(table, "cpu")) == ["forward_gaussian"]
    assert crossed(table, "cuda") == {}


def test_a_crossing_has_the_interval_of_its_processes(measured, store):
    found = of(regimes(store(frames(measured, (0.9, 1.0, 1.1)))), "forward_gaussian")
    assert found["crossing_low"] < found["crossing"] < found["crossing_high"]


def test_the_worst_network_is_named(measured, store):
    off = (measured["model"] == "cnn") & (measured["batch_size"] == 1) & (measured["method"] == "jvp")
    measured.loc[off, "seconds"] *= 10
    found = of(regimes(store(frames(measured))), "jvp")
    assert found["worst"] == "CNN, 4 convolutions of 64, batch 1"
    assert found["largest_error"] > 5 * found["error"]


def test_what_was_not_measured_on_all_networks_has_no_row(measured, store):
    thin = measured[(measured["method"] != "jvp") | (measured["model"] != "cnn")]
    assert regimes(store(frames(thin)))["method"].tolist() == ["backprop", "forward_gaussian"]


def test_the_papers_seconds_are_those_of_a_run_over_its_steps(quoted):
    assert paper_seconds(quoted) == pytest.approx({"lr": 356.8 / 25_000, "mlp": (292.4 + 297.0) / 2 / 20_000})


def test_the_figure_has_the_papers_points_and_rings_at_crossings(results, quoted, measured):
    assert list(paper_points(quoted, measured).index) == [7850, 1_000_000]
    assert len(paper_points(quoted, measured[measured["model"] == "cnn"])) == 0
    figure, shown = size(results, "cpu")
    ratios, _, seconds = figure.axes
    (ring,) = [line for line in ratios.get_lines() if line.get_markersize() == 9]
    assert ring.get_xdata()[0] == of(results.table("speed", "regimes"), "forward_gaussian")["crossing"]
    stars = [line for line in seconds.get_lines() if line.get_marker() == "*"]
    assert [list(line.get_xdata()) for line in stars] == [[7850, 1_000_000]]
    assert set(shown["batch_size"]) == {64}
    plt.close(figure)


def test_lines_are_the_model_and_points_are_measured(results):
    figure, _ = batch(results, "cpu")
    points = [line for axes in figure.axes for line in axes.get_lines() if line.get_marker() == "s"]
    assert {line.get_linestyle() for line in points} == {"None"}
    plt.close(figure)


def test_without_a_model_lines_join_what_was_measured(measured, store):
    found = store(frames(measured.assign(operations=None)))
    table = regimes(found)
    assert table["overhead"].isna().all()
    assert of(table, "forward_gaussian")["crossing"] > 0
    figure, _ = size(store({"tables/speed/regimes": table}), "cpu")
    heights = [list(line.get_ydata()) for line in figure.axes[0].get_lines() if line.get_linestyle() == "-"]
    wide = measured[
        (measured["method"] == "forward_gaussian") & (measured["depth"] == 2) & (measured["batch_size"] == 64)
    ]
    assert wide.sort_values("parameters")["ratio_to_backprop"].tolist() in heights
    plt.close(figure)


def test_the_section_tells_the_smallest_and_the_largest(measured, results, quoted):
    told = sizes(measured)
    assert (told["smallest"]["parameters"], told["largest"]["parameters"]) == (1_000, 1_000_000)
    assert (told["operations"], told["operations_backprop"]) == (30, 60)
    logistic = told["logistic"]
    assert logistic["ratio_to_backprop_by_hand"] == 2 * logistic["ratio_to_backprop"]
    assert sizes(measured[measured["model"] == "cnn"]) is None
    theirs = paper_steps(measured, paper_seconds(quoted))
    assert [(row["model"], row["paper"]) for row in theirs] == list(paper_seconds(quoted).items())
    text = alternative("cpu-size", measured, results.table("speed", "regimes"))
    assert "Gaussian costs as much from " in text
