"""Estimators that perturb something other than the tangent of one forward-mode pass.

`spsa` perturbs the parameters themselves and takes a difference of two losses: no derivative at all.
`activity` perturbs the layers' outputs, of which there are fewer than parameters.
"""

from functools import partial

import torch
from torch import Generator, Tensor, nn

from forwardgrad.core import draws
from forwardgrad.core.estimates import AlongTangents, Estimator, ForwardGradient, detached
from forwardgrad.core.forward import Network, Parameters, network
from forwardgrad.core.rules import Loss
from forwardgrad.core.tangents import Tangents

# A tenth of MeZO's. In float32 a difference along a Gaussian tangent then errs by 0.03 % (logistic regression) to
# 4 % (the paper's MLP); at 1e-3 by 0.04 % to 12 %, units of a ReLU crossing zero; below 1e-5 rounding takes over.
EPSILON = 1e-4


def spsa(
    structure: draws.Structure, distribution: str, model: nn.Sequential, loss: Loss, generator: Generator
) -> Estimator:
    """g = (f(theta + eps v) - f(theta - eps v)) / (2 eps) v: two evaluations, and an error of order eps^2.

    Along a dense Gaussian tangent v it is MeZO (Malladi et al., 2023, arXiv 2305.17333), along one of rank one in
    every layer the simplest LOZO (Chen et al., 2024, arXiv 2410.07698). The losses are taken at copies, so that the
    parameters stay as they are to the last bit. The estimate's loss is the mean of the two, f(theta) + O(eps^2).
    """
    net, parameters = network(model, loss), detached(model)
    stream = draws.TangentStream(net.trainable, structure, draws.DISTRIBUTIONS[distribution], generator)
    copies = {name: torch.empty_like(parameter) for name, parameter in parameters.items()}
    one = next(iter(copies.values())).new_ones(())

    def moved(tangents: Tangents, epsilon: float) -> Parameters:
        torch._foreach_copy_(list(copies.values()), list(parameters.values()))
        ForwardGradient(one, [(one, tangents)]).add_to_(copies, epsilon)
        return copies

    def evaluate(tangents: Tangents, inputs: Tensor, targets: Tensor) -> ForwardGradient:
        ahead, behind = (
            net.evaluate(moved(tangents, epsilon), {}, inputs, targets)[0] for epsilon in (EPSILON, -EPSILON)
        )
        return ForwardGradient((ahead + behind) / 2, [((ahead - behind) / (2 * EPSILON), tangents)])

    return AlongTangents(lambda inputs: next(stream), evaluate)


class Perturbation:
    """Random numbers u_b for one layer's outputs, in place of a tangent of its parameters.

    The engine adds them to the tangent of the layer's output, as it would add V x. The estimate for the
    parameters needs the layer's input too, which is therefore kept until the next pass.

    Args:
        noise: u, in the shape of the layer's output, channels last for a convolution.
    """

    def __init__(self, layer: nn.Module, noise: Tensor) -> None:
        self.layer, self.noise, self.inputs = layer, noise, noise

    def output(self, layer: nn.Module, primal: Tensor, onto: Tensor | None = None) -> Tensor:
        """u: whatever the layer's input."""
        self.inputs = primal
        noise = self.noise.movedim(-1, 1) if isinstance(layer, nn.Conv2d) else self.noise.flatten(0, -2)
        return noise.clone() if onto is None else onto.add_(noise)

    def add_to_(self, weight: Tensor, bias: Tensor | None, factor: Tensor, scale: float) -> None:
        """Add scale sum_b factor_b u_b x_b', x_b the layer's input: what backprop does with a cotangent."""
        cotangent = self.noise * factor.view(-1, *[1] * (self.noise.dim() - 1))
        rows = cotangent.flatten(0, -2)
        if isinstance(self.layer, nn.Conv2d):
            geometry = self.layer.stride, self.layer.padding, self.layer.dilation, self.layer.groups
            cotangent = cotangent.movedim(-1, 1)
            weight.add_(nn.grad.conv2d_weight(self.inputs, weight.shape, cotangent, *geometry), alpha=scale)
        else:
            weight.addmm_(rows.t(), self.inputs, alpha=scale)
        if bias is not None:
            bias.add_(rows.sum(0), alpha=scale)


def output_shapes(net: Network, inputs: Tensor) -> dict[nn.Module, torch.Size]:
    """Return the shape of what every layer that has parameters makes of a batch."""
    shapes = {}
    with torch.no_grad():
        for layer in net.layers:
            inputs = layer.module(inputs)
            if layer.weight:
                shapes[layer.module] = inputs.shape
    return shapes


def loss_and_shares(net: Network, outputs: Tensor, tangent: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the loss and what every example of the batch adds to its derivative, shape (batch,).

    The derivative is linear in the tangent of the outputs: an example's share is taken with the others' at zero.
    """
    own = torch.eye(len(tangent), dtype=torch.bool, device=tangent.device)
    alone = torch.where(own.view(*own.shape, *[1] * (tangent.dim() - 1)), tangent, 0)
    return net.loss_pair(outputs, alone, targets)


def activity(model: nn.Sequential, loss: Loss, generator: Generator) -> Estimator:
    """dW_l = (1/B) sum_b (d_b u_lb) x_lb', d_b = sum_l <dloss_b/dz_l, u_l> (Ren et al., 2022, arXiv 2210.03310).

    u_lb perturbs the output z_l of every layer l with parameters, anew in every example b, and one forward-mode
    pass gives every example's own derivative d_b. The variance grows with the number of outputs, not of
    parameters. The u are signs, cheaper than the authors' normal numbers and of less variance.

    Raises:
        TypeError: If a convolution's padding is a name instead of numbers.
    """
    net, parameters = network(model, loss), detached(model)
    for name, layer in net.trainable.items():
        if isinstance(getattr(layer, "padding", 0), str):
            raise TypeError(f"layer {name} ({layer}): activity needs its padding in numbers, not {layer.padding!r}")
    streams: dict[torch.Size, draws.TangentStream] = {}

    def stream(inputs: Tensor) -> draws.TangentStream:
        """The perturbations of batches of one shape."""
        shapes = output_shapes(net, inputs)

        def structure(layer: nn.Module) -> draws.Plan:
            batch, *rest = shapes[layer]
            shape = (batch, *rest[1:], rest[0]) if isinstance(layer, nn.Conv2d) else (batch, *rest)
            return partial(Perturbation, layer), [(shape, 1.0)]

        return draws.TangentStream(net.trainable, structure, draws.rademacher_, generator)

    def draw(inputs: Tensor) -> Tangents:
        if inputs.shape not in streams:
            streams[inputs.shape] = stream(inputs)
        return next(streams[inputs.shape])

    def evaluate(tangents: Tangents, inputs: Tensor, targets: Tensor) -> ForwardGradient:
        value, shares = loss_and_shares(net, *net.outputs(parameters, tangents, inputs), targets)
        return ForwardGradient(value, [(shares, tangents)])

    return AlongTangents(draw, evaluate)
