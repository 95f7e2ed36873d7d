"""Find the official files of a data set, verify them, and record what was found.

Order: the data folder (read, never written), the copies of an earlier run, the official addresses, an installed
package (`mnist5k` lies in one, `penguins` is rebuilt from one). Every file is verified on its way into the raw
folder. A wrong one found on disk is refused, not passed over.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

from forwardgrad.data import sets
from forwardgrad.data.download import DownloadError, download
from forwardgrad.data.files import DataUnavailable, File, read, verify
from forwardgrad.data.record import folder_state, read_if_available
from forwardgrad.files import write_atomically, write_json


def locate(
    dataset: str,
    record: Path,
    raw: Path,
    data_dir: Path | None,
    online: bool = True,
    searched: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Find the files of `dataset`, copy them verified into `raw` and write the record, whatever the outcome.

    Args:
        dataset: Key of the set.
        record: File to write, see `forwardgrad.data.record`.
        raw: Folder of verified copies, in torchvision's layout.
        data_dir: The user's data folder, or None.
        online: Whether to try the official addresses.
        searched: What to record as the state of the data folder, its present state if None.

    Returns:
        The record.

    Raises:
        ValueError: There is no such set.
        OSError: The copies or the record cannot be written.
    """
    module = sets.find(dataset)
    found: list[dict[str, Any]] = []
    reason = remedy = None
    state = folder_state(dataset, data_dir) if searched is None else list(searched)
    try:
        for file in module.files():
            content, origin = fetch(module, file, raw, data_dir, online)
            write_atomically(raw / file.path, content)
            sha256 = hashlib.sha256(content).hexdigest()
            found.append({"name": file.path, "sha256": sha256, "bytes": len(content), "origin": origin})
    except DataUnavailable as error:
        reason, remedy = error.reason, error.remedy
    outcome = {"dataset": dataset, "available": reason is None, "reason": reason, "remedy": remedy}
    entry = outcome | {"searched": state, "files": found} | asdict(module.DEFINITION)
    write_json(record, entry)
    return entry


def fetch(module: ModuleType, file: File, raw: Path, data_dir: Path | None, online: bool) -> tuple[bytes, str]:
    """Return the verified content of one official file of a set, given by its `module`, and where it came from.

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
    if hasattr(module, "packaged"):
        content, origin = module.packaged()
        return verify(content, file, origin), origin
    places = [place for place in (folder, raw) if place]
    paths = [other.path for other in module.files()]
    wanted = ", ".join(path for path in paths if not any((place / path).exists() for place in places))
    raise DataUnavailable(
        f"{file.path} was not found: {'; '.join(failures)}",
        f"put {wanted} into the data folder (config data_dir or FORWARDGRAD_DATA) and run again, or go online again "
        "with `forwardgrad data --retry`",
    )


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
    """Search again, online too, for every set that an earlier run recorded as unavailable, or whose record is damaged.

    Args:
        results: The folder of results; records lie in its `data`.
        data_dir: The user's data folder, or None.

    Returns:
        The new records, in alphabetical order; empty if nothing was unavailable.
    """
    records = sorted((results / "data").glob("*.json"))
    missing = [record for record in records if read_if_available(record) is None]
    return [locate(record.stem, record, results / "data" / "raw", data_dir) for record in missing]
