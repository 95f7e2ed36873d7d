"""Files that are there whole or not at all, and the same byte for byte from the same content."""

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


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


def write_json(path: Path, content: object) -> None:
    """Write `content` as JSON, whole or not at all."""
    write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
