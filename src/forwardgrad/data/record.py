"""What the search for a data set found: a JSON file that rules, report and preparation read.

Its keys are `dataset`, `available`, `reason` and `remedy` (None if available), `searched` (the state of the data folder
upon which the search was made), `files` (each with `name`, `sha256`, `bytes`, `origin`), `source`, `licence`,
`licence_url`, `citation` and `definition`.
"""

import json
import os
from pathlib import Path
from typing import Any

from forwardgrad.data import sets
from forwardgrad.data.files import DataUnavailable, digest, read


def read_record(path: Path) -> dict[str, Any]:
    """Return the record at `path`.

    Raises:
        FileNotFoundError: There is none.
        DataUnavailable: It is damaged.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(record, dict) and isinstance(record.get("available"), bool):
            return record
    except (ValueError, RecursionError, IsADirectoryError):
        pass
    raise DataUnavailable(f"{path} is not the record of a data set", "delete it, the next run searches again")


def read_if_available(path: Path) -> dict[str, Any] | None:
    """Return the record at `path`; None if it says unavailable, is damaged or does not exist."""
    try:
        record = read_record(path)
    except (FileNotFoundError, DataUnavailable):
        return None
    return record if record["available"] else None


def unavailable(record: dict[str, Any]) -> DataUnavailable:
    """Return the error whose text is the line that says why the set of `record` is unavailable and what to do."""
    return DataUnavailable(f"{record['dataset']} is not available: {record['reason']}", record["remedy"])


def data_folder(config: dict[str, Any]) -> str | None:
    """Return the user's data folder: FORWARDGRAD_DATA if that is set, else the configuration's `data_dir`."""
    return os.environ.get("FORWARDGRAD_DATA") or config.get("data_dir")


def folder_state(dataset: str, data_dir: Path | str | None) -> list[str]:
    """Return which files of `dataset` lie in the data folder, each with its checksum.

    Modification times do not count. Reads these files (3 ms per megabyte) and nothing else.
    """
    folder = Path(data_dir).expanduser() if data_dir else None
    state = []
    for file in sets.find(dataset).files() if folder else ():
        try:
            content = read(folder / file.path)
        except DataUnavailable as error:
            state.append(error.reason)
        else:
            state += [f"{file.path} {digest(content, 'md5')}"] if content is not None else []
    return state


def searched(dataset: str, path: Path, data_dir: Path | str | None) -> list[str]:
    """Return the state of the data folder upon which the search for `dataset` depends.

    The workflow gives it as a parameter of the search. Of a set that is available it is the recorded one: another data
    folder changes nothing. Any other set is searched again as soon as the data folder has other files for it.
    The record at `path` need not exist.
    """
    record = read_if_available(path) or {}
    return record["searched"] if "searched" in record else folder_state(dataset, data_dir)
