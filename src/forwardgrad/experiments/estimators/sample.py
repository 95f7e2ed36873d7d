"""Many estimates of one gradient: their mean, their size and their angle, measured and by formula.

Every estimator is drawn many times for one network with its initial weights and one batch. With G the
gradient and g an estimate, in units of ||G||:

    along            E <g, G>         1 for an unbiased estimator
    bias             ||E g - G||^2    0 for an unbiased one; estimated without bias itself, so it may come out below 0
    second_moment    E ||g||^2
    uphill           P(<g, G> < 0)    0 for a multiple of a tangent by the slope along it
    cosine           E |cos(g, G)|
    cosine_squared   E cos^2(g, G)
    distance         ||mean of M estimates - G||, for M = 1, 2, 4, ...: sqrt((E ||g||^2 - 1) / M) if unbiased
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from forwardgrad.catalogue import IMAGE, MODELS
from forwardgrad.catalogue.estimators import ESTIMATORS
from forwardgrad.catalogue.formulae import Gradient
from forwardgrad.core.estimator import Estimator, make_estimator
from forwardgrad.core.models import build
from forwardgrad.core.units import Parameters, units
from forwardgrad.data.prepared import read
from forwardgrad.experiments.estimators.columns import CLOUD, SAMPLED
from forwardgrad.experiments.estimators.formulae import activity_second_moment, block, orthogonal_second_moment
from forwardgrad.files import csv_text, write_sealed
from forwardgrad.machine.provenance import made_here
from forwardgrad.seeds import derive_seed, initialisation_seed

LOSS = nn.CrossEntropyLoss()
NORMALISATION = (0.1307, 0.3081)  # of images: the paper's
GROUPS = 10  # of estimates, whose means are compared with each other
SHOWN = 250  # estimates in a cloud
ORTHOGONAL = "activity_orthogonal_"

Row = dict[str, object]


@dataclass(frozen=True)
class Problem:
    """A network with its weights, one batch, and the gradient there as unit vector and norm."""

    model: nn.Sequential
    batch: tuple[Tensor, Tensor]
    gradient: Tensor
    norm: float

    @staticmethod
    def of(model: nn.Sequential, inputs: Tensor, targets: Tensor) -> "Problem":
        """Take the gradient by reverse mode."""
        gradient = flat(make_estimator("backprop", model, LOSS)(inputs, targets).dense())
        norm = gradient.norm().item()
        return Problem(model, (inputs, targets), gradient / norm, norm)

    @property
    def blocks(self) -> Gradient:
        """The gradient by tensor and by layer."""
        parameters = dict(self.model.named_parameters())
        parts = dict(zip(parameters, self.gradient.split([each.numel() for each in parameters.values()]), strict=True))
        layers = [[name for name in unit.names if name is not None] for unit in units(self.model).values()]
        joined = [torch.cat([parts[name] for name in names]) for names in layers]
        return Gradient([block(part) for part in parts.values()], [block(part) for part in joined])


@dataclass(frozen=True)
class Sample:
    """Estimates of one gradient, in units of its norm.

    Attributes:
        along: <g, G> of each estimate, shape (M,).
        across: <g, w> of each, w a random direction at right angles to G.
        square: ||g||^2 of each.
        gram: Products of the groups' means less G, shape (GROUPS, GROUPS).
        distances: ||mean of the first M estimates - G|| by M.
    """

    along: Tensor
    across: Tensor
    square: Tensor
    gram: Tensor
    distances: dict[int, float]


def measure_network(
    dataset: str, model: str, data: Path, estimators: Sequence[str], draws: int, batch_size: int, output: Path
) -> None:
    """Measure `estimators`, with `draws` tangents each, on one network at its initial weights.

    The batch is the first of the training split of seed 0 of the prepared `data`, of at most `batch_size` examples.
    Writes `output`, columns SAMPLED, and beside it `-cloud.csv` and `-record.json`.
    """
    torch.set_num_threads(1)
    prepared = read(data, 0, NORMALISATION if MODELS[model].shape == IMAGE else None)
    untrained = build(model, initialisation_seed(dataset, model, 0))
    problem = Problem.of(untrained, prepared.train.inputs[:batch_size], prepared.train.labels[:batch_size])
    rows, cloud = measure_estimators(problem, estimators, draws, derive_seed(dataset, model))
    record = {"dataset": dataset, "model": model, "draws": draws, "batch_size": len(problem.batch[1])}
    record |= {"parameters": len(problem.gradient)}
    record |= {"data": {key: prepared.provenance[key] for key in ("source", "sha256")}}
    files = {output.with_name(f"{output.stem}-cloud.csv"): csv_text(CLOUD, cloud), output: csv_text(SAMPLED, rows)}
    write_sealed(output.with_name(f"{output.stem}-record.json"), record | made_here(threads=1), files)


def measure_estimators(
    problem: Problem, estimators: Sequence[str], draws: int, seed: int
) -> tuple[list[Row], list[Row]]:
    """Return the rows of all estimators (columns SAMPLED) and of their clouds (columns CLOUD)."""
    rows, cloud = [], []
    blocks = problem.blocks
    activity = activity_second_moment(problem.model, LOSS, *problem.batch)
    for key in estimators:
        estimator = make_estimator(key, problem.model, LOSS, derive_seed("estimates", seed, key))
        found = sample(problem, estimator, estimates_of(key, draws))
        expected = ESTIMATORS[key].formula(blocks)
        if key == "activity" and activity is not None:
            expected["second_moment"] = activity / problem.norm**2
        if key.startswith(ORTHOGONAL):
            count = int(key.removeprefix(ORTHOGONAL))
            moment = orthogonal_second_moment(problem.model, LOSS, *problem.batch, count)
            expected |= {} if moment is None else {"second_moment": moment / problem.norm**2}
        for row in quantities(found):
            formula = expected.get(row["quantity"], "")
            if row["quantity"] == "distance" and "second_moment" in expected:
                noise = (expected["second_moment"] - expected["along"] ** 2) / row["draws"]
                formula = math.sqrt(expected["bias"] + max(noise, 0))
            rows.append({"estimator": key, "formula": formula} | row)
        pairs = zip(found.along[:SHOWN].tolist(), found.across[:SHOWN].tolist(), strict=True)
        cloud += [{"estimator": key, "draw": draw, "along": x, "across": y} for draw, (x, y) in enumerate(pairs)]
    return rows, cloud


def sample(problem: Problem, estimator: Estimator, count: int) -> Sample:
    """Draw `count` estimates, a multiple of GROUPS."""
    gradient = problem.gradient
    generator = torch.Generator().manual_seed(derive_seed("across"))
    across = torch.randn(gradient.shape, generator=generator, dtype=gradient.dtype)
    across -= (across @ gradient) * gradient
    frame = torch.stack([gradient, across / across.norm()])
    sums, distances = gradient.new_zeros((GROUPS, len(gradient))), {}
    seen, square = gradient.new_empty((count, 2)), gradient.new_empty(count)
    for index in range(count):
        estimate = flat(estimator(*problem.batch).dense()).div_(problem.norm)
        seen[index], square[index] = frame @ estimate, estimate @ estimate
        sums[index % GROUPS] += estimate
        if (index + 1).bit_count() == 1:
            distances[index + 1] = torch.dist(sums.sum(0) / (index + 1), gradient).item()
    away = sums * (GROUPS / count) - gradient
    return Sample(seen[:, 0], seen[:, 1], square, away @ away.t(), distances)


def quantities(found: Sample) -> Iterator[Row]:
    """Yield every quantity with its standard error, its degrees of freedom, and the number of estimates behind it.

    The proportion `uphill` has neither error nor freedom; nor has a distance, which is measured once.
    """
    cosine = torch.where(found.square > 0, found.along / found.square.sqrt(), 0)  # a slope of exactly zero
    values = {
        "along": found.along,
        "second_moment": found.square,
        "cosine": cosine.abs(),
        "cosine_squared": cosine.square(),
    }
    count = len(cosine)
    for quantity, each in values.items():
        mean, error = each.mean().item(), each.std().item() / math.sqrt(count)
        yield {"quantity": quantity, "measured": mean, "error": error, "freedom": count - 1, "draws": count}
    uphill = (found.along < 0).double().mean().item()
    yield {"quantity": "uphill", "measured": uphill, "error": "", "freedom": "", "draws": count}
    bias, error = squared_bias(found.gram)
    yield {"quantity": "bias", "measured": bias, "error": error, "freedom": GROUPS - 1, "draws": count}
    for size, distance in found.distances.items():
        yield {"quantity": "distance", "measured": distance, "error": "", "freedom": "", "draws": size}


def squared_bias(gram: Tensor) -> tuple[float, float]:
    """Return ||E g - G||^2 and its standard error, by the jackknife over groups."""
    groups = len(gram)
    others = [[other for other in range(groups) if other != left] for left in range(groups)]
    left_out = torch.stack([cross_group_product(gram[rest][:, rest]) for rest in others])
    return cross_group_product(gram).item(), math.sqrt((groups - 1) ** 2 / groups * left_out.var(correction=1).item())


def cross_group_product(gram: Tensor) -> Tensor:
    """Mean product of two different groups' errors: on average the square of what they have in common, the bias."""
    groups = len(gram)
    return (gram.sum() - gram.trace()) / (groups * (groups - 1))


def estimates_of(estimator: str, draws: int) -> int:
    """Return how many estimates `draws` tangents make: those of several tangents fewer, in whole groups."""
    return GROUPS * max(1, round(draws / (ESTIMATORS[estimator].tangents or 1) / GROUPS))


def flat(parameters: Parameters) -> Tensor:
    """All entries in one row, in double precision."""
    return torch.cat([part.flatten() for part in parameters.values()]).double()
