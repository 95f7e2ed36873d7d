"""What a claim of report/claims.yaml may ask of: the frames, by name, with their files, columns and intervals.

Standard library only, so that the workflow can say what a claim needs without importing anything heavy.
"""

from collections.abc import Collection, Mapping
from typing import Any

from forwardgrad.columns import BENCH, COSTS, IDENTITY, METRICS, RUNS
from forwardgrad.configuration import SPEED

# Frames of every experiment that trains networks, by what follows the experiment's name.
TRAINING = {"": (*IDENTITY, *METRICS), "-runs": tuple(RUNS), "-costs": tuple(COSTS)}

# Frames of which there is one.
SINGLE = {
    "functions-runs": (
        "source", "function", "method", "seed", "learning_rate", "steps", "status", "initial", "final", "minimum",
        "distance",
    ),
    "functions-costs": ("source", "function", "method", "seconds_per_step", "low", "high", "n"),
    "estimators": ("estimator", "network", "n", "quantity", "measured", "low", "high", "formula", "draws"),
    SPEED: (*BENCH, "processes"),
    "times": ("dataset", "model", "method", "ratio", "low", "high", "n"),
}  # fmt: skip

# Experiments that train no networks of the configuration: their frames are those above.
OWN = ("functions", "estimators", SPEED)

# The column that says how many measurements stand behind a row that has an interval of its own.
COUNTED = {"functions-costs": "n", "estimators": "draws", SPEED: "processes", "times": "n", "-costs": "repetitions"}

# Frames that do not lie in results/frames, and whose experiment their name does not say.
ELSEWHERE = {"times": ("mnist", "results/tables/mnist/times.csv")}

# What identifies a repetition: rows are paired by it.
UNIT = "seed"


def experiment_of(frame: str) -> str:
    """Return the experiment that makes a frame."""
    return ELSEWHERE[frame][0] if frame in ELSEWHERE else frame.partition("-")[0]


def path_of(frame: str) -> str:
    """Return where a frame lies."""
    return ELSEWHERE[frame][1] if frame in ELSEWHERE else f"results/frames/{frame}.csv"


def known_frames(experiments: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the columns of every frame that there can be with these `experiments`, by the frame's name."""
    trained = [name for name in experiments if name not in OWN]
    return {f"{name}{suffix}": columns for name in trained for suffix, columns in TRAINING.items()} | SINGLE


def counted(frame: str) -> str | None:
    """Return the column that counts what is behind a row with an interval of its own; None if rows have none."""
    return COUNTED.get(frame) or COUNTED.get(f"-{frame.partition('-')[2]}")


def columns_asked(evidence: Mapping[str, Any]) -> dict[str, str]:
    """Return every column that a query names, by where in the query it stands."""
    places = {"value": evidence["value"]}
    places |= {"over": evidence["over"]} if "over" in evidence else {}
    for part in ("where", "against"):
        places |= {f"{part}.{column}": column for column in evidence.get(part, {})}
    return places
