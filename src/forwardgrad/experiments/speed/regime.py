"""What a step's time is made of: overhead of operations, arithmetic, and passes over the parameters.

A model is fitted per method: seconds = operations x overhead + multiply-adds / rate + parameters x a time for each.
Where the first term rules, the method with fewer operations is cheaper; where the second rules, the one with fewer
multiply-adds. The third stands for random draws and updates, which a small batch does not make fewer. It is there
because without it the errors of methods with Gaussian tangents are about twice as large; the table has both errors.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from forwardgrad.experiments.speed.columns import IDENTITY, PROCESSES, REGIMES
from forwardgrad.experiments.speed.figures.rows import place, swept, usual, wide
from forwardgrad.results.folder import Results
from forwardgrad.results.statistics import repeated_ratio

TWO = ("operations", "multiply_adds")
THREE = (*TWO, "parameters")


def fit(rows: pd.DataFrame, terms: tuple[str, ...] = THREE) -> pd.Series:
    """Return seconds for each unit of every term, none negative, that minimise the sum of squared relative errors.

    Args:
        rows: Steps of one method; columns `terms` and `seconds`.
        terms: Columns that the time is a sum of.

    Returns:
        The coefficients by term; nan where there are not twice as many rows as terms.
    """
    if len(rows) < 2 * len(terms):
        return pd.Series(np.nan, terms)
    shares = rows[list(terms)].to_numpy(float) / rows[["seconds"]].to_numpy()
    scales = np.linalg.norm(shares, axis=0)  # the terms' units are far apart
    found, _ = nnls(shares / scales, np.ones(len(rows)))
    return pd.Series(found / scales, terms)


def predict(rows: pd.DataFrame, coefficients: pd.Series) -> pd.Series:
    """Return the seconds of every row by the model."""
    return rows[list(coefficients.index)].mul(coefficients).sum(axis=1, skipna=False)


def modelled(measured: pd.DataFrame, terms: tuple[str, ...] = THREE) -> pd.DataFrame:
    """Return `measured` with what the model fitted to all of it says; nan where operations were not counted.

    Args:
        measured: What was timed; columns SPEED.
        terms: Columns that the time is a sum of.

    Returns:
        Columns SPEED, `model_seconds`, and `model_ratio`: over those of backprop.
    """
    counted = measured[measured["operations"].notna()]
    seconds = [predict(rows, fit(rows, terms)) for _, rows in counted.groupby(["device", "method"])]
    found = measured.assign(model_seconds=pd.concat(seconds) if seconds else np.nan)
    network = [name for name in IDENTITY if name != "method"]
    base = found[found["method"] == "backprop"].set_index(network)["model_seconds"].rename("base")
    return found.assign(model_ratio=found["model_seconds"] / found.join(base, on=network)["base"])


def crossing(sizes: pd.Series, ratios: pd.Series) -> float:
    """Return the size from which on the ratio stays at or above one.

    Between two sizes the ratio's logarithm is linear in that of the size.

    Returns:
        The size; 0 where no ratio is below one, inf where that of the largest size is, nan without sound ratios.
    """
    order = np.argsort(sizes.to_numpy())
    size, height = np.log(sizes.to_numpy(float)[order]), np.log(ratios.to_numpy(float)[order])
    if not len(height) or np.isnan(height).any():
        return np.nan
    below = np.flatnonzero(height < 0)
    if not len(below):
        return 0.0
    last = below[-1]
    if last == len(height) - 1:
        return np.inf
    share = height[last] / (height[last] - height[last + 1])
    return float(np.exp(size[last] + share * (size[last + 1] - size[last])))


def regimes(results: Results) -> pd.DataFrame:
    """Fit every method that was measured at all sizes; one row per device and method, columns REGIMES."""
    measured = results.frame("speed")
    measured = measured[measured["seconds"].notna()]
    processes = results.frame("speed-processes")[list(PROCESSES)].drop(columns="seconds")
    sizes = measured[[*IDENTITY, "parameters"]]
    processes = processes.merge(sizes, on=list(IDENTITY))
    rows = []
    for device, own in measured.groupby("device", sort=False):
        three, two = modelled(own), modelled(own, TWO)
        for method in swept(own)["method"].unique():
            chosen = [table[table["method"] == method] for table in (three, two)]
            each = processes[(processes["device"] == device) & (processes["method"] == method)]
            rows.append({"device": device, "method": method, **fitted(*chosen), **crossings(chosen[0], each)})
    return pd.DataFrame(rows, columns=list(REGIMES))


def fitted(three: pd.DataFrame, two: pd.DataFrame) -> dict[str, Any]:
    """Return the coefficients of one method, and the errors of the models with three terms and with two."""
    counted = three[three["operations"].notna()]
    overhead, multiply_add, parameter = fit(counted)
    found = {
        "networks": len(counted),
        "overhead": 1e6 * overhead,
        "rate": 1 / multiply_add if multiply_add else np.inf,
        "per_parameter": 1e9 * parameter,
    }
    errors, others = ((rows["model_seconds"] / rows["seconds"] - 1).abs() for rows in (three, two))
    if errors.notna().any():
        found |= {"error": errors.median(), "largest_error": errors.max(), "worst": place(three.loc[errors.idxmax()])}
        found |= {"two_terms_error": others.median(), "two_terms_largest_error": others.max()}
    return found


def crossings(modelled: pd.DataFrame, processes: pd.DataFrame) -> dict[str, float]:
    """Return the sizes of MLPs at which one method begins to cost as much as backprop: measured, and by the model."""
    if (modelled["method"] == "backprop").all():
        return {}
    each = [
        crossing(own["parameters"], own["ratio_to_backprop"]) for _, own in wide(usual(processes)).groupby("process")
    ]
    own = wide(usual(modelled))
    found = {
        "crossing": crossing(own["parameters"], own["ratio_to_backprop"]),
        "crossing_model": crossing(own["parameters"], own["model_ratio"]),
        "processes": len(each),
    }
    if all(0 < size < np.inf for size in each):
        found["crossing"], found["crossing_low"], found["crossing_high"], _ = repeated_ratio(each)
    return found


def crossed(table: pd.DataFrame, device: str) -> dict[str, float]:
    """Return the crossings of the table on `device` that lie among the sizes measured, by method, smallest first."""
    own = table[(table["device"] == device) & (table["crossing"] > 0) & np.isfinite(table["crossing"])]
    return own.sort_values("crossing").set_index("method")["crossing"].to_dict()
