"""What must hold of any results, whatever they say of a claim: a broken one is a fault of the program.

Claims may fail, and that is a result. These may not: each is a function that yields one line for
everything that breaks it.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd

from forwardgrad.claims.ledger import split
from forwardgrad.experiments.kinds import kind_of
from forwardgrad.experiments.training.columns import IDENTITY

RUN = list(IDENTITY)
SHARED = ["experiment", "dataset", "model", "seed"]
METHOD = ["experiment", "dataset", "model", "method"]
LOSSES = ["train_loss", "validation_loss", "test_loss"]
ACCURACIES = ["train_accuracy", "validation_accuracy", "test_accuracy"]
ROUNDING = 1e-6  # relative; results keep nine digits
COSINE_ROUNDING = 1e-4  # in float32, over some hundred thousand products
FAR = 4  # times the half-width of a 95 % interval: never by chance


def same_beginning(metrics: pd.DataFrame) -> Iterator[str]:
    """Runs of a seed begin with the same weights, whatever the method.

    A method may begin with a multiple of them (`initial_scale`): the same one at every seed, of several.
    """
    first = metrics[metrics["step"] == 0]
    factor = first["weight_norm"] / first.groupby(SHARED)["weight_norm"].transform("min")
    factors = factor.groupby([first[name] for name in METHOD]).agg(["min", "max", "size"])
    lowest = factors["min"].where(factors["size"] > 1, 1)
    for key, row in factors[factors["max"] > lowest * (1 + ROUNDING)].iterrows():
        yield f"{'/'.join(map(str, key))}: begins with weights {row['min']:g} to {row['max']:g} times those of others"


def finite_losses(metrics: pd.DataFrame) -> Iterator[str]:
    """Losses are finite numbers until a run is found to have diverged."""
    sound = metrics[metrics["status"] != "diverged"]
    broken = sound[~np.isfinite(sound[["train_loss", "test_loss"]].astype(float)).all(axis=1)]
    yield from (f"{run_of(row)}: loss {row['train_loss']:g} at step {row['step']}" for _, row in broken.iterrows())


def losses_and_accuracies_in_range(metrics: pd.DataFrame) -> Iterator[str]:
    """No loss is negative, no accuracy outside 0 to 1, no cosine outside -1 to 1."""
    ranges = dict.fromkeys(LOSSES, (0, np.inf)) | dict.fromkeys(ACCURACIES, (0, 1))
    ranges["cosine"] = (-1 - COSINE_ROUNDING, 1 + COSINE_ROUNDING)
    for name, (low, high) in ranges.items():
        broken = metrics[(metrics[name] < low) | (metrics[name] > high)]
        yield from (f"{run_of(row)}: {name} {row[name]:g} at step {row['step']}" for _, row in broken.iterrows())


def steps_increase(metrics: pd.DataFrame) -> Iterator[str]:
    """Evaluations of a run follow one another."""
    for key, steps in metrics.groupby(RUN, sort=False)["step"]:
        if not (steps.is_monotonic_increasing and steps.is_unique):
            yield f"{'/'.join(map(str, key))}: steps do not increase"


def thresholds_are_reached(runs: pd.DataFrame) -> Iterator[str]:
    """A run that ended at its threshold has a loss at or below it."""
    ended = runs[runs["status"] == "threshold"]
    broken = ended[ended[LOSSES].astype(float).min(axis=1) > ended["threshold"]]
    yield from (f"{run_of(row)}: ended above its threshold {row['threshold']:g}" for _, row in broken.iterrows())


def costs_are_ordered(costs: pd.DataFrame) -> Iterator[str]:
    """A time is positive and lies in its interval."""
    value, low, high = costs["seconds_per_step"], costs["low"].fillna(0), costs["high"].fillna(np.inf)
    broken = costs[~((value > 0) & (low <= value) & (value <= high))]
    for _, row in broken.iterrows():
        yield f"{row['method']}: {row['seconds_per_step']:g} s is not within {row['low']:g} to {row['high']:g}"


def backprop_is_the_unit(speed: pd.DataFrame) -> Iterator[str]:
    """Backpropagation costs as much as itself."""
    broken = speed[(speed["method"] == "backprop") & ((speed["ratio_to_backprop"] - 1).abs() > ROUNDING)]
    yield from (
        f"{row['model']}: backpropagation costs {row['ratio_to_backprop']:g} of itself" for _, row in broken.iterrows()
    )


def unbiased_as_derived(estimators: pd.DataFrame) -> Iterator[str]:
    """The mean of an estimate along the gradient is what its formula says, as far as chance allows."""
    known = estimators[(estimators["quantity"] == "along") & estimators["formula"].notna()]
    reach = FAR * (known["high"] - known["low"]) / 2 + ROUNDING
    for _, row in known[(known["measured"] - known["formula"]).abs() > reach].iterrows():
        yield f"{row['estimator']} on {row['network']}: {row['measured']:g} along the gradient, not {row['formula']:g}"


Invariant = Callable[[pd.DataFrame], Iterator[str]]

# By kind of experiment and what follows the experiment's name in a frame's name.
INVARIANTS: dict[tuple[str, str], tuple[Invariant, ...]] = {
    ("training", ""): (same_beginning, finite_losses, losses_and_accuracies_in_range, steps_increase),
    ("training", "-runs"): (thresholds_are_reached,),
    ("training", "-costs"): (costs_are_ordered,),
    ("functions", "-costs"): (costs_are_ordered,),
    ("speed", ""): (backprop_is_the_unit,),
    ("estimators", ""): (unbiased_as_derived,),
}

CHECKED = {
    "frame": "frame of results",
    "invariant": "what must hold of it",
    "rows": "rows it was checked on",
    "broken": "where it does not hold; none, or the build stops",
}


def check(frames: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, list[str]]:
    """Check every invariant of every frame.

    Args:
        frames: By name, such as `mnist-runs`.

    Returns:
        What was checked, columns CHECKED; and one line for everything that is broken.
    """
    rows, lines = [], []
    for name, frame in frames.items():
        experiment, suffix = split(name)
        for invariant in INVARIANTS.get((kind_of(experiment), suffix), ()):
            broken = list(invariant(frame)) if len(frame) else []
            rows.append((name, str(invariant.__doc__), len(frame), len(broken)))
            lines += [f"{name}: {line} ({invariant.__name__.replace('_', ' ')})" for line in broken]
    return pd.DataFrame(rows, columns=list(CHECKED)), lines


def run_of(row: pd.Series) -> str:
    """Return which run a row belongs to."""
    return "/".join(str(row[name]) for name in RUN)
