import itertools

import pytest
import torch
from hypothesis import assume, given
from torch import nn

from forwardgrad.core.engine.plain import plain
from forwardgrad.core.tangents import Dense

from ... import cases

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}


def tangents_of(problem):
    """One tangent of every kind, then one of every single tensor."""
    generator = torch.Generator().manual_seed(0)
    for stream in cases.STREAMS.values():
        yield stream(generator).draw(problem.units)
    blocks = cases.one_at_a_time(problem.units, generator)
    yield from (next(blocks) for _ in problem.parameters)


def assert_derivatives(problem, tolerance):
    """Check the value and the derivative along tangents of every kind, and along one and three at once."""
    gradient = cases.flat(problem.gradient())
    stacks = (cases.stack(problem.units, torch.Generator().manual_seed(1), count) for count in (1, 3))
    for tangents in itertools.chain(tangents_of(problem), stacks):
        value, derivatives, outputs = problem.network.evaluate(tangents, *problem.batch)
        alone = cases.unstacked(tangents)
        assert value.dtype == derivatives.dtype == problem.inputs.dtype
        assert value.shape == ()
        assert torch.allclose(outputs, problem.model(problem.inputs), rtol=tolerance, atol=tolerance)
        assert derivatives.shape == (() if alone == [tangents] else (len(alone),))
        assert torch.allclose(value, problem.value(), rtol=tolerance, atol=tolerance)
        for derivative, each in zip(derivatives.view(-1), alone, strict=True):
            tangent = cases.written(each, problem.units)
            assert (derivative - gradient @ tangent).abs() <= tolerance * gradient.norm() * tangent.norm()


@cases.on_engines
@given(problem=cases.problems())
@cases.steady(max_examples=25)
def test_the_directional_derivative_is_the_gradient_times_the_tangent(engine, problem):
    problem = engine(problem)
    assume(cases.flat(problem.gradient()).norm() > 0.02)  # not the difference of equal numbers
    for dtype, tolerance in TOLERANCE.items():
        problem = problem.to(dtype)
        inputs, before = problem.inputs.clone(), cases.flat(problem.parameters).clone()
        assert_derivatives(problem, tolerance)
        assert torch.equal(problem.inputs, inputs)
        assert torch.equal(cases.flat(problem.parameters), before)


@given(problem=cases.problems())
@cases.steady(max_examples=25)
def test_a_pass_that_starts_where_something_moves_comes_to_the_same_bits(problem):
    network = plain(problem.model, problem.loss)
    entries = network.layer_inputs(problem.parameters, problem.inputs)
    assert list(entries) == list(problem.units)
    before = {layer: reached.clone() for layer, (_, reached) in entries.items()}
    blocks = cases.one_at_a_time(problem.units, torch.Generator().manual_seed(0))
    for _ in problem.parameters:
        tangents = next(blocks)
        (layer,) = tangents
        start, reached = entries[layer]
        whole = network.evaluate(problem.parameters, tangents, *problem.batch)
        part = network.evaluate(problem.parameters, tangents, reached, problem.batch[1], start)
        assert all(map(torch.equal, part, whole))
    assert all(torch.equal(reached, before[layer]) for layer, (_, reached) in entries.items())


@cases.on_engines
@pytest.mark.parametrize("make", [cases.tiny_mlp, cases.tiny_cnn, cases.small_cnn])
def test_central_differences_agree(engine, make):
    problem, step = engine(make()), 1e-6
    stack = cases.stack(problem.units, torch.Generator().manual_seed(1), 3)
    several = list(zip(cases.unstacked(stack), problem.derivative(stack), strict=True))
    one = [(tangents, problem.derivative(tangents)) for tangents in tangents_of(problem)]
    for tangents, derivative in one + several:
        tangent = cases.written(tangents, problem.units)
        start, sides = nn.utils.parameters_to_vector(problem.model.parameters()).detach(), []
        for sign in (1, -1):
            nn.utils.vector_to_parameters(start + sign * step * tangent, problem.model.parameters())
            sides.append(problem.value().item())
        nn.utils.vector_to_parameters(start, problem.model.parameters())
        difference = (sides[0] - sides[1]) / (2 * step)
        assert derivative.item() == pytest.approx(difference, rel=1e-7, abs=1e-8)


LOSSES = {
    "ignored targets": nn.CrossEntropyLoss(),
    "other ignored targets": nn.CrossEntropyLoss(ignore_index=1),
    "class weights": nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)),
    "label smoothing": nn.CrossEntropyLoss(label_smoothing=0.2),
    "sum": nn.CrossEntropyLoss(reduction="sum"),
    "function": lambda outputs, targets: outputs.square().mean(),
}


@cases.on_engines
@pytest.mark.parametrize("loss", LOSSES)
def test_any_loss_has_its_derivative(engine, loss):
    problem = cases.problem(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3), shape=(4,), batch=6, loss=LOSSES[loss])
    if loss == "ignored targets":
        problem.targets[:2] = -100
    assert_derivatives(engine(problem), 1e-10)


@cases.on_engines
def test_probabilities_as_targets(engine):
    problem = cases.problem(nn.Linear(4, 3), shape=(4,))
    targets = torch.softmax(problem.targets, 1)
    problem = cases.Problem(problem.model, nn.CrossEntropyLoss(), problem.inputs, targets)
    assert_derivatives(engine(problem), 1e-10)


FIRST = {
    "relu": [nn.ReLU()],
    "flattened": [nn.Flatten(), nn.ReLU()],
    "nested identity": [nn.Sequential(nn.Identity(), nn.ReLU())],
    "unknown layer that passes its input on": [nn.Dropout(), nn.ReLU()],
    "pooled": [nn.ReLU(), nn.MaxPool2d(1)],
}


@pytest.mark.parametrize("first", FIRST)
def test_a_leading_relu_leaves_the_callers_input_alone(first):
    problem = cases.problem(*FIRST[first], nn.Flatten(), nn.Linear(18, 2), shape=(2, 3, 3))
    before = problem.inputs.clone()
    assert_derivatives(problem, 1e-10)
    assert torch.equal(problem.inputs, before)
    assert (before < 0).any()


@pytest.mark.parametrize("pool", [nn.MaxPool2d(2), nn.MaxPool2d(3, 1, ceil_mode=True), nn.MaxPool2d(2, padding=1)])
def test_relu_and_max_pool_commute_with_ties_and_negative_windows(pool):
    convolution = nn.Conv2d(1, 2, 1)
    problem = cases.problem(convolution, nn.ReLU(), pool, nn.Flatten(), nn.LazyLinear(2), shape=(1, 6, 6), batch=8)
    with torch.no_grad():
        convolution.weight.fill_(1)
        convolution.bias.zero_()
        problem.inputs.random_(-2, 2, generator=torch.Generator().manual_seed(1))
    windows = nn.functional.unfold(problem.inputs, 2, stride=2)
    tied = (windows == windows.amax(1, keepdim=True)).sum(1) > 1
    assert (tied & (windows.amax(1) > 0)).any()
    assert (windows.amax(1) < 0).any()
    assert_derivatives(problem, 1e-12)


def test_pooling_goes_before_relu():
    found = plain(nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()), nn.MSELoss())
    assert [layer.name for layer in found.layers] == ["0", "2", "1", "3"]


@cases.on_engines
def test_a_layer_that_stands_in_two_places_counts_twice(engine):
    shared = nn.Tanh()
    layers = nn.Linear(3, 4), shared, nn.Linear(4, 4), shared, nn.Linear(4, 2)
    assert_derivatives(engine(cases.problem(*layers, shape=(3,))), 1e-10)


class Sine(torch.autograd.Function):
    """A function with a derivative of its own, which torch cannot `vmap`."""

    @staticmethod
    def forward(inputs):
        return inputs.sin()

    @staticmethod
    def setup_context(context, inputs, output):
        context.save_for_forward(*inputs)
        context.save_for_backward(*inputs)

    @staticmethod
    def jvp(context, tangent):
        return tangent * context.saved_tensors[0].cos()

    @staticmethod
    def backward(context, cotangent):
        return cotangent * context.saved_tensors[0].cos()


class OwnFunction(nn.Module):
    """A layer made of it."""

    def forward(self, inputs):
        return Sine.apply(inputs)


def test_a_layer_that_torch_cannot_vmap():
    assert_derivatives(cases.problem(nn.Linear(3, 4), OwnFunction(), nn.Linear(4, 2), shape=(3,)), 1e-10)


@cases.on_engines
@pytest.mark.parametrize("layer", [nn.Dropout(), nn.Dropout2d(), nn.RReLU()])
def test_a_random_layer_is_the_same_for_all_tangents_of_a_pass(engine, layer):
    layers = nn.Conv2d(1, 4, 2), layer, nn.Flatten(), nn.Tanh(), nn.Linear(36, 2)
    problem = engine(cases.problem(*layers, shape=(1, 4, 4)))
    problem.model.train()
    stack = cases.stack(problem.units, torch.Generator().manual_seed(1), 3)

    def derivative(tangents):
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)
            return problem.derivative(tangents)

    alone = torch.stack([derivative(tangents) for tangents in cases.unstacked(stack)])
    assert torch.allclose(derivative(stack), alone, rtol=1e-10)
    assert not torch.allclose(problem.derivative(stack), alone, rtol=1e-2)


@cases.on_engines
def test_padding_by_name_and_other_layouts(engine):
    layers = nn.Conv2d(2, 3, 3, padding="same", dilation=2), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 2)
    problem = engine(cases.problem(*layers, shape=(2, 6, 6)))
    assert_derivatives(problem, 1e-10)
    problem.model.to(memory_format=torch.channels_last)
    images = problem.inputs.contiguous(memory_format=torch.channels_last)
    assert_derivatives(cases.Problem(problem.model, problem.loss, images, problem.targets), 1e-10)


@cases.on_engines
def test_where_nothing_moves_the_derivative_is_zero(engine):
    problem = engine(cases.tiny_mlp())
    value, derivative, _ = problem.network.evaluate({}, *problem.batch)
    assert (value, derivative) == (problem.value(), 0)


@cases.on_engines
def test_a_tangent_reaches_only_the_layers_above(engine):
    problem = engine(cases.tiny_mlp())
    last = {"2": Dense(torch.ones(1, 2, dtype=torch.float64))}
    assert problem.derivative(last) == pytest.approx(problem.gradient()["2.weight"].sum().item())


LAYERS = {  # that the direct engine leaves to the other
    "batch normalisation": nn.BatchNorm1d(4),
    "reflection": nn.Conv1d(1, 1, 3, padding=1, padding_mode="reflect"),
    "slopes": nn.PReLU(),
    "own function": OwnFunction(),
}


@pytest.mark.parametrize("name", LAYERS)
def test_what_the_direct_engine_does_not_know_it_leaves_to_the_general_one(name):
    layers = nn.Linear(4, 4), nn.Sequential(nn.ReLU(), nn.Unflatten(1, (1, 4)), nn.Flatten(), LAYERS[name])
    if name == "reflection":
        layers = nn.Linear(4, 4), nn.Unflatten(1, (1, 4)), LAYERS[name], nn.Flatten()
    problem = cases.problem(*layers, nn.Linear(4, 2), shape=(4,))
    assert problem.network.direct is None
    assert_derivatives(problem, 1e-10)


@pytest.mark.parametrize("engine", [*cases.ENGINES])
def test_each_problem_is_for_its_engine(engine):
    assert (cases.ENGINES[engine](cases.small_cnn()).network.direct is None) == (engine == "general")


def test_tied_weights_have_one_tangent():
    first, last = nn.Linear(3, 3), nn.Linear(3, 3)
    last.weight = first.weight
    problem = cases.problem(first, nn.Tanh(), last, shape=(3,))
    assert problem.network.direct is None
    assert [unit.names for unit in problem.units.values()] == [("0.weight", "0.bias"), (None, "2.bias")]
    assert_derivatives(problem, 1e-10)
