"""What a call leaves behind: what one plain pass does, and nothing else."""

import copy

import pytest
import torch
from torch import nn

from forwardgrad.core.estimates import step_
from forwardgrad.core.estimator import make_estimator
from forwardgrad.core.gradients import ESTIMATORS

from .. import cases


class Branches(nn.Module):
    """A module of two inputs that returns a dict, with buffers and random numbers of its own."""

    def __init__(self):
        super().__init__()
        self.body, self.norm, self.drop = nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout()
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))
        self.head = nn.Linear(6, 3)

    def forward(self, inputs, scale):
        self.calls += 1
        hidden = self.drop(torch.tanh(self.norm(self.body(inputs * scale))))
        return {"logits": self.head(hidden), "parts": (hidden, [inputs])}


def of_logits(outputs, targets):
    return nn.functional.cross_entropy(outputs["logits"], targets)


DRAWS = torch.Generator().manual_seed(0)
BATCH = torch.randn(6, 4, dtype=torch.float64, generator=DRAWS), torch.full((6, 1), 0.5, dtype=torch.float64)
TARGETS = torch.arange(6) % 3
PLAIN = {  # networks for the direct engine
    "dropout": lambda: nn.Sequential(nn.Linear(4, 6), nn.Dropout(), nn.Linear(6, 6), nn.RReLU(), nn.Linear(6, 3)),
    "statistics": lambda: nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6, affine=False), nn.Tanh(), nn.Linear(6, 3)),
}


def state_of(model):
    return [torch.get_rng_state(), *model.buffers()]


def close(one, other, key):
    """Whether two agree to the bit, or nearly: differences are taken beside the point, by epsilon."""
    if not key.startswith("spsa") or not one.is_floating_point():
        return torch.equal(one, other)
    tolerance = 1e-2
    return torch.allclose(one, other, rtol=tolerance, atol=tolerance)


def assert_like_a_pass(model, loss, inputs, key):
    """Check two calls, of which the second finds everything prepared, against plain passes."""
    options = {"mixed": True} if key == "activity" else {}
    other = copy.deepcopy(model)
    estimator = make_estimator(key, model, loss, **options)
    for seed in range(2):
        torch.default_generator.manual_seed(seed)
        expected = other(*inputs) if isinstance(inputs, tuple) else other(inputs)
        wanted = state_of(other)
        torch.default_generator.manual_seed(seed)
        found = estimator(inputs, TARGETS)
        random, *buffers = state_of(model)
        assert torch.equal(random, wanted[0])
        assert all(close(*pair, key) for pair in zip(buffers, wanted[1:], strict=True))
        logits = [each["logits"] if isinstance(each, dict) else each for each in (found.outputs, expected)]
        assert close(*logits, key)
        assert not found.loss.requires_grad
        assert not logits[0].requires_grad
    return found, expected


@pytest.mark.parametrize("key", cases.ANYWHERE)
@pytest.mark.parametrize("name", PLAIN)
def test_random_numbers_and_statistics_of_a_sequence(name, key):
    # RReLU draws where it is negative: a difference beside a kink may draw otherwise.
    torch.default_generator.manual_seed(0)
    assert_like_a_pass(PLAIN[name]().double(), nn.CrossEntropyLoss(), BATCH[0], key)


@pytest.mark.parametrize("key", cases.ANYWHERE)
def test_random_numbers_and_buffers_of_a_module_of_ones_own(key):
    found, expected = assert_like_a_pass(Branches().double(), of_logits, BATCH, key)
    assert list(found.outputs) == list(expected)
    assert close(found.outputs["parts"][0], expected["parts"][0], key)
    assert torch.equal(found.outputs["parts"][1][0], BATCH[0])


@pytest.mark.parametrize("key", cases.ANYWHERE)
def test_inputs_may_be_a_tuple_or_named(key):
    model = Branches().double().eval()
    first, second = (
        make_estimator(key, model, of_logits, seed=0)(inputs, TARGETS).dense()
        for inputs in (BATCH, {"scale": BATCH[1], "inputs": BATCH[0]})
    )
    assert all(torch.equal(first[name], second[name]) for name in first)


@cases.with_engines(ESTIMATORS)
def test_inputs_that_require_a_gradient_get_none(engine, key):
    problem = engine(cases.problem(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3), shape=(4,), loss=nn.CrossEntropyLoss()))
    leaf = problem.inputs.clone().requires_grad_()
    for inputs in (leaf, leaf * 1):  # also features of a body that moves
        estimator = make_estimator(key, problem.model, problem.loss)
        found = estimator(inputs, problem.targets)
        assert not found.loss.requires_grad
        assert not any(value.requires_grad for value in found.dense().values())
        assert step_(problem.model, found, 0.01)
    assert leaf.grad is None


@cases.with_engines(ESTIMATORS)
def test_all_that_is_used_is_the_model_and_a_batch(engine, key):
    problem = engine(cases.common_cnn())
    before = copy.deepcopy(problem.model.state_dict())
    inputs, targets = problem.inputs.clone(), problem.targets.clone()
    training = [module.training for module in problem.model.modules()]
    estimator = make_estimator(key, problem.model, problem.loss)
    for _ in range(2):
        estimator(*problem.batch).dense()
    assert all(torch.equal(value, before[name]) for name, value in problem.model.state_dict().items())
    assert torch.equal(problem.inputs, inputs)
    assert torch.equal(problem.targets, targets)
    assert [module.training for module in problem.model.modules()] == training
    assert not any(module._forward_hooks for module in problem.model.modules())
