"""Numbers that others published: report/quoted.csv."""

from pathlib import Path

import pandas as pd

from forwardgrad.arguments import RefusalError

REMEDY = "mend it, or take the one from the repository"
QUOTED = ("source", "dataset", "model", "method", "quantity", "value", "certainty")


def read_quoted(path: Path) -> pd.DataFrame:
    """Read the numbers that others published; columns QUOTED, `value` as text.

    Raises:
        RefusalError: It is missing, broken, or has other columns.
    """
    try:
        quoted = pd.read_csv(path, dtype=str, keep_default_na=False)
    except OSError as error:
        raise RefusalError(f"{path} cannot be read ({error.strerror}): {REMEDY}") from None
    except ValueError as error:  # pandas' own, and bytes that are no text
        raise RefusalError(f"{path} cannot be read ({' '.join(str(error).split())}): {REMEDY}") from None
    if list(quoted.columns) != list(QUOTED):
        raise RefusalError(f"{path} has other columns than {', '.join(QUOTED)}: {REMEDY}")
    return quoted


def published(quoted: pd.DataFrame, dataset: str, quantity: str) -> dict[tuple[str, str, str], tuple[float, str]]:
    """Return the published (value, certainty) of a quantity on one data set, by (source, model, method)."""
    rows = quoted[(quoted["dataset"] == dataset) & (quoted["quantity"] == quantity)]
    return {(row.source, row.model, row.method): (float(row.value), row.certainty) for row in rows.itertuples()}
