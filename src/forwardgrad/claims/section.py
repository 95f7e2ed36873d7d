"""What the report shows of the ledger: every claim with its verdict, by part of the ledger."""

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from forwardgrad.claims.verdicts import VERDICTS
from forwardgrad.results.reading import read_csv
from forwardgrad.results.statistics import LEVEL
from forwardgrad.yaml_file import read_mapping

NUMBERS = ["measured", "low", "high", "n"]
COST_MODELS = {"stock": "the framework\u2019s forward mode", "engine": "this project\u2019s own", "none": ""}


def gather(results: Path, ledger: Path, anchors: Collection[str]) -> dict[str, Any]:
    """Return what the report shows of the ledger.

    These are `claims`, the rows of results/tables/claims.csv, `claim`, the same by id, `claim_parts`, the same by part,
    and `ledger`, its terms.

    Args:
        results: Folder of results.
        ledger: report/claims.yaml.
        anchors: Anchors of the figures on the page; a claim whose figure is not there links to none.

    Returns:
        No claims where the table has not been made.
    """
    path = results / "tables/claims.csv"
    if not path.exists():
        return {"claims": [], "claim": {}, "claim_parts": {}, "ledger": {"sources": {}, "tolerances": {}}}
    entries = read_mapping(ledger)
    table = read_csv(path, dtype=str, keep_default_na=False)
    table[NUMBERS] = table[NUMBERS].apply(pd.to_numeric)
    claims = [shown(row, entries, anchors) for row in table.to_dict("records")]
    by_id = {claim["id"]: claim for claim in claims}
    return {"claims": claims, "claim": by_id, "claim_parts": by_part(claims, entries["parts"]), "ledger": entries}


def by_part(
    claims: Sequence[Mapping[str, Any]], declared: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, Any]]:
    """Return the ledger's parts by key, each with its label, note and `claims`, and two numbers of these.

    `counts` are the claims by verdict, in the order of VERDICTS; `by_chance` is how many of the intervals would miss
    the true value by chance, were all of them exact. Nothing is added up over parts.
    """
    found = {}
    for key, entry in declared.items():
        own = [claim for claim in claims if claim["part"] == key]
        counts = {verdict: sum(claim["verdict"] == verdict for claim in own) for verdict in VERDICTS}
        intervals = sum(not math.isnan(claim["low"]) for claim in own)
        found[key] = {**entry, "claims": own, "counts": counts, "intervals": intervals}
        found[key]["by_chance"] = intervals * (1 - LEVEL)
    return found


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
