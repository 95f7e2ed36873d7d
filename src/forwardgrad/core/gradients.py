"""Every estimator of the gradient: what it draws, and what it makes of the directional derivatives.

A method draws for a batch, then evaluates; `estimator` wraps it for the user. Here are reverse mode and the
forward gradients, along one tangent or several; `perturbations` has the others. The catalogue
declares each under the same key: its label, its cost and what is known of its moments.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor

from forwardgrad.core import draws
from forwardgrad.core.along import Along, Several
from forwardgrad.core.control import ForwardControl
from forwardgrad.core.engine.general import primal_of
from forwardgrad.core.engine.network import Network
from forwardgrad.core.layerwise.local_losses import LocalLosses
from forwardgrad.core.layerwise.orthogonal import ActivityOrthogonal
from forwardgrad.core.layerwise.sampled import ForwardSampled
from forwardgrad.core.method import Found, Method, Unstaged
from forwardgrad.core.orthogonal import forward_orthogonal
from forwardgrad.core.perturbations import Activity, Spsa
from forwardgrad.core.span import SpanRankOne
from forwardgrad.core.tangents import Dense, Tangents


class Backprop(Unstaged):
    """Reverse mode: the gradient, at the cost of about three forward passes."""

    def evaluate(self, network: Network, tangents: None, inputs: Any, targets: Any) -> Found:
        """Compute the gradient, dense; a parameter that the loss does not depend on has zeros."""
        parameters = list(network.parameters().values())
        with torch.enable_grad():
            value, outputs = network.compute(inputs, targets)
            gradient = torch.autograd.grad(value, parameters, allow_unused=True, materialize_grads=True)
        return value.detach(), primal_of(outputs), tuple(part.to_dense() for part in gradient)


class NoisyBackprop(Backprop):
    """g = grad f + sigma xi, xi ~ N(0, I), sigma^2 = ||grad f||^2 (n + 1) / n: a control.

    It has the mean of the Gaussian forward gradient and its second moment, E||g||^2 = (n + 2) ||grad f||^2, but
    its noise is isotropic. Reverse mode, and as many normal numbers as there are parameters.
    """

    def evaluate(self, network: Network, tangents: None, inputs: Any, targets: Any) -> Found:
        """Add the noise to the gradient."""
        value, outputs, gradient = super().evaluate(network, tangents, inputs, targets)
        sizes = [part.numel() for part in gradient]
        entries = sum(sizes)
        noise = gradient[0].new_empty((1, entries))
        draws.gaussian_(noise, entries, self.generator)
        noise.mul_(torch.nn.utils.get_total_norm(gradient) * math.sqrt((entries + 1) / entries))
        parts = [part.view_as(each) for part, each in zip(noise[0].split(sizes), gradient, strict=True)]
        for part, unit in zip(parts, network.unit_of_each(), strict=True):
            if unit.padding is not None:
                part[unit.padding] = 0.0
        return value, outputs, tuple(torch._foreach_add(gradient, parts))


def forward_gradient(generator: Generator, law: str, rank: int | None = None) -> Along:
    """One tangent of every layer, dense or of low rank. With signs, dense or of rank one, E||g||^2 = n ||grad f||^2."""
    return Along(draws.of_rank(generator, law, rank))


def forward_rank_one_layer(generator: Generator, law: str = "rademacher") -> Along:
    """A rank-one tangent of one uniformly drawn layer: only the primal is computed in front of it."""
    return Along(draws.OneLayer(draws.DISTRIBUTIONS[law], generator))


def mean_weights(derivatives: Tensor, rows: Tensor) -> Tensor:
    """g = (1/K) sum_k <grad f, v_k> v_k, with E||g||^2 = (n + K + 1) / K ||grad f||^2."""
    return derivatives / len(derivatives)


def projection_weights(derivatives: Tensor, rows: Tensor) -> Tensor:
    """g = (n/K) V (V'V)^+ V' grad f: the gradient projected on the span of the tangents.

    They are the columns of V (FROG, 2024, arXiv 2410.17764). The span is isotropic, so that
    the projection alone is K/n of the gradient on average; n/K makes it unbiased, with E||g||^2 = n/K ||grad f||^2
    and E cos^2 = K/n. Of more tangents than parameters K counts as n, and the estimate is the gradient itself.
    """
    count, entries = rows.shape
    wide = torch.promote_types(rows.dtype, torch.float32)  # torch solves nothing in 16 bits
    products = (rows @ rows.t()).to(wide)
    solved = torch.linalg.pinv(products, hermitian=True) @ derivatives.to(wide)
    return (solved * (entries / min(count, entries))).to(derivatives.dtype)


def standardise(part: Tensor) -> Tensor:
    """(v - mean v) / std v, with ddof 1."""
    return (part - part.mean()) / part.std()


class Blockwise(Along):
    """g_l = <grad_l f, v_l> v_l for every parameter tensor l on its own, one forward-mode pass each, from its layer on.

    Less variance than one global tangent, at as many passes as there are tensors (Ramirez Palacios and
    Perez Barreales, 2023). They also standardise each tangent tensor: then E[vv'] = I - 11'/n, and the
    mean component of the gradient is lost.
    """

    def __init__(self, generator: Generator, standardised: bool = False, law: str = "gaussian") -> None:
        super().__init__(draws.TangentStream(draws.dense, draws.DISTRIBUTIONS[law], generator))
        self.standardised = standardised

    def draw(self, network: Network, inputs: Any) -> list[Tangents]:
        """Return a tangent for every tensor.

        Raises:
            ValueError: A tensor to be standardised has a single entry.
        """
        blocks: list[Tangents] = []
        for name, tangent in self.stream.draw(network.units).items():
            weight, bias = network.units[name].names
            if tangent.weight is not None:
                part = self._changed(weight, tangent.weight)
                if network.units[name].padding is not None:
                    part[network.units[name].padding] = 0.0
                blocks.append({name: Dense(part)})
            if tangent.bias is not None:
                blocks.append({name: Dense(None, self._changed(bias, tangent.bias))})
        return blocks

    def _changed(self, name: str, part: Tensor) -> Tensor:
        if self.standardised and part.numel() == 1:
            raise ValueError(f"{name} has one entry and cannot be standardised: use forward_blockwise")
        return standardise(part) if self.standardised else part

    def evaluate(self, network: Network, tangents: list[Tangents], inputs: Any, targets: Any) -> Found:
        """One pass for each; in the direct engine what lies in front of its layer is computed once for all."""
        direct = network.direct
        if direct is None or not network.repeats_itself:
            found = network.passes(lambda block: network.evaluate(block, inputs, targets), tangents)
        else:
            starts = direct.layer_inputs(direct.parameters, inputs)
            found = []
            for block in tangents:
                start, reached = starts[next(iter(block))]
                found.append(direct.evaluate(direct.parameters, block, reached, targets, start))
        terms = [(derivative, block) for (_, derivative, _), block in zip(found, tangents, strict=True)]
        return found[0][0], found[0][2], terms


ESTIMATORS: dict[str, Callable[..., Method]] = {
    "backprop": Backprop,
    "forward_gaussian": partial(forward_gradient, law="gaussian"),
    "forward_rademacher": partial(forward_gradient, law="rademacher"),
    "forward_sphere": partial(forward_gradient, law="sphere"),
    "forward_rank_one": partial(forward_gradient, law="rademacher", rank=1),
    "forward_rank_one_layer": forward_rank_one_layer,
    "forward_rank_four": partial(forward_gradient, law="rademacher", rank=4),
    "forward_blockwise": Blockwise,
    "forward_blockwise_standardised": partial(Blockwise, standardised=True),
    "forward_mean_4": partial(Several, weights=mean_weights, tangents=4),
    "forward_mean_16": partial(Several, weights=mean_weights, tangents=16),
    "forward_projected_4": partial(Several, weights=projection_weights, tangents=4),
    "forward_projected_16": partial(Several, weights=projection_weights, tangents=16),
    "forward_orthogonal_4": partial(forward_orthogonal, tangents=4),
    "forward_orthogonal_16": partial(forward_orthogonal, tangents=16),
    "span_rank_one": SpanRankOne,
    "forward_control": ForwardControl,
    "activity": Activity,
    "activity_orthogonal_1": partial(ActivityOrthogonal, tangents=1),
    "activity_orthogonal_4": partial(ActivityOrthogonal, tangents=4),
    "activity_orthogonal_16": partial(ActivityOrthogonal, tangents=16),
    "activity_orthogonal_64": partial(ActivityOrthogonal, tangents=64),
    "activity_orthogonal_256": partial(ActivityOrthogonal, tangents=256),
    "forward_sampled": ForwardSampled,
    "local_losses": LocalLosses,
    "spsa": partial(Spsa, law="gaussian"),
    "spsa_rank_one": partial(Spsa, law="rademacher", rank=1),
    "noisy_backprop": NoisyBackprop,
}
