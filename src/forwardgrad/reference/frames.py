"""What figures, tables and the site are made from, published beside the final numbers: `make figures` needs no run."""

import gzip
import shutil
import zlib
from pathlib import Path

import pandas as pd

from forwardgrad.arguments import RefusalError
from forwardgrad.files import write_frame
from forwardgrad.reference.publish import DIGITS

FRAMES, DATA, TABLES = "frames", "data", "tables"  # folders of the reference, as below the folder of results
AUDIT = "tables/audit.csv"  # computed from data, not from frames


def pack(results: Path, reference: Path) -> None:
    """Publish the frames under `results`, compressed, with their records and those of the data sets."""
    for folder in (FRAMES, DATA, TABLES):
        shutil.rmtree(reference / folder, ignore_errors=True)
        (reference / folder).mkdir(parents=True)
    for path in sorted((results / FRAMES).glob("*.csv")):
        target = reference / FRAMES / path.name
        write_frame(target, pd.read_csv(path), digits=DIGITS)
        # Without a time in its head the file is the same whenever it is written.
        target.with_name(f"{path.name}.gz").write_bytes(gzip.compress(target.read_bytes(), mtime=0))
        target.unlink()
    for pattern in (f"{FRAMES}/*-provenance.json", f"{DATA}/*.json", AUDIT):
        for path in results.glob(pattern):
            shutil.copy(path, reference / path.relative_to(results))


def unpack(reference: Path, results: Path) -> None:
    """Write the published frames and records to the folder `results`, as a run leaves them.

    Raises:
        RefusalError: None are published, or one is broken.
    """
    frames = sorted((reference / FRAMES).glob("*.csv.gz"))
    if not frames:
        raise RefusalError(f"{reference / FRAMES} holds no frames: publish a run with `snakemake reference`")
    for folder in (FRAMES, DATA, TABLES):
        (results / folder).mkdir(parents=True, exist_ok=True)
    for path in frames:
        try:
            frame = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise RefusalError(f"{path} is broken ({error}): take it from the repository again") from None
        (results / FRAMES / path.stem).write_bytes(frame)
    for pattern in (f"{FRAMES}/*.json", f"{DATA}/*.json", AUDIT):
        for path in reference.glob(pattern):
            shutil.copy(path, results / path.relative_to(reference))
