"""The directional derivative of a network against reverse mode, under the same random numbers."""

import torch
from torch import nn

from forwardgrad import make_estimator

KEYS = ("forward_gaussian", "forward_rank_one")


class Of(nn.Module):
    """A network that is a function of itself and the input, with parameters and layers by name."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part if isinstance(part, nn.Module) else nn.Parameter(part))

    def forward(self, *inputs):
        return self.function(self, *inputs)


def wiggle(outputs, targets=None):
    """A loss whose slope differs from output to output."""
    parts = outputs if isinstance(outputs, tuple) else (outputs,)
    return sum((part.double() * torch.linspace(0.5, 2, part.numel()).view(part.shape)).sin().sum() for part in parts)


def assert_exact(model, *inputs, tolerance=1e-10, keys=KEYS, loss=wiggle):
    """Compare the derivative along every key's tangents, and the loss."""
    inputs = inputs[0] if len(inputs) == 1 else inputs
    for key in keys:
        torch.default_generator.manual_seed(1)
        value = loss(model(*inputs) if isinstance(inputs, tuple) else model(inputs), None)
        named = {name: each for name, each in model.named_parameters() if each.requires_grad}
        gradient = torch.autograd.grad(value, named.values(), allow_unused=True, materialize_grads=True)
        torch.default_generator.manual_seed(1)
        estimate = make_estimator(key, model, loss, seed=0)(inputs, None)
        ((derivative, tangents),) = estimate.terms
        units = estimate.units
        products = [
            (part.double() * slope.double()).flatten()
            for slope, name in zip(gradient, named, strict=True)
            for unit, tangent in tangents.items()
            for own, part in zip(units[unit].names, tangent.dense(), strict=True)
            if own == name and part is not None
        ]
        products = torch.cat(products)
        torch.testing.assert_close(estimate.loss.double(), value.detach().double(), rtol=tolerance, atol=tolerance)
        assert abs(derivative - products.sum()) <= tolerance * products.norm()
