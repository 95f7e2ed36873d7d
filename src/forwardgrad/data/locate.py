"""Find the official files of a data set, verify them, and record what was found.

Order: the data folder (read, never written), the copies of an earlier run, the official addresses, an installed
package (`mnist5k` lies in one, `penguins` is rebuilt from one). Every file is verified on its way into the raw
folder. A wrong one found on disk is refused, not passed over.
"""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from forwardgrad.data import mnist5k, penguins
from forwardgrad.data.definitions import definition, files
from forwardgrad.data.download import DownloadError, download
from forwardgrad.data.files import DataUnavailable, File, digest, verify
from forwardgrad.files import write_atomically

SETTING = "the data folder (config data_dir or FORWARDGRAD_DATA)"

# What an installed package can give when a file is neither in the data folder nor downloadable.
PACKAGED: dict[str, Callable[[], tuple[bytes, str]]] = {"penguins": penguins.rebuild, "mnist5k": mnist5k.packaged}


def locate(dataset: str, record: Path, raw: Path, data_dir: Path | None, online: bool = True) -> dict[str, Any]:
    """Find the files of `dataset`, copy them verified into `raw` and write the record, whatever the outcome.

    Args:
        dataset: Key of the set.
        record: JSON file to write: `dataset`, `available`, `reason` and `remedy` (None if available), `source`,
            `files` (each with `name`, `sha256`, `bytes`, `origin`), `licence`, `licence_url`, `citation`, `definition`.
        raw: Folder of verified copies, in torchvision's layout.
        data_dir: The user's data folder, or None.
        online: Whether to try the official addresses.

    Returns:
        The record.

    Raises:
        ValueError: There is no such set.
        OSError: The copies or the record cannot be written.
    """
    about = definition(dataset)
    found: list[dict[str, Any]] = []
    reason = remedy = None
    try:
        for file in files(dataset):
            content, origin = fetch(dataset, file, raw, data_dir, online)
            write_atomically(content, raw / file.path)
            sha256 = hashlib.sha256(content).hexdigest()
            found.append({"name": file.path, "sha256": sha256, "bytes": len(content), "origin": origin})
    except DataUnavailable as error:
        reason, remedy = error.reason, error.remedy
    entry = {
        "dataset": dataset,
        "available": reason is None,
        "reason": reason,
        "remedy": remedy,
        "source": about.source,
        "files": found,
        "licence": about.licence,
        "licence_url": about.licence_url,
        "citation": about.citation,
        "definition": about.definition,
    }
    write_atomically((json.dumps(entry, indent=2, ensure_ascii=False) + "\n").encode(), record)
    return entry


def fetch(dataset: str, file: File, raw: Path, data_dir: Path | None, online: bool) -> tuple[bytes, str]:
    """Return the verified content of one official file and where it came from.

    Raises:
        DataUnavailable: It is nowhere, or the first place that has it holds something else.
    """
    folder = Path(data_dir).expanduser() if data_dir else None
    if folder and (content := read(folder / file.path)) is not None:
        return verify(content, file, folder / file.path), "data folder"
    if (content := read(raw / file.path)) is not None:
        return verify(content, file, raw / file.path), "kept from an earlier run"
    failures = [missing_from(folder, file)]
    for url in file.urls if online else ():
        try:
            return verify(download(url), file, url), url
        except (DownloadError, DataUnavailable) as error:
            failures.append(error.reason if isinstance(error, DataUnavailable) else str(error))
    if dataset in PACKAGED:
        content, origin = PACKAGED[dataset]()
        return verify(content, file, origin), origin
    places = [place for place in (folder, raw) if place]
    wanted = ", ".join(
        other.path for other in files(dataset) if not any((place / other.path).exists() for place in places)
    )
    raise DataUnavailable(
        f"{file.path} cannot be had: {'; '.join(failures)}",
        f"put {wanted} into {SETTING} and run again, or go online again with `forwardgrad data --retry`",
    )


def read(path: Path) -> bytes | None:
    """Return the content of `path`, or None if there is no such file.

    Raises:
        DataUnavailable: There is something, and it cannot be read.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise DataUnavailable(f"{path} cannot be read: {error.strerror}", "make it readable or remove it") from error


def missing_from(folder: Path | None, file: File) -> str:
    """Return in words why the data folder did not give `file`."""
    if folder is None:
        return "no data folder is set"
    if not folder.exists():
        return f"the data folder {folder} does not exist"
    if not folder.is_dir():
        return f"the data folder {folder} is not a folder"
    return f"{folder / file.path} does not exist"


def retry(results: Path, data_dir: Path | None = None) -> list[dict[str, Any]]:
    """Try every set again, online too, that an earlier run recorded as unavailable.

    Args:
        results: The folder of results; records lie in its `data`.
        data_dir: The user's data folder, or None.

    Returns:
        The new records, in alphabetical order; empty if nothing was unavailable.
    """
    records = sorted((results / "data").glob("*.json"))
    unavailable = [record for record in records if not json.loads(record.read_text())["available"]]
    return [locate(record.stem, record, results / "data" / "raw", data_dir) for record in unavailable]


def folder_state(dataset: str, data_dir: Path | str | None) -> list[str]:
    """Return which files of `dataset` lie in the data folder, each with its checksum.

    The workflow gives this as a parameter, so that a rerun notices a file that was put there or replaced,
    and only that: modification times do not count. Reads the files (3 ms per megabyte) and nothing else.
    """
    folder = Path(data_dir).expanduser() if data_dir else None
    state = []
    for file in files(dataset) if folder else ():
        try:
            content = read(folder / file.path)
        except DataUnavailable as error:
            state.append(error.reason)
        else:
            state += [f"{file.path} {digest(content, 'md5')}"] if content is not None else []
    return state


def data_folder(config: dict[str, Any]) -> str | None:
    """Return the user's data folder: FORWARDGRAD_DATA if that is set, else the configuration's `data_dir`."""
    return os.environ.get("FORWARDGRAD_DATA") or config.get("data_dir")
