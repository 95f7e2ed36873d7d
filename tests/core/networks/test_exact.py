"""The directional derivative along every kind of tangent is the gradient of reverse mode times that tangent.

Both passes see the same random numbers, so that dropout and stochastic depth agree, and begin with the same buffers.
"""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch.utils._pytree import tree_flatten

from forwardgrad import make_estimator

from .case import Case
from .zoo import NAMES, build

KEYS = ("forward_gaussian", "forward_rank_one", "forward_rank_one_layer")
RANDOM = 1
SEED = 5  # draws no single layer whose gradient is zero, such as a bias in front of a normalisation

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN:UserWarning")


@dataclass(frozen=True)
class Plain:
    """What one forward and one backward pass make of a network, and its state before and after."""

    case: Case
    outputs: Any
    loss: torch.Tensor
    gradient: dict
    before: dict
    after: dict
    random: torch.Tensor


@pytest.fixture(scope="module", params=NAMES)
def plain(request):
    case = build(request.param)
    before = deepcopy(case.model.state_dict())
    torch.default_generator.manual_seed(RANDOM)
    outputs = case.outputs()
    loss = case.loss(outputs, case.targets)
    random = torch.get_rng_state()
    trained = {name: each for name, each in case.model.named_parameters() if each.requires_grad}
    gradient = torch.autograd.grad(loss, trained.values(), allow_unused=True, materialize_grads=True)
    gradient = dict(zip(trained, gradient, strict=True))
    return Plain(case, outputs, loss, gradient, before, deepcopy(case.model.state_dict()), random)


@pytest.fixture(scope="module", params=KEYS)
def estimated(request, plain):
    """The estimate from where the plain pass began, and the state of torch's random numbers behind it."""
    plain.case.model.load_state_dict(plain.before)
    estimator = make_estimator(request.param, plain.case.model, plain.case.loss, seed=SEED)
    torch.default_generator.manual_seed(RANDOM)
    return estimator(plain.case.inputs, plain.case.targets), torch.get_rng_state()


@pytest.fixture
def estimate(estimated):
    return estimated[0]


def test_the_derivative_is_gradient_times_tangent(plain, estimate):
    ((derivative, tangents),) = estimate.terms
    parts = [
        (name, part)
        for unit, tangent in tangents.items()
        for name, part in zip(estimate.units[unit].names, tangent.dense(), strict=True)
        if part is not None and name is not None
    ]
    products = torch.cat([(plain.gradient[name] * part).flatten() for name, part in parts])
    # Where the products cancel, an error counts against what cancels.
    assert abs(derivative - products.sum()) <= 1e-10 * products.norm()
    dense = estimate.dense()
    assert dense.keys() == plain.gradient.keys()
    for name, part in parts:
        torch.testing.assert_close(dense.pop(name), derivative * part)
    assert not any(rest.any() for rest in dense.values())


def test_loss_outputs_and_random_numbers_are_those_of_a_plain_pass(plain, estimated):
    estimate, random = estimated
    assert torch.equal(random, plain.random)
    torch.testing.assert_close(estimate.loss, plain.loss.detach(), rtol=1e-12, atol=0)
    (found, form), (wanted, plain_form) = map(tree_flatten, (estimate.outputs, plain.outputs))
    assert form == plain_form
    for each, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(each, other.detach(), rtol=1e-10, atol=1e-12)
        assert not each.requires_grad


def test_buffers_move_as_in_a_plain_pass_and_parameters_not_at_all(plain, estimate):
    model = plain.case.model
    parameters = dict(model.named_parameters(remove_duplicate=False))
    for name, each in model.state_dict().items():
        if name in parameters:
            assert torch.equal(each, plain.before[name])
            assert parameters[name].grad is None
        else:
            torch.testing.assert_close(each, plain.after[name], rtol=1e-10, atol=1e-12)
