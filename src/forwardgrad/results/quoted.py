"""Numbers that others published: report/quoted.csv."""

from pathlib import Path

import pandas as pd

QUOTED = ("source", "dataset", "model", "method", "quantity", "value", "certainty")


def read_quoted(path: Path) -> pd.DataFrame:
    """Read the numbers that others published; columns QUOTED, `value` as text.

    Raises:
        ValueError: It has other columns.
    """
    quoted = pd.read_csv(path, dtype=str, keep_default_na=False)
    if list(quoted.columns) != list(QUOTED):
        raise ValueError(f"{path} has the columns {', '.join(quoted.columns)}, not {', '.join(QUOTED)}")
    return quoted


def published(quoted: pd.DataFrame, dataset: str, quantity: str) -> dict[tuple[str, str, str], tuple[float, str]]:
    """Return the published (value, certainty) of a quantity on one data set, by (source, model, method)."""
    rows = quoted[(quoted["dataset"] == dataset) & (quoted["quantity"] == quantity)]
    return {(row.source, row.model, row.method): (float(row.value), row.certainty) for row in rows.itertuples()}
