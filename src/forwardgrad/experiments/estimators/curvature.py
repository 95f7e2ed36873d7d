"""What a step of forward gradients does to second order: measured on small quadratics and on a network.

On quadratics, of one layer of 3 outputs and 4 inputs: the rate up to which the mean loss vanishes. On the network,
at its initial weights and for one batch: E[(g . v)^2 v'Nv] over ||g||^2 tr N, with N the Gauss-Newton matrix of the
batch's loss. In a network of ReLU layers N has the trace of the Hessian and the same blocks on its diagonal, one for
each layer, so that the term differs by 2 g'(H - N)g alone; and v'Nv is never negative, so that fewer draws suffice. And
the mean squared error of forward gradients by the law of their components.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from scipy import stats
from torch import Generator, Tensor, nn
from torch.func import functional_call, jvp

from forwardgrad.core import draws
from forwardgrad.core.estimator import make_estimator
from forwardgrad.core.models import build
from forwardgrad.core.units import detached, units
from forwardgrad.data.prepared import read
from forwardgrad.experiments.estimators import stability
from forwardgrad.experiments.estimators.columns import CURVATURE
from forwardgrad.experiments.estimators.plan import CURVED
from forwardgrad.experiments.estimators.sample import LOSS, NORMALISATION, Row
from forwardgrad.files import csv_text, write_sealed
from forwardgrad.machine.provenance import made_here
from forwardgrad.seeds import derive_seed, initialisation_seed

MODEL, BATCH = "mlp_256", 64
SHAPE = ROWS, COLUMNS = 3, 4  # of the layer whose loss is quadratic
POOL, SEEDS, STEPS, BISECTIONS = 4000, 5, 40, 14
DRAWN = {
    "forward_gaussian": (draws.dense, draws.gaussian_),
    "forward_rademacher": (draws.dense, draws.rademacher_),
    "forward_rank_four": (partial(draws.low_rank, rank=4), draws.rademacher_),
    "forward_rank_one": (draws.rank_one, draws.rademacher_),
}
ON_NETWORK = (*DRAWN, "span_rank_one")
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
    rows, record = [*quadratics(), *errors()], {"model": MODEL, "draws": draws, "batch_size": BATCH}
    if data is not None:
        prepared = read(data, 0, NORMALISATION)
        batch = prepared.train.inputs[:BATCH], prepared.train.labels[:BATCH]
        rows += network(build(MODEL, initialisation_seed(CURVED, MODEL, 0)), *batch, draws)
        record["data"] = {key: prepared.provenance[key] for key in ("source", "sha256")}
    files = {output: csv_text(CURVATURE, rows)}
    write_sealed(output.with_name(f"{output.stem}-record.json"), record | made_here(threads=1), files)


def problems() -> dict[str, Tensor]:
    """Return the Hessians, of trace 1: one of outputs times one of inputs, and one without order."""
    random = Generator().manual_seed(derive_seed("curvature", "quadratics"))

    def positive(size: int, common: float) -> Tensor:
        """`common` makes all rows alike, as inputs of one sign are."""
        rows = torch.randn(2 * size, size, generator=random, dtype=torch.float64) + common
        return rows.t() @ rows

    found = {"kronecker": torch.kron(positive(ROWS, 0), positive(COLUMNS, 2)), "random": positive(ROWS * COLUMNS, 0)}
    return {name: matrix / matrix.trace() for name, matrix in found.items()}


def quadratics() -> Iterator[Row]:
    """Yield the largest stable rate of every kind of tangent on every quadratic, times tr H / 2, beside its formula."""
    for key in DRAWN:
        pools = [pool(key, derive_seed("curvature", key, seed)) for seed in range(SEEDS)]
        for name, hessian in problems().items():
            rates = [bisected_rate(hessian, tangents) for tangents in pools]
            formula = stability.stable_rate(hessian, exact_moments(key))
            yield row(name, key, "stable_rate", torch.tensor(rates) / 2, formula / 2)


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


def errors() -> Iterator[Row]:
    """Yield E||g - grad||^2 over ||grad||^2 of the laws, in n = 12 dimensions; by formula n - 2 + kurtosis."""
    n = ROWS * COLUMNS
    gradient = torch.nn.functional.normalize(torch.arange(1.0, n + 1, dtype=torch.float64), dim=0)
    for name, (kurtosis, fill) in LAWS.items():
        source = Generator().manual_seed(derive_seed("curvature", "laws", name))
        tangents = fill(torch.empty(40_000, n, dtype=torch.float64), source)
        estimates = (tangents @ gradient)[:, None] * tangents
        yield row("laws", name, "error", (estimates - gradient).square().sum(1), n - 2 + kurtosis)


def network(model: nn.Sequential, inputs: Tensor, targets: Tensor, count: int) -> Iterator[Row]:
    """Yield the stability term of every kind of tangent, over ||g||^2 tr N, beside its formula.

    Since E[(g . v)^2] = ||g||^2 and E[v'Nv] = tr N, it is 1 + E[((g . v)^2 / ||g||^2 - 1) (v'Nv / tr N - 1)], whose
    draws vary less.
    """
    values = detached(model)
    slope = make_estimator("backprop", model, LOSS)(inputs, targets).dense()

    def bend(vector: dict[str, Tensor]) -> Tensor:
        """v'Nv: the variance of the change of the logits under the predicted probabilities."""
        logits, change = jvp(lambda parameters: functional_call(model, parameters, (inputs,)), (values,), (vector,))
        chances = logits.softmax(1)
        return ((chances * change.square()).sum(1) - (chances * change).sum(1).square()).mean()

    layers = layers_of(model, inputs, slope)
    power, trace = squared_norm(layers), sum(layer.trace for layer in layers)
    formulae = formulae_of(layers, bend(slope).item())
    for key in ON_NETWORK:
        estimator = make_estimator(key, model, LOSS, derive_seed("curvature", "network", key))
        products = []
        for _ in range(count):
            estimate = estimator(inputs, targets)
            ((derivative, _),) = estimate.terms
            square = derivative.square()
            products.append((square / power - 1) * (bend(estimate.dense()) / square / trace - 1))
        yield row(MODEL, key, "term", 1 + torch.stack(products).double(), formulae[key])


@dataclass(frozen=True)
class Layer:
    """A linear layer: its gradient, bias included, shape (out, in + 1); its inputs with a 1; and `roots` R_b.

    The layer's block of N is sum_b (R_b R_b') x (x_b x_b').
    """

    gradient: Tensor
    inputs: Tensor
    roots: Tensor

    @property
    def trace(self) -> float:
        """Of its block."""
        return (self.roots.square().sum((1, 2)) * self.inputs.square().sum(1)).sum().item()

    def in_span(self) -> "Layer":
        """The same in the coordinates of `span_rank_one`: X = L P' with P orthonormal, so inputs become L."""
        lower = torch.linalg.cholesky(self.inputs @ self.inputs.t())
        basis = torch.linalg.solve_triangular(lower, self.inputs, upper=False).t()
        return Layer(self.gradient @ basis, lower, self.roots)

    def excess(self) -> float:
        """g'Dg for rank one."""
        return stability.linear_excess(self.gradient, self.inputs, self.roots)


def layers_of(model: nn.Sequential, inputs: Tensor, slope: dict[str, Tensor]) -> list[Layer]:
    """Return the linear layers of a network of nothing else with parameters."""
    passes: list[tuple[str, Tensor, Tensor]] = []
    named = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, nn.Linear)]
    hooks = [
        layer.register_forward_hook(lambda _, given, made, name=name: passes.append((name, given[0], made)))
        for name, layer in named
    ]
    logits = model(inputs)
    for hook in hooks:
        hook.remove()
    chances = logits.detach().softmax(1)
    root = chances.sqrt().diag_embed() - chances[:, :, None] * chances.sqrt()[:, None, :]  # R R' = diag(p) - p p'
    outputs = [made for _, _, made in passes]
    columns = [
        torch.autograd.grad((logits * root[:, :, index]).sum(), outputs, retain_graph=True)
        for index in range(logits.shape[1])
    ]
    return [
        Layer(
            torch.cat([slope[f"{name}.weight"], slope[f"{name}.bias"][:, None]], 1),
            torch.cat([given.detach(), given.new_ones(len(given), 1)], 1),
            torch.stack(parts, 2) / math.sqrt(len(inputs)),
        )
        for (name, given, _), parts in zip(passes, zip(*columns, strict=True), strict=True)
    ]


def squared_norm(layers: list[Layer]) -> float:
    """||g||^2."""
    return sum(layer.gradient.square().sum().item() for layer in layers)


def formulae_of(layers: list[Layer], inner: float) -> dict[str, float]:
    """Return the terms by formula, over ||g||^2 tr N; `inner` is g'Ng."""
    scale = squared_norm(layers) * sum(layer.trace for layer in layers)
    diagonal = sum(
        (own.roots.square().sum(2).t() @ own.inputs.square() * own.gradient.square()).sum() for own in layers
    )
    excess, span = sum(own.excess() for own in layers), sum(own.in_span().excess() for own in layers)
    added = {
        "forward_gaussian": 0.0,
        "forward_rademacher": -2 * diagonal.item(),
        "forward_rank_four": excess / 4,
        "forward_rank_one": excess,
        "span_rank_one": span,
    }
    return {key: 1 + (2 * inner + more) / scale for key, more in added.items()}


def row(problem: str, tangents: str, quantity: str, values: Tensor, formula: object) -> Row:
    """Return the mean of `values` with its 95 % interval, Student's t."""
    mean, count = values.mean().item(), len(values)
    reach = stats.t.ppf(0.975, count - 1) * values.std().item() / math.sqrt(count)
    row = {"problem": problem, "estimator": tangents, "quantity": quantity, "measured": mean}
    return row | {"low": mean - reach, "high": mean + reach, "formula": formula, "draws": count}
