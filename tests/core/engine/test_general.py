"""What a network may do while it runs: each against reverse mode."""

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from forwardgrad import make_estimator

from .exact import Of, assert_exact, wiggle

INPUTS = torch.linspace(-1, 1, 12, dtype=torch.float64).view(3, 4)


def linear(inputs=4, outputs=4):
    torch.default_generator.manual_seed(0)
    return nn.Linear(inputs, outputs).double()


def without_grad(net, x):
    y = net.layer(x)
    with torch.no_grad():
        z = net.layer(y) / net.scale
        net.layer.weight.norm()
    return y * z + torch.no_grad()(net.layer)(y)


def in_inference_mode(net, x):
    y = net.layer(x)
    with torch.inference_mode():
        z = net.layer(y)
    return y * z.clone()


def detached(net, x):
    y = net.layer(x)
    return y * y.detach() + y * net.scale.data + y.data * net.scale.detach()


def in_place(net, x):
    y = net.layer(x).relu_() * net.scale
    y += net.scale
    y[1:, 2] = x[1:, 2] * net.scale[0]
    y.view(2, 6)[0].add_(net.scale.sum())
    F.leaky_relu_(y[:, :2])
    return y.T.contiguous().add_(y.T, alpha=2)


def changed_without_grad(net, x):
    y = net.layer(x)
    with torch.no_grad():
        z = y.mul_(2)
    return y * net.scale + z


def controlled(net, x):
    total = net.layer(x)
    while total.abs().sum() < 50:
        total = total + (net.layer(total) if total.sum() > 0 else total.roll(1, 0)) * net.scale
    return torch.stack([row if row[0] > 0 else row * 2 for row in total])


def reversed_within(net, x):
    """A force: the slope of an energy."""
    with torch.enable_grad():
        place = x.clone().requires_grad_()
        energy = F.softplus(F.linear(net.layer(place).tanh(), net.layer.weight)).sum()
        (force,) = torch.autograd.grad(energy, place, create_graph=True)
    return net.layer(force)


def transformed_within(net, x):
    force = torch.func.vmap(torch.func.grad(lambda place: net.layer(place).sin().sum()))(x)
    force = force + torch.func.vmap(lambda place: net.layer(net.layer(place)).softmax(-1))(x)
    return net.layer(force) * torch.func.grad(lambda place: net.layer(place).softmax(-1).sin().sum())(x)


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x, scale)
        ctx.save_for_forward(x, scale)
        return x.square() * scale

    @staticmethod
    def backward(ctx, slope):
        x, scale = ctx.saved_tensors
        return 2 * x * scale * slope, (x.square() * slope).sum(0)

    @staticmethod
    def jvp(ctx, x_tangent, scale_tangent):
        x, scale = ctx.saved_tensors
        return 2 * x * scale * x_tangent + x.square() * scale_tangent


square = Square.apply
FUNCTIONS = {
    "no_grad": without_grad,
    "inference mode": in_inference_mode,
    "detach": detached,
    "in place": in_place,
    "in place under no_grad": changed_without_grad,
    "control flow": controlled,
    "reverse mode": reversed_within,
    "transforms": transformed_within,
    "custom function": lambda net, x: Square.apply(net.layer(x), net.scale) + square(x, net.scale),
    "checkpoint": lambda net, x: checkpoint(lambda y: net.layer(y) * net.scale, net.layer(x), use_reentrant=False),
    "functional call": lambda net, x: torch.func.functional_call(net.layer, {"weight": net.layer.weight * 2}, (x,)),
    "list": lambda net, x: torch.cat([net.scale[None], net.layer(x), torch.stack((net.scale, net.scale))]),
    "hook": lambda net, x: (net.layer.register_forward_hook(lambda m, i, o: o * net.scale).remove(), net.layer(x))[1],
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_network_that(function):
    scale = torch.linspace(0.5, 1.5, 4, dtype=torch.float64)
    assert_exact(Of(function, layer=linear(), scale=scale), INPUTS, keys=("forward_gaussian", "forward_rank_one"))
    assert_exact(Of(function, layer=linear(), scale=scale), INPUTS, keys=("forward_rank_one_layer",))


def test_a_buffer_that_is_written_carries_no_tangent():
    class Running(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = linear()
            self.register_buffer("mean", torch.zeros(4, dtype=torch.float64))

        def forward(self, x):
            y = self.layer(x)
            with torch.no_grad():
                self.mean.mul_(0.9).add_(y.mean(0), alpha=0.1)
            return y - self.mean

    model, other = Running(), Running()
    torch.default_generator.manual_seed(0)
    make_estimator("forward_rank_one", model, wiggle, seed=0)(INPUTS, None)
    other(INPUTS)
    torch.testing.assert_close(model.mean, other.mean)
    model.mean.zero_()
    value = wiggle(model(INPUTS))
    gradient = torch.autograd.grad(value, list(model.parameters()))
    model.mean.zero_()
    estimate = make_estimator("forward_gaussian", model, wiggle, seed=0)(INPUTS, None)
    ((derivative, tangents),) = estimate.terms
    wanted = sum((slope * part).sum() for slope, part in zip(gradient, tangents["layer"].dense(), strict=True))
    torch.testing.assert_close(derivative, wanted)


def test_no_graph_is_made():
    seen = []
    net = Of(lambda net, x: (seen.append(net.layer(x)), seen[0] * net.scale)[1], layer=linear(), scale=torch.ones(4))
    estimate = make_estimator("forward_rank_one_layer", net, wiggle, seed=0)(INPUTS, None)
    assert not any(each.requires_grad for each in (seen[0], estimate.outputs, estimate.terms[0][0]))


def test_threads_do_not_disturb_each_other():
    torch.default_generator.manual_seed(0)
    layers = nn.Linear(4, 6), nn.SiLU(), nn.LayerNorm(6), nn.Linear(6, 2)
    models = [nn.Sequential(layers[0], layers[1], layers[3]).double(), nn.Sequential(*layers).double()]

    def run(model):
        estimator = make_estimator("forward_rank_one", model, wiggle, seed=0)
        return torch.stack([estimator(INPUTS, None).terms[0][0] for _ in range(40)])

    alone = [run(model) for model in models]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(run, copy.deepcopy(models * 4)))
    assert all(torch.equal(each, alone[index % 2]) for index, each in enumerate(found))
