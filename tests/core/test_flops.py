"""Declared costs against torch's own counter.

`FlopCounterMode` counts convolutions and the matrix products `mm`, `addmm` and `bmm`, but neither the in-place
`addmm_` and `baddbmm_` nor products of a matrix with one vector. Those are registered here, as are outer products:
`addr_`, and a `mul` or `addcmul_` that spreads two factors over something larger than both. What is left uncounted is
elementwise.
It counts convolutions of shapes alone, too, on the meta device: these are not computed.

A declared cost leaves out what does not grow with the batch. The difference between two batches does, too. What an
estimator prepares in its first step is not counted either.
"""

import math
from contextlib import nullcontext

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode, flop_registry

from forwardgrad.catalogue import BASELINES, MEASURED
from forwardgrad.catalogue.costs import LayerCost
from forwardgrad.core.estimator import make_estimator
from forwardgrad.core.flops import layer_costs, multiply_adds, relative
from forwardgrad.core.models import deep
from forwardgrad.experiments.speed import baselines
from forwardgrad.experiments.speed.steps import Case
from forwardgrad.experiments.speed.variants import drawn_layers

aten = torch.ops.aten
LOSS = nn.CrossEntropyLoss()


def spread(*shapes):
    """Flops of a product whose factors are spread over something larger than both: an outer product."""
    size = math.prod(torch.broadcast_shapes(*shapes))
    return 2 * size if size > max(map(math.prod, shapes)) else 0


def convolution(inputs, *arguments, **options):
    """Flops of a convolution that is computed."""
    return 0 if inputs.is_meta else flop_registry[aten.convolution](inputs, *arguments, **options)


convolution._get_raw = True  # not the shapes alone
UNCOUNTED = {
    aten.addmm_: lambda onto, one, other, **_: 2 * math.prod(one) * other[1],
    aten.baddbmm_: lambda onto, one, other, **_: 2 * math.prod(one) * other[-1],
    aten.mv: lambda matrix, vector, **_: 2 * math.prod(matrix),
    aten.addmv: lambda onto, matrix, vector, **_: 2 * math.prod(matrix),
    aten.addmv_: lambda onto, matrix, vector, **_: 2 * math.prod(matrix),
    aten.addr_: lambda onto, one, other, **_: 2 * math.prod(onto),
    aten.addcmul_: lambda onto, one, other, **_: spread(one, other),
    aten.mul: lambda one, other, **_: spread(one, other) if isinstance(other, torch.Size) else 0,
}


def linear():
    return nn.Sequential(nn.Flatten(), nn.Linear(12, 17), nn.ReLU(), nn.Linear(17, 5), nn.ReLU(), nn.Linear(5, 3))


class Anywhere(nullcontext):
    """In place of what tells the counter which module it is in: by hooks, which a network is not plain with."""

    parents = ("Global",)


def convolutional():
    images = nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, (2, 1), stride=2)
    return nn.Sequential(*images, nn.ReLU(), nn.Flatten(), nn.Linear(36, 3))


NETWORKS = {"linear": (linear, (12,)), "convolutional": (convolutional, (1, 8, 12))}


@pytest.fixture(params=NETWORKS)
def network(request):
    """A function that makes the network, and the shape of its inputs."""
    return NETWORKS[request.param]


def steps_of(key, model, inputs, targets):
    """Functions that take one step of `key`: of one drawn layer one for every layer."""
    case = Case(model, LOSS, inputs, targets, 1e-9)
    if key in BASELINES:
        parts = baselines.BASELINES[key](case)
        return [lambda: list(parts())]
    if key == "forward_rank_one_layer":
        estimators = drawn_layers(case, torch.Generator())
    else:
        estimators = [make_estimator(key, model, LOSS)]
    return [lambda each=each: each(inputs, targets).add_to_(-1e-9) for each in estimators]


def counted(key, make, shape, batch):
    """Multiply-adds of a step, the mean over `steps_of`, by torch's counter."""
    steps, total = steps_of(key, make(), torch.rand(batch, *shape), torch.arange(batch) % 3), 0
    for step in steps:
        step()
        counter = FlopCounterMode(display=False, custom_mapping=UNCOUNTED | {aten.convolution: convolution})
        counter.mod_tracker = Anywhere()
        with counter:
            step()
        total += counter.get_total_flops() / 2
    return total / len(steps)


def test_torch_counts_none_of_what_is_registered_here():
    assert not set(UNCOUNTED) & set(flop_registry)


@pytest.mark.parametrize("key", MEASURED)
def test_every_declared_cost_is_what_torch_counts(network, key):
    make, shape = network
    # Examples are drawn in sixteenths of a batch, and rank one in the span of a batch depends on its square.
    less, more = (multiply_adds(key, layer_costs(make(), torch.rand(size, *shape))) for size in (16, 64))
    assert counted(key, make, shape, 64) - counted(key, make, shape, 16) == pytest.approx(more - less, rel=1e-12)


@pytest.mark.parametrize("depth", [1, 4, 7])
def test_checkpoints_compute_everything_but_the_last_layer_once_more(depth):
    def make():
        return deep(depth, 8)

    layers = layer_costs(make(), torch.rand(3, 784))
    declared = multiply_adds("backprop_checkpoint", layers)
    assert declared == multiply_adds("backprop", layers) + sum(layer.product for layer in layers[:-1])
    found = counted("backprop_checkpoint", make, (784,), 5) - counted("backprop_checkpoint", make, (784,), 2)
    assert found == pytest.approx(declared, rel=1e-12)


def test_gathering_a_batch_costs_no_product(network):
    make, shape = network
    assert multiply_adds("gathering", layer_costs(make(), torch.rand(3, *shape))) == 0
    assert counted("gathering", make, shape, 5) == 0


def test_grouped_convolutions():
    def make():
        return nn.Sequential(nn.Conv2d(4, 4, 2, groups=2), nn.Flatten(), nn.Linear(16, 3))

    for key in ("forward_rank_one", "forward_rank_four", "forward_gaussian", "spsa"):
        declared = multiply_adds(key, layer_costs(make(), torch.rand(3, 4, 3, 3)))
        assert counted(key, make, (4, 3, 3), 5) - counted(key, make, (4, 3, 3), 2) == pytest.approx(declared)


def test_layers_by_hand():
    mlp = nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 2, bias=False)))
    assert layer_costs(mlp, torch.rand(5, 4)) == [
        LayerCost(5 * 4 * 3, 5 * (4 + 3), True, 5, 4, 4, 3, 12),
        LayerCost(5 * 3 * 2, 5 * (3 + 2), False, 5, 3, 3, 2, 6),
    ]
    cnn = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 3))
    first, last = layer_costs(cnn, torch.rand(5, 2, 4, 4))
    assert first == LayerCost(5 * 16 * 4 * 2 * 9, 5 * 16 * (2 + 9 + 4), True, 5, 32, 2, 4, 72)
    assert last == LayerCost(5 * 16 * 3, 5 * (16 + 3), True, 5, 16, 16, 3, 48)


@pytest.mark.parametrize(
    ("method", "products"),
    [
        ("backprop", 210),  # 3 * 90 - 60
        ("backprop_by_hand", 210),
        ("backprop_checkpoint", 270),  # 210 + 60
        ("gathering", 0),
        ("forward_gaussian", 210),
        ("forward_mean_4", 90 + 4 * (30 + 90)),  # the primal once
        ("jvp", 270),
        ("evaluation", 90),
        ("spsa", 180),
        ("forward_rank_one", 123),  # 2 * 90 - 60 + 2 + 1
        ("forward_rank_four", 132),
        ("forward_rank_one_layer", 90 + (30 + 2 + 1) / 2),  # above the first layer 30, above the second nothing
        ("forward_blockwise", 90 + (180 + 120) + (60 + 30)),  # the inputs, then per layer the weight and the bias
    ],
)
def test_costs_by_hand(method, products):
    layers = [LayerCost(60.0, 2.0), LayerCost(30.0, 1.0)]
    assert multiply_adds(method, layers) == products
    assert relative(method, layers) == pytest.approx(products / 210)


def test_there_is_no_pass_for_a_bias_that_does_not_exist():
    assert (
        multiply_adds("forward_blockwise", [LayerCost(60.0, bias=False), LayerCost(30.0, bias=False)]) == 90 + 180 + 60
    )


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match="no estimator or baseline 'forwards': choose one of gathering, "):
        multiply_adds("forwards", [LayerCost(1.0)])
