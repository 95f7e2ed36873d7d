"""The frames that a claim of report/claims.yaml may query: their files, columns and intervals.

Standard library only, so that the workflow can say what a claim needs without importing anything heavy.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from forwardgrad.experiments.kinds import KINDS, kind_of, room

PUBLISHED = Path("results/reference/paper")


def split(frame: str) -> tuple[str, str]:
    """Return the experiment of a frame, and what follows it in the frame's name, such as `-runs`."""
    experiment, dash, rest = frame.partition("-")
    return experiment, dash + rest


def columns_of(experiment: str) -> Any:
    """Return the module of columns of an experiment's kind."""
    return room(kind_of(experiment), "columns")


def path_of(frame: str) -> str:
    """Return where a frame lies; a table that can be queried like one lies among the tables."""
    experiment, suffix = split(frame)
    if suffix in columns_of(experiment).QUERIED_TABLES:
        return f"results/tables/{experiment}/{suffix[1:]}.csv"
    return f"results/frames/{frame}.csv"


def known_frames(experiments: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the columns of every frame that there can be with these `experiments` that train, by the frame's name."""
    known = {}
    for experiment in (*experiments, *(kind for kind in KINDS if kind != "training")):
        columns = columns_of(experiment)
        for suffix, names in (columns.FRAMES | columns.QUERIED_TABLES).items():
            known[experiment + suffix] = tuple(names)
    return known


def frames_made_by(experiment: str) -> list[str]:
    """Return the files of the frames of an experiment."""
    return [f"results/frames/{experiment}{suffix}.csv" for suffix in columns_of(experiment).FRAMES]


def intervals_of(frame: str) -> dict[str, tuple[str, str, str]]:
    """Return (low, high, count) by the column that they belong to, for a frame whose rows have intervals."""
    experiment, suffix = split(frame)
    return columns_of(experiment).INTERVALS.get(suffix, {})


def columns_asked(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield every column that a query names, after where in the query it stands."""
    yield from ((place, evidence[place]) for place in ("value", "over", "unit") if place in evidence)
    for part in ("where", "against"):
        yield from ((f"{part}.{column}", column) for column in evidence.get(part, {}))


def entry_of(ledger: Mapping[str, Any], claim: str, run: Collection[str]) -> dict[str, Any]:
    """Return a claim with all that its verdict depends on: its tolerance, and frames by their paths.

    `run` is the frame that it queries, None if its experiment is not among those that are `run`; `published` is the
    same frame of the published run on all of MNIST, None if there is none.

    Raises:
        ValueError: The ledger has no such claim.
    """
    if claim not in ledger["claims"]:
        raise ValueError(
            f"results/claims/{claim}.json: the ledger has no such claim; report/claims.yaml names them all"
        )
    found = ledger["claims"][claim]
    frame, tolerance = found["evidence"]["frame"], found["expect"].get("tolerance")
    published = PUBLISHED / f"{frame}.csv"
    return {
        "id": claim,
        "claim": found,
        "tolerances": {tolerance: ledger["tolerances"][tolerance]} if tolerance else {},
        "run": path_of(frame) if split(frame)[0] in run else None,
        "published": str(published) if published.exists() else None,
    }


def frames_asked(entry: Mapping[str, Any]) -> list[str]:
    """Return the files of frames by which a claim, as `entry_of` returns it, is judged."""
    return [frame for frame in (entry["run"], entry["published"]) if frame]
