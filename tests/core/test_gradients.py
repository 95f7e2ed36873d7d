import sys
from functools import partial

import pytest
import torch
from torch import nn

from forwardgrad import catalogue
from forwardgrad.core import draws, models
from forwardgrad.core.estimates import write_gradient_
from forwardgrad.core.estimator import make_estimator
from forwardgrad.core.gradients import (
    ESTIMATORS,
    Along,
    Several,
    forward_gradient,
    mean_weights,
    projection_weights,
    standardise,
)

from .. import cases

REVERSE = ("backprop", "noisy_backprop")
FORWARD = [key for key in ESTIMATORS if key not in REVERSE]
RANDOM = [key for key in ESTIMATORS if key != "backprop"]
ALONG = [key for key in FORWARD if not catalogue.ESTIMATORS[key].sequential and key != "forward_control"]
OTHERWISE = ("projected", "orthogonal", "spsa", "activity")
ALONG_TANGENTS = [key for key in ALONG if not any(word in key for word in OTHERWISE)]
SHARED_OUT = {"forward_mean_4": 4, "forward_mean_16": 16}  # among so many tangents
EXACT = {"rtol": 1e-10, "atol": 1e-12}


@pytest.fixture
def enumerate_draws(monkeypatch):
    """Replace the draws of every estimator made from here on by counting through all values of a law."""

    def enumerate_draws(law, num_tangents=1):
        fill = cases.counting(law, num_tangents)
        for name in ("gaussian_", "rademacher_"):
            monkeypatch.setattr(draws, name, fill)
            monkeypatch.setitem(draws.DISTRIBUTIONS, name.removesuffix("_"), fill)

    return enumerate_draws


def terms(estimate):
    """Every derivative with its tangent, those of a stack one by one."""
    return [
        pair
        for derivatives, tangents in estimate.terms
        for pair in zip(derivatives.view(-1), cases.unstacked(tangents), strict=False)
    ]


def blocks(problem):
    """The gradient cut into layers: (entries, squared norm, rows, columns with the bias), by layer."""
    gradient, cut = problem.gradient(), []
    for unit in problem.units.values():
        parts = [gradient[name] for name in unit.names]
        entries, square = sum(part.numel() for part in parts), sum(part.square().sum() for part in parts)
        rows = unit.weight.shape[0]
        cut.append((entries, square, rows, entries // rows))
    return cut


def mean_moments(problem, estimate, law, entries):
    """E[g] and, as the last number, E||g||^2: exact."""
    return cases.expectation(lambda: cases.moments(estimate(*problem.batch)), law, entries)


def total(problem):
    """Number of parameters and squared norm of the gradient."""
    gradient = cases.flat(problem.gradient())
    return len(gradient), gradient.square().sum()


def isotropic(problem):
    """n ||grad f||^2."""
    entries, square = total(problem)
    return entries * square


def gaussian(problem):
    """(n + 2) ||grad f||^2."""
    entries, square = total(problem)
    return (entries + 2) * square


def blockwise(problem):
    """Sum over tensors of (n_l + 2) ||G_l||^2."""
    return sum((part.numel() + 2) * part.square().sum() for part in problem.gradient().values())


ENUMERATED = [  # estimator, law of its numbers, problem, how many numbers, E||g||^2
    ("forward_rademacher", cases.SIGNS, cases.tiny_mlp, 7, isotropic),
    ("forward_rademacher", cases.SIGNS, cases.tiny_cnn, 9, isotropic),
    ("forward_rank_one", cases.SIGNS, cases.tiny_mlp, 8, isotropic),
    ("forward_rank_one", cases.SIGNS, cases.tiny_cnn, 10, isotropic),
    ("forward_gaussian", cases.NORMAL, cases.tinier_mlp, 5, gaussian),
    ("forward_blockwise", cases.NORMAL, cases.tinier_mlp, 5, blockwise),
    ("noisy_backprop", cases.NORMAL, cases.tinier_mlp, 5, gaussian),
]


@cases.on_engines
@pytest.mark.parametrize(("key", "law", "make", "entries", "second"), ENUMERATED)
def test_the_mean_is_the_gradient_and_the_second_moment_its_formula(
    enumerate_draws, engine, key, law, make, entries, second
):
    problem = engine(make())
    enumerate_draws(law)
    estimate = make_estimator(key, problem.model, problem.loss)
    mean = mean_moments(problem, estimate, law, entries)
    assert torch.allclose(mean[:-1], cases.flat(problem.gradient()), **EXACT)
    assert torch.allclose(mean[-1], second(problem), **EXACT)


def test_rank_one_with_normal_factors():
    problem = cases.tiny_mlp()
    stream = draws.TangentStream(draws.rank_one, cases.counting(cases.NORMAL), torch.Generator())
    estimate = cases.estimator_of(problem, lambda _: Along(stream))
    mean = mean_moments(problem, estimate, cases.NORMAL, 8)
    entries, _ = total(problem)
    second = sum(square * (entries + 2 * rows + 2 * columns + 4) for _, square, rows, columns in blocks(problem))
    assert torch.allclose(mean[:-1], cases.flat(problem.gradient()), **EXACT)
    assert torch.allclose(mean[-1], second, **EXACT)


@pytest.mark.parametrize(("make", "factors"), [(cases.tiny_mlp, (4, 4)), (cases.tiny_cnn, (5, 5))])
def test_one_drawn_layer(make, factors):
    problem = make()
    mean = 0
    each = cases.of_each_unit(problem, cases.counting(cases.SIGNS))
    for estimate, entries in zip(each, factors, strict=True):  # each is drawn with the same probability
        mean = mean + mean_moments(problem, estimate, cases.SIGNS, entries) / 2
    second = sum(2 * entries * square for entries, square, *_ in blocks(problem))
    assert torch.allclose(mean[:-1], cases.flat(problem.gradient()), **EXACT)
    assert torch.allclose(mean[-1], second, **EXACT)


@pytest.mark.parametrize(
    ("layer", "shape", "entries"), [(nn.Linear(2, 1), (2,), 8), (nn.Conv2d(1, 1, (1, 2)), (1, 2, 3), 10)]
)
def test_rank_two_is_unbiased(enumerate_draws, layer, shape, entries):
    problem = cases.problem(layer, nn.Tanh(), shape=shape)
    enumerate_draws(cases.SIGNS)
    estimate = cases.estimator_of(problem, partial(forward_gradient, law="rademacher", rank=2))
    mean = mean_moments(problem, estimate, cases.SIGNS, entries)
    assert torch.allclose(mean[:-1], cases.flat(problem.gradient()), **EXACT)


@pytest.mark.parametrize("weights", [mean_weights, projection_weights])
@pytest.mark.parametrize("make", [cases.tiny_mlp, cases.small_cnn])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-4)], ids=str)
@cases.on_engines
def test_several_tangents_in_one_pass_are_as_many_passes(engine, weights, make, dtype, tolerance):
    problem = engine(make().to(dtype))
    estimate = cases.estimator_of(problem, partial(Several, weights=weights, tangents=4))
    stream = draws.TangentStream(draws.dense, draws.gaussian_, torch.Generator().manual_seed(0))
    units = problem.units
    for size in (3, 3, 1):  # the last batch is smaller
        batch = problem.inputs[:size], problem.targets[:size]
        tangents = [stream.draw(units) for _ in range(4)]
        found = [problem.network.evaluate(each, *batch) for each in tangents]
        rows = torch.stack([cases.written(each, units) for each in tangents])
        expected = weights(torch.stack([derivative for _, derivative, _ in found]), rows) @ rows
        together = estimate(*batch)
        assert torch.allclose(together.loss, found[0][0], rtol=tolerance)
        assert (cases.flat(together.dense()) - expected).norm() <= tolerance * expected.norm()


@pytest.mark.parametrize(("count", "inputs"), [(2, 2), (3, 1)])
def test_the_mean_of_several(enumerate_draws, count, inputs):
    problem = cases.problem(nn.Linear(inputs, 1), nn.Tanh(), shape=(inputs,))
    enumerate_draws(cases.NORMAL, count)
    estimate = cases.estimator_of(problem, partial(Several, weights=mean_weights, tangents=count))
    mean = mean_moments(problem, estimate, cases.NORMAL, count * (inputs + 1))
    entries, square = total(problem)
    assert torch.allclose(mean[:-1], cases.flat(problem.gradient()), **EXACT)
    assert torch.allclose(mean[-1], (entries + count + 1) / count * square, **EXACT)


def test_the_projection_on_two_directions(enumerate_draws):
    # Of all pairs of vectors of four signs, one in eight is of rank one: half of the gradient is missing there.
    problem = cases.problem(nn.Linear(1, 2), nn.Tanh(), shape=(1,))
    enumerate_draws(cases.SIGNS, 2)
    estimate = cases.estimator_of(problem, partial(Several, weights=projection_weights, tangents=2))
    mean = mean_moments(problem, estimate, cases.SIGNS, 8)
    (entries, square), rank = total(problem), 2 - 1 / 8
    assert torch.allclose(mean[:-1], rank / 2 * cases.flat(problem.gradient()), **EXACT)
    assert torch.allclose(mean[-1], (entries / 2) ** 2 * rank / entries * square, **EXACT)


def test_the_projection_on_four_gaussian_directions():
    problem = cases.tiny_mlp()
    estimate = make_estimator("forward_projected_4", problem.model, problem.loss, seed=0)
    samples = torch.stack([cases.moments(estimate(*problem.batch)) for _ in range(1000)])
    entries, square = total(problem)
    cases.assert_mean(samples, torch.cat([cases.flat(problem.gradient()), (entries / 4 * square)[None]]))


@pytest.mark.parametrize("count", [4, 16])
def test_a_projection_agrees_with_the_gradient_along_every_direction(count):
    problem = cases.small_cnn()
    estimate = make_estimator(f"forward_projected_{count}", problem.model, problem.loss)(*problem.batch)
    directions = torch.stack([cases.written(tangents, problem.units) for _, tangents in terms(estimate)])
    gradient, found = cases.flat(problem.gradient()), cases.flat(estimate.dense())
    assert len(directions) == count
    assert torch.allclose(directions @ found, len(gradient) / count * (directions @ gradient), **EXACT)


@pytest.mark.parametrize("count", [7, 8, 16])
def test_a_projection_on_all_directions_is_the_gradient(count):
    problem = cases.tiny_mlp()
    estimate = cases.estimator_of(problem, partial(Several, weights=projection_weights, tangents=count))
    found = cases.flat(estimate(*problem.batch).dense())
    assert torch.allclose(found, cases.flat(problem.gradient()), rtol=1e-8)


@pytest.mark.parametrize("make", [cases.tiny_mlp, cases.tiny_cnn, cases.small_cnn])
def test_the_sum_over_the_basis_is_the_gradient(make):
    problem = make()
    total = {name: torch.zeros_like(value) for name, value in problem.parameters.items()}
    for name, value in problem.parameters.items():
        layer, part = name.rsplit(".", 1)
        for entry in range(value.numel()):
            basis = torch.zeros_like(value)
            basis.view(-1)[entry] = 1
            tangent = cases.Dense(basis) if part == "weight" else cases.Dense(None, basis)
            total[name] += problem.derivative({layer: tangent}) * basis
    for name, value in problem.gradient().items():
        assert torch.allclose(total[name], value, **EXACT)


def test_standardised_tangents_lose_the_mean_component():
    vectors = torch.randn(20_000, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    standardised = torch.stack([standardise(vector) for vector in vectors])
    assert torch.allclose(standardised.std(1), torch.ones(20_000, dtype=torch.float64))
    cases.assert_white(standardised, torch.eye(4, dtype=torch.float64) - 1 / 4)


def test_the_standardised_estimate_is_the_gradient_without_its_mean():
    # Of two numbers, standardised, only the sign is random: the estimate is the same whatever is drawn.
    problem = cases.problem(nn.Linear(1, 2), nn.Tanh(), shape=(1,))
    estimate = make_estimator("forward_blockwise_standardised", problem.model, problem.loss)
    dense = estimate(*problem.batch).dense()
    for name, value in problem.gradient().items():
        assert value.mean().abs() > 1e-3
        assert torch.allclose(dense[name], value - value.mean(), **EXACT)


def test_a_single_number_cannot_be_standardised():
    estimator = make_estimator("forward_blockwise_standardised", nn.Sequential(nn.Linear(3, 1)), nn.MSELoss())
    with pytest.raises(ValueError, match=r"0\.bias has one entry .* use forward_blockwise$"):
        estimator(torch.ones(2, 3), torch.ones(2, 1))


def test_backprop_is_the_gradient():
    problem = cases.small_cnn()
    estimate = make_estimator("backprop", problem.model, problem.loss)(*problem.batch)
    assert torch.equal(cases.flat(estimate.dense()), cases.flat(problem.gradient()))


@pytest.fixture(params=ESTIMATORS)
def key(request):
    return request.param


@cases.with_engines(ESTIMATORS)
def test_an_estimate_brings_the_loss_and_leaves_the_model_alone(engine, key):
    problem = engine(cases.common_cnn())
    before, state = cases.flat(problem.parameters).clone(), torch.get_rng_state()
    estimate = make_estimator(key, problem.model, problem.loss)(*problem.batch)
    # A difference knows the loss at two points beside this one.
    assert torch.allclose(estimate.loss, problem.value(), **({"rtol": 1e-6} if key.startswith("spsa") else EXACT))
    assert not estimate.loss.requires_grad
    assert torch.equal(cases.flat(problem.parameters), before)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(parameter.grad is None for parameter in problem.model.parameters())


@cases.with_engines(ESTIMATORS)
def test_a_step_adds_the_dense_form(engine, key):
    problem = engine(cases.common_cnn())
    estimate = make_estimator(key, problem.model, problem.loss)(*problem.batch)
    dense = cases.flat(estimate.dense())
    expected = cases.flat(problem.parameters) - 0.1 * dense
    assert dense.abs().sum() > 0
    estimate.add_to_(-0.1)
    assert torch.allclose(cases.flat(problem.parameters), expected, **EXACT)


def test_an_optimizer_of_torch_takes_the_same_step(key):
    ours, theirs = cases.common_cnn(), cases.common_cnn()
    optimizer = torch.optim.SGD(theirs.model.parameters(), lr=0.1)
    estimates = [make_estimator(key, each.model, each.loss, seed=3) for each in (ours, theirs)]
    for _ in range(3):
        estimates[0](*ours.batch).add_to_(-0.1)
        optimizer.zero_grad()
        write_gradient_(theirs.model, estimates[1](*theirs.batch))
        optimizer.step()
    assert torch.allclose(cases.flat(ours.parameters), cases.flat(theirs.parameters), **EXACT)


@pytest.mark.parametrize("key", RANDOM)
def test_the_seed_decides_the_tangents(key):
    def dense(seed):
        problem = cases.common_cnn()
        estimate = make_estimator(key, problem.model, problem.loss, seed)
        return torch.stack([cases.flat(estimate(*problem.batch).dense()) for _ in range(3)])

    assert torch.equal(dense(1), dense(1))
    assert not torch.equal(dense(1), dense(2))
    assert len(dense(1).unique(dim=0)) == 3


@cases.with_engines(ALONG_TANGENTS)
def test_an_estimate_is_a_derivative_times_its_tangent(engine, key):
    # Whatever was drawn, <g, grad f> = sum_k d_k^2 (over K for a mean of K): no estimate points uphill.
    problem = engine(cases.common_cnn())
    estimate = make_estimator(key, problem.model, problem.loss)(*problem.batch)
    tangents = SHARED_OUT.get(key, 1)
    squares = sum(derivative.square() for derivative, _ in terms(estimate))
    along_gradient = cases.flat(estimate.dense()) @ cases.flat(problem.gradient())
    assert torch.allclose(along_gradient, tangents * squares, **EXACT)
    expected = len(problem.parameters) if key.startswith("forward_blockwise") else tangents
    assert len(terms(estimate)) == expected


@pytest.fixture
def no_backward(monkeypatch):
    """Let the engine under `torch.autograd` raise: backward, grad and vjp all pass through it."""

    def refuse(*arguments, **options):
        raise AssertionError("backward was called")

    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("torch") and "_engine_run_backward" in vars(module):
            monkeypatch.setattr(module, "_engine_run_backward", refuse)


def train(key, engine=cases.ENGINES["direct"]):
    """Three steps of the students' CNN."""
    problem = cases.Problem(
        models.build("students_cnn", 0), nn.CrossEntropyLoss(), torch.rand(4, 1, 28, 28), torch.arange(4)
    )
    problem = engine(problem)
    estimate, before = make_estimator(key, problem.model, problem.loss), cases.flat(problem.parameters).clone()
    with torch.autograd.graph.saved_tensors_hooks(kept, kept):
        for _ in range(3):
            estimate(*problem.batch).add_to_(-1e-3)
    assert not torch.equal(cases.flat(problem.parameters), before)


def kept(tensor):
    raise AssertionError("an activation was kept for backward")


@cases.with_engines(FORWARD)
def test_forward_estimators_never_go_backward(no_backward, engine, key):
    train(key, engine)


@pytest.mark.parametrize(
    "backward",
    [
        lambda problem: problem.value().backward(),
        lambda problem: problem.gradient(),
        lambda problem: torch.func.vjp(problem.model, problem.inputs)[1](problem.targets),
        *(lambda problem, key=key: make_estimator(key, problem.model, problem.loss)(*problem.batch) for key in REVERSE),
    ],
    ids=["backward", "grad", "vjp", *REVERSE],
)
def test_all_that_goes_backward_would_be_noticed(no_backward, backward):
    with pytest.raises(AssertionError, match="backward was called"):
        backward(cases.tiny_mlp())


def test_activations_kept_would_be_noticed():
    with pytest.raises(AssertionError, match="kept for backward"):
        train("backprop")


def test_an_unknown_estimator_is_named_with_those_that_exist():
    with pytest.raises(ValueError, match="no estimator 'forwards': choose one of backprop, forward_gaussian, "):
        make_estimator("forwards", nn.Sequential(nn.Linear(1, 1)), nn.MSELoss())


def test_the_catalogue_declares_every_estimator():
    assert list(catalogue.ESTIMATORS) == list(ESTIMATORS)


@pytest.mark.parametrize("key", ALONG)
def test_the_catalogue_knows_how_many_tangents_an_estimate_takes(key):
    problem = cases.common_cnn()
    estimate = make_estimator(key, problem.model, problem.loss)(*problem.batch)
    assert len(terms(estimate)) == (catalogue.ESTIMATORS[key].tangents or len(problem.parameters))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("stream", cases.STREAMS)
def test_the_directional_derivative_on_a_gpu(stream):
    problem = cases.small_cnn()
    problem = cases.Problem(problem.model.cuda(), problem.loss, problem.inputs.cuda(), problem.targets.cuda())
    tangents = cases.STREAMS[stream](torch.Generator("cuda").manual_seed(0)).draw(problem.units)
    tangent, gradient = cases.written(tangents, problem.units), cases.flat(problem.gradient())
    assert (problem.derivative(tangents) - gradient @ tangent).abs() <= 1e-10 * gradient.norm() * tangent.norm()
