import pytest
import scipy.stats
import torch
from torch import nn

from forwardgrad.core import draws
from forwardgrad.core.units import units

from .. import cases

DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def units_of(dtype=torch.float32, **layers):
    """The units of named layers."""
    return units(nn.ModuleDict(layers).to(dtype))


def network(dtype=torch.float64):
    """15 + 3 parameters: a convolution and a layer without bias."""
    return units_of(dtype, first=nn.Conv2d(2, 2, (1, 3)), last=nn.Linear(2, 2, bias=False))


def sample(stream, network, count):
    """Tangents over all parameters, shape (count, n)."""
    return torch.stack([cases.written(stream.draw(network), network) for _ in range(count)])


@DTYPES
@pytest.mark.parametrize("kind", cases.STREAMS)
def test_every_stream_is_white(kind, dtype):
    layers = network(dtype)
    vectors = sample(cases.STREAMS[kind](generator()), layers, 4000)
    assert vectors.dtype == dtype
    cases.assert_white(vectors, torch.eye(vectors.shape[1], dtype=dtype))


@DTYPES
@pytest.mark.parametrize("inputs", [1, 63, 64, 200])
def test_signs_are_signs_balanced_in_every_entry(inputs, dtype):
    layers = units_of(dtype, layer=nn.Linear(inputs, 1))
    signs = sample(draws.TangentStream(draws.dense, draws.rademacher_, generator()), layers, 2000)
    assert torch.equal(signs.abs(), torch.ones_like(signs))
    cases.assert_mean(signs, torch.zeros(inputs + 1))
    cases.assert_mean(signs[:, 1:] * signs[:, :-1], torch.zeros(inputs))
    cases.assert_mean(signs[1:] * signs[:-1], torch.zeros(inputs + 1))


@DTYPES
def test_gaussian_numbers_are_normal(dtype):
    layers = units_of(dtype, layer=nn.Linear(9, 10))
    numbers = sample(draws.TangentStream(draws.dense, draws.gaussian_, generator()), layers, 200)
    assert scipy.stats.kstest(numbers.flatten(), "norm").pvalue > 0.01


@DTYPES
def test_the_sphere_has_radius_root_n_and_every_direction(dtype):
    layers = units_of(dtype, layer=nn.Linear(2, 1))
    points = sample(draws.TangentStream(draws.dense, draws.sphere_, generator()), layers, 2000)
    radius = torch.full((2000,), 3.0, dtype=dtype).sqrt()
    assert torch.allclose(points.norm(dim=1), radius, rtol=4 * torch.finfo(dtype).eps, atol=0)
    # Archimedes: a coordinate of a point on the sphere in three dimensions is uniform.
    for coordinate in points.T:
        assert scipy.stats.kstest(coordinate / 3**0.5, "uniform", (-1, 2)).pvalue > 0.01


@pytest.mark.parametrize("distribution", draws.DISTRIBUTIONS)
@pytest.mark.parametrize("structure", cases.STRUCTURES)
def test_a_seed_decides_a_stream_that_never_repeats(structure, distribution):
    layers, count = network(), 3 * draws.BLOCK_STEPS + 1

    def stream(seed):
        return sample(
            draws.TangentStream(cases.STRUCTURES[structure], draws.DISTRIBUTIONS[distribution], generator(seed)),
            layers,
            count,
        )

    first = stream(0)
    assert torch.equal(first, stream(0))
    assert not torch.equal(first, stream(1))
    assert len(first.unique(dim=0)) > 0.95 * count if structure == "dense" else len(first.unique(dim=0)) > count / 3


def test_every_number_drawn_is_used_once():
    layers, count = network(), draws.BLOCK_STEPS

    def ramp(rows, entries, generator):
        rows.copy_(torch.arange(rows.numel()).view_as(rows))

    vectors = sample(draws.TangentStream(draws.dense, ramp, generator()), layers, count)
    entries = vectors.shape[1]
    assert torch.equal(vectors - vectors[:, :1], torch.arange(entries).expand(count, -1))
    assert len(vectors.unique()) == vectors.numel()


def test_a_network_larger_than_a_block_is_drawn_step_by_step():
    layers = units_of(layer=nn.Linear(600, 500))
    stream = draws.TangentStream(draws.dense, draws.rademacher_, generator())
    first, second = (stream.draw(layers)["layer"].weight.clone() for _ in range(2))
    assert first.numel() > draws.BLOCK_ENTRIES
    assert abs((first * second).mean()) < 0.01


def test_structured_draws_leave_out_a_bias_that_does_not_exist():
    layers = units_of(layer=nn.Linear(3, 2, bias=False))
    for structure in (draws.rank_one, cases.STRUCTURES["rank_four"]):
        stream = draws.TangentStream(structure, draws.gaussian_, generator())
        assert all(not stream.draw(layers)["layer"].offset.any() for _ in range(2 * draws.BLOCK_STEPS))


def test_one_layer_draws_every_layer_equally_often():
    layers = units_of(a=nn.Linear(1, 2), b=nn.Linear(5, 2), c=nn.Linear(50, 2))
    stream = draws.OneLayer(draws.rademacher_, generator())
    drawn = [list(stream.draw(layers)) for _ in range(3000)]
    assert {len(names) for names in drawn} == {1}
    counts = [drawn.count([name]) for name in layers]
    assert scipy.stats.chisquare(counts).pvalue > 0.01


def test_the_drawn_layer_says_nothing_about_its_signs():
    layers = units_of(a=nn.Linear(64, 1), b=nn.Linear(64, 1))
    firsts = [draws.OneLayer(draws.rademacher_, generator(seed)).draw(layers) for seed in range(400)]
    signed = [tangents["a"].right if "a" in tangents else -tangents["b"].right for tangents in firsts]
    cases.assert_mean(torch.stack(signed), torch.zeros(64))


@pytest.mark.parametrize("num_tangents", [3, 16, 100])
@pytest.mark.parametrize("inputs", [1, 6000])
def test_tangents_of_one_step_lie_in_distinct_memory(inputs, num_tangents):
    layers = units_of(layer=nn.Linear(inputs, 2), last=nn.Linear(2, 1, bias=False))
    stream, drawn = draws.TangentStream(draws.dense_stack, draws.gaussian_, generator(), num_tangents), []
    for _ in range(3):
        alone = cases.unstacked(stream.draw(layers))
        assert torch.equal(torch.stack([cases.written(each, layers) for each in alone]), stream.numbers)
        drawn.append(stream.numbers.clone())
    assert len(torch.cat(drawn).unique(dim=0)) == 3 * num_tangents


def test_a_stack_is_the_next_tangents_of_the_same_seed():
    layers = network()
    alone = draws.TangentStream(draws.dense, draws.gaussian_, generator())
    stacks = draws.TangentStream(draws.dense_stack, draws.gaussian_, generator(), 4)
    for _ in range(draws.BLOCK_STEPS // 4 + 1):
        for one, other in zip(
            cases.unstacked(stacks.draw(layers)), (alone.draw(layers) for _ in range(4)), strict=True
        ):
            assert all(map(torch.equal, one["first"].dense(), other["first"].dense()))
            assert torch.equal(one["last"].weight, other["last"].weight)
