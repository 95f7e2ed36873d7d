"""Every verdict and every comparison."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from forwardgrad.claims.invariants import CHECKED
from forwardgrad.claims.verdicts import (
    CLAIMS,
    UNVERIFIED,
    VERDICTS,
    acceptance_region,
    assess,
    expectation,
    judge,
    judge_all,
    origin_of,
    verdict_on,
    write_row,
)
from forwardgrad.results.statistics import Interval

TOLERANCES = {
    "tenth": {"relative": 0.1, "why": "x"},
    "reading": {"absolute": 0.05, "why": "x"},
    "log_axis": {"factor": 1.5, "why": "x"},
}


def expect(comparison, value, tolerance=None):
    return {"comparison": comparison, "value": value} | ({"tolerance": tolerance} if tolerance else {})


@pytest.mark.parametrize(
    ("expected", "low", "high", "words"),
    [
        (expect("equal", 0.5, "tenth"), 0.45, 0.55, "0.5 ± 10 %"),
        (expect("equal", -2, "tenth"), -2.2, -1.8, "-2 ± 10 %"),
        (expect("equal", 2.21, "reading"), 2.16, 2.26, "2.21 ± 0.05"),
        (expect("equal", 6e-5, "log_axis"), 4e-5, 9e-5, "6e-05 up to a factor of 1.5"),
        (expect("between", [0.5, 0.6]), 0.5, 0.6, "0.5 to 0.6"),
        (expect("between", [0.5, 0.6], "reading"), 0.45, 0.65, "0.5 to 0.6 ± 0.05"),
        (expect("at_most", 0.5, "tenth"), -math.inf, 0.55, "at most 0.5 ± 10 %"),
        (expect("at_least", 0.5), 0.5, math.inf, "at least 0.5"),
        (expect("lower", 1), -math.inf, 1, "lower than 1"),
        (expect("higher", 1, "tenth"), 0.9, math.inf, "higher than 1 ± 10 %"),
    ],
)
def test_what_agrees_with_a_claim(expected, low, high, words):
    agreed = acceptance_region(expected, TOLERANCES)
    assert agreed[:2] == pytest.approx((low, high))
    assert agreed.closed == (expected["comparison"] not in ("lower", "higher"))
    assert expectation(expected, TOLERANCES) == words


def test_an_unknown_comparison_is_refused():
    with pytest.raises(ValueError, match="unknown comparison 'about'"):
        acceptance_region(expect("about", 1), {})


@pytest.mark.parametrize(
    ("low", "high", "verdict", "why"),
    [
        (0.46, 0.54, "reproduced", "the interval lies inside 0.45 to 0.55"),
        (0.45, 0.55, "reproduced", "the interval lies inside 0.45 to 0.55"),
        (0.40, 0.50, "inconclusive", "the lower end of the interval lies outside 0.45 to 0.55"),
        (0.50, 0.60, "inconclusive", "the upper end of the interval lies outside 0.45 to 0.55"),
        (0.40, 0.60, "inconclusive", "the lower and the upper end of the interval lies outside 0.45 to 0.55"),
        (0.30, 0.44, "not reproduced", "the interval lies below 0.45 to 0.55"),
        (0.56, 0.70, "not reproduced", "the interval lies above 0.45 to 0.55"),
    ],
)
def test_verdicts(low, high, verdict, why):
    found = verdict_on(Interval(0.5, low, high, 3), acceptance_region(expect("equal", 0.5, "tenth"), TOLERANCES))
    assert found == (verdict, why)
    assert verdict in VERDICTS


@pytest.mark.parametrize(
    ("comparison", "low", "high", "verdict"),
    [
        ("lower", 0.8, 0.9, "reproduced"),
        ("lower", 0.8, 1.0, "inconclusive"),
        ("lower", 1.0, 1.2, "not reproduced"),
        ("at_most", 0.8, 1.0, "reproduced"),
        ("at_most", 1.0, 1.2, "inconclusive"),
        ("higher", 1.0, 1.2, "inconclusive"),
        ("higher", 0.9, 1.0, "not reproduced"),
        ("at_least", 1.0, 1.2, "reproduced"),
    ],
)
def test_only_lower_and_higher_leave_the_bound_out(comparison, low, high, verdict):
    assert verdict_on(Interval(1.0, low, high, 5), acceptance_region(expect(comparison, 1), {}))[0] == verdict


@pytest.mark.parametrize(("n", "why"), [(1, "there is 1"), (2, "there are 2"), (0, "there are 0")])
def test_fewer_than_three_are_no_evidence(n, why):
    verdict, said = verdict_on(Interval(0.5, math.nan, math.nan, n), acceptance_region(expect("at_most", 1), {}))
    assert verdict == "no evidence"
    assert said.endswith(why)
    assert verdict_on(Interval(0.5, 0.4, 0.6, n), acceptance_region(expect("at_most", 1), {}))[0] == "no evidence"


def claim(cost_model="none", **evidence):
    query = {"frame": "mnist-runs", "where": {"dataset": "mnist"}, "value": "test_loss", "statistic": "mean"}
    return {
        "part": "primary",
        "group": "lr",
        "source": "paper",
        "place": "Figure 4",
        "claim": "It ends at about a half.",
        "certainty": "FIG",
        "cost_model": cost_model,
        "figure": "mnist/mnist-lr-by-step",
        "evidence": query | evidence,
        "expect": expect("equal", 0.5, "tenth"),
    }


def frame(loss, dataset="mnist", seeds=5):
    rows = {"dataset": dataset, "seed": range(seeds), "test_loss": loss, "status": "completed"}
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("losses", "verdict"),
    [
        ([0.49, 0.5, 0.5, 0.5, 0.51], "reproduced"),
        ([0.4, 0.5, 0.5, 0.5, 0.6], "inconclusive"),
        (0.6, "not reproduced"),
    ],
)
def test_a_claim_gets_its_row(losses, verdict):
    row = assess("half", claim(), TOLERANCES, frame(losses))
    assert list(row) == list(CLAIMS)
    assert (row["id"], row["verdict"], row["n"], row["evidence"]) == ("half", verdict, 5, "run")
    assert row["measured"] == pytest.approx(np.mean(losses))
    assert row["expected"] == "0.5 ± 10 %"


def test_a_number_that_no_source_confirms_decides_nothing():
    for own in (frame(0.5), frame(0.9), None):
        row = assess("half", claim() | {"certainty": "UNV"}, TOLERANCES, own)
        assert row["verdict"] == UNVERIFIED
    assert assess("half", claim() | {"certainty": "UNV"}, TOLERANCES, frame(0.9))["measured"] == pytest.approx(0.9)


@pytest.mark.parametrize(("loss", "verdict"), [(0.4, "direction agrees"), (0.6, "not reproduced")])
def test_where_only_the_sign_can_be_compared_the_direction_agrees(loss, verdict):
    lower = claim() | {"direction_only": True, "expect": expect("lower", 0.5)}
    assert assess("half", lower, TOLERANCES, frame(loss))["verdict"] == verdict


def test_without_evidence_the_row_says_why():
    row = assess("half", claim(), TOLERANCES, None)
    assert (row["verdict"], row["why"]) == ("no evidence", "experiment mnist was not run")
    assert math.isnan(row["measured"])
    assert row["evidence"] == ""
    row = assess("half", claim(), TOLERANCES, frame(0.5, "mnist5k"))
    assert (row["verdict"], row["why"]) == ("no evidence", "mnist-runs has no row with dataset mnist")
    row = assess("half", claim(), TOLERANCES, frame(0.5, seeds=2))
    assert (row["verdict"], row["n"], row["measured"]) == ("no evidence", 2, 0.5)


def test_the_published_run_stands_in_where_this_one_has_no_row():
    published = frame(0.5), "published run at commit abc, AMD EPYC"
    for own in (None, frame(0.9, "mnist5k")):
        row = assess("half", claim(), TOLERANCES, own, published)
        assert (row["verdict"], row["measured"], row["evidence"]) == ("reproduced", 0.5, published[1])
    row = assess("half", claim(), TOLERANCES, frame(0.9), published)
    assert (row["verdict"], row["measured"], row["evidence"]) == ("not reproduced", 0.9, "run")


def test_what_else_a_reader_must_know_is_said():
    runs = frame([0.5] * 4 + [9.0])
    runs.loc[4, "status"] = "diverged"
    row = assess("half", claim("stock"), TOLERANCES, runs)
    assert (
        row["why"] == "the interval lies inside 0.45 to 0.55; costs are those of one machine; 1 diverged and left out"
    )


def test_a_bootstrap_of_few_seeds_is_said_to_be_too_narrow():
    for seeds, said in ((5, True), (10, False)):
        row = assess("half", claim(statistic="median"), TOLERANCES, frame(0.5, seeds=seeds))
        assert ("percentile bootstrap of few seeds" in row["why"]) is said


def test_a_row_is_written_as_plain_json(tmp_path):
    row = assess("half", claim(), TOLERANCES, None) | {"high": math.inf}
    write_row(tmp_path / "half.json", row)
    written = json.loads((tmp_path / "half.json").read_text())
    assert list(written) == list(CLAIMS)
    assert (written["measured"], written["high"]) == (None, "inf")


def test_a_claim_is_judged_by_files(tmp_path):
    own, published = tmp_path / "runs.csv", tmp_path / "published.csv"
    frame(0.9, "mnist5k").to_csv(own, index=False)
    frame(0.5).to_csv(published, index=False)
    made = {"experiments": {"mnist": [{"commit": "abc", "host": {"cpu": "AMD EPYC"}}]}}
    (tmp_path / "record.json").write_text(json.dumps(made))
    entry = {"id": "half", "claim": claim(), "tolerances": TOLERANCES, "run": str(own), "published": str(published)}
    row = judge(entry)
    assert (row["measured"], row["evidence"]) == (0.5, "published run at commit abc, AMD EPYC")
    assert judge(entry | {"published": None})["verdict"] == "no evidence"
    assert judge(entry | {"run": None})["measured"] == 0.5
    nothing = judge(entry | {"run": None, "published": None})
    assert nothing["why"] == "experiment mnist was not run"
    table = judge_all([entry, entry | {"id": "again", "run": None, "published": None}])
    assert list(table) == list(CLAIMS)
    assert table["verdict"].tolist() == ["reproduced", "no evidence"]
    assert table.iloc[0].to_dict() == row


@pytest.mark.parametrize("columns", [CLAIMS, CHECKED])
def test_results_explain_every_column_as_the_code_does(root, columns):
    text = (root / "results/README.md").read_text()
    for name, meaning in columns.items():
        assert f"| `{name}` | {meaning} |" in text


def test_what_made_the_published_run():
    record = {"experiments": {"mnist": [{"commit": "abc", "host": {"cpu": "AMD EPYC", "cores": 2}}]}}
    assert origin_of(record, "mnist") == "published run at commit abc, AMD EPYC"
    record["experiments"]["mnist"] += [{"commit": "def"}, {"commit": "abc"}]
    assert origin_of(record, "mnist") == "published runs at abc and def, AMD EPYC"
