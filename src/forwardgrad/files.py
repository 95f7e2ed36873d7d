"""Files that are there whole or not at all, and the same byte for byte from the same content."""

import csv
import io
import json
import os
from collections.abc import Iterable
from pathlib import Path


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write `content`, text as UTF-8, under a temporary name, then rename: a reader sees all of it or nothing.

    Makes the folder if need be.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[dict]) -> None:
    """Write rows atomically, floats with nine significant digits."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        values = (row[column] for column in columns)
        writer.writerow([f"{value:.9g}" if isinstance(value, float) else value for value in values])
    write_atomically(path, text.getvalue())


def write_json(path: Path, content: object) -> None:
    """Write `content` atomically as JSON."""
    write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
