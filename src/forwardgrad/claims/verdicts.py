"""Verdicts: every claim of the ledger judged by results.

A claim says what its source found, where, how certain the number is, which cost model it uses, where its
evidence is, what is expected of it, and with what tolerance. Nothing is decided by hand: the verdict
follows from where the 95 % interval of the evidence lies against what is expected. A number that no source confirms
decides nothing, whatever was measured; where only the sign can be compared, no more than the direction agrees.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from forwardgrad.claims.evidence import BOOTSTRAPPED, Evidence, EvidenceError, evaluate, read_frame
from forwardgrad.claims.ledger import split
from forwardgrad.files import write_json
from forwardgrad.results.statistics import FEWEST, RESAMPLED, Interval

UNVERIFIED = "no evidence (source unverified)"
VERDICTS = ("reproduced", "direction agrees", "inconclusive", "not reproduced", "no evidence", UNVERIFIED)

CLAIMS = {
    "id": "name of the claim, `results/claims/<id>.json`",
    "part": "part of the ledger: primary, reproductions or checks",
    "group": "what it is about",
    "source": "whose claim it is",
    "place": "where in the source it stands",
    "claim": "what is claimed, in our words",
    "certainty": "of what is quoted: FIG, read off a figure; SEC, from a secondary source; UNV, unverified; or plain",
    "cost_model": "whose forward mode a cost is measured with: stock, the framework's (torch.func.jvp for networks, "
    "torch.autograd.forward_ad for test functions); engine, this package's; or none",
    "expected": "expected value of the measured quantity, with its tolerance",
    "measured": "the quantity, measured; empty without evidence",
    "low": "lower end of its 95 % interval; empty without evidence or for fewer than three runs",
    "high": "upper end",
    "n": "runs, pairs of runs, processes or draws behind it",
    "verdict": ", ".join(VERDICTS),
    "why": "where the interval lies, or why there is none",
    "evidence": "run; or the published run that stands in for it, with commit and machine; empty if there is none",
    "figure": "figure that shows it, below results/figures",
}


def judge_all(entries: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Judge every claim, one row each; columns CLAIMS. Entries are those of `judge`."""
    read = cache(read_frame)  # many claims ask the same frame
    return pd.DataFrame([judge(entry, read) for entry in entries], columns=list(CLAIMS))


def judge(entry: Mapping[str, Any], read: Callable[[Path], pd.DataFrame] = read_frame) -> dict[str, Any]:
    """Judge one claim by frames in files; return its row, columns CLAIMS.

    Args:
        entry: `id`, `claim`, the `tolerances` of the ledger; `run`, the path of the frame that the claim asks, None if
            its experiment was not run; `published`, that of the same frame of the published run, beside its
            `record.json`, None if there is none.
        read: Reads a frame.
    """
    frame = None if entry["run"] is None else read(Path(entry["run"]))
    stand_in = None
    if entry["published"] is not None:
        path = Path(entry["published"])
        record = json.loads(path.with_name("record.json").read_text(encoding="utf-8"))
        stand_in = read(path), origin_of(record, split(entry["claim"]["evidence"]["frame"])[0])
    return assess(entry["id"], entry["claim"], entry["tolerances"], frame, stand_in)


def write_row(path: Path, row: Mapping[str, Any]) -> None:
    """Write one claim's row as JSON, null for what is not there and text for infinity."""
    plain = dict(row)
    for key, value in row.items():
        if isinstance(value, float) and not math.isfinite(value):
            plain[key] = None if math.isnan(value) else str(value)
    write_json(path, plain)


def assess(
    name: str,
    claim: Mapping[str, Any],
    tolerances: Mapping[str, Any],
    run: pd.DataFrame | None,
    published: tuple[pd.DataFrame, str] | None = None,
) -> dict[str, Any]:
    """Return a claim's row; columns CLAIMS.

    Args:
        name: The claim's id.
        claim: Its entry in the ledger.
        tolerances: Those of the ledger.
        run: The frame that it asks, from this run; None if its experiment was not run.
        published: The same frame of the published run, which stands in where this one has no row, and what made it.
    """
    query, expect = claim["evidence"], claim["expect"]
    row = {column: claim.get(column, "") for column in CLAIMS}
    row |= {"id": name, "expected": expectation(expect, tolerances), "evidence": "", "n": 0}
    row |= dict.fromkeys(("measured", "low", "high"), math.nan)
    sources = [(run, "run")] if run is not None else []
    reasons = [] if sources else [f"experiment {split(query['frame'])[0]} was not run"]
    for frame, origin in [*sources, *([published] if published else [])]:
        try:
            evidence = evaluate(query, frame)
        except EvidenceError as nothing:
            reasons.append(str(nothing))
            continue
        verdict, why = weighed(claim, *verdict_on(evidence.interval, acceptance_region(expect, tolerances)))
        row |= dict(zip(("measured", "low", "high", "n"), evidence.interval, strict=True))
        row |= {"verdict": verdict, "why": explained(why, claim, evidence), "evidence": origin}
        break
    else:
        verdict, why = weighed(claim, "no evidence", reasons[-1])
        row |= {"verdict": verdict, "why": why}
    return row


class AcceptanceRegion(NamedTuple):
    """Values that agree with a claim: from `low` to `high`, these themselves only if `closed`."""

    low: float
    high: float
    closed: bool = True

    def side(self, value: float) -> int:
        """Return on which side of the region `value` lies: -1 below, 0 in it, 1 above."""
        if value < self.low or (value == self.low and not self.closed):
            return -1
        return int(value > self.high or (value == self.high and not self.closed))

    def __str__(self) -> str:
        if math.inf not in (self.high, -self.low):
            return f"{self.low:.4g} to {self.high:.4g}"
        return f"what is above {self.low:.4g}" if self.high == math.inf else f"what is below {self.high:.4g}"


def acceptance_region(expect: Mapping[str, Any], tolerances: Mapping[str, Any]) -> AcceptanceRegion:
    """Return the values that agree with what is expected.

    Args:
        expect: The claim's `expect`: `comparison`, `value` (two for `between`) and the name of a tolerance.
        tolerances: What the names mean: `relative`, `absolute` or `factor`.
    """
    comparison, value = expect["comparison"], expect["value"]
    slack = tolerances.get(expect.get("tolerance"), {})

    def widened(bound: float, sign: int) -> float:
        if "factor" in slack:
            return bound * slack["factor"] ** sign
        return bound + sign * (slack.get("absolute", 0.0) + slack.get("relative", 0.0) * abs(bound))

    match comparison:
        case "equal" | "between":
            low, high = value if comparison == "between" else (value, value)
            return AcceptanceRegion(widened(low, -1), widened(high, +1))
        case "at_most" | "lower":
            return AcceptanceRegion(-math.inf, widened(value, +1), closed=comparison == "at_most")
        case "at_least" | "higher":
            return AcceptanceRegion(widened(value, -1), math.inf, closed=comparison == "at_least")
    raise ValueError(f"unknown comparison {comparison!r}")


def verdict_on(interval: Interval, accepted: AcceptanceRegion) -> tuple[str, str]:
    """Return the verdict and why: `reproduced` if the whole interval agrees, `not reproduced` if none of it does."""
    if math.isnan(interval.low) or interval.n < FEWEST:
        there = f"there {'is' if interval.n == 1 else 'are'} {interval.n}"
        return "no evidence", f"an interval needs {FEWEST} or more, {there}"
    sides = accepted.side(interval.low), accepted.side(interval.high)
    if sides == (0, 0):
        return "reproduced", f"the interval lies inside {accepted}"
    if sides in ((-1, -1), (1, 1)):
        return "not reproduced", f"the interval lies {'below' if sides[0] < 0 else 'above'} {accepted}"
    ends = " and the ".join(end for end, side in zip(("lower", "upper"), sides, strict=True) if side)
    return "inconclusive", f"the {ends} end of the interval lies outside {accepted}"


def weighed(claim: Mapping[str, Any], verdict: str, why: str) -> tuple[str, str]:
    """Return the verdict and why, as far as the claim's source and its comparison allow."""
    if claim["certainty"] == "UNV":
        return UNVERIFIED, f"no source confirms the expected value; {why}"
    if claim.get("direction_only") and verdict == "reproduced":
        return "direction agrees", f"only the direction can be compared; {why}"
    return verdict, why


def explained(why: str, claim: Mapping[str, Any], evidence: Evidence) -> str:
    """Return `why` with what else a reader must know."""
    parts = [why]
    if claim["evidence"]["statistic"] in BOOTSTRAPPED and evidence.interval.n < RESAMPLED:
        parts.append("percentile bootstrap of few seeds, which is too narrow")
    if claim["cost_model"] != "none":
        parts.append("costs are those of one machine")
    if evidence.left_out:
        parts.append(f"{evidence.left_out} diverged and left out")
    return "; ".join(parts)


def expectation(expect: Mapping[str, Any], tolerances: Mapping[str, Any]) -> str:
    """Return in words what is expected, with its tolerance."""
    comparison, value = expect["comparison"], expect["value"]
    slack = tolerances.get(expect.get("tolerance"), {})
    allowed = ""
    if "relative" in slack:
        allowed = f" \u00b1 {100 * slack['relative']:g} %"
    elif "absolute" in slack:
        allowed = f" \u00b1 {slack['absolute']:g}"
    elif "factor" in slack:
        allowed = f" up to a factor of {slack['factor']:g}"
    if comparison == "between":
        return f"{value[0]:g} to {value[1]:g}{allowed}"
    words = {"equal": "", "lower": "lower than ", "higher": "higher than "}
    return f"{words.get(comparison, comparison.replace('_', ' ') + ' ')}{value:g}{allowed}"


def origin_of(record: Mapping[str, Any], experiment: str) -> str:
    """Return in words what produced the published runs of `experiment` (`reference.publish.record`)."""
    made = record["experiments"][experiment]
    commits = list(dict.fromkeys(entry["commit"] for entry in made))
    named = (
        f"published run at commit {commits[0]}" if len(commits) == 1 else f"published runs at {' and '.join(commits)}"
    )
    parts = [named, record.get("date"), (made[0].get("host") or {}).get("cpu")]
    return ", ".join(part for part in parts if part)
