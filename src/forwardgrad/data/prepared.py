"""A prepared data set: the `.npz` that holds it, written and read, and its parts as tensors.

Arrays of the `.npz`: `inputs` (uint8 images, shape (N, C, H, W), or float32 measurements, shape (N, D)), `labels`
(int64, shape (N,)), `provenance` (JSON text), and per seed the sorted int64 indices `train-{seed}`,
`validation-{seed}` and `test-{seed}`. Runs import nothing else of the data layer; torch and numpy are enough.
"""

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from forwardgrad.catalogue import SPLITS
from forwardgrad.files import write_atomically


@dataclass(frozen=True)
class Examples:
    """Inputs, float32, shape (N, ...), and their classes, int64, shape (N,)."""

    inputs: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """One set, split for one seed.

    Attributes:
        train: What the run trains on.
        validation: None where there is no part that the run does not train on.
        test: What it is tested on.
        provenance: Where the set comes from: `source`, `licence`, `licence_url`, `citation`, `definition`, and in
            `sha256` the hash of each official file, `<SET>/raw/<name>`.
    """

    train: Examples
    validation: Examples | None
    test: Examples
    provenance: dict[str, Any]

    @property
    def splits(self) -> dict[str, Examples]:
        """The parts that exist, by name, in the order train, validation, test."""
        return {name: part for name in SPLITS if (part := getattr(self, name)) is not None}


def write(
    path: Path,
    inputs: np.ndarray,
    labels: np.ndarray,
    provenance: dict[str, Any],
    splits: Sequence[Sequence[np.ndarray]],
) -> None:
    """Write a prepared set; the same arrays give the same bytes.

    Args:
        path: The `.npz` to write.
        inputs: Bytes of images or float32 measurements, shape (N, ...).
        labels: Classes, int64, shape (N,).
        provenance: Where the set comes from, see `Dataset`.
        splits: For each seed from 0 the sorted indices of the training, validation and test part, int64.
    """
    arrays = {
        "inputs": inputs,
        "labels": labels,
        "provenance": np.array(json.dumps(provenance, ensure_ascii=False)),
    }
    for seed, parts in enumerate(splits):
        arrays |= {f"{part}-{seed}": indices for part, indices in zip(SPLITS, parts, strict=True)}
    archive = io.BytesIO()
    np.savez(archive, **arrays)  # numpy dates every member 1980
    write_atomically(path, archive.getvalue())


def read(path: Path, seed: int, normalisation: tuple[float, float] | None = None, tuning: bool = False) -> Dataset:
    """Read a prepared set, split for `seed`.

    Images become float32 in [0, 1], then (x - mean) / std if `normalisation` is given; the paper's networks take
    (0.1307, 0.3081). Where the prepared validation part lies inside the training part (`penguins`), an ordinary run
    trains on all of it and has no validation, and a tuning run trains on the remainder. Elsewhere `tuning` changes
    nothing.

    Args:
        path: The `.npz`.
        seed: Seed of the split.
        normalisation: (mean, std) of the inputs, or None to leave them in [0, 1].
        tuning: Whether the run chooses settings by its validation part.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not a prepared set, or not for this seed.
    """
    arrays = load(path, seed)
    train, validation, test = (arrays[part] for part in SPLITS)
    inside = np.isin(train, validation)
    if tuning:
        train = train[~inside]
    elif inside.any():
        validation = validation[:0]

    def examples(indices: np.ndarray) -> Examples:
        inputs = to_float(torch.from_numpy(arrays["inputs"][indices]), normalisation)
        return Examples(inputs, torch.from_numpy(arrays["labels"][indices]))

    return Dataset(
        train=examples(train),
        validation=examples(validation) if len(validation) else None,
        test=examples(test),
        provenance=json.loads(arrays["provenance"].item()),
    )


def load(path: Path, seed: int) -> dict[str, np.ndarray]:
    """Return the arrays of a prepared set that `seed` needs; its indices are `train`, `validation` and `test`."""
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: prepare it first (`forwardgrad data prepare`)")
    try:
        if not zipfile.is_zipfile(path):
            raise zipfile.BadZipFile("no complete archive")
        with np.load(path) as archive:
            seeds = sum(name.startswith("train-") for name in archive)
            if seeds and f"train-{seed}" not in archive:
                raise ValueError(
                    f"{path} has no split for seed {seed}, only for seeds 0 to {seeds - 1}: "
                    f"prepare it again for {seed + 1} seeds (`forwardgrad data prepare`)"
                )
            shared = {name: archive[name] for name in ("inputs", "labels", "provenance")}
            return shared | {part: archive[f"{part}-{seed}"] for part in SPLITS}
    except (zipfile.BadZipFile, KeyError) as error:
        raise ValueError(f"{path} is not a prepared data set ({error}): delete it and prepare it again") from error


def to_float(inputs: torch.Tensor, normalisation: tuple[float, float] | None = None) -> torch.Tensor:
    """Return inputs as float32: bytes divided by 255, then (x - mean) / std if `normalisation` is given.

    The same arithmetic, bit for bit, as torchvision's `ToTensor` followed by `Normalize`.
    """
    scaled = inputs.float() / 255 if inputs.dtype == torch.uint8 else inputs.float()
    if normalisation is None:
        return scaled
    mean, std = normalisation
    return (scaled - mean) / std
