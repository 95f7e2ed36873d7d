"""Turn the verified files of a set into one `.npz`: examples, labels, and the split of every seed.

The same files give the same bytes, however they were found: the archive holds what the set is, and the record
beside it says where this copy came from.
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from forwardgrad.data import sets
from forwardgrad.data.files import DataUnavailable, File, verify
from forwardgrad.data.record import read_record, unavailable
from forwardgrad.seeds import split_seed

if TYPE_CHECKING:
    import numpy as np


def prepare(dataset: str, record: Path, seeds: int, output: Path) -> None:
    """Write the `.npz` of `dataset` with the splits of seeds 0 to `seeds` - 1.

    Args:
        dataset: Key of the set.
        record: What `locate` wrote; the verified files lie in the folder `raw` beside it.
        seeds: Number of seeds, at least 1.
        output: File to write, see `forwardgrad.data.prepared`.

    Raises:
        DataUnavailable: The record says so, or a verified file has changed since.
        ValueError: There is no such set.
    """
    from forwardgrad.data import prepared

    module = sets.find(dataset)
    entry = read_record(record)
    if not entry["available"]:
        raise unavailable(entry)
    raw = record.parent / "raw"
    for file in entry["files"]:
        path = raw / file["name"]
        if not path.is_file():
            raise DataUnavailable(f"{path} is gone", "run `forwardgrad data locate` for its set again")
        verify(path.read_bytes(), File(file["name"], f"sha256:{file['sha256']}"), path)

    inputs, labels = module.load(raw)
    provenance = asdict(module.DEFINITION) | {"sha256": {file["name"]: file["sha256"] for file in entry["files"]}}
    splits = [module.split(labels, generator(dataset, seed)) for seed in range(seeds)]
    prepared.write(output, inputs, labels, provenance, splits)


def generator(dataset: str, seed: int) -> "np.random.RandomState":
    """Return the generator of the split of `seed`: a kind that sklearn takes, seeded with all 63 bits."""
    import numpy as np

    return np.random.RandomState(np.random.MT19937(np.random.SeedSequence(split_seed(dataset, seed))))
