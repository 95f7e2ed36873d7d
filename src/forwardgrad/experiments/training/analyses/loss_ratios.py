"""Is a method as good per step as another? The ratio of their final training losses, paired by seed, and its place.

The interval of the ratio lies inside the equivalence band, outside it, or overlaps its edge.
"""

import pandas as pd

from forwardgrad.experiments.training.columns import METHOD
from forwardgrad.experiments.training.frames import CELL, load_frames, methods_of
from forwardgrad.results import statistics
from forwardgrad.results.folder import Results

EQUIVALENCE = LEAST, MOST = 0.95, 1.05  # ratios that make no difference in practice

LOSS_RATIOS = {
    **METHOD,
    "against": "method key of the one it is compared with",
    "learning_rate": "rate of the method's first step",
    "learning_rate_against": "rate of the other's",
    "ratio": "geometric mean over seeds of the method's final training loss over the other's at the same seed",
    "low": "lower end of its 95 % interval over seeds; empty for fewer than three pairs",
    "high": "upper end",
    "pairs": "seeds at which neither diverged",
    "diverged": "seeds at which one of them or both diverged: they have no ratio",
    "place": f"of the interval against the band {LEAST} to {MOST}: inside, outside or overlaps; empty without one",
}


def loss_ratios(results: Results, experiment: str, against: str) -> pd.DataFrame:
    """Every method of a cell against the method `against`, without which it has no rows; columns LOSS_RATIOS."""
    rows = []
    for (_, dataset, model), cell in load_frames(results, experiment).runs.groupby(CELL, sort=False):
        by_method = {method: cell[cell["method"] == method].set_index("seed") for method in methods_of(cell)}
        if against not in by_method:
            continue
        other = by_method.pop(against)
        for method, own in by_method.items():
            both = own.index.intersection(other.index)
            sound = [seed for seed in both if "diverged" not in (own["status"][seed], other["status"][seed])]
            losses = (one.loc[sound, "train_loss"].astype(float) for one in (own, other))
            ratio = statistics.geometric_ratio(*losses)
            rates = (one["learning_rate"].iloc[0] for one in (own, other))
            identity = (dataset, model, method, own["estimator"].iloc[0], against, *rates)
            ends = (ratio.n, len(both) - ratio.n, place(ratio.low, ratio.high))
            rows.append((*identity, ratio.value, ratio.low, ratio.high, *ends))
    return pd.DataFrame(rows, columns=list(LOSS_RATIOS))


def place(low: float, high: float) -> str:
    """Return where an interval lies: `inside` EQUIVALENCE, `outside`, or it `overlaps` the edge; empty for nan."""
    if not low <= high:
        return ""
    if low >= LEAST and high <= MOST:
        return "inside"
    return "outside" if high < LEAST or low > MOST else "overlaps"
