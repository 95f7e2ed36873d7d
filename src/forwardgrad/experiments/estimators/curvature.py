"""What a step of forward gradients does to second order: on small quadratics, on a network, by law of its components.

On the network at its initial weights, for one batch. By law: the mean squared error of the estimate of one gradient.
"""

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Generator, Tensor

from forwardgrad.core.models import build
from forwardgrad.data.prepared import read
from forwardgrad.experiments.estimators.columns import CURVATURE
from forwardgrad.experiments.estimators.gauss_newton import stability_terms
from forwardgrad.experiments.estimators.plan import CURVED
from forwardgrad.experiments.estimators.quadratics import stable_rates
from forwardgrad.experiments.estimators.sample import NORMALISATION, Row
from forwardgrad.files import csv_text, write_sealed
from forwardgrad.machine.provenance import made_here
from forwardgrad.results.statistics import student
from forwardgrad.seeds import derive_seed, initialisation_seed

MODEL, BATCH = "mlp_256", 64
ENTRIES = 12  # of the gradient whose estimates have components of other laws
# Laws of variance 1 with their kurtosis E[v^4].
LAWS: dict[str, tuple[float, Callable[[Tensor, Generator], Tensor]]] = {
    "rademacher": (1.0, lambda rows, source: rows.random_(0, 2, generator=source).mul_(2).sub_(1)),
    "uniform": (1.8, lambda rows, source: rows.uniform_(-math.sqrt(3), math.sqrt(3), generator=source)),
    "gaussian": (3.0, lambda rows, source: rows.normal_(generator=source)),
    "laplace": (6.0, lambda rows, source: laplace(rows, source)),
}


def laplace(rows: Tensor, generator: Generator) -> Tensor:
    """Fill with the difference of two exponential numbers of variance 1/2 each."""
    other = torch.empty_like(rows).exponential_(math.sqrt(2), generator=generator)
    return rows.exponential_(math.sqrt(2), generator=generator).sub_(other)


def measure(data: Path | None, draws: int, output: Path) -> None:
    """Write `output`, columns CURVATURE, and its record beside it.

    Args:
        data: The prepared mnist5k; without it the network is left out.
        draws: Tangents of every kind on the network.
        output: File to write.
    """
    torch.set_num_threads(1)
    rows = [row(name, key, "stable_rate", *found) for name, key, *found in stable_rates()]
    rows += [row("laws", name, "error", *found) for name, *found in errors()]
    record = {"model": MODEL, "draws": draws, "batch_size": BATCH}
    if data is not None:
        prepared = read(data, 0, NORMALISATION)
        batch = prepared.train.inputs[:BATCH], prepared.train.labels[:BATCH]
        model = build(MODEL, initialisation_seed(CURVED, MODEL, 0))
        rows += [row(MODEL, key, "term", *found) for key, *found in stability_terms(model, *batch, draws)]
        record["data"] = {key: prepared.provenance[key] for key in ("source", "sha256")}
    files = {output: csv_text(CURVATURE, rows)}
    write_sealed(output.with_name(f"{output.stem}-record.json"), record | made_here(threads=1), files)


def errors() -> Iterator[tuple[str, Tensor, float]]:
    """Yield (law, squared errors of estimates over ||grad||^2, their mean by formula: n - 2 + kurtosis)."""
    n = ENTRIES
    gradient = torch.nn.functional.normalize(torch.arange(1.0, n + 1, dtype=torch.float64), dim=0)
    for name, (kurtosis, fill) in LAWS.items():
        source = Generator().manual_seed(derive_seed("curvature", "laws", name))
        tangents = fill(torch.empty(40_000, n, dtype=torch.float64), source)
        estimates = (tangents @ gradient)[:, None] * tangents
        yield name, (estimates - gradient).square().sum(1), n - 2 + kurtosis


def row(problem: str, tangents: str, quantity: str, values: Tensor, formula: float) -> Row:
    """Return the mean of `values` with Student's interval, beside its formula."""
    mean, low, high, count = student(values)
    found = {"problem": problem, "estimator": tangents, "quantity": quantity, "measured": mean}
    return found | {"low": low, "high": high, "formula": formula, "draws": count}
