"""The data sets, one module each, found by the key of the set: `forwardgrad.data.sets.<key>`.

Such a module has

- `DEFINITION`: what the set is and whose it is, a `Definition`;
- `files()`: the official files that it is made from, as `File`s;
- `packaged()`: content and origin of the one file, only where an installed package carries it;
- `load(raw)`: inputs (uint8 images, shape (N, C, H, W), or float32 measurements, shape (N, D)) and labels (int64,
  shape (N,)), read from the verified files in the folder `raw`;
- `split(labels, generator)`: the `Split` of one seed.

The workflow asks for definitions and files, so importing a module loads the standard library only; functions import
what else they need.
"""

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from forwardgrad.catalogue import DATASETS


@dataclass(frozen=True)
class Definition:
    """What a set is and whose it is. `definition` says in words which examples it has and how they are split."""

    source: str
    licence: str
    licence_url: str
    citation: str
    definition: str


def find(dataset: str) -> ModuleType:
    """Return the module of the data set with the key `dataset`.

    Raises:
        ValueError: There is no such set.
    """
    if dataset not in DATASETS:
        raise ValueError(f"there is no data set {dataset!r}: choose one of {', '.join(DATASETS)}")
    return import_module(f"{__name__}.{dataset}")
