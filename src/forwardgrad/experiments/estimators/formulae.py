"""What the formulae of `catalogue.formulae` are given of a gradient, and those that need every example's."""

import torch
from torch import Tensor, nn

from forwardgrad.catalogue.formulae import Block
from forwardgrad.core.engine.losses import Loss


def block(part: Tensor) -> Block:
    """Measure a part of the gradient."""
    return Block(part.numel(), part.square().sum().item(), (part - part.mean()).square().sum().item())


def activity_second_moment(model: nn.Sequential, loss: Loss, inputs: Tensor, targets: Tensor) -> float | None:
    """E||g||^2 of `activity`, in units of the loss's own gradient; None unless every layer with parameters is linear.

    ||G||^2 + sum over examples b and layers l of (||x_lb||^2 + 1) (m_l ||c_b||^2 - ||c_lb||^2), with x_lb the layer's
    input and c_lb the cotangent of its m_l outputs, c_b that of all layers. Without a bias there is no + 1.
    """
    layers = [layer for layer in model.modules() if list(layer.parameters(recurse=False))]
    if not all(isinstance(layer, nn.Linear) for layer in layers):
        return None
    passes: list[tuple[Tensor, Tensor]] = []
    hooks = [layer.register_forward_hook(lambda _, given, made: passes.append((given[0], made))) for layer in layers]
    value = loss(model(inputs), targets)
    for hook in hooks:
        hook.remove()
    outputs = [made for _, made in passes]
    cotangents = torch.autograd.grad(value, outputs, retain_graph=True)
    gradient = torch.autograd.grad(value, list(model.parameters()))
    everywhere = sum(cotangent.square().sum(1) for cotangent in cotangents)
    moment = sum(part.square().sum() for part in gradient)
    for layer, (given, made), cotangent in zip(layers, passes, cotangents, strict=True):
        size = given.square().sum(1) + (layer.bias is not None)
        moment = moment + (size * (made.shape[1] * everywhere - cotangent.square().sum(1))).sum()
    return moment.detach().item()


def orthogonal_second_moment(
    model: nn.Sequential, loss: Loss, inputs: Tensor, targets: Tensor, tangents: int
) -> float | None:
    """E||g||^2 of `activity_orthogonal`, in units of the loss's own gradient; None unless the network is a ReLU MLP.

    ||G||^2 + sum over examples b and hidden layers l of (||x_lb||^2 + 1) sum_k (m_lbk - 1) ||c_lbk||^2, with x_lb the
    layer's input, c_lbk block k of the cotangent of its outputs, and m_lbk the number of active units in it: of K
    blocks of n units about n / K. The last layer is exact.
    """
    layers = [layer for layer in model if isinstance(layer, nn.Linear)]
    if not all(isinstance(layer, nn.Linear | nn.ReLU | nn.Flatten) for layer in model):
        return None
    passes, reached = [], inputs
    for layer in model:
        given, reached = reached, layer(reached)
        if isinstance(layer, nn.Linear):
            passes.append((given, reached))
    value = loss(reached, targets)
    cotangents = torch.autograd.grad(value, [made for _, made in passes], retain_graph=True)
    moment = sum(part.square().sum() for part in torch.autograd.grad(value, list(model.parameters())))
    for layer, (given, made), cotangent in list(zip(layers, passes, cotangents, strict=True))[:-1]:
        units = made.shape[1]
        blocks = next(count for count in range(min(tangents, units), 0, -1) if units % count == 0)
        active = (made > 0).unflatten(1, (blocks, -1)).sum(2)
        squares = cotangent.unflatten(1, (blocks, -1)).square().sum(2)
        size = given.square().sum(1) + (layer.bias is not None)
        moment = moment + (size * ((active - 1) * squares).sum(1)).sum()
    return moment.detach().item()
