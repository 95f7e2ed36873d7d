"""What the report shows of the ledger: every claim with its verdict, by whose claim it is."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from forwardgrad.yaml_file import read_mapping

NUMBERS = ["measured", "low", "high", "n"]
COST_MODELS = {"stock": "the framework\u2019s forward mode", "engine": "this project\u2019s own", "none": ""}


def gather(results: Path, ledger: Path, anchors: Collection[str]) -> dict[str, Any]:
    """Return `claims`, the rows of results/tables/claims.csv, and `ledger`, what they refer to.

    Args:
        results: Folder of results.
        ledger: report/claims.yaml.
        anchors: Anchors of the figures on the page; a claim whose figure is not there links to none.

    Returns:
        No claims where the table has not been made.
    """
    path = results / "tables/claims.csv"
    if not path.exists():
        return {"claims": [], "ledger": {"sources": {}, "tolerances": {}}}
    entries = read_mapping(ledger)
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table[NUMBERS] = table[NUMBERS].apply(pd.to_numeric)
    return {"claims": [shown(row, entries, anchors) for row in table.to_dict("records")], "ledger": entries}


def shown(row: Mapping[str, Any], ledger: Mapping[str, Any], anchors: Collection[str]) -> dict[str, Any]:
    """Return a row with the labels of its source and group, and its figure's anchor."""
    anchor = str(row["figure"]).replace("/", "-")
    return {
        **row,
        "source_label": ledger["sources"][row["source"]]["label"],
        "group_label": ledger["groups"][row["group"]],
        "cost_label": COST_MODELS[row["cost_model"]],
        "anchor": anchor if anchor in anchors else "",
    }
