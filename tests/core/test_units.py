import pytest
from torch import nn

from forwardgrad.core.units import units, written_out


def tied():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    return model


def frozen(*names):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    for name in names:
        model.get_parameter(name).requires_grad_(False)
    return model


NETWORKS = {  # the names of the units, and of weight and bias in each
    "a layer alone": (lambda: nn.Linear(2, 2), {"weight": ("weight", "bias")}),
    "nested": (lambda: nn.Sequential(nn.Sequential(nn.Conv2d(1, 1, 1, bias=False))), {"0.0": ("0.0.weight", None)}),
    "convolution": (lambda: nn.Sequential(nn.Conv1d(1, 1, 1)), {"0": ("0.weight", "0.bias")}),
    "transposed": (
        lambda: nn.Sequential(nn.ConvTranspose2d(1, 2, 1)),
        {"0": ("0.weight", None), "0.bias": ("0.bias", None)},
    ),
    "embedding": (lambda: nn.Sequential(nn.Embedding(3, 2)), {"0": ("0.weight", None)}),
    "normalisation": (lambda: nn.LayerNorm(2), {"weight": ("weight", None), "bias": ("bias", None)}),
    "attention": (
        lambda: nn.MultiheadAttention(2, 1, bias=False),
        {"in_proj_weight": ("in_proj_weight", None), "out_proj": ("out_proj.weight", None)},
    ),
    "tied": (tied, {"0": ("0.weight", "0.bias"), "1": (None, "1.bias")}),
    "weight frozen": (lambda: frozen("0.weight"), {"0": (None, "0.bias"), "1": ("1.weight", "1.bias")}),
    "bias frozen": (lambda: frozen("1.bias"), {"0": ("0.weight", "0.bias"), "1": ("1.weight", None)}),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_units_of_a_network(name):
    make, expected = NETWORKS[name]
    model = make()
    found = units(model)
    assert {unit.name: unit.names for unit in found.values()} == expected
    for unit in found.values():
        for key, parameter, value in zip(unit.names, unit.parameters, (unit.weight, unit.bias), strict=True):
            assert parameter is (None if key is None else model.get_parameter(key))
            assert key is None or (value.data_ptr() == parameter.data_ptr() and not value.requires_grad)


def test_what_is_a_matrix():
    layers = [nn.Linear(2, 2), nn.Embedding(2, 2), nn.ConvTranspose1d(2, 2, 1), nn.LayerNorm(2), nn.GRU(2, 2)]
    found = units(nn.Sequential(*layers, nn.MultiheadAttention(2, 1)))
    assert {name for name, unit in found.items() if unit.matrix} == {
        "0", "1", "2", "5.in_proj_weight", "5.out_proj",
    }  # fmt: skip


def test_every_parameter_that_moves_is_written_out_once_in_the_order_of_the_network():
    model = nn.Sequential(nn.Embedding(3, 4), nn.TransformerEncoderLayer(4, 2, 8), nn.Linear(4, 3))
    shapes = {name: parameter.shape for name, parameter in model.named_parameters()}
    found = written_out(units(model))
    assert {name: value.shape for name, value in found.items()} == shapes
    assert set(written_out(units(model, [model[2].bias]))) == {"2.bias"}
