"""Palmer penguins as TFDS `penguins/processed`: four measurements, three species, 334 birds."""

import contextlib
import csv
import io
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from forwardgrad.data.files import File, packaged_file
from forwardgrad.data.sets import Definition
from forwardgrad.data.splits import Split, divide

if TYPE_CHECKING:
    import numpy as np

DEFINITION = Definition(
    source="Palmer penguins as TensorFlow Datasets' penguins/processed 1.0.0",
    licence="CC0 1.0",
    licence_url="https://creativecommons.org/publicdomain/zero/1.0/",
    citation=(
        "A. M. Horst, A. P. Hill, K. B. Gorman, palmerpenguins: Palmer Archipelago (Antarctica) penguin data, "
        "2020, doi:10.5281/zenodo.3960218"
    ),
    definition=(
        "334 birds, four measurements scaled to [0, 1], three species, built by TensorFlow Datasets; per seed a "
        "stratified split into 250 for training and 84 for testing; 50 of the 250 are the validation part when "
        "settings are tuned"
    ),
)
FILE = "penguins_processed.csv"
SPECIES = ("Adelie", "Chinstrap", "Gentoo")  # class 0, 1 and 2
MEASUREMENTS = ("Culmen Length (mm)", "Culmen Depth (mm)", "Flipper Length (mm)", "Body Mass (g)")
HEADER = "species,culmen_length_mm,culmen_depth_mm,flipper_length_mm,body_mass_g"
# TFDS keeps birds of recorded sex. One Gentoo's sex is "." in TFDS's source, which counts as recorded there; in the
# package palmerpenguins it is missing. Its measurements identify this bird.
GENTOO_OF_SEX_DOT = ("44.5", "15.7", "217", "4875")


@cache
def files() -> tuple[File, ...]:
    """Return TFDS's `penguins_processed.csv`, with the address and SHA-256 in TFDS's own list.

    Raises:
        DataUnavailable: The package that has the list is not installed.
        ValueError: The list lacks the file.
    """
    with packaged_file("tensorflow_datasets", "datasets/penguins/checksums.tsv").open() as lines:
        for url, _, sha256, name in csv.reader(lines, delimiter="\t"):
            if name == FILE:
                return (File(f"penguins/raw/{name}", f"sha256:{sha256}", (url,)),)
    raise ValueError(f"tensorflow_datasets lists no {FILE}: install the pinned version")


def packaged() -> tuple[bytes, str]:
    """Rebuild TFDS's `penguins_processed.csv` byte for byte from the package `palmerpenguins`.

    Birds with all four measurements and a recorded sex, by species and within it in the package's order;
    each measurement scaled to (x - min) / (max - min) in float64 and written in its shortest exact form.

    Returns:
        The bytes, to be verified by the caller, and the origin in words.

    Raises:
        DataUnavailable: The package is not installed.
    """
    with packaged_file("palmerpenguins", "data/penguins-raw.csv").open(encoding="utf-8", newline="") as lines:
        birds = [
            (SPECIES.index(row["Species"].split()[0]), measured)
            for row in csv.DictReader(lines)
            if "NA" not in (measured := tuple(row[name] for name in MEASUREMENTS))
            and (row["Sex"] != "NA" or measured == GENTOO_OF_SEX_DOT)
        ]
    birds.sort(key=lambda bird: bird[0])  # stable: the package's order within a species
    columns = [[float(value) for value in column] for column in zip(*(measured for _, measured in birds), strict=True)]
    scaled = [[(x - min(column)) / (max(column) - min(column)) for x in column] for column in columns]
    rows = zip(birds, zip(*scaled, strict=True), strict=True)
    lines = [HEADER, *(",".join([str(species), *map(repr, values)]) for (species, _), values in rows)]
    return ("\n".join(lines) + "\n").encode(), f"rebuilt from palmerpenguins {version('palmerpenguins')}"


def load(raw: Path) -> tuple["np.ndarray", "np.ndarray"]:
    """Let TFDS build the set from its file in `raw`, and return it in TFDS's order.

    TFDS checks the file's SHA-256 once more, reads it from its `manual_dir` and needs no network.

    Returns:
        Measurements in [0, 1], float32, shape (334, 4), and species, int64, shape (334,).
    """
    import numpy as np
    import tensorflow_datasets as tfds

    tfds.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        builder = tfds.builder("penguins/processed", data_dir=folder, file_format="array_record")
        config = tfds.download.DownloadConfig(manual_dir=raw / "penguins" / "raw")
        builder.download_and_prepare(download_config=config)
        birds = list(builder.as_data_source(split="train"))
    inputs = np.stack([bird["features"] for bird in birds]).astype(np.float32)
    return inputs, np.array([bird["species"] for bird in birds], dtype=np.int64)


def split(labels: "np.ndarray", generator: "np.random.RandomState") -> Split:
    """Return 250 for training and 84 for testing; 50 of the 250 are also the validation part, for tuning only.

    The validation part lies inside the training part: a final run trains on all 250, a tuning run on the other 200
    (see `forwardgrad.data.prepared.read`).
    """
    import numpy as np

    train, test = divide(np.arange(len(labels)), labels, 84, generator)
    _, validation = divide(train, labels, 50, generator)
    return Split(train, validation, test)
