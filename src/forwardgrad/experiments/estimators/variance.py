"""The variance of estimates of one gradient against tangents, depth, batch size and training, beside its formula.

E||g - G||^2 over ||G||^2 on MLPs, G the gradient of one batch: at the initial weights of He et al. (2015), which the
experiment `map` has too, or after steps of backpropagation.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import torch

from forwardgrad.catalogue import HIDDEN
from forwardgrad.catalogue.estimators import ESTIMATORS
from forwardgrad.core.estimator import make_estimator
from forwardgrad.core.models import build
from forwardgrad.core.units import detached
from forwardgrad.data.prepared import Examples, read
from forwardgrad.experiments.estimators.columns import VARIANCE
from forwardgrad.experiments.estimators.formulae import activity_second_moment, orthogonal_second_moment
from forwardgrad.experiments.estimators.plan import CURVED
from forwardgrad.experiments.estimators.sample import LOSS, NORMALISATION, ORTHOGONAL, Problem, Row, flat
from forwardgrad.files import csv_text, write_sealed
from forwardgrad.machine.provenance import made_here
from forwardgrad.results.statistics import student
from forwardgrad.seeds import derive_seed, initialisation_seed

HE = math.sqrt(6)  # PyTorch draws weights of n inputs from [-1, 1] / sqrt(n), He et al. from [-1, 1] sqrt(6 / n)
RATE, BATCH = 0.1, 64  # of backpropagation
NETWORK = "mlp_2x256"
DIGITS = 6  # behind the point: at K = n only rounding is left
METHODS = ("activity_orthogonal_16", "activity", "forward_rank_one", "forward_gaussian")
# What is varied: estimators with network, batch size, and steps of backpropagation before.
SWEEPS: dict[str, list[tuple[str, str, int, int]]] = {
    "tangents": [(f"{ORTHOGONAL}{count}", NETWORK, BATCH, 0) for count in (1, 4, 16, 64, 256)],
    "depth": [(key, f"mlp_{depth}x256", BATCH, 0) for key in METHODS for depth in (1, 2, 4, 8)],
    "batch_size": [(key, NETWORK, size, 0) for key in METHODS for size in (1, 8, 64, 512)],
    "steps": [(key, NETWORK, BATCH, steps) for key in METHODS for steps in (0, 10, 100, 1000)],
}


def measure(data: Path | None, draws: int, output: Path) -> None:
    """Write `output`, columns VARIANCE, and its record beside it; no rows without data.

    Args:
        data: The prepared mnist5k.
        draws: Estimates of every kind.
        output: File to write.
    """
    torch.set_num_threads(1)
    record, rows = {"draws": draws}, []
    if data is not None:
        prepared = read(data, 0, NORMALISATION)
        rows = list(swept(prepared.train, draws))
        record["data"] = {key: prepared.provenance[key] for key in ("source", "sha256")}
    files = {output: csv_text(VARIANCE, rows)}
    write_sealed(output.with_name(f"{output.stem}-record.json"), record | made_here(threads=1), files)


def swept(examples: Examples, draws: int) -> Iterator[Row]:
    """Yield a row for every case of SWEEPS; one that is in several is measured once."""
    measured: dict[tuple[str, str, int, int], Row] = {}
    for sweep, cases in SWEEPS.items():
        for case in cases:
            if case not in measured:
                measured[case] = compared(*case, problem_of(*case[1:], examples), draws)
            yield {"sweep": sweep} | measured[case]


def problem_of(network: str, size: int, steps: int, examples: Examples) -> Problem:
    """Return a network after `steps` of backpropagation, and its gradient on the first `size` examples."""
    model = build(network, initialisation_seed(CURVED, network, 0))
    torch._foreach_mul_(list(detached(model).values()), HE)
    backprop, rows = make_estimator("backprop", model, LOSS), torch.arange(BATCH)
    for _ in range(steps):
        rows = (rows + BATCH) % len(examples.labels)
        backprop(examples.inputs[rows], examples.labels[rows]).add_to_(-RATE)
    return Problem.of(model, examples.inputs[:size], examples.labels[:size])


def compared(key: str, network: str, size: int, steps: int, problem: Problem, draws: int) -> Row:
    """Return the mean of ||g - G||^2 / ||G||^2 over `draws` estimates with Student's interval, beside its formula."""
    estimator = make_estimator(key, problem.model, LOSS, derive_seed("variance", key, network, size, steps))
    estimates = (flat(estimator(*problem.batch).dense()).div_(problem.norm) for _ in range(draws))
    squares = [(estimate - problem.gradient).square().sum().item() for estimate in estimates]
    mean, low, high, count = student([round(square, DIGITS) for square in squares])
    depth, width = HIDDEN[network]
    case = {"estimator": key, "network": network, "depth": depth, "width": width, "batch_size": size, "steps": steps}
    found = {"measured": mean, "low": low, "high": high, "formula": formula_of(key, problem), "draws": count}
    return case | {"tangents": tangents_of(key)} | found


def tangents_of(key: str) -> int:
    """Return the number of tangents of a layer."""
    return int(key.removeprefix(ORTHOGONAL)) if key.startswith(ORTHOGONAL) else 1


def formula_of(key: str, problem: Problem) -> float:
    """Return E||g - G||^2 / ||G||^2 of an unbiased estimator: its second moment less 1."""
    if key.startswith(ORTHOGONAL):
        moment = orthogonal_second_moment(problem.model, LOSS, *problem.batch, tangents_of(key))
    elif key == "activity":
        moment = activity_second_moment(problem.model, LOSS, *problem.batch)
    else:
        return ESTIMATORS[key].formula(problem.blocks)["second_moment"] - 1
    return max(0.0, round(moment / problem.norm**2 - 1, DIGITS))
