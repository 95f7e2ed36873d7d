"""What costs of steps may differ by: as much as processes of one run do, and as two published runs do.

A ratio of costs has an interval over the processes of its run, and the reference keeps the ratios of a second run of
the same code on the same machine. Two ratios agree if the logarithm of their quotient is within what these three allow
together: widths of independent quantities add in squares.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

WIDTHLESS = 1.25  # factor allowed for a ratio that has no interval, since fewer than three processes measured it


def apart(here: pd.DataFrame, there: pd.DataFrame, between: float) -> pd.Series:
    """Return by how much more than allowed two columns of ratios differ: at most 1 where they agree.

    Args:
        here: Ratios of a rerun: columns `ratio`, `low`, `high`.
        there: Those of the reference, row by row.
        between: Logarithm of the factor by which two published runs differ.
    """
    gap = np.abs(np.log(here["ratio"] / there["ratio"]))
    allowed = np.sqrt(width(here) ** 2 + width(there) ** 2 + between**2)
    return gap / allowed


def width(ratios: pd.DataFrame) -> pd.Series:
    """Return half the width of each interval in the logarithm, that of WIDTHLESS where there is none."""
    return (np.log(ratios["high"] / ratios["low"]) / 2).fillna(np.log(WIDTHLESS))


def between_runs(one: pd.DataFrame, other: pd.DataFrame, keys: Sequence[str]) -> float:
    """Return the logarithm of the largest factor by which a ratio of two published runs differs."""
    both = one.merge(other, on=list(keys), suffixes=("", "_other"))
    gaps = np.abs(np.log(both["ratio"] / both["ratio_other"]))
    return float(gaps.max()) if len(gaps) else 0.0
