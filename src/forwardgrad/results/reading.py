"""Read what a job wrote, refuse what is broken."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd


def read(path: Path, columns: Iterable[str]) -> pd.DataFrame:
    """Read a file of estimates that has exactly `columns`.

    Raises:
        ResultError: It is missing, empty or has other columns; one line with the command that makes it again.
    """
    fault = None
    try:
        table = pd.read_csv(path)
        if list(table.columns) != list(columns):
            fault = f"has other columns than {', '.join(columns)}"
        elif not len(table):
            fault = "has no rows"
    except FileNotFoundError:
        fault = "is missing"
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        fault = f"cannot be read ({str(error).strip()})"
    if fault:
        raise ResultError(f"{path} {fault}; make it again with: snakemake -f {path}")
    return table


def _read(path: Path, columns: Iterable[str]) -> pd.DataFrame:
    fault = None
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError) as error:
        fault = f"cannot be read ({str(error).strip()})"
    else:
        missing = [name for name in columns if name not in table.columns]
        fault = f"lacks the column {', '.join(missing)}" if missing else None if len(table) else "has no rows"
    if fault:
        raise ResultError(f"{path} {fault}; make it again with: snakemake -f {path}")
    return table


PRODUCED_BY = ("versions", "host", "device", "threads", "commit")


class ResultError(ValueError):
    """A result file that cannot be used: names the file and how to make it again."""


def produced_by(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the distinct software, machine and commit of `records`, most frequent first, with `runs` counted."""
    texts = Counter(json.dumps({key: record.get(key) for key in PRODUCED_BY}, sort_keys=True) for record in records)
    return [json.loads(text) | {"runs": count} for text, count in texts.most_common()]


def _read_table(path: Path, columns: Iterable[str], target: Path, rows: int = 1) -> pd.DataFrame:
    """Read a CSV file that must have `columns` and at least `rows` rows; `target` is what redoes it."""
    try:
        table = pd.read_csv(path)
    except FileNotFoundError:
        raise _invalid(path, "is missing", target) from None
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise _invalid(path, f"cannot be read ({str(error).strip()})", target) from None
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise _invalid(path, f"lacks the column {', '.join(missing)}", target)
    if len(table) < rows:
        raise _invalid(path, "has no rows", target)
    return table


def _read_record(path: Path, target: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text())
    except FileNotFoundError:
        raise _invalid(path, "is missing", target) from None
    except ValueError as error:
        raise _invalid(path, f"is not JSON ({error})", target) from None
    missing = [key for key in ("run", "status", "parameters", "data") if key not in record]
    if missing:
        raise _invalid(path, f"lacks {', '.join(missing)}", target)
    return record


def _invalid(path: Path, fault: str, target: Path) -> ResultError:
    return ResultError(f"{path} {fault}; make it again with: snakemake -f {target}")
