"""Read what a job wrote, and refuse what is broken.

A workflow does not notice an edited or truncated result: every file is checked before it is used. A broken one is
one line that names it, its fault and the command that makes it again.
"""

import json
from collections import Counter
from collections.abc import Iterable
from hashlib import file_digest
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow
from pyarrow.csv import WriteOptions, write_csv

from forwardgrad.arguments import RefusalError
from forwardgrad.files import SEAL, replacing, unsealed, write_atomically

PUBLISHED = "results/reference/"  # under version control
FROM_REPOSITORY = "take it from the repository again"
PRODUCED_BY = ("versions", "host", "device", "threads", "commit")


class ResultError(RefusalError):
    """A result file that cannot be used; `target` is the file that is missed when it is deleted, if not this one."""

    def __init__(self, path: Path, fault: str, target: Path | None = None) -> None:
        again = f"to make it again, delete {target or path} and run the same command"
        super().__init__(f"{path} {fault}; {FROM_REPOSITORY if PUBLISHED in path.as_posix() else again}")


def seal_of(path: Path) -> Path:
    """Return where the checksum of a table lies that is made of other results."""
    return path.with_name(f".{path.name}.sha256")


def write_made(path: Path, table: pd.DataFrame, plain: bool = False) -> None:
    """Write a table that is made of other results, numbers in full precision; before it its checksum.

    `plain` says that no text in it needs quotes: then pyarrow writes it, in a tenth of pandas' time.
    """
    with replacing(path) as temporary:
        if plain:
            unquoted = WriteOptions(include_header=False, quoting_style="none")
            with temporary.open("wb") as file:
                file.write((",".join(table.columns) + "\n").encode())
                write_csv(pyarrow.Table.from_pandas(table, preserve_index=False), file, unquoted)
        else:
            table.to_csv(temporary, index=False)
        write_atomically(seal_of(path), checksum(temporary))


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, which may be larger than memory."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def read_csv(path: Path, target: Path | None = None, **options: Any) -> pd.DataFrame:
    """Read a CSV file with the `options` of pandas.

    Raises:
        ResultError: It is missing, broken, or is not as `write_made` wrote it.
    """
    try:
        if seal_of(path).is_file() and seal_of(path).read_text() != checksum(path):
            raise ResultError(path, "is not as its job wrote it, the checksum differs", target)
        return pd.read_csv(path, **options)
    except FileNotFoundError:
        raise ResultError(path, "is missing", target) from None
    except OSError as error:
        raise ResultError(path, f"cannot be read ({error.strerror})", target) from None
    except ResultError:
        raise
    except ValueError as error:  # pandas' own, and bytes that are no text
        if "out of memory" in str(error):
            raise MemoryError(str(error)) from None
        raise ResultError(path, f"cannot be read ({' '.join(str(error).split())})", target) from None


def read_table(
    path: Path, columns: Iterable[str], target: Path | None = None, rows: int = 1, exact: bool = False
) -> pd.DataFrame:
    """Read a CSV file.

    Args:
        path: The file.
        columns: Names of columns that it must have.
        target: See `ResultError`.
        rows: Least number of rows.
        exact: Whether it must have no other columns, and these in this order.

    Raises:
        ResultError: It is missing, broken, too short, or has not the columns.
    """
    columns = list(columns)
    table = read_csv(path, target)
    missing = [name for name in columns if name not in table.columns]
    if exact and list(table.columns) != columns:
        raise ResultError(path, f"has other columns than {', '.join(columns)}", target)
    if missing:
        raise ResultError(path, f"lacks the column {', '.join(missing)}", target)
    if len(table) < rows:
        raise ResultError(path, "has no rows", target)
    return table


def read_record(path: Path, keys: Iterable[str], target: Path | None = None) -> dict[str, Any]:
    """Read the record of a job, as `files.write_sealed` wrote it, and check what the job wrote with it.

    Raises:
        ResultError: It is missing, is not JSON, lacks a key, or it or a file is not as the job wrote it.
    """
    record = read_json(path, target)
    if not isinstance(record, dict):
        raise ResultError(path, "is not the record of a job", target)
    if missing := [key for key in (*keys, SEAL) if key not in record]:
        raise ResultError(path, f"lacks {', '.join(missing)}", target)
    if file := unsealed(path, record):
        raise ResultError(file, "is not as its job wrote it, the checksum differs", target)
    return record


def read_json(path: Path, target: Path | None = None) -> Any:
    """Read a JSON file.

    Raises:
        ResultError: It is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultError(path, "is missing", target) from None
    except OSError as error:
        raise ResultError(path, f"cannot be read ({error.strerror})", target) from None
    except (ValueError, RecursionError) as error:
        raise ResultError(path, f"is not JSON ({error})", target) from None


def produced_by(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the distinct software, machine and commit of `records`, most frequent first, with `runs` counted."""
    texts = Counter(json.dumps({key: record.get(key) for key in PRODUCED_BY}, sort_keys=True) for record in records)
    return [json.loads(text) | {"runs": count} for text, count in texts.most_common()]
