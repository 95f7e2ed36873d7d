"""Every statistic and every way to ask for it, on frames small enough to do by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from forwardgrad.claims.evidence import EvidenceError, evaluate
from forwardgrad.experiments.functions.tables import outcomes
from forwardgrad.experiments.training.analyses.loss_ratios import loss_ratios

SEEDS = 8


def runs(steps=None, status="completed", **losses):
    """Return a frame of runs, one per seed and method; `losses` is {method: value or values}."""
    rows = []
    for method, loss in losses.items():
        for seed, value in enumerate(np.broadcast_to(loss, SEEDS)):
            row = {"dataset": "mnist", "model": "lr", "method": method, "seed": seed, "test_loss": value}
            rows.append(row | {"status": status, "steps": 9, "threshold": math.nan})
    frame = pd.DataFrame(rows)
    return frame if steps is None else frame.assign(steps=steps, threshold=0.3)


def ask(frame, statistic, value="test_loss", method="forward", against="backprop", **further):
    query = {"frame": "x-runs", "where": {"method": method}, "value": value, "statistic": statistic} | further
    if statistic in ("difference", "geometric_ratio", "ratio_of_medians", "largest_gap"):
        query |= {"against": {"method": against}}
    return evaluate(query, frame)


ONE_TO_EIGHT = np.arange(1.0, SEEDS + 1)


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        ("mean", 4.5),
        ("median", 4.5),
        ("difference", 2.5),
        ("geometric_ratio", math.exp(np.log(ONE_TO_EIGHT).mean()) / 2),
        ("ratio_of_medians", 4.5 / 2),
    ],
)
def test_statistics_of_runs(statistic, expected):
    found = ask(runs(forward=ONE_TO_EIGHT, backprop=2.0), statistic)
    value, low, high, n = found.interval
    assert value == pytest.approx(expected)
    assert low < value < high
    assert (n, found.left_out) == (SEEDS, 0)


def test_runs_are_paired_by_seed():
    frame = runs(forward=2 * ONE_TO_EIGHT, backprop=ONE_TO_EIGHT).sample(frac=1, random_state=0)
    assert ask(frame, "geometric_ratio").interval == pytest.approx((2, 2, 2, SEEDS))
    fewer = frame[(frame["method"] == "forward") | (frame["seed"] < 5)]
    assert ask(fewer, "geometric_ratio").interval == pytest.approx((2, 2, 2, 5))


def test_the_same_claim_has_the_same_interval():
    frame = runs(forward=ONE_TO_EIGHT)
    assert ask(frame, "mean") == ask(frame, "mean")


def test_means_leave_diverged_runs_out_and_say_so():
    frame = runs(forward=ONE_TO_EIGHT, backprop=ONE_TO_EIGHT / 3.5)
    frame.loc[frame["seed"] == 7, "status"] = "diverged"
    assert ask(frame, "mean").interval.value == 4
    found = ask(frame[(frame["method"] == "forward") | (frame["seed"] != 6)], "geometric_ratio")
    assert found.interval.value == pytest.approx(3.5)
    assert (found.interval.n, found.left_out) == (6, 1)


def test_medians_count_diverged_runs_as_the_worst():
    frame = runs(forward=ONE_TO_EIGHT)
    frame.loc[frame["seed"] < 3, "status"] = "diverged"
    value, low, high, n = ask(frame, "median").interval
    assert (value, n) == (7.5, SEEDS)
    assert 4 <= low < value < high == math.inf


@pytest.mark.parametrize(("arrived", "median"), [(8, 4.5), (5, 4.5), (3, math.inf)])
def test_steps_of_runs_that_never_arrive_are_infinite(arrived, median):
    frame = runs(forward=0.0, steps=np.arange(1, 9))
    frame["status"] = np.where(frame["steps"] <= arrived, "threshold", "completed")
    assert ask(frame, "median", "steps").interval.value == median


def test_the_ratio_to_a_method_that_never_arrives_is_zero_and_of_two_such_there_is_none():
    frame = runs(forward=0.0, backprop=0.0, steps=5)
    frame["status"] = np.where(frame["method"] == "forward", "threshold", "completed")
    assert ask(frame, "ratio_of_medians", "steps").interval.value == pytest.approx(0)
    with pytest.raises(EvidenceError, match="neither method arrives"):
        ask(frame.assign(status="completed"), "ratio_of_medians", "steps")


def test_runs_that_have_not_trained_are_no_evidence():
    frame = runs(forward=ONE_TO_EIGHT, backprop=2.3)
    with pytest.raises(EvidenceError, match=r"have not trained: test_loss 2.3 is above 2.2"):
        ask(frame, "geometric_ratio", trained_below=2.2)
    assert ask(frame, "geometric_ratio", trained_below=2.4).interval.n == SEEDS


def test_a_deterministic_method_has_one_run_for_all_seeds():
    frame = runs(forward=ONE_TO_EIGHT, backprop=2.0)
    one = frame[(frame["method"] == "forward") | (frame["seed"] == 0)]
    found = ask(one, "ratio_of_medians", deterministic=True)
    assert (found.interval.value, found.interval.n) == (2.25, SEEDS)
    with pytest.raises(EvidenceError, match="has 8 runs"):
        ask(frame, "ratio_of_medians", deterministic=True)


@pytest.mark.parametrize(
    ("further", "hits"), [({"value": "status", "equals": "diverged"}, 2), ({"up_to": 3}, 1), ({"up_to": 8}, 6)]
)
def test_shares(further, hits):
    frame = runs(forward=ONE_TO_EIGHT)
    frame.loc[frame["seed"].isin([0, 2]), "status"] = "diverged"
    value, low, high, n = ask(frame, "share", **further).interval
    assert (value, n) == (hits / SEEDS, SEEDS)
    assert 0 < low < value < high < 1


def curve(method, seed, values, status="completed"):
    steps = range(0, 10 * len(values), 10)
    rows = {"method": method, "seed": seed, "step": steps, "status": "running", "test_loss": values}
    frame = pd.DataFrame(rows)
    frame.loc[frame.index[-1], "status"] = status
    return frame


def test_the_largest_gap_between_mean_curves():
    curves = [curve("backprop", seed, [2.0, 1.0, 1.0]) for seed in range(4)]
    curves += [curve("forward", seed, [2.0, 1.0 + 0.1 * (seed - 1.5), 1.5]) for seed in range(3)]
    curves += [curve("forward", 3, [2.0, 9.0, 9.9], "diverged")]
    found = ask(pd.concat(curves), "largest_gap")
    assert found.interval == pytest.approx((0.5, 0.5, 0.5, 3))
    assert found.left_out == 1
    assert ask(pd.concat(curves), "mean", method="backprop").interval.value == 1.0, "the last row of every run counts"
    averaged = ask(pd.concat(curves), "mean", method="backprop", average=True).interval
    assert averaged == pytest.approx((4 / 3, 4 / 3, 4 / 3, 4))
    with pytest.raises(EvidenceError, match="no evaluation in common"):
        ask(pd.concat([curves[0], curves[5].assign(step=7)]), "largest_gap")


@pytest.fixture
def speed():
    rows = [
        {"model": model, "depth": depth, "method": method, "ratio_to_backprop": ratio, "low": ratio - 0.1}
        | {"high": ratio + 0.1, "ratio_to_evaluation": 7.0, "R_low": 6.0, "R_high": 8.0}
        | {"processes": 5, "flop_floor": 2.0}
        for model, depth, method, ratio in (
            ("lr", 0, "jvp", 3.0), ("mlp", 2, "jvp", 2.0), ("cnn", math.nan, "jvp", 1.0), ("lr", 0, "other", 0.5),
        )
    ]  # fmt: skip
    return pd.DataFrame(rows)


def given(frame, name="speed", value="ratio_to_backprop", **further):
    query = {"frame": name, "where": {"method": "jvp"}, "value": value, "statistic": "given"} | further
    return evaluate(query, frame)


def test_rows_that_have_their_own_interval(speed):
    assert given(speed, where={"model": "lr", "method": "jvp"}).interval == pytest.approx((3.0, 2.9, 3.1, 5))
    assert given(speed, where={"depth": None}).interval.value == 1.0
    assert given(speed, pick="lowest").interval.value == 1.0
    assert given(speed, where={"model": ["lr", "mlp"]}, pick="highest").interval.value == 3.0
    against = given(speed, where={"model": "mlp", "method": "jvp"}, against={"model": "lr"}).interval
    assert against == pytest.approx((2 / 3, 1.9 / 3.1, 2.1 / 2.9, 5))
    halved = given(speed, where={"model": "mlp", "method": "jvp"}, over="flop_floor").interval
    assert halved == pytest.approx((1.0, 0.95, 1.05, 5))


def test_numbers_fit_to_rounding_text_and_empty_cells_exactly(speed):
    assert given(speed.assign(depth=0.1 + 0.2), where={"depth": 0.3, "model": "lr", "method": "jvp"}).interval.n == 5
    with pytest.raises(EvidenceError, match="no row"):
        given(speed, where={"depth": 2.001})


def test_every_column_has_its_own_interval(speed):
    own = given(speed, where={"model": "lr", "method": "jvp"}, value="ratio_to_evaluation").interval
    assert own == (7.0, 6.0, 8.0, 5)


@pytest.mark.parametrize(
    ("name", "column", "count"),
    [
        ("students-costs", "seconds_per_step", "processes"),
        ("functions-costs", "seconds_per_step", "processes"),
        ("estimators", "measured", "draws"),
    ],
)
def test_every_frame_has_its_own_count(speed, name, column, count):
    frame = speed.rename(columns={"processes": count, "ratio_to_backprop": column})
    assert given(frame, name, column, pick="lowest").interval == pytest.approx((1.0, 0.9, 1.1, 5))


@pytest.mark.parametrize(
    ("further", "message"),
    [
        ({}, "the query fits more than one row"),
        ({"where": {"method": "none"}}, "speed has no row with method none"),
        ({"where": {"method": "jvp", "depth": None}, "against": {"depth": 9}}, "no row with method jvp, depth 9"),
        ({"value": "ratio", "over": "a", "where": {"b": 1}}, "speed has no column a, b, ratio"),
    ],
)
def test_what_cannot_be_answered_says_why(speed, further, message):
    with pytest.raises(EvidenceError, match=message):
        given(speed, **further)


def test_an_empty_value_is_no_evidence(speed):
    with pytest.raises(EvidenceError, match="its ratio_to_backprop is empty"):
        given(speed.assign(ratio_to_backprop=math.nan))


def test_repetitions_can_be_something_else_than_seeds(speed):
    where = {"frame": "speed", "where": {"method": "jvp"}, "value": "flop_floor", "statistic": "mean"}
    assert evaluate(where | {"unit": "model"}, speed).interval == pytest.approx((2, 2, 2, 3))


def test_two_rows_of_a_seed_are_no_evidence():
    frame = runs(forward=ONE_TO_EIGHT)
    with pytest.raises(EvidenceError, match="more than one row of a seed"):
        ask(pd.concat([frame, frame.assign(dataset="mnist5k")]), "mean")


def test_a_range_says_nothing_beyond_its_units(speed):
    query = {"frame": "speed", "where": {"method": "jvp"}, "value": "ratio_to_backprop", "unit": "model"}
    found = evaluate(query | {"statistic": "range"}, speed).interval
    assert found == pytest.approx((6 ** (1 / 3), 1.0, 3.0, 3))
    with pytest.raises(EvidenceError, match="their ratio_to_backprop is empty"):
        evaluate(query | {"statistic": "range"}, speed.assign(ratio_to_backprop=math.nan))


@pytest.mark.parametrize("seeds", [5, 20])
def test_a_number_has_one_interval_in_the_ledger_and_in_the_tables(seeds, store):
    rows = {"source": "paper", "function": "beale", "method": "forward_gaussian", "seed": range(seeds)}
    rows |= dict.fromkeys(("minimum", "initial", "peak", "distance", "trace"), 1.0) | {"status": "completed"}
    descents = pd.DataFrame(rows | {"final": np.random.default_rng(0).lognormal(size=seeds)})
    (row,) = outcomes(store({"frames/functions-runs": descents})).to_dict("records")
    query = {"frame": "functions-runs", "where": {"function": "beale"}, "value": "final", "statistic": "median"}
    assert evaluate(query, descents).interval[:3] == tuple(
        row[name] for name in ("median", "median_low", "median_high")
    )


@pytest.mark.parametrize("seeds", [5, 20])
def test_a_ratio_of_losses_has_one_interval_in_the_ledger_and_in_the_tables(seeds, results, store_frames):
    losses = np.random.default_rng(0).lognormal(size=(2, seeds))
    for seed in range(seeds):
        for method, loss in zip(("forward_gaussian", "forward_rank_one"), losses[:, seed], strict=True):
            results.run(method, seed, (2.0, loss))
    stored = store_frames(results.frames())
    (row,) = loss_ratios(stored, "students", "forward_gaussian").to_dict("records")
    query = {"frame": "students-runs", "where": {"method": "forward_rank_one"}, "value": "train_loss"}
    query |= {"against": {"method": "forward_gaussian"}, "statistic": "geometric_ratio"}
    found = evaluate(query, stored.frame("students-runs")).interval
    assert found == (row["ratio"], row["low"], row["high"], row["pairs"])
