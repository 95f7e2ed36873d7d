"""A folder of results: where its frames and tables lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from forwardgrad.files import write_json
from forwardgrad.results.quoted import read_quoted
from forwardgrad.results.reading import read_csv, read_json, write_made


@dataclass(frozen=True)
class Results:
    """Where results lie, and how they are read.

    Attributes:
        folder: The folder of the results.
        quoted_numbers: The file of the numbers that others published.
    """

    folder: Path = Path("results")
    quoted_numbers: Path = Path("report/quoted.csv")

    def frame(self, name: str) -> pd.DataFrame:
        """Read the frame `name`."""
        return read_csv(self.folder / "frames" / f"{name}.csv")

    def write_frames(self, experiment: str, frames: Mapping[str, pd.DataFrame], made: Sequence[Mapping]) -> None:
        """Write the frames of an experiment, by what follows its name in theirs, and what `made` them."""
        stem = self.folder / "frames" / experiment
        for suffix, frame in frames.items():
            write_made(Path(f"{stem}{suffix}.csv"), frame)
        write_json(Path(f"{stem}-provenance.json"), made)

    def table(self, experiment: str, name: str) -> pd.DataFrame:
        """Read the table `name` of an experiment."""
        return read_csv(self.folder / "tables" / experiment / f"{name}.csv")

    def provenance(self, experiment: str) -> list[dict[str, Any]]:
        """Return what produced the frames of an experiment (`reading.produced_by`)."""
        return read_json(self.folder / "frames" / f"{experiment}-provenance.json")

    def data_records(self) -> dict[str, dict[str, Any]]:
        """Return what was found out about each data set, by its key."""
        paths = sorted((self.folder / "data").glob("*.json"))
        return {path.stem: read_json(path) for path in paths}

    def quoted(self) -> pd.DataFrame:
        """Read the numbers that others published; columns `quoted.QUOTED`."""
        return read_quoted(self.quoted_numbers)
