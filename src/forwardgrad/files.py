"""Files that are there whole or not at all, and the same byte for byte from the same content."""

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SEAL = "sha256"  # key of a record: the checksums of what a job wrote, by the names of its files


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path; what was written there takes the place of `path` at the end, unless writing failed.

    So a reader sees all of a file or nothing, and a process that is killed leaves no half of one. Makes the folder if
    need be.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write `content`, text as UTF-8, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def csv_text(columns: Iterable[str], rows: Iterable[dict]) -> str:
    """Return rows as CSV, floats with nine significant digits."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        values = (row[column] for column in columns)
        writer.writerow([f"{value:.9g}" if isinstance(value, float) else value for value in values])
    return text.getvalue()


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[dict]) -> None:
    """Write rows as `csv_text` has them, whole or not at all."""
    write_atomically(path, csv_text(columns, rows))


def write_frame(path: Path, frame: Any, digits: int | None = None) -> None:
    """Write a frame of pandas as CSV, floats with so many significant digits or with all, whole or not at all."""
    with replacing(path) as temporary:
        frame.to_csv(temporary, index=False, float_format=digits and f"%.{digits}g")


def json_text(content: object) -> str:
    """Return `content` as JSON."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def write_json(path: Path, content: object) -> None:
    """Write `content` as JSON, whole or not at all."""
    write_atomically(path, json_text(content))


def write_sealed(path: Path, record: Mapping[str, Any], files: Mapping[Path, str]) -> None:
    """Write what a job made: `files`, by their paths, and before them its record, at `path`, with their checksums.

    The files lie beside it. So an edit is noticed (`unsealed`), and where the last file is, all are.
    """
    sealed = dict(record) | {SEAL: {file.name: sha256(text.encode()) for file, text in files.items()}}
    sealed[SEAL] |= {path.name: sha256_of(sealed, path.name)}
    write_json(path, sealed)
    for file, text in files.items():
        write_atomically(file, text)


def unsealed(path: Path, record: Mapping[str, Any]) -> Path | None:
    """Return the first file that is not as `write_sealed` wrote it, the record at `path` itself included; else None."""
    sums = record.get(SEAL)
    if not isinstance(sums, dict) or sums.get(path.name) != sha256_of(record, path.name):
        return path
    files = [path.with_name(name) for name in sums if name != path.name]
    return next((file for file in files if not file.is_file() or sha256(file.read_bytes()) != sums[file.name]), None)


def sha256(content: bytes) -> str:
    """Return the SHA-256 of `content`."""
    return hashlib.sha256(content).hexdigest()


def sha256_of(record: Mapping[str, Any], name: str) -> str:
    """Return the SHA-256 of a record, whatever the order of its keys, but for its own checksum, under its `name`."""
    sums = {file: value for file, value in record[SEAL].items() if file != name}
    return sha256(json.dumps(dict(record) | {SEAL: sums}, sort_keys=True).encode())
