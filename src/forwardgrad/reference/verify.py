"""Compare a rerun with the published reference: what agrees, what differs, and why it may.

Runs are compared by seed, their means by interval, costs as ratios to backpropagation, claims by
verdict. On another machine or with other versions rounding differs, and training amplifies it: then
runs may differ by seed as long as their means agree. How far times may differ says `times`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from forwardgrad.reference import times
from forwardgrad.reference.publish import AGAIN
from forwardgrad.results import statistics

IDENTICAL = 1e-8  # relative; a reference keeps nine digits
TOLERANCE = 1e-3  # relative difference of a loss or accuracy of the same seed
FINAL = ("steps", "train_loss", "test_loss", "test_accuracy")
RUN = ["experiment", "dataset", "model", "method", "seed"]
CELL = RUN[:-1]
STEP = ["device", "model", "depth", "batch_size", "method"]
FUNCTION = ["source", "function", "method", "seed"]
NETWORK = ["estimator", "network", "quantity", "draws"]
CURVED = ["problem", "estimator", "quantity", "draws"]
VARIED = ["sweep", "estimator", "network", "batch_size", "steps", "draws"]

Tables = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Check:
    """The outcome of one comparison.

    Attributes:
        part: What is compared.
        compared: Number of values that both have.
        agree: How many of them agree.
        verdict: identical, agrees, differs or not run.
        worst: The value that differs most.
        why: What may explain a difference.
    """

    part: str
    compared: int = 0
    agree: int = 0
    verdict: str = "not run"
    worst: str = ""
    why: str = ""


def compare(ours: Tables, reference: Tables, changed: list[str]) -> list[Check]:
    """Compare every table of the reference.

    Args:
        ours: Tables of the rerun (`reference.gather`).
        reference: Tables of the reference (`reference.load`).
        changed: What is different about software, machine and data (`circumstances`).
    """
    checks = []
    for table, check in CHECKS.items():
        if table in reference:
            again = reference.get(f"{table}{AGAIN}", pd.DataFrame())
            checks += check(ours[table], reference[table], again, changed) if table in ours else [Check(table)]
    return checks


def circumstances(ours: Mapping[str, Any], reference: Mapping[str, Any]) -> list[str]:
    """Return what differs between two records (`reference.record`), a phrase each, ours first."""
    found = []
    for experiment, published in reference["experiments"].items():
        for made in ours["experiments"].get(experiment, []):
            threads = [there.get("threads") for there in published]
            for there in published[:1]:
                for group in ("versions", "host"):
                    here, other = made.get(group) or {}, there.get(group) or {}
                    keys = [key for key in other if key in here and here[key] != other[key]]
                    found += [f"{key} {here[key]}, reference {other[key]}" for key in keys]
            if published and made.get("threads") not in threads:
                found.append(f"{experiment} on {made.get('threads')} threads, reference {threads[0]}")
    for dataset, published in reference["data"].items():
        here = ours["data"].get(dataset)
        if here is None:
            found.append(f"no {dataset}")
        elif here["sha256"] != published["sha256"]:
            found.append(f"other files of {dataset}")
    return list(dict.fromkeys(found))


def failed(checks: list[Check]) -> bool:
    """Whether something differs that should not."""
    return any(check.verdict == "differs" for check in checks)


def as_text(checks: list[Check], changed: list[str]) -> str:
    """Return the comparison for a terminal."""
    lines = [f"{'compared':<44} {'values':>6} {'agree':>6}  verdict"]
    for check in checks:
        lines.append(f"{check.part:<44} {check.compared:>6} {check.agree:>6}  {check.verdict}")
        lines += [f"    {text}" for text in (check.worst, check.why) if text]
    lines += ["", "Different about this run: " + ("; ".join(changed) or "nothing that is recorded")]
    outcome = "differs from the reference" if failed(checks) else "agrees with the reference"
    return "\n".join([*lines, f"This run {outcome}."])


def compare_runs(ours: pd.DataFrame, reference: pd.DataFrame, again: pd.DataFrame, changed: list[str]) -> list[Check]:
    """By experiment: every run by seed, then the mean of each method by interval."""
    checks = []
    for experiment in reference["experiment"].unique():
        here, there = (table[table["experiment"] == experiment] for table in (ours, reference))
        means = by_interval(here, there, f"{experiment}: means over seeds")
        seeds = by_value(here, there, RUN, FINAL, f"{experiment}: by seed")
        if seeds.verdict == "differs" and changed:
            why = f"not the same to the bit, as {'; '.join(changed)}; means decide"
            seeds = replace(seeds, verdict=means.verdict, why=why)
        checks += [seeds, means]
    return checks


def by_value(here: pd.DataFrame, there: pd.DataFrame, keys: list[str], values: tuple[str, ...], part: str) -> Check:
    """Compare rows with the same keys, value by value, to a relative tolerance."""
    both = here.merge(there, on=keys, suffixes=("", "_reference"))
    if both.empty:
        return Check(part)
    gaps = pd.DataFrame({value: relative_difference(both[value], both[f"{value}_reference"]) for value in values})
    if "status" in both:
        gaps["status"] = np.where(both["status"] == both["status_reference"], 0.0, np.inf)
    worst = gaps.max(axis=1)
    agree = int((worst <= TOLERANCE).sum())
    verdict = "identical" if (worst <= IDENTICAL).all() else "agrees" if agree == len(both) else "differs"
    size = "ends otherwise" if np.isinf(worst.max()) else f"{worst.max():.1%} off"
    named = "" if verdict == "identical" else f"{name(both.loc[worst.idxmax(), keys])}: {size}"
    return Check(part, len(both), agree, verdict, named)


def relative_difference(ours: pd.Series, other: pd.Series) -> pd.Series:
    """Relative difference of two columns; 0 where both are missing or infinite, inf where one is."""
    a, b = ours.astype(float), other.astype(float)
    same = (a == b) | (a.isna() & b.isna())
    with np.errstate(invalid="ignore"):
        difference = (a - b).abs() / b.abs().where(b != 0, 1.0)
    return difference.where(np.isfinite(difference), np.inf).mask(same, 0.0)


def name(keys: pd.Series) -> str:
    """Name a row by its keys."""
    return " ".join(str(key) for key in keys if not pd.isna(key))


def by_interval(here: pd.DataFrame, there: pd.DataFrame, part: str) -> Check:
    """Compare the mean final training loss of each method, and its share of diverged runs, by 95 % intervals."""
    apart, compared = [], 0
    for key, published in there.groupby(CELL):
        mine = here[(here[CELL] == list(key)).all(axis=1)]
        if mine.empty:
            continue
        compared += 1
        losses, ends = [], []
        for table in (mine, published):
            sound = table.loc[table["status"] != "diverged", "train_loss"]
            losses.append(statistics.mean(sound))
            ends.append(statistics.proportion(len(table) - len(sound), len(table)))
        if not (overlap(*losses) and overlap(*ends)):
            apart.append(" ".join(key[1:]))
    verdict = "not run" if not compared else "differs" if apart else "agrees"
    return Check(part, compared, compared - len(apart), verdict, ", ".join(apart))


def overlap(one: statistics.Interval, other: statistics.Interval) -> bool:
    """Whether two intervals share a point; without intervals, whether the values agree to the tolerance."""
    if one.n == 0 or other.n == 0:
        return one.n == other.n
    if np.isnan(one.low) or np.isnan(other.low):
        return bool(np.isclose(one.value, other.value, rtol=TOLERANCE, atol=TOLERANCE))
    return one.low <= other.high and other.low <= one.high


def compare_costs(ours: pd.DataFrame, reference: pd.DataFrame, again: pd.DataFrame, changed: list[str]) -> list[Check]:
    """Cost of a step over that of backpropagation, on the networks that are trained."""
    named = [renamed(table, ratio_low="low", ratio_high="high") for table in (ours, reference, again)]
    return [by_ratio(*named, CELL, "time per step over backpropagation's", changed)]


def compare_speed(ours: pd.DataFrame, reference: pd.DataFrame, again: pd.DataFrame, changed: list[str]) -> list[Check]:
    """Cost of a step over that of backpropagation, on the networks of the experiment `speed`."""
    named = [renamed(table, ratio_to_backprop="ratio") for table in (ours, reference, again)]
    return [by_ratio(*named, STEP, "cost of a step over backpropagation's", changed)]


def renamed(table: pd.DataFrame, **names: str) -> pd.DataFrame:
    """Return the rows that have a ratio, `ratio` with `low` and `high`; backprop's own is no measurement."""
    dropped = [name for name in names.values() if name in table]
    found = table.drop(columns=dropped).rename(columns=names)
    return found[found["ratio"].notna() & (found["method"] != "backprop")] if len(found) else found


def by_ratio(
    here: pd.DataFrame, there: pd.DataFrame, again: pd.DataFrame, keys: list[str], part: str, changed: list[str]
) -> Check:
    """Compare ratios of costs: they agree as far as processes and two published runs do."""
    both = here.merge(there, on=keys, suffixes=("", "_reference"))
    if both.empty:
        return Check(part)
    theirs = both[["ratio_reference", "low_reference", "high_reference"]].set_axis(["ratio", "low", "high"], axis=1)
    between = times.between_runs(there, again, keys) if len(again) else 0.0
    excess = times.apart(both, theirs, between)
    agree, row = int((excess <= 1).sum()), both.loc[excess.idxmax()]
    worst = f"{name(row[keys])}: {row['ratio']:.3f}, reference {row['ratio_reference']:.3f}"
    if agree == len(both):
        return Check(part, len(both), agree, "agrees", worst)
    machine = f"times depend on the machine, and {'; '.join(changed)}"
    why = machine if changed else "processes and two published runs differ by less"
    return Check(part, len(both), agree, "differs", worst, why)


def compare_claims(ours: pd.DataFrame, reference: pd.DataFrame, again: pd.DataFrame, changed: list[str]) -> list[Check]:
    """Verdicts, claim by claim: another one agrees at the edge of a tolerance, where the measured intervals overlap."""
    if "part" not in reference:
        older = "the reference is older than the ledger, which has other verdicts: `snakemake reference` publishes anew"
        return [Check("verdicts on claims", why=older)]
    both = ours.merge(reference, on="id", suffixes=("", "_reference"))
    other = both[both["verdict"] != both["verdict_reference"]]
    at_edge = [overlap(measured(row), measured(row, "_reference")) for _, row in other.iterrows()]
    apart = other[[not each for each in at_edge]]
    worst = "; ".join(f"{row.id}: {row.verdict}, reference {row.verdict_reference}" for row in other.itertuples())
    verdict = "differs" if len(apart) else "agrees"
    why = (
        "the intervals of what was measured overlap: the claim is at the edge of its tolerance" if any(at_edge) else ""
    )
    return [Check("verdicts on claims", len(both), len(both) - len(apart), verdict, worst, why)]


def measured(row: pd.Series, suffix: str = "") -> statistics.Interval:
    """Return what a claim was judged by."""
    values = [float(row[f"{key}{suffix}"]) for key in ("measured", "low", "high")]
    return statistics.Interval(*values, int(np.nan_to_num(row[f"n{suffix}"])))


CHECKS: dict[str, Callable[..., list[Check]]] = {
    "runs": compare_runs,
    "functions": lambda here, there, *_: [
        by_value(here, there, FUNCTION, ("steps", "final"), "test functions, by seed")
    ],
    "estimators": lambda here, there, *_: [
        by_value(here, there, NETWORK, ("measured",), "properties of the estimators")
    ],
    "curvature": lambda here, there, *_: [by_value(here, there, CURVED, ("measured",), "stability of the estimators")],
    "variance": lambda here, there, *_: [by_value(here, there, VARIED, ("measured",), "variance of the estimators")],
    "costs": compare_costs,
    "speed": compare_speed,
    "claims": compare_claims,
}
