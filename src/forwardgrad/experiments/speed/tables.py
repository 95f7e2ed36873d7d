"""Measurements of the benchmark, checked and joined: costs of steps as ratios, beside the paper's.

R is the cost of a step over that of an evaluation, a plain forward pass with loss: R_f for a forward
gradient, R_b for backpropagation. The paper's claim is about R_f / R_b.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forwardgrad.experiments.speed.columns import (
    BENCH,
    IDENTITY,
    INTERVALS,
    NETWORK,
    PARTS,
    PROCESSES,
    RATIOS,
    RATIOS_TO,
    SPEED,
    WALL,
)  # fmt: skip
from forwardgrad.results.folder import Results
from forwardgrad.results.reading import ResultError, produced_by, read_json, read_record
from forwardgrad.results.statistics import repeated_ratio

PAPER = "Baydin et al. (2022)"
NUMBERS = [name for name in BENCH if name not in ("model", "method", "device", "clock", "note")]
OF_FRAMEWORK, STOCK = ("jvp", "forward_ad"), "stock"
AGREEMENT = 1.1  # two wall times of one step that differ by a larger factor are not believed
BUSY = "the machine was busy: two measurements disagree by more than 10 %"


def join(paths: Sequence[Path]) -> tuple[dict[str, pd.DataFrame], list[dict[str, Any]]]:
    """Return the frames by what follows the experiment's name (columns FRAMES), and what produced them.

    Args:
        paths: `.../process-<number>.json`, what `forwardgrad bench` wrote, each with its record beside it.
    """
    rows = read_processes(paths)
    records = [record_of(path) for path in paths]
    timed, wall = rows[rows["clock"] != "wall"], rows[rows["clock"] == "wall"]
    frames = {"": pool(timed), "-processes": timed[list(PROCESSES)], "-wall": checked(wall)}
    return frames, produced_by(records)


def read_processes(paths: Iterable[Path]) -> pd.DataFrame:
    """Join the rows of files `.../process-<number>.json`; columns BENCH, `process` and the ratios of PROCESSES."""
    rows = [row | {"process": int(path.stem.partition("-")[2])} for path in paths for row in read_rows(path)]
    frame = pd.DataFrame(rows, columns=[*BENCH, "process"]).astype(dict.fromkeys(NUMBERS, float))
    within = [*NETWORK, "threads", "process"]
    for name, base in RATIOS_TO.items():
        seconds = frame[frame["method"] == base].set_index(within)["seconds"].rename(name)
        frame = frame.join(seconds, on=within)
        frame[name] = frame["seconds"] / frame[name]
    return frame


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read the rows that `forwardgrad bench` wrote.

    Raises:
        ResultError: The file is missing, broken, or has other columns; one line with the command that makes it again.
    """
    rows = read_json(path)
    if not isinstance(rows, list) or not rows:
        raise ResultError(path, "has no rows")
    for row in rows:
        if not isinstance(row, dict) or set(row) != set(BENCH):
            raise ResultError(path, f"has a row without or beyond the keys {', '.join(BENCH)}")
        if row["seconds"] is None and not row["note"]:
            raise ResultError(path, f"has neither a time nor a reason for {row['method']}")
    record_of(path)
    return rows


def record_of(path: Path) -> dict[str, Any]:
    """Read the record beside the rows at `path`, and check that they are as the job wrote them."""
    return read_record(path.with_name(f"{path.stem}-record.json"), ("versions",), path)


def pool(rows: pd.DataFrame) -> pd.DataFrame:
    """Join the processes of every network, one row per method; columns SPEED.

    The framework's own forward mode, `stock`, is the faster of its two on each network, once more under that name.
    """
    groups = rows.groupby([*IDENTITY], sort=False, dropna=False)
    pooled = pd.DataFrame([pool_method(own) for _, own in groups], columns=list(SPEED))
    base = pooled[pooled["method"] == "backprop"].set_index([*NETWORK])["multiply_adds"].rename("base")
    pooled["flop_floor"] = pooled["multiply_adds"] / pooled.join(base, on=[*NETWORK])["base"]
    stock = pooled[pooled["method"].isin(OF_FRAMEWORK) & pooled["seconds"].notna()].sort_values("seconds")
    fastest = stock.drop_duplicates([*NETWORK]).assign(method=STOCK)
    return pd.concat([pooled, fastest]) if len(fastest) else pooled


def pool_method(own: pd.DataFrame) -> dict[str, Any]:
    """Return the row of one method on one network; its peak memory is that of the one process that measured it.

    Parts are mean shares of the seconds, so that they add up to them in the pooled row too.
    """
    timed = own[own["seconds"].notna()]
    row = own.iloc[0].to_dict() | {"processes": len(timed), "note": next(iter(own["note"].dropna()), None)}
    row |= own[["peak_bytes", "operations"]].max().to_dict()  # the first process alone has them
    row |= own[["switches_per_second", "steal"]].mean().to_dict()
    for name, (low, high, _) in INTERVALS[""].items():
        row[name], row[low], row[high], _ = repeated_ratio(timed[name])
    whole = timed[timed[[*PARTS]].notna().any(axis=1)]  # one process measured the parts: its shares count
    return row | {part: (whole[part] / whole["seconds"]).mean() * row["seconds"] for part in PARTS}


def checked(rows: pd.DataFrame) -> pd.DataFrame:
    """Return wall times where two processes agree, and the note BUSY where they do not; columns WALL."""
    timed = rows[rows["seconds"].notna()]
    groups = timed.groupby([*IDENTITY, "threads"], sort=False, dropna=False)["seconds"]
    found = groups.agg(seconds=lambda values: np.exp(np.log(values).mean()), high="max", low="min").reset_index()
    found["disagreement"] = found["high"] / found["low"]
    disturbed = found["disagreement"] > AGREEMENT
    found["seconds"] = found["seconds"].mask(disturbed)
    found["note"] = pd.Series(BUSY, index=found.index, dtype=object).where(disturbed, None)
    base = found[found["method"] == "backprop"].set_index([*NETWORK])["seconds"].rename("base")
    found["ratio_to_backprop"] = found["seconds"] / found.join(base, on=[*NETWORK])["base"]
    return found[list(WALL)]


def ratios(results: Results) -> pd.DataFrame:
    """R, R_b and their ratio of every method on every network, then the paper's; columns RATIOS."""
    measured = results.frame("speed")
    ours = measured[measured["seconds"].notna() & (measured["method"] != STOCK)].rename(
        columns={
            "ratio_to_evaluation": "R",
            "ratio_to_backprop": "ratio",
            "ratio_to_backprop_by_hand": "ratio_by_hand",
            "flop_floor": "floor",
        }
    )
    base = ours[ours["method"] == "backprop"].set_index([*NETWORK])["R"].rename("R_backprop")
    ours = ours.join(base, on=[*NETWORK]).assign(source="measured", certainty="")
    theirs = pd.DataFrame(paper_rows(results.quoted()), columns=list(RATIOS))
    return pd.concat([ours[list(RATIOS)], theirs.astype({"R": float})], ignore_index=True)


def paper_rows(quoted: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the paper's ratios as rows of the table; `mlp_depth_N` is the MLP with N hidden layers."""
    paper = quoted[quoted["source"] == "paper"]
    value = {(row.model, row.method, row.quantity): float(row.value) for row in paper.itertuples()}
    rows = []
    for row in paper[paper["quantity"] == "ratio"].itertuples():
        model, _, depth = row.model.partition("_depth_")
        backprop = row.method.replace("forward_gaussian", "backprop")
        rows.append(
            {
                "source": PAPER,
                "model": model,
                "depth": float(depth or {"lr": 0, "mlp": 2}.get(model, "nan")),
                "batch_size": 64,
                "method": row.method,
                "R": value.get((row.model, row.method, "R")),
                "R_backprop": value.get((row.model, backprop, "R")),
                "ratio": float(row.value),
                "certainty": row.certainty,
            }
        )
    return rows


def paper_seconds(quoted: pd.DataFrame) -> dict[str, float]:
    """Return the paper's seconds of a backpropagation step by model: the time of a run over its steps, mean over runs.

    Both were read off figures.
    """
    paper = quoted[(quoted["source"] == "paper") & quoted["quantity"].isin(("T_b", "steps"))]
    runs = paper.pivot(index=["model", "method"], columns="quantity", values="value").astype(float)
    return (runs["T_b"] / runs["steps"]).groupby("model").mean().to_dict()
