import itertools

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from forwardgrad.core import draws
from forwardgrad.core.engine.maps import NARROW
from forwardgrad.core.engine.plain import geometry
from forwardgrad.core.tangents import Dense
from forwardgrad.core.units import units

from .. import cases

LAYERS = {
    "linear": (lambda: nn.Linear(4, 3), (5, 4)),
    "linear without bias": (lambda: nn.Linear(4, 3, bias=False), (5, 4)),
    "convolution": (lambda: nn.Conv2d(4, 3, (3, 2), stride=2, padding=1), (2, 4, 6, 5)),
    "convolution without bias": (lambda: nn.Conv2d(4, 2, 3, padding="same", dilation=2, bias=False), (2, 4, 6, 5)),
    "grouped convolution": (lambda: nn.Conv2d(4, 6, 3, groups=2), (2, 4, 6, 5)),
}
WIDE = {
    "wide": (lambda: nn.Linear(4, NARROW), (5, 4)),
    "wide without bias": (lambda: nn.Linear(4, NARROW + 1, bias=False), (5, 4)),
}
KINDS = [*cases.STRUCTURES, "weight alone", "bias alone"]
PAIRS = [pair for pair in itertools.product(LAYERS, KINDS) if "without" not in pair[0] or pair[1] != "bias alone"]


def units_of(layer):
    """A layer as the only unit."""
    return units(nn.ModuleDict({"layer": layer}))


def output(tangent, layer, inputs, onto=None):
    """What a tangent contributes to its layer's output."""
    return tangent.output(geometry(layer), inputs, layer(inputs).detach(), onto)


@pytest.fixture(params=[torch.float64, torch.float32], ids=str)
def dtype(request):
    return request.param


@pytest.fixture(params=PAIRS, ids=", ".join)
def case(request, dtype):
    """A layer, its input, and a tangent of the layer."""
    (make, shape), kind = LAYERS[request.param[0]], request.param[1]
    generator = torch.Generator().manual_seed(0)
    layer, inputs = make().to(dtype), torch.randn(shape, generator=generator, dtype=dtype)
    stream = draws.TangentStream(cases.STRUCTURES.get(kind, draws.dense), draws.gaussian_, generator)
    drawn = stream.draw(units_of(layer))["layer"]
    alone = {"weight alone": Dense(drawn.dense()[0]), "bias alone": Dense(None, drawn.dense()[1])}
    return layer, inputs, alone.get(kind, drawn)


def written(layer, tangent):
    """The dense form by parameter name: the shapes are the parameters'."""
    dense = cases.dense_parameters({"layer": tangent}, units_of(layer))
    return {name.removeprefix("layer."): value for name, value in dense.items()}


def close(value, expected):
    return torch.allclose(value, expected, rtol=1e-12, atol=1e-12) or (
        value.dtype == torch.float32 and torch.allclose(value, expected, rtol=1e-5, atol=1e-5)
    )


def test_the_output_is_that_of_a_layer_with_the_tangents_weights(case):
    layer, inputs, tangent = case
    expected = torch.func.functional_call(layer, written(layer, tangent), (inputs,))
    assert close(output(tangent, layer, inputs), expected)
    onto = torch.ones_like(expected)
    assert output(tangent, layer, inputs, onto) is onto
    assert close(onto, expected + 1)


@pytest.mark.parametrize("name", LAYERS | WIDE)
@pytest.mark.parametrize("count", [1, 3])
def test_a_stack_does_what_its_tangents_do_one_by_one(name, count, dtype):
    make, shape = (LAYERS | WIDE)[name]
    generator = torch.Generator().manual_seed(0)
    layer, inputs = make().to(dtype), torch.randn(shape, generator=generator, dtype=dtype)
    stack = cases.stack(units_of(layer), generator, count)
    alone = [each["layer"] for each in cases.unstacked(stack)]
    expected = torch.stack([output(each, layer, inputs) for each in alone])
    together = output(stack["layer"], layer, inputs)
    assert close(together, expected)
    together.zero_()  # the engine may write over it, not over the draw
    onto = torch.ones_like(expected)
    assert output(stack["layer"], layer, inputs, onto) is onto
    assert close(onto, expected + 1)
    factors = torch.randn(count, generator=generator, dtype=dtype)
    together, apart = (
        [None if part is None else part.detach().clone() for part in (layer.weight, layer.bias)] for _ in range(2)
    )
    stack["layer"].add_to_(*together, factors, -3.0)
    for factor, each in zip(factors, alone, strict=True):
        each.add_to_(*apart, factor, -3.0)
    assert all(one is None is other or close(one, other) for one, other in zip(together, apart, strict=True))


class Computed(TorchDispatchMode):
    """Keeps the names of the operations."""

    def __init__(self):
        super().__init__()
        self.operations = set()

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        result = function(*arguments, **(keywords or {}))
        self.operations.add(function.overloadpacket.__name__)
        return result


@pytest.mark.parametrize("name", ["linear", "convolution", "grouped convolution"])
@pytest.mark.parametrize("batch", [1, 2])
def test_a_bias_alone_computes_nothing_of_the_layer(name, batch):
    make, (_, *shape) = LAYERS[name]
    layer, inputs = make(), torch.ones(batch, *shape)
    outputs = layer(inputs).detach()
    bias = torch.arange(1.0, 1 + outputs.shape[1])
    with Computed() as computed:
        found = Dense(None, bias).output(geometry(layer), inputs, outputs)
    assert computed.operations <= {"view", "zeros_like", "add_"}
    assert found.shape == outputs.shape
    found.zero_()  # the engine may write over it, not over the draw
    assert bias.tolist() == list(range(1, 1 + outputs.shape[1]))


def test_the_update_adds_factor_times_scale_times_the_dense_form(case, dtype):
    layer, _, tangent = case
    before = {name: part.detach().clone() for name, part in layer.named_parameters()}
    weight, bias = (None if part is None else part.detach() for part in (layer.weight, layer.bias))
    tangent.add_to_(weight, bias, torch.tensor(0.5, dtype=dtype), -3.0)
    for name, value in written(layer, tangent).items():
        assert close(getattr(layer, name).detach(), before[name] - 1.5 * value)


def test_rank_one_is_an_outer_product():
    stream = draws.TangentStream(draws.rank_one, draws.rademacher_, torch.Generator().manual_seed(0))
    drawn = stream.draw(units_of(nn.Conv2d(3, 4, 2).double()))["layer"]
    weight, bias = drawn.dense()
    assert torch.equal(weight, torch.einsum("i,j,kl->ijkl", drawn.left, drawn.right, drawn.kernel))
    assert torch.equal(bias, drawn.left * drawn.offset)
    assert weight.square().sum() + bias.square().sum() == weight.numel() + bias.numel()


def test_rank_four_is_the_sum_of_four():
    stream = draws.TangentStream(cases.STRUCTURES["rank_four"], draws.gaussian_, torch.Generator().manual_seed(0))
    weight, bias = stream.draw(units_of(nn.Linear(7, 6).double()))["layer"].dense()
    assert torch.linalg.matrix_rank(torch.column_stack([weight, bias])) == 4
