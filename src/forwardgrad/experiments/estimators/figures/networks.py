"""The networks in the figures of estimates."""

import pandas as pd

from forwardgrad.plotting import labels


def networks_of(frame: pd.DataFrame) -> dict[str, int]:
    """Return {network: number of parameters}, the smallest first."""
    return dict(frame[["network", "n"]].drop_duplicates().sort_values("n").itertuples(index=False, name=None))


def with_size(network: str, n: int) -> str:
    """Label of a network with its number of parameters."""
    return f"{labels.model(network)}: {n:,} parameters"
