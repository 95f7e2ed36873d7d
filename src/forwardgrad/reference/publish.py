"""The published results of a run, in a few small tables that go under version control.

A reference keeps the final numbers of every run, the measured costs, the claims and what produced them;
`verify` compares a rerun with it.
"""

import json
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from forwardgrad.arguments import RefusalError
from forwardgrad.claims.ledger import columns_of, split
from forwardgrad.experiments.kinds import AUDIT
from forwardgrad.experiments.published.plan import FULL
from forwardgrad.experiments.training.columns import IDENTITY
from forwardgrad.files import write_atomically, write_frame
from forwardgrad.reference.minutes import KEPT, job_seconds

RECORD = "record.json"
DIGITS = 9  # significant, of every published number
AGAIN, TIMED = "-again", ("costs", "speed")  # what a second run of the same code measured, by table

# The runs at the paper's scale also keep their curves, for claims about when a loss is reached.
CURVES = (
    *IDENTITY, "step", "status", "train_loss", "validation_loss", "test_loss",
    "validation_accuracy", "test_accuracy", "weight_norm",
)  # fmt: skip


def gather(results: Path) -> dict[str, pd.DataFrame]:
    """Return the tables of a reference, by name, from the frames under `results`; those without rows are left out."""
    parts: dict[str, list[pd.DataFrame]] = {}
    for path in sorted((results / "frames").glob("*.csv")):
        experiment, suffix = split(path.stem)
        kept = columns_of(experiment).PUBLISHED if experiment != AUDIT else {}
        if suffix in kept:
            name, columns = kept[suffix]
            parts.setdefault(name, []).append(pd.read_csv(path)[list(columns)])
    for name in ("claims", "audit"):
        path = results / "tables" / f"{name}.csv"
        parts[name] = [pd.read_csv(path)] if path.exists() else []
    filled = {name: [table for table in tables if len(table)] for name, tables in parts.items()}
    return {name: pd.concat(tables, ignore_index=True) for name, tables in filled.items() if tables}


def record(results: Path) -> dict[str, Any]:
    """Return what produced the runs under `results`: software, machine and commit by experiment, data, and today."""
    made = {
        path.name.removesuffix("-provenance.json"): json.loads(path.read_text())
        for path in sorted((results / "frames").glob("*-provenance.json"))
    }
    located = [json.loads(path.read_text()) for path in sorted((results / "data").glob("*.json"))]
    data = {
        entry["dataset"]: {"source": entry["source"], "sha256": {file["name"]: file["sha256"] for file in files}}
        for entry in located
        if entry["available"] and (files := entry["files"])
    }
    return {"date": date.today().isoformat(), "experiments": made, "data": data}


def publish(results: Path, folder: Path, again: Path | None = None, metadata: Path = KEPT) -> None:
    """Write the reference of the run under `results` into `folder`, all tables with nine significant digits.

    What a second run measured of the cost of steps, its results under `again`, goes beside what the first did. How long
    jobs took is in what Snakemake keeps of them, `metadata`.
    """
    second = gather(again) if again else {}
    tables = gather(results) | {f"{name}{AGAIN}": second[name] for name in TIMED if name in second}
    write(folder, tables, record(results) | {"job_seconds": job_seconds(metadata)})


def publish_full(results: Path, folder: Path, experiment: str = "mnist", dataset: str = FULL) -> None:
    """Write the runs of one experiment on one data set into `folder`, as frames, with their curves.

    What steps cost goes with them if it was measured, for networks that a default run does not measure. Published runs
    of other experiments stay.

    Raises:
        RefusalError: The frames under `results` have no such runs.
    """
    frames, suffixes = results / "frames", ("", "-runs", "-costs")
    if not (frames / f"{experiment}-runs.csv").exists():
        raise RefusalError(f"{frames} holds no runs of {experiment}: `snakemake {experiment}` makes them")
    tables = {f"{experiment}{suffix}": pd.read_csv(frames / f"{experiment}{suffix}.csv") for suffix in suffixes}
    tables = {name: table[table["dataset"] == dataset] for name, table in tables.items()}
    if tables[f"{experiment}-runs"].empty:
        raise RefusalError(f"{frames}/{experiment}-runs.csv has no runs on {dataset}: run config/paper.yaml first")
    for name in (suffix[1:] for suffix in ("-times", *columns_of(experiment).QUERIED_TABLES)):
        path = results / "tables" / experiment / f"{name}.csv"
        if path.exists():
            table = pd.read_csv(path)
            tables[f"{experiment}-{name}"] = table[table["dataset"] == dataset]
    tables[experiment] = tables[experiment][list(CURVES)]
    everything = record(results)
    made, data = {experiment: everything["experiments"][experiment]}, {dataset: everything["data"][dataset]}
    if (frames / "speed.csv").exists():
        tables["speed"] = pd.read_csv(frames / "speed.csv")
        made["speed"] = everything["experiments"]["speed"]
    published = folder / RECORD
    before = json.loads(published.read_text()) if published.exists() else {"experiments": {}, "data": {}}
    others = before["experiments"].keys() - made.keys()
    made, data = before["experiments"] | made, before["data"] | data
    write(folder, tables, everything | {"experiments": made, "data": data}, others)


def write(
    folder: Path, tables: Mapping[str, pd.DataFrame], made_by: Mapping[str, Any], kept: Collection[str] = ()
) -> None:
    """Write tables and record; of the tables that lay there before those of the experiments `kept` stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.csv"):
        if split(old.stem)[0] not in kept:
            old.unlink()
    for name, table in tables.items():
        write_frame(folder / f"{name}.csv", table, digits=DIGITS)
    write_atomically(folder / RECORD, json.dumps(made_by, indent=1, sort_keys=True) + "\n")


def load(folder: Path) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Return the tables and the record of the reference in `folder`.

    Raises:
        FileNotFoundError: There is none.
    """
    if not (folder / RECORD).exists():
        raise FileNotFoundError(f"{folder} holds no reference: make one with `snakemake reference`")
    tables = {path.stem: pd.read_csv(path) for path in sorted(folder.glob("*.csv"))}
    return tables, json.loads((folder / RECORD).read_text())
