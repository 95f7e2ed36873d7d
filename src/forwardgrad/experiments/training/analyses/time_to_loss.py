"""When the forward gradient has caught up: T_f and T_b, as the paper defines them (Baydin et al., 2022, section 5).

T_b is the time at which backpropagation ends its run, T_f the first time at which the validation loss of the
forward gradient is at or below the one that backpropagation ended with at the same seed. A run that never gets
there, but ends within the band of no difference, counts as there at its end. Any other is censored: its T_f is inf, and
all that is known is that it lies beyond the end of the run.

Times are iterations times the cost of a step. Their ratio's interval therefore has two parts: over seeds, of the
iterations, and over processes, of the costs (`statistics.product`).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from forwardgrad.experiments.training.analyses.loss_ratios import MOST
from forwardgrad.experiments.training.columns import COST_MODELS, TIMES_SUMMARY, TIMES_TO_LOSS
from forwardgrad.experiments.training.frames import CELL, load_frames, methods_of
from forwardgrad.experiments.training.tables import counterpart
from forwardgrad.results import statistics
from forwardgrad.results.folder import Results
from forwardgrad.results.statistics import Interval

EVALUATIONS = 10  # below this a run does not tell when a loss is reached
COMPARED = ["dataset", "model", "method", "estimator", "against", "cost"]


def times(results: Results, experiment: str) -> pd.DataFrame:
    """One row per run of a forward gradient and cost model; columns TIMES_TO_LOSS.

    Cells without validation loss have none, nor have seeds at which backpropagation diverged, nor runs with fewer than
    ten evaluations: those lie too far apart to tell when a loss is reached.
    """
    frames = load_frames(results, experiment)
    costs = frames.costs.set_index(["dataset", "model", "method"])
    runs = dict(list(frames.metrics.groupby([*CELL, "method", "seed"])))
    rows = []
    for cell, own in frames.runs.groupby(CELL, sort=False):
        _, *pair = cell
        methods = methods_of(own)
        for method, estimator in methods.items():
            against = counterpart(method, methods)
            if (
                estimator == "backprop"
                or against is None
                or not {(*pair, method), (*pair, against)} <= set(costs.index)
            ):
                continue
            prices = step_prices(costs.loc[(*pair, method)], costs.loc[(*pair, against)])
            ends = own[(own["method"] == against) & (own["status"] != "diverged") & own["validation_loss"].notna()]
            for end in ends.itertuples():
                run = runs.get((*cell, method, end.seed))
                if run is None or len(run) <= EVALUATIONS:  # the first is that of the untrained network
                    continue
                reached, in_band = steps_to(run, end.validation_loss)
                for cost, (ours, other, *ratio) in prices.items():
                    iterations, bound = reached / end.steps, run["step"].max() / end.steps * ratio[0]
                    found = (reached * ours, end.steps * other, iterations, iterations * ratio[0], bound)
                    row = (*pair, method, estimator, against, end.seed, cost, *found, bool(np.isfinite(reached)))
                    rows.append((*row, in_band, *ratio))
    return pd.DataFrame(rows, columns=list(TIMES_TO_LOSS))


def times_summary(results: Results, experiment: str, paper_settings: bool) -> pd.DataFrame:
    """Medians of `times` over the seeds with their intervals; columns TIMES_SUMMARY.

    An experiment with the settings of the paper has the paper's times beside its own.
    """
    quoted, rows = results.quoted(), []
    for key, own in results.table(experiment, "times").groupby(COMPARED, sort=False):
        iterations, first = statistics.median(own["iterations"]), own.iloc[0]
        price = Interval(first["cost_ratio"], first["cost_low"], first["cost_high"], len(own))
        ratio = statistics.product(iterations, price)
        row = dict(zip(COMPARED, key, strict=True)) | iterations.columns("iterations")
        row |= {"runs": len(own)} | {name: int(own[name].sum()) for name in ("reached", "in_band")}
        row |= {name: statistics.median_range(own[name]).value for name in ("T_f", "T_b")}
        row |= {"ratio": ratio.value, "low": ratio.low, "high": ratio.high}
        row |= {"cost_ratio": price.value, "cost_low": price.low, "cost_high": price.high}
        row |= {"bound": own.loc[~own["reached"].astype(bool), "bound"].min()}
        rows.append(row | (_quoted(quoted, row) if paper_settings else {}))
    return pd.DataFrame(rows, columns=list(TIMES_SUMMARY))


def step_prices(ours: pd.Series, other: pd.Series) -> dict[str, tuple[float, ...]]:
    """Return by cost model the seconds of a step by both methods, and their ratio with its interval over processes."""
    prices = {}
    for cost, seconds, ratio in (("engine", "seconds_per_step", "ratio"), ("stock", "stock", "stock_ratio")):
        low, high = (f"{ratio.removesuffix('_ratio')}_{end}" for end in ("low", "high"))
        values = (float(ours[name]) / float(other["ratio"]) for name in (ratio, low, high))
        prices[cost] = (float(ours[seconds]), float(other["seconds_per_step"]), *values)
    step, base, value, low, high = prices["engine"]
    batch, other_batch = float(ours["gathering"]), float(other["gathering"])
    whole = [(base * each + batch) / (base + other_batch) for each in (value, low, high)]
    prices["engine_gathered"] = (step + batch, base + other_batch, *whole)
    return {cost: prices[cost] for cost in COST_MODELS if prices[cost][0] == prices[cost][0]}  # nan: not measured


def steps_to(run: pd.DataFrame, loss: float) -> tuple[float, bool]:
    """Return the iterations after which `run` (its metrics) has reached `loss`, and whether only to within the band.

    inf if it never does. The band is that of no difference (`loss_ratios.EQUIVALENCE`).
    """
    steps, last = first_step(run, loss), run.iloc[-1]
    if np.isfinite(steps) or last["status"] == "diverged" or last["validation_loss"] > loss * MOST:
        return steps, False
    return float(last["step"]), True


def first_step(run: pd.DataFrame, loss: float) -> float:
    """Return the first step at which the validation loss of `run` (its metrics) is at or below `loss`; inf if never."""
    there = run.loc[(run["validation_loss"] <= loss) & (run["status"] != "diverged"), "step"]
    return float(there.min()) if len(there) else np.inf


def _quoted(quoted: pd.DataFrame, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the paper's T_f, T_b and their ratio for the method of `row`; it has them for dense Gaussian tangents."""
    paper = quoted[(quoted["source"] == "paper") & (quoted["model"] == row["model"])]
    values = {(entry.method, entry.quantity): entry for entry in paper.itertuples()}
    wanted = {
        "T_f_quoted": (row["method"], "T_f"),
        "T_b_quoted": (row["against"], "T_b"),
        "ratio_quoted": (row["method"], "T_f/T_b"),
    }
    if wanted["ratio_quoted"] not in values:
        return {}
    found = {name: float(values[key].value) for name, key in wanted.items() if key in values}
    return found | {"certainty": values[wanted["ratio_quoted"]].certainty}
