"""Numbers that others published."""

from pathlib import Path

import pandas as pd

QUOTED = ("source", "dataset", "model", "method", "quantity", "value", "certainty")


def read_quoted(path: Path) -> pd.DataFrame:
    """Read the numbers that others published; columns QUOTED, `value` as text.

    Raises:
        ValueError: A column is missing.
    """
    quoted = pd.read_csv(path, dtype=str, keep_default_na=False)
    if list(quoted.columns) != list(QUOTED):
        raise ValueError(f"{path} has the columns {', '.join(quoted.columns)}, not {', '.join(QUOTED)}")
    return quoted
