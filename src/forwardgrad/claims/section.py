"""What the report shows of the ledger: every claim with its verdict, by part of the ledger."""

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from forwardgrad.claims.verdicts import VERDICTS, AcceptanceRegion, acceptance_region
from forwardgrad.results.reading import read_csv
from forwardgrad.results.statistics import LEVEL
from forwardgrad.yaml_file import read_mapping

FEWEST_DIGITS, MOST_DIGITS = 3, 9  # significant, of a measured number
NUMBERS = ["measured", "low", "high", "n"]
COST_MODELS = {"stock": "the framework\u2019s forward mode", "engine": "this project\u2019s own", "none": ""}


def gather(results: Path, ledger: Path, anchors: Collection[str]) -> dict[str, Any]:
    """Return what the report shows of the ledger.

    These are `claims`, the rows of results/tables/claims.csv, `claim`, the same by id, `claim_parts`, the same by part,
    and `ledger`, its terms.

    Args:
        results: Folder of results.
        ledger: report/claims.yaml.
        anchors: Anchors of figures and cells on the pages; a claim whose figure is not there links to none.

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
    """Return a row with the labels of its source and group, its figure's anchor, and how many digits it needs."""
    anchor = str(row["figure"]).replace("/", "-")
    declared = ledger["claims"].get(row["id"])
    accepted = acceptance_region(declared["expect"], ledger["tolerances"]) if declared else None
    return {
        **row,
        "source_label": ledger["sources"][row["source"]]["label"],
        "group_label": ledger["groups"][row["group"]],
        "cost_label": COST_MODELS[row["cost_model"]],
        "anchor": anchor if anchor in anchors else "",
        "digits": digits([row[name] for name in ("measured", "low", "high")], accepted),
    }


def digits(values: Sequence[float], accepted: AcceptanceRegion | None) -> int:
    """Return how many significant digits `values` need for their verdict to be seen in them.

    Rounded, each lies on the side of the region's edges where it is, on an edge only if it is there, and different
    values stay different.
    """
    known = [value for value in values if math.isfinite(value)]
    edges = [] if accepted is None else [edge for edge in accepted[:2] if math.isfinite(edge)]

    def order(numbers: Sequence[float]) -> list[int]:
        return [(one > other) - (one < other) for one in numbers for other in (*edges, *numbers)]

    for count in range(FEWEST_DIGITS, MOST_DIGITS):
        if order([float(f"{value:.{count}g}") for value in known]) == order(known):
            return count
    return MOST_DIGITS
