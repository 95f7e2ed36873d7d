"""The stability term of forward gradients on a network, E[(g . v)^2 v'Nv] over ||g||^2 tr N, beside its formula.

N is the Gauss-Newton matrix of one batch's loss. In a network of ReLU layers it has the trace of the Hessian and the
same blocks on its diagonal, one for each layer, so that the term differs by 2 g'(H - N)g alone; and v'Nv is never
negative, so that fewer draws suffice.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, jvp

from forwardgrad.core.estimator import make_estimator
from forwardgrad.core.units import detached
from forwardgrad.experiments.estimators import stability
from forwardgrad.experiments.estimators.quadratics import DRAWN
from forwardgrad.experiments.estimators.sample import LOSS
from forwardgrad.seeds import derive_seed

ON_NETWORK = (*DRAWN, "span_rank_one")


def stability_terms(
    model: nn.Sequential, inputs: Tensor, targets: Tensor, count: int
) -> Iterator[tuple[str, Tensor, float]]:
    """Yield (kind of tangent, stability terms of `count` of them, their mean by formula), over ||g||^2 tr N.

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
        yield key, 1 + torch.stack(products).double(), formulae[key]


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
