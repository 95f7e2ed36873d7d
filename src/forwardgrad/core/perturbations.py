"""Estimators that perturb something other than the tangent of one forward-mode pass.

`Spsa` perturbs the parameters themselves and takes a difference of two losses: no derivative at all.
`Activity` perturbs the layers' outputs, of which there are fewer than parameters.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from forwardgrad.core import draws
from forwardgrad.core.engine import examples
from forwardgrad.core.engine.maps import Embedding, Linear, Map, TransposedConvolution
from forwardgrad.core.engine.network import Network
from forwardgrad.core.method import Found
from forwardgrad.core.tangents import Tangents
from forwardgrad.core.units import Parameters, Unit, Units, written_out

# A tenth of MeZO's. In float32 a difference along a Gaussian tangent then errs by 0.03 % (logistic regression) to
# 4 % (the paper's MLP); at 1e-3 by 0.04 % to 12 %, units of a ReLU crossing zero; below 1e-5 rounding takes over.
EPSILON = 1e-4


class Spsa:
    """g = (f(theta + eps v) - f(theta - eps v)) / (2 eps) v: two evaluations, and an error of order eps^2.

    Along a dense Gaussian tangent v it is MeZO (Malladi et al., 2023, arXiv 2305.17333), along one of rank one in
    every layer the simplest LOZO (Chen et al., 2024, arXiv 2410.07698). The losses are taken at copies, so that the
    parameters stay as they are to the last bit. The estimate's loss is the mean of the two, f(theta) + O(eps^2).
    Networks of 16 bits are evaluated in 32: in 16 the difference is rounding.

    Args:
        generator: Source of the tangents.
        law: Of the tangents.
        rank: Of the tangents; None is dense.
        epsilon: eps. None is 1e-4, times the cube root of the latest loss where that is above 1: rounding grows with
            the loss, and this eps balances it with the error of the difference.
    """

    staged = True

    def __init__(self, generator: Generator, law: str, rank: int | None = None, epsilon: float | None = None) -> None:
        self.stream = draws.of_rank(generator, law, rank)
        self.fixed = epsilon is not None
        self.epsilon = torch.tensor(epsilon, device=generator.device) if self.fixed else None
        self.units: Units | None = None
        self.copies: Parameters = {}

    def state(self) -> tuple[Any, Tensor | None]:
        """The stream's, and eps."""
        return self.stream.state(), self.epsilon

    def load(self, state: tuple[Any, Tensor | None]) -> None:
        """Go on from a state."""
        self.stream.load(state[0])
        self.epsilon = state[1]

    def draw(self, network: Network, inputs: Any) -> Tangents:
        """Return the next tangent."""
        return self.stream.draw(network.units)

    def evaluate(self, network: Network, tangents: Tangents, inputs: Any, targets: Any) -> Found:
        """The loss on both sides."""
        if network.units is not self.units:
            self._follow(network.units)
        first = self.epsilon is None  # then the loss comes before eps

        def side(sign: float) -> tuple[Tensor, Any]:
            self._move(tangents, sign)
            value, outputs = network.loss_at(self.copies, inputs, targets)
            if not sign:
                self._choose(value)
            return value, outputs

        *_, (ahead, outputs), (behind, _) = network.passes(side, (0.0, 1.0, -1.0) if first else (1.0, -1.0))
        value, derivative = (ahead + behind) / 2, (ahead - behind) / (2 * self.epsilon)
        self._choose(value)
        return value, outputs, [(derivative, tangents)]

    def _choose(self, value: Tensor) -> None:
        """Choose eps by the latest loss."""
        if not self.fixed:
            self.epsilon = EPSILON * torch.clamp(value, min=1.0).nan_to_num_(1.0, 1.0).pow_(1 / 3)

    def _follow(self, units: Units) -> None:
        """Make copies of what moves, of at least 32 bits."""
        self.units = units
        self.copies = {
            name: zero.to(torch.promote_types(zero.dtype, torch.float32)) for name, zero in written_out(units).items()
        }
        self.values = [value for unit in units.values() for value in (unit.weight, unit.bias) if value is not None]

    def _move(self, tangents: Tangents, sign: float) -> None:
        """Set the copies to theta + sign eps v."""
        torch._foreach_copy_(list(self.copies.values()), self.values)
        if not sign:
            return
        for name, tangent in tangents.items():
            weight, bias = self.units[name].names
            tangent.add_to_(self.copies.get(weight), self.copies.get(bias), self.epsilon, sign)


def padded(inputs: Tensor, padding: str, dilation: int | Sequence[int], kernel: Sequence[int]) -> Tensor:
    """Return a convolution's inputs with the zeros that `same` or `valid` stands for."""
    if padding == "valid":
        return inputs
    dilations = [dilation] * len(kernel) if isinstance(dilation, int) else dilation
    totals = [step * (size - 1) for step, size in zip(dilations, kernel, strict=True)]
    return F.pad(inputs, [zeros for total in reversed(totals) for zeros in (total // 2, total - total // 2)])


WEIGHT_GRADIENTS = {3: nn.grad.conv1d_weight, 4: nn.grad.conv2d_weight, 5: nn.grad.conv3d_weight}


class Perturbation:
    """Random numbers u_b for one unit's outputs, in place of a tangent of its parameters.

    The engine adds them to the tangent of the layer's output, as it would add V x. The estimate for the
    parameters needs the layer's input too, which is therefore kept for as long as the estimate.

    Args:
        noise: u, in the shape of the layer's output, channels last for a convolution; None to draw it when the shape
            is known, anew wherever the network uses the unit.
        draw: Draws it, for a shape.
        padding: Row of an embedding that never moves.
    """

    def __init__(
        self, noise: Tensor | None, draw: Callable[[Tensor], Tensor] | None = None, padding: int | None = None
    ) -> None:
        self.noise, self.draw, self.padding = noise, draw, padding
        self.uses: list[tuple[Map, Tensor, Tensor]] = []

    def output(self, layer: Map, primal: Tensor, outputs: Tensor, onto: Tensor | None = None) -> Tensor:
        """u: whatever the layer's input."""
        noise = self.draw(outputs) if self.noise is None else self.noise.flatten(0, -2)
        if self.noise is not None and not isinstance(layer, Linear):
            noise = self.noise.movedim(-1, 1)
        self.uses.append((layer, primal, noise))
        return noise.clone() if onto is None else onto.add_(noise)

    def add_to_(self, weight: Tensor | None, bias: Tensor | None, factor: Tensor, scale: float) -> None:
        """Add scale sum_b factor_b u_b x_b', x_b the layer's input: what backprop does with a cotangent."""
        for layer, inputs, noise in self.uses:
            rows = factor.to(noise.dtype).repeat_interleave(len(noise) // len(factor))
            cotangent = noise * rows.view(-1, *[1] * (noise.dim() - 1))
            if weight is not None:
                self._add_to_weight_(weight, layer, inputs, cotangent, scale)
            if bias is not None:
                summed = cotangent.sum(0) if cotangent.dim() == 2 else cotangent.flatten(2).sum((0, 2))
                bias.add_(summed, alpha=scale)

    def _add_to_weight_(self, weight: Tensor, layer: Map, inputs: Tensor, cotangent: Tensor, scale: float) -> None:
        if isinstance(layer, Linear):
            weight.addmm_(cotangent.t(), inputs, alpha=scale)
        elif isinstance(layer, Embedding):
            rows = cotangent.reshape(-1, weight.shape[1]).to(weight.dtype)
            if self.padding is not None:
                rows = rows.masked_fill((inputs.flatten() == self.padding).unsqueeze(1), 0.0)
            weight.index_add_(0, inputs.flatten(), rows, alpha=scale)
        else:
            padding = layer.padding
            if isinstance(padding, str):
                inputs, padding = padded(inputs, padding, layer.dilation, weight.shape[2:]), 0
            pair = (cotangent, inputs) if isinstance(layer, TransposedConvolution) else (inputs, cotangent)
            gradient = WEIGHT_GRADIENTS[weight.dim()]
            found = gradient(pair[0], weight.shape, pair[1], layer.stride, padding, layer.dilation, layer.groups)
            weight.add_(found, alpha=scale)


class Activity:
    """dW_l = (1/B) sum_b (d_b u_lb) x_lb', d_b = sum_l <dloss_b/dz_l, u_l> (Ren et al., 2022, arXiv 2210.03310).

    u_lb perturbs the output z_l of every layer l with a weight, anew in every example b, and one forward-mode
    pass gives every example's own derivative d_b. The variance grows with the number of outputs, not of
    parameters. The u are signs, cheaper than the authors' normal numbers and of less variance. Parameters that are
    no layer's weight or bias (scales of normalisations, positions), and layers whose outputs cannot be told apart by
    example, get a dense tangent of signs, times the derivative of the whole batch.

    Args:
        generator: Source of the perturbations.
        mixed: What to do where examples of a batch influence each other (batch normalisation): False refuses it by the
            name of the layer, True multiplies by the derivative of the whole batch: unbiased, with more variance.
    """

    staged = True

    def __init__(self, generator: Generator, mixed: bool = False) -> None:
        self.generator, self.mixed = generator, mixed
        self.stream = draws.TangentStream(draws.dense, draws.rademacher_, generator)
        self.shape, self.shapes = None, {}  # of the latest inputs, and what every unit made of them
        self.noise = draws.TangentStream(self._structure, draws.rademacher_, generator)
        self.units: Units | None = None
        self.apart: Units = {}
        self.rest: Units = {}

    def state(self) -> tuple[Any, Any, Any]:
        """The streams'."""
        return self.stream.state(), (self.shape, self.shapes), self.noise.state()

    def load(self, state: tuple[Any, Any, Any]) -> None:
        """Go on from a state."""
        self.stream.load(state[0])
        self.shape, self.shapes = state[1]
        self.noise.load(state[2])

    def draw(self, network: Network, inputs: Any) -> Tangents:
        """Return perturbations of every unit, and tangents of what has none."""
        if network.units is not self.units:
            if self.units is not None:
                self.shape = None  # layers may make something else of the same inputs now
            self.units = network.units
            told = examples.told_apart(network, inputs, self.mixed)
            self.apart = {name: unit for name, unit in network.units.items() if name in told}
            self.rest = {name: unit for name, unit in network.units.items() if name not in told}
        drawn = self.stream.draw(self.rest) if self.rest else {}
        if network.direct is None:
            return {name: Perturbation(None, self._signs, unit.padding) for name, unit in self.apart.items()} | drawn
        if self.shape != inputs.shape:
            with examples.restored(network.model):  # layers may draw
                self.shape, self.shapes = inputs.shape, examples.output_shapes(network.direct, self.apart, inputs)
            self.noise.load(None)
        return {name: Perturbation(noise) for name, noise in self.noise.draw(self.apart).items()} | drawn

    def _structure(self, unit: Unit) -> draws.Plan:
        """One number for each of a unit's outputs."""
        return (lambda noise: noise), [(self.shapes[unit.name], 1.0)]

    def _signs(self, outputs: Tensor) -> Tensor:
        rows = outputs.new_empty((1, -(-outputs.numel() // draws.WORD) * draws.WORD))
        draws.rademacher_(rows, outputs.numel(), self.generator)
        shape = outputs.shape[:1] + outputs.shape[2:] + outputs.shape[1:2]
        return rows[0, : outputs.numel()].view(shape).movedim(-1, 1)

    def evaluate(self, network: Network, tangents: Tangents, inputs: Any, targets: Any) -> Found:
        """One forward-mode pass, and the loss's own derivative."""
        value, shares, outputs = examples.shares(network, tangents, inputs, targets)
        whole = shares.sum()
        apart = {name: tangent for name, tangent in tangents.items() if name in self.apart}
        rest = {name: tangent for name, tangent in tangents.items() if name in self.rest}
        terms = [(whole.expand_as(shares) if self.mixed else shares, apart), (whole, rest)]
        return value, outputs, [term for term in terms if term[1]]
