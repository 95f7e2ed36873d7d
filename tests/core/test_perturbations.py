import pytest
import torch
from hypothesis import given
from torch import nn

from forwardgrad.core import draws, perturbations
from forwardgrad.core.engine.maps import Linear
from forwardgrad.core.estimator import make_estimator

from .. import cases

EXACT = {"rtol": 1e-10, "atol": 1e-12}
DERIVATIVES = {"spsa": "forward_gaussian", "spsa_rank_one": "forward_rank_one"}
differences = pytest.mark.parametrize("key", DERIVATIVES)


def estimate(key, problem, **options):
    """One estimate, and it written out in one row."""
    found = make_estimator(key, problem.model, problem.loss, seed=0, **options)(*problem.batch)
    return found, cases.flat(found.dense())


def along_inputs(problem, tangents):
    """V x + b for the tangent of the only layer."""
    return tangents["0"].output(Linear(), problem.inputs, problem.model(problem.inputs).detach())


@cases.on_engines
@differences
def test_a_central_difference_of_a_quadratic_is_its_derivative(engine, key):
    problem = engine(cases.problem(nn.Linear(3, 2), shape=(3,)))
    _, difference = estimate(key, problem)
    _, derivative = estimate(DERIVATIVES[key], problem)
    assert torch.allclose(difference, derivative, rtol=1e-8)


@differences
def test_a_central_difference_of_a_cubic_errs_by_epsilon_squared(key):
    problem = cases.problem(nn.Linear(3, 1), shape=(3,))
    problem = cases.replace(problem, loss=lambda outputs, targets: outputs.pow(3).mean())
    (term,) = estimate(DERIVATIVES[key], problem)[0].terms
    third = along_inputs(problem, term[1]).pow(3).mean()
    for epsilon in (1 / 4, 1 / 128):
        (difference,) = estimate(key, problem, epsilon=epsilon)[0].terms
        assert torch.allclose(difference[0] - term[0], epsilon**2 * third, rtol=1e-8)


@differences
def test_a_difference_brings_the_mean_of_its_two_losses(key):
    problem = cases.problem(nn.Linear(3, 2), shape=(3,))
    found, _ = estimate(key, problem, epsilon=0.5)
    ((_, tangents),) = found.terms
    curvature = along_inputs(problem, tangents).square().mean()
    assert torch.allclose(found.loss, problem.value() + 0.5**2 * curvature, **EXACT)


@differences
@pytest.mark.parametrize(("scale", "expected"), [(1.0, 1.0), (30.0, 30 ** (2 / 3))])
def test_epsilon_follows_the_cube_root_of_large_losses(key, scale, expected):
    problem = cases.problem(nn.Linear(3, 2), shape=(3,))
    problem = cases.replace(problem, loss=lambda outputs, targets: scale**2 + 0 * outputs.sum())
    estimator = make_estimator(key, problem.model, problem.loss)
    for _ in range(2):
        estimator(*problem.batch)
        assert estimator.method.epsilon.item() == pytest.approx(perturbations.EPSILON * expected)


@cases.on_engines
@differences
def test_parameters_stay_as_they_are_to_the_last_bit(engine, key):
    problem = engine(cases.small_cnn().to(torch.float32))
    before, estimator = cases.flat(problem.parameters).clone(), make_estimator(key, problem.model, problem.loss)
    for _ in range(10):
        estimator(*problem.batch)
    assert torch.equal(cases.flat(problem.parameters), before)


def layers_of(problem):
    """The layers that have parameters, by name."""
    return [(name, problem.model.get_submodule(name)) for name in problem.units]


def layer_passes(problem):
    """Input and output of every layer that has parameters, by name, as torch computes them."""
    passes, hooks = {}, []
    for name, layer in layers_of(problem):
        hook = layer.register_forward_hook(
            lambda _, inputs, output, name=name: passes.update({name: (*inputs, output)})
        )
        hooks.append(hook)
    value = problem.value()
    for hook in hooks:
        hook.remove()
    return value, passes


def naive_activity(problem, noise):
    """The estimate from given perturbations, with every derivative by reverse mode."""
    value, passes = layer_passes(problem)
    cotangents = torch.autograd.grad(value, [output for _, output in passes.values()])
    shares = sum((delta * noise[name]).flatten(1).sum(1) for name, delta in zip(passes, cotangents, strict=True))
    gradient = {}
    for name, layer in layers_of(problem):
        weighted = noise[name] * shares.view(-1, *[1] * (noise[name].dim() - 1))
        parts = dict(layer.named_parameters())
        found = torch.autograd.grad((layer(passes[name][0].detach()) * weighted).sum(), list(parts.values()))
        gradient |= {f"{name}.{part}": each for part, each in zip(parts, found, strict=True)}
    return gradient


@cases.on_engines
@given(problem=cases.problems())
@cases.steady(max_examples=40)
def test_activity_perturbation_is_what_its_formula_says(engine, problem):
    problem = engine(problem)
    estimator, inputs = make_estimator("activity", problem.model, problem.loss), problem.inputs.clone()
    for _ in range(2):
        found = estimator(*problem.batch)
        ((_, perturbed),) = found.terms
        outputs = {name: output for name, (_, output) in layer_passes(problem)[1].items()}
        noise = {name: perturbed[name].uses[0][2].reshape(output.shape) for name, output in outputs.items()}
        assert all(torch.equal(each.abs(), torch.ones_like(each)) for each in noise.values())
        dense, expected = found.dense(), naive_activity(problem, noise)
        for name, value in expected.items():
            assert torch.allclose(dense[name], value, rtol=1e-9, atol=1e-11)
        assert torch.allclose(found.loss, problem.value(), **EXACT)
        assert torch.equal(problem.inputs, inputs)


def test_the_sum_over_single_outputs_perturbed_is_the_gradient(monkeypatch):
    problem, position = cases.small_cnn(), 0

    def one_at_a_time(rows, entries, generator):
        nonlocal position
        rows.zero_()
        for row in rows[: entries - position]:
            row[position] = 1
            position += 1

    monkeypatch.setattr(draws, "rademacher_", one_at_a_time)
    outputs = sum(output.numel() for _, output in layer_passes(problem)[1].values())
    estimator = make_estimator("activity", problem.model, problem.loss)
    total = sum(cases.flat(estimator(*problem.batch).dense()) for _ in range(outputs))
    assert torch.allclose(total, cases.flat(problem.gradient()), **EXACT)


def counting_uses(entries):
    """Count through all signs of an estimate that draws them layer by layer."""
    position = used = 0

    def fill(rows, count, generator):
        nonlocal position, used
        rows[0, :count] = 2.0 * cases.digits(position, 1, 2, entries)[0, used : used + count] - 1
        position, used = position + (used + count) // entries, (used + count) % entries

    return fill


@pytest.mark.parametrize("engine", cases.ENGINES)
@pytest.mark.parametrize(
    ("layers", "shape", "outputs"),
    [
        ((nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)), (2,), 3),
        ((nn.Conv2d(1, 1, 2), nn.Tanh(), nn.Flatten(), nn.Linear(2, 2)), (1, 3, 2), 4),
    ],
)
def test_the_mean_over_all_signs_is_the_gradient(monkeypatch, engine, layers, shape, outputs):
    problem = cases.problem(*layers, shape=shape, batch=2, loss=nn.CrossEntropyLoss() if outputs == 4 else None)
    problem = cases.ENGINES[engine](problem)
    law = cases.counting(cases.SIGNS) if engine == "direct" else counting_uses(2 * outputs)
    monkeypatch.setattr(draws, "rademacher_", law)
    estimator = make_estimator("activity", problem.model, problem.loss)
    mean = cases.expectation(lambda: cases.moments(estimator(*problem.batch)), cases.SIGNS, 2 * outputs)
    assert torch.allclose(mean[:-1], cases.flat(problem.gradient()), **EXACT)


def test_batches_of_several_sizes_take_turns():
    problem = cases.tiny_cnn()
    estimator = make_estimator("activity", problem.model, problem.loss)
    for size in (3, 2, 3, 1):
        found = estimator(problem.inputs[:size], problem.targets[:size])
        assert found.terms[0][0].shape == (size,)


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@cases.on_engines
@pytest.mark.parametrize(
    "convolution", [nn.Conv2d(1, 1, (2, 3), padding="same", dilation=(1, 2)), nn.Conv2d(1, 2, 3, padding="valid")]
)
def test_activity_with_padding_in_words(engine, convolution):
    problem = engine(cases.problem(convolution, nn.Flatten(), nn.LazyLinear(2), shape=(1, 4, 3)))
    found = make_estimator("activity", problem.model, problem.loss)(*problem.batch)
    ((_, perturbed),) = found.terms
    outputs = {name: output for name, (_, output) in layer_passes(problem)[1].items()}
    noise = {name: perturbed[name].uses[0][2].reshape(output.shape) for name, output in outputs.items()}
    expected = cases.flat(naive_activity(problem, noise))
    assert torch.allclose(cases.flat(found.dense()), expected, rtol=1e-9, atol=1e-11)
