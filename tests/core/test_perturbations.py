import pytest
import torch
from hypothesis import given
from torch import nn

from forwardgrad.core import draws, perturbations
from forwardgrad.core.gradients import make_estimator

from .. import cases

EXACT = {"rtol": 1e-10, "atol": 1e-12}
DERIVATIVES = {"spsa": "forward_gaussian", "spsa_rank_one": "forward_rank_one"}
differences = pytest.mark.parametrize("key", DERIVATIVES)


def estimate(key, problem, seed=0):
    """One estimate, and it written out in one row."""
    found = make_estimator(key, problem.model, problem.loss, seed)(*problem.batch)
    return found, cases.flat(found.dense(problem.parameters))


@differences
def test_a_central_difference_of_a_quadratic_is_its_derivative(key):
    problem = cases.problem(nn.Linear(3, 2), shape=(3,))
    _, difference = estimate(key, problem)
    _, derivative = estimate(DERIVATIVES[key], problem)
    assert torch.allclose(difference, derivative, rtol=1e-8)


@differences
def test_a_central_difference_of_a_cubic_errs_by_epsilon_squared(monkeypatch, key):
    problem = cases.problem(nn.Linear(3, 1), shape=(3,))
    problem = cases.replace(problem, loss=lambda outputs, targets: outputs.pow(3).mean())
    (term,) = estimate(DERIVATIVES[key], problem)[0].terms
    third = term[1]["0"].output(problem.model[0], problem.inputs).pow(3).mean()
    for epsilon in (0.3, 0.01):
        monkeypatch.setattr(perturbations, "EPSILON", epsilon)
        (difference,) = estimate(key, problem)[0].terms
        assert torch.allclose(difference[0] - term[0], epsilon**2 * third, rtol=1e-8)


@differences
def test_a_difference_brings_the_mean_of_its_two_losses(monkeypatch, key):
    problem = cases.problem(nn.Linear(3, 2), shape=(3,))
    monkeypatch.setattr(perturbations, "EPSILON", 0.5)
    found, _ = estimate(key, problem)
    ((_, tangents),) = found.terms
    curvature = tangents["0"].output(problem.model[0], problem.inputs).square().mean()
    assert torch.allclose(found.loss, problem.value() + 0.5**2 * curvature, **EXACT)


@differences
def test_parameters_stay_as_they_are_to_the_last_bit(key):
    problem = cases.small_cnn().to(torch.float32)
    before, estimator = cases.flat(problem.parameters).clone(), make_estimator(key, problem.model, problem.loss)
    for _ in range(10):
        estimator(*problem.batch)
    assert torch.equal(cases.flat(problem.parameters), before)


def layer_passes(problem):
    """Input and output of every layer that has parameters, by name, as torch computes them."""
    passes, hooks = {}, []
    for name, layer in problem.net.trainable.items():
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
    for name, layer in problem.net.trainable.items():
        weighted = noise[name] * shares.view(-1, *[1] * (noise[name].dim() - 1))
        parts = dict(layer.named_parameters())
        found = torch.autograd.grad((layer(passes[name][0].detach()) * weighted).sum(), list(parts.values()))
        gradient |= {f"{name}.{part}": each for part, each in zip(parts, found, strict=True)}
    return gradient


@given(problem=cases.problems())
@cases.steady(max_examples=60)
def test_activity_perturbation_is_what_its_formula_says(problem):
    estimator, inputs = make_estimator("activity", problem.model, problem.loss), problem.inputs.clone()
    for _ in range(2):
        found = estimator(*problem.batch)
        ((_, perturbed),) = found.terms
        noise = {
            name: perturbed[name].noise.movedim(-1, 1) if isinstance(layer, nn.Conv2d) else perturbed[name].noise
            for name, layer in problem.net.trainable.items()
        }
        assert all(torch.equal(each.abs(), torch.ones_like(each)) for each in noise.values())
        dense, expected = found.dense(problem.parameters), naive_activity(problem, noise)
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
    total = sum(cases.flat(estimator(*problem.batch).dense(problem.parameters)) for _ in range(outputs))
    assert torch.allclose(total, cases.flat(problem.gradient()), **EXACT)


@pytest.mark.parametrize(
    ("layers", "shape", "outputs"),
    [
        ((nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)), (2,), 3),
        ((nn.Conv2d(1, 1, 2), nn.Tanh(), nn.Flatten(), nn.Linear(2, 2)), (1, 3, 2), 4),
    ],
)
def test_the_mean_over_all_signs_is_the_gradient(monkeypatch, layers, shape, outputs):
    problem = cases.problem(*layers, shape=shape, batch=2, loss=nn.CrossEntropyLoss() if outputs == 4 else None)
    monkeypatch.setattr(draws, "rademacher_", cases.counting(cases.SIGNS))
    estimator = make_estimator("activity", problem.model, problem.loss)
    mean = cases.expectation(
        lambda: cases.moments(estimator(*problem.batch), problem.parameters), cases.SIGNS, 2 * outputs
    )
    assert torch.allclose(mean[:-1], cases.flat(problem.gradient()), **EXACT)


def test_batches_of_several_sizes_take_turns():
    problem = cases.tiny_cnn()
    estimator = make_estimator("activity", problem.model, problem.loss)
    for size in (3, 2, 3, 1):
        found = estimator(problem.inputs[:size], problem.targets[:size])
        assert found.terms[0][0].shape == (size,)


def test_activity_refuses_padding_in_words_by_name():
    model = nn.Sequential(nn.Conv2d(1, 1, 3, padding="same"), nn.Flatten(), nn.Linear(9, 2))
    with pytest.raises(TypeError, match=r"layer 0 \(Conv2d.*activity needs its padding in numbers, not 'same'$"):
        make_estimator("activity", model, nn.CrossEntropyLoss())
