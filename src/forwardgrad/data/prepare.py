"""Turn the verified files of a set into one `.npz`: examples, labels, and the split of every seed.

The same files give the same bytes, however they were found: the archive holds what the set is, and the record
beside it says where this copy came from.
"""

import io
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forwardgrad.data import kmnist600, mnist5k, official, penguins
from forwardgrad.data.definitions import definition
from forwardgrad.data.files import DataUnavailable, File, verify
from forwardgrad.data.splits import Split
from forwardgrad.files import write_atomically
from forwardgrad.seeds import split_seed

if TYPE_CHECKING:
    import numpy as np


LOADERS: dict[str, tuple[Callable[..., Any], Callable[..., Split]]] = {
    "penguins": (penguins.load, penguins.split),
    "mnist5k": (mnist5k.load, mnist5k.split),
    "kmnist600": (kmnist600.load, kmnist600.split),
    "mnist": (partial(official.load, name="MNIST"), official.split),
    "kmnist": (partial(official.load, name="KMNIST"), official.split),
}
PROVENANCE = ("source", "licence", "licence_url", "citation", "definition")


def prepare(dataset: str, record: Path, seeds: int, output: Path) -> None:
    """Write the `.npz` of `dataset` with the splits of seeds 0 to `seeds` - 1.

    Arrays: `inputs` (uint8 images, shape (N, 1, 28, 28), or float32 measurements, shape (N, 4)), `labels` (int64,
    shape (N,)), `class_names`, `provenance` (JSON text), and per seed the sorted int64 indices `train-{seed}`,
    `validation-{seed}` and `test-{seed}`.

    Args:
        dataset: Key of the set.
        record: What `locate` wrote; the verified files lie in the folder `raw` beside it.
        seeds: Number of seeds, at least 1.
        output: File to write.

    Raises:
        DataUnavailable: The record says that the set cannot be had, or a verified file has changed since.
        ValueError: There is no such set, or no seed is asked for.
    """
    import numpy as np

    about = definition(dataset)
    if seeds < 1:
        raise ValueError(f"{dataset} cannot be prepared for {seeds} seeds: ask for at least 1")
    entry = json.loads(record.read_text())
    if not entry["available"]:
        raise DataUnavailable(f"{dataset} is not available: {entry['reason']}", entry["remedy"])
    raw = record.parent / "raw"
    verify_again(entry["files"], raw)

    load, split = LOADERS[dataset]
    inputs, labels = load(raw)
    provenance = {key: entry[key] for key in PROVENANCE}
    provenance["sha256"] = {file["name"]: file["sha256"] for file in entry["files"]}
    arrays = {
        "inputs": inputs,
        "labels": labels,
        "class_names": np.array(about.class_names),
        "provenance": np.array(json.dumps(provenance, ensure_ascii=False)),
    }
    for seed in range(seeds):
        parts = split(labels, generator(dataset, seed))._asdict()
        arrays |= {f"{part}-{seed}": indices for part, indices in parts.items()}
    archive = io.BytesIO()
    np.savez(archive, **arrays)  # numpy dates every member 1980: same arrays, same bytes
    write_atomically(archive.getvalue(), output)


def verify_again(files: list[dict[str, Any]], raw: Path) -> None:
    """Check that the files in `raw` are still those of the record.

    Raises:
        DataUnavailable: One is gone or is another one.
    """
    for entry in files:
        path = raw / entry["name"]
        if not path.is_file():
            raise DataUnavailable(f"{path} is gone", "run `forwardgrad data locate` for its set again")
        verify(path.read_bytes(), File(entry["name"], f"sha256:{entry['sha256']}"), path)


def generator(dataset: str, seed: int) -> "np.random.RandomState":
    """Return the generator of the split of `seed`: a kind that sklearn takes, seeded with all 63 bits."""
    import numpy as np

    return np.random.RandomState(np.random.MT19937(np.random.SeedSequence(split_seed(dataset, seed))))
