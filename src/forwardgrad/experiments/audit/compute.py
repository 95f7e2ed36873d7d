"""Defects of published reproductions, each shown, or not, by a small computation of our own.

What a repository does was read in its code, and `report/audit.yaml` says it. What that does to a number
is computed here, so that it could come out otherwise.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from forwardgrad.arguments import RefusalError
from forwardgrad.core.gradients import standardise as students_standardise
from forwardgrad.data.prepared import Dataset, read
from forwardgrad.experiments.audit import others, students
from forwardgrad.experiments.audit.columns import AUDIT, MOMENTS
from forwardgrad.experiments.audit.finding import Finding
from forwardgrad.experiments.audit.plan import SPLITS
from forwardgrad.files import write_csv
from forwardgrad.yaml_file import read_yaml

Computations = Mapping[str, Callable[[], Finding] | None]

ENTRIES, DRAWS = 5, 100_000  # of the tangents whose second moments are shown


def computations(splits: Sequence[Dataset] | None) -> Computations:
    """Return every computation by key; None for those that need penguins if there are no `splits` of it."""
    on_penguins = students.ON_PENGUINS | others.ON_PENGUINS
    bound = {key: partial(compute, splits) if splits else None for key, compute in on_penguins.items()}
    return bound | students.ALONE | others.ALONE


def rows(repositories: Sequence[Mapping[str, Any]], known: Computations) -> Iterator[dict[str, Any]]:
    """Yield one row per defect, columns AUDIT.

    Raises:
        ValueError: A defect has neither a computation nor `documented: true`, or both, or a computation no defect.
    """
    declared = {key: entry for repository in repositories for key, entry in repository["defects"].items()}
    computed = {key for key, entry in declared.items() if not entry.get("documented")}
    for key in computed ^ known.keys():
        where = "report/audit.yaml" if key in known and key not in declared else "src/forwardgrad/audit"
        raise RefusalError(f"the defect {key!r} has no entry in {where}: add it, or say `documented: true` rightly")
    for repository in repositories:
        for key, entry in repository["defects"].items():
            about = {"key": key, "repository": repository["repository"], "commit": repository["commit"] or ""}
            documented = {"computation": "None: read in the code, not computed", "shown": "documented"}
            yield dict.fromkeys(AUDIT, "") | about | entry | (outcome(known[key]) if key in computed else documented)


def read_defects(path: Path) -> list[dict[str, Any]]:
    """Return the declared defects, by repository.

    Raises:
        RefusalError: The file is missing, broken or holds something else.
    """
    content = read_yaml(path)
    entries = content if isinstance(content, list) else [content]
    if not all(isinstance(entry, dict) and entry.keys() >= {"repository", "commit", "defects"} for entry in entries):
        raise RefusalError(f"{path} holds no list of repositories with the keys repository, commit, defects: mend it")
    if not all(isinstance(entry["defects"], dict) for entry in entries):
        raise RefusalError(f"{path} has a repository whose defects are no mapping: mend it")
    return entries


def outcome(compute: Callable[[], Finding] | None) -> dict[str, Any]:
    """Return the result of a computation, as columns of its row."""
    if compute is None:
        return {"shown": "no data"}
    finding = compute()
    numbers = {name: rounded(getattr(finding, name)) for name in ("correct", "found", "low", "high")}
    return numbers | {"n": finding.n, "shown": "yes" if finding.shown else "no"}


def rounded(value: float) -> float:
    """Return `value` with nine digits after the point: no noise of the last bits."""
    return round(value, 9)


def moments() -> Iterator[dict[str, Any]]:
    """Yield the entries of E[vv'] of three kinds of tangent, measured; columns MOMENTS."""
    gaussian = others.tangents(torch.randn, DRAWS, ENTRIES)
    drawn = {
        "gaussian": gaussian,
        "standardised": torch.vmap(students_standardise)(gaussian),
        "uniform": others.tangents(torch.rand, DRAWS, ENTRIES),
    }
    for kind, vectors in drawn.items():
        for row, line in enumerate((vectors.mT @ vectors / DRAWS).tolist()):
            for column, moment in enumerate(line):
                yield {"tangents": kind, "row": row, "column": column, "moment": rounded(moment), "n": DRAWS}


def write(defects: Path, data: Path | None, output: Path, moments_output: Path) -> None:
    """Write the audit and the moments as CSV, columns AUDIT and MOMENTS: from the same data and machine the same bytes.

    `defects` is `report/audit.yaml`. Without `data`, the prepared penguins, rows say that they are not computed.
    """
    torch.set_num_threads(1)
    splits = [read(data, seed) for seed in range(SPLITS)] if data else None
    repositories = read_defects(defects)
    write_csv(output, AUDIT, rows(repositories, computations(splits)))
    write_csv(moments_output, MOMENTS, moments())
