"""What a claim of report/claims.yaml may ask of: the frames, by name, with their files, columns and intervals.

Standard library only, so that the workflow can say what a claim needs without importing anything heavy.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from forwardgrad.experiments.estimators.columns import ESTIMATORS
from forwardgrad.experiments.functions.columns import CONTRACTION, DESCENT_COSTS, DESCENT_RUNS
from forwardgrad.experiments.speed.columns import SPEED
from forwardgrad.experiments.training import columns

# Frames of every experiment that trains networks, by what follows the experiment's name.
TRAINING = {
    "": (*columns.IDENTITY, *columns.METRICS),
    "-runs": tuple(columns.RUNS),
    "-costs": tuple(columns.COSTS),
}

# Frames of which there is one.
SINGLE = {
    "functions-runs": tuple(DESCENT_RUNS),
    "functions-costs": tuple(DESCENT_COSTS),
    "functions-contraction": tuple(CONTRACTION),
    "estimators": tuple(ESTIMATORS),
    "speed": tuple(SPEED),
    "times": (
        "dataset", "model", "method", "estimator", "against", "seed", "cost", "T_f", "T_b", "ratio", "bound", "reached",
    ),
}  # fmt: skip

# Experiments that train no networks of the configuration: their frames are those above.
OWN = ("functions", "estimators", "speed")

# Frames that do not lie in results/frames, and whose experiment their name does not say.
ELSEWHERE = {"times": ("mnist", "results/tables/mnist/times.csv")}

# Columns whose values have an interval in the same row, with its two columns and the one that says what it is from.
ENDS = ("low", "high")
INTERVALS = {
    "speed": {
        "ratio_to_backprop": (*ENDS, "processes"),
        "ratio_to_evaluation": ("R_low", "R_high", "processes"),
        "ratio_to_backprop_by_hand": ("by_hand_low", "by_hand_high", "processes"),
    },
    "estimators": {"measured": (*ENDS, "draws")},
    "functions-costs": {"seconds_per_step": (*ENDS, "n"), "ratio": ("ratio_low", "ratio_high", "n")},
    "-costs": {
        "seconds_per_step": (*ENDS, "repetitions"),
        "seconds_in_memory": ("in_memory_low", "in_memory_high", "repetitions"),
    },
}


def experiment_of(frame: str) -> str:
    """Return the experiment that makes a frame."""
    return ELSEWHERE[frame][0] if frame in ELSEWHERE else frame.partition("-")[0]


def path_of(frame: str) -> str:
    """Return where a frame lies."""
    return ELSEWHERE[frame][1] if frame in ELSEWHERE else f"results/frames/{frame}.csv"


def known_frames(experiments: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the columns of every frame that there can be with these `experiments`, by the frame's name."""
    trained = [name for name in experiments if name not in OWN]
    return {f"{name}{suffix}": names for name in trained for suffix, names in TRAINING.items()} | SINGLE


def frames_made_by(experiment: str) -> list[str]:
    """Return the names of the frames of an experiment in results/frames."""
    if experiment not in OWN:
        return [f"{experiment}{suffix}" for suffix in TRAINING]
    return [frame for frame in SINGLE if experiment_of(frame) == experiment and frame not in ELSEWHERE]


def intervals_of(frame: str) -> dict[str, tuple[str, str, str]]:
    """Return (low, high, count) by the column that they belong to, for a frame whose rows have intervals."""
    return INTERVALS.get(frame) or INTERVALS.get(f"-{frame.partition('-')[2]}", {})


def columns_asked(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every column that a query names, after where in the query it stands."""
    yield from ((place, evidence[place]) for place in ("value", "over", "unit") if place in evidence)
    for part in ("where", "against"):
        yield from ((f"{part}.{column}", column) for column in evidence.get(part, {}))
