"""Read the ledger of claims, and say everything that is wrong with it, one line each, before any work is done."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from forwardgrad.catalogue import ARCHITECTURES, DATASETS, MODELS, network_parts
from forwardgrad.claims.ledger import columns_asked, intervals_of, known_frames
from forwardgrad.schema import schema_problems, suggest
from forwardgrad.yaml_file import read_mapping, read_yaml

COMPARING = ("difference", "geometric_ratio", "ratio_of_medians", "largest_gap")

# Parts of a query that belong to some statistics alone.
BELONGS = {
    "over": ("given",),
    "pick": ("given",),
    "equals": ("share",),
    "up_to": ("share",),
    "against": (*COMPARING, "range", "given"),
    "trained_below": ("difference", "geometric_ratio"),
    "deterministic": ("ratio_of_medians", "geometric_ratio", "difference"),
    "average": ("mean", "median", "difference", "geometric_ratio", "ratio_of_medians"),
}


def load_ledger(path: Path, schema: Path, experiments: Collection[str]) -> dict[str, Any]:
    """Read the ledger and check it against the schema in the file `schema`, and the configuration's `experiments`.

    Raises:
        ValueError: Something is wrong with it: one line for each fault.
    """
    ledger = read_mapping(path)
    if faults := ledger_problems(ledger, read_yaml(schema), experiments):
        raise ValueError("\n".join(f"{path}: {fault}" for fault in faults))
    return ledger


def ledger_problems(ledger: Mapping[str, Any], schema: Mapping[str, Any], experiments: Collection[str]) -> list[str]:
    """Return one line for everything wrong with `ledger`; an empty list if every claim can be judged.

    Args:
        ledger: The ledger, as YAML holds it.
        schema: workflow/schemas/claims.schema.yaml.
        experiments: Those of the configuration, run or not.
    """
    lines = list(schema_problems(dict(ledger), dict(schema)))
    if not lines:
        frames = known_frames(experiments)
        for name, claim in ledger["claims"].items():
            lines += [f"claims.{name}.{line}" for line in claim_problems(claim, ledger, frames)]
    return list(dict.fromkeys(lines))


def claim_problems(
    claim: Mapping[str, Any], ledger: Mapping[str, Any], frames: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    """Yield what a claim names that nothing has, and what does not go together."""
    query, expect = claim["evidence"], claim["expect"]
    for place, name, known in (
        ("part", claim["part"], ledger["parts"]),
        ("group", claim["group"], ledger["groups"]),
        ("source", claim["source"], ledger["sources"]),
        ("expect.tolerance", expect.get("tolerance"), ledger["tolerances"]),
        ("evidence.frame", query["frame"], frames),
    ):
        if name is not None and name not in known:
            yield f"{place} = {name!r}: unknown; {suggest(name, known)}"
    columns = frames.get(query["frame"], ())
    for place, column in columns_asked(query):
        if columns and column not in columns:
            yield f"evidence.{place} = {column!r}: {query['frame']} has no such column; {suggest(column, columns)}"
    for part in ("where", "against"):
        for column, known in (("dataset", DATASETS), ("model", [*MODELS, *ARCHITECTURES])):
            value = query.get(part, {}).get(column)
            for name in value if isinstance(value, list) else [value]:
                if name is not None and network_parts(name)[0] not in known:
                    yield f"evidence.{part}.{column} = {name!r}: unknown; {suggest(name, known)}"
    own = intervals_of(query["frame"])
    if query["statistic"] == "given" and query["value"] in columns and query["value"] not in own:
        having = f"those of {', '.join(own)} have" if own else "no column has"
        yield f"evidence.value = {query['value']!r}: its rows have no interval of their own; {having}"
    yield from disagreements(claim)


def disagreements(claim: Mapping[str, Any]) -> Iterator[str]:
    """Yield parts of a claim that do not go together."""
    query, expect = claim["evidence"], claim["expect"]
    statistic, comparison = query["statistic"], expect["comparison"]
    for part, statistics in BELONGS.items():
        if part in query and statistic not in statistics:
            yield f"evidence.{part}: {statistic} does not take it; {', '.join(statistics)} do"
    if statistic in COMPARING and "against" not in query:
        yield f"evidence.against is missing: {statistic} compares with it"
    if statistic == "share" and ("equals" in query) == ("up_to" in query):
        yield "evidence: a share needs one of equals and up_to"
    if isinstance(expect["value"], list) != (comparison == "between"):
        yield f"expect.value = {expect['value']!r}: allowed is two numbers for between, else one"
    if claim.get("direction_only") and comparison not in ("lower", "higher"):
        yield f"expect.comparison = {comparison!r}: a direction is lower or higher"
    if comparison == "equal" and "tolerance" not in expect:
        yield "expect.tolerance is missing: no two measurements are equal"
