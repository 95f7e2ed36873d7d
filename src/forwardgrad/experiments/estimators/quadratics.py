"""The largest rate at which the mean loss vanishes on quadratics of one layer: by bisection, beside its formula."""

from collections.abc import Iterator
from functools import partial

import torch
from torch import Generator, Tensor, nn

from forwardgrad.core import draws
from forwardgrad.core.units import units
from forwardgrad.experiments.estimators import stability
from forwardgrad.seeds import derive_seed

SHAPE = ROWS, COLUMNS = 3, 4  # outputs and inputs of the layer
POOL, SEEDS, STEPS, BISECTIONS = 4000, 5, 40, 14
DRAWN = {
    "forward_gaussian": (draws.dense, draws.gaussian_),
    "forward_rademacher": (draws.dense, draws.rademacher_),
    "forward_rank_four": (partial(draws.low_rank, rank=4), draws.rademacher_),
    "forward_rank_one": (draws.rank_one, draws.rademacher_),
}


def problems() -> dict[str, Tensor]:
    """Return the Hessians, of trace 1: one of outputs times one of inputs, and one without order."""
    random = Generator().manual_seed(derive_seed("curvature", "quadratics"))

    def positive(size: int, common: float) -> Tensor:
        """`common` makes all rows alike, as inputs of one sign are."""
        rows = torch.randn(2 * size, size, generator=random, dtype=torch.float64) + common
        return rows.t() @ rows

    found = {"kronecker": torch.kron(positive(ROWS, 0), positive(COLUMNS, 2)), "random": positive(ROWS * COLUMNS, 0)}
    return {name: matrix / matrix.trace() for name, matrix in found.items()}


def stable_rates() -> Iterator[tuple[str, str, Tensor, float]]:
    """Yield (quadratic, kind of tangent, stable rates by seed, the same by formula), rates times tr H / 2."""
    for key in DRAWN:
        pools = [pool(key, derive_seed("curvature", key, seed)) for seed in range(SEEDS)]
        for name, hessian in problems().items():
            rates = [bisected_rate(hessian, tangents) for tangents in pools]
            formula = stability.stable_rate(hessian, exact_moments(key))
            yield name, key, torch.tensor(rates) / 2, formula / 2


def pool(key: str, seed: int) -> Tensor:
    """Draw tangents of the layer, a row each."""
    layer = units(nn.Sequential(nn.Linear(COLUMNS, ROWS, bias=False)).double())
    stream = draws.TangentStream(*DRAWN[key], Generator().manual_seed(seed))
    drawn = (stream.draw(layer)["0"].dense()[0] for _ in range(POOL))
    return torch.stack([tangent.flatten().clone() for tangent in drawn])  # the next draw may use the same memory


def exact_moments(key: str) -> Tensor:
    """Return E[(v x v)(v x v)'] of a kind of tangent, from all sign vectors or by formula."""
    gaussian = stability.gaussian_moments(ROWS * COLUMNS)
    if key == "forward_gaussian":
        return gaussian
    if key == "forward_rademacher":
        return stability.moments_of(sign_vectors(ROWS * COLUMNS))
    left, right = sign_vectors(ROWS + COLUMNS).split(SHAPE, 1)
    outer = stability.moments_of((left[:, :, None] * right[:, None, :]).flatten(1))
    return gaussian + (outer - gaussian) / (4 if key == "forward_rank_four" else 1)


def sign_vectors(count: int) -> Tensor:
    """Return all vectors of signs, a row each."""
    return torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * count)


def bisected_rate(hessian: Tensor, tangents: Tensor) -> float:
    """Return the rate, between 0 and 2 / lambda_max, above which the mean loss grows; by bisection."""
    low, high = 0.0, 2 / torch.linalg.eigvalsh(hessian)[-1].item()
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (low, middle) if grows(hessian, tangents, middle) else (middle, high)
    return (low + high) / 2


def grows(hessian: Tensor, tangents: Tensor, rate: float) -> bool:
    """Follow E[x x'] for STEPS steps, each the mean over its share of `tangents`; does the loss grow at last?"""
    second, losses = torch.eye(len(hessian), dtype=hessian.dtype), []
    for batch in tangents.chunk(STEPS):
        bend = batch @ hessian
        drift = second @ bend.t() @ batch / len(batch)
        noise = batch.t() @ ((bend @ second * bend).sum(1, keepdim=True) * batch) / len(batch)
        second = second - rate * (drift + drift.t()) + rate**2 * noise
        losses.append((hessian * second).sum())
    return bool(losses[-1] > losses[STEPS // 2])
