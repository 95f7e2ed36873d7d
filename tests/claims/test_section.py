import math

import pandas as pd
import pytest

from forwardgrad.claims.section import by_part, digits, gather
from forwardgrad.claims.verdicts import CLAIMS, AcceptanceRegion

LEDGER = """
parts: {primary: {label: Primary, note: x}, checks: {label: Checks, note: y}}
sources: {paper: {label: The paper}}
groups: {lr: Logistic regression}
tolerances: {}
claims: {}
"""


@pytest.fixture
def shown(tmp_path):
    (tmp_path / "claims.yaml").write_text(LEDGER)
    (tmp_path / "tables").mkdir()
    common = {"group": "lr", "source": "paper", "cost_model": "engine", "figure": "mnist/lr-by-step"}
    rows = [
        common | {"id": "one", "measured": 0.5, "low": 0.4, "high": math.inf, "n": 5},
        common | {"id": "two", "n": 0, "figure": "", "cost_model": "none"},
    ]
    pd.DataFrame(rows, columns=list(CLAIMS)).to_csv(tmp_path / "tables/claims.csv", index=False)
    return lambda anchors: gather(tmp_path, tmp_path / "claims.yaml", anchors)["claims"]


def test_rows_have_labels_numbers_and_the_anchor_of_their_figure(shown):
    one, two = shown({"mnist-lr-by-step"})
    assert (one["source_label"], one["group_label"]) == ("The paper", "Logistic regression")
    assert one["cost_label"].endswith("own")
    assert (one["measured"], one["high"], one["n"]) == (0.5, math.inf, 5)
    assert (one["anchor"], two["anchor"], two["cost_label"], two["why"]) == ("mnist-lr-by-step", "", "", "")
    assert math.isnan(two["measured"])


def test_a_figure_that_is_not_on_the_page_is_not_linked(shown):
    assert shown(set())[0]["anchor"] == ""


def test_without_the_table_there_are_no_claims(tmp_path):
    assert gather(tmp_path, tmp_path / "claims.yaml", ())["claims"] == []


def test_verdicts_are_counted_within_parts():
    claims = [
        {"part": "primary", "verdict": "reproduced", "low": 0.4},
        {"part": "primary", "verdict": "no evidence", "low": math.nan},
        {"part": "checks", "verdict": "reproduced", "low": 0.4},
    ]
    found = by_part(claims, {"primary": {"label": "Primary", "note": "x"}, "checks": {"label": "Checks", "note": "y"}})
    counts = {key: {verdict: n for verdict, n in part["counts"].items() if n} for key, part in found.items()}
    assert counts == {"primary": {"reproduced": 1, "no evidence": 1}, "checks": {"reproduced": 1}}
    assert found["primary"]["by_chance"] == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("values", "region", "needed"),
    [
        ((0.5, 0.4, 0.6), (0.1, 0.9), 3),
        ((0.49996, 0.4, 0.6), (0.5, math.inf), 5),
        ((0.5, 0.5, 0.5), (-math.inf, 0.5), 3),
        ((1.00001, 1.0, 1.00002), (-math.inf, 1.0), 6),
        ((1 / 3, math.nan, math.nan), (0.33333333333, 1.0), 9),
        ((2.0, 1.0, math.inf), None, 3),
    ],
)
def test_a_number_has_the_digits_that_show_its_verdict(values, region, needed):
    assert digits(values, AcceptanceRegion(*region) if region else None) == needed
