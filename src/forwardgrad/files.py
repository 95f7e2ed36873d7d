"""Files that are there whole or not at all, and the same byte for byte from the same content."""

import csv
import json
import os
from collections.abc import Iterable
from pathlib import Path


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[dict]) -> None:
    """Write rows with nine significant digits, all at once or not at all."""
    temporary = path.with_suffix(".partial")
    with temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            values = (row[column] for column in columns)
            writer.writerow([f"{value:.9g}" if isinstance(value, float) else value for value in values])
    os.replace(temporary, path)


def write_json(path: Path, content: object) -> None:
    """Write `content` all at once or not at all."""
    temporary = path.with_name(path.name + ".partial")
    temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def write_atomically(content: bytes, path: Path) -> None:
    """Write `content` to `path` under a temporary name, then rename: a reader sees all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
