"""Forward gradients by others' means step along the tangent that they draw."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parameters_to_vector

from forwardgrad.core.transformers import GPT, token_loss
from forwardgrad.experiments.speed import stock
from forwardgrad.experiments.speed.steps import Case

# What `torch.func.jvp` imports on its first call says so.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")


def stepped_along_its_tangent(case, make):
    """Whether a step moves the parameters by the directional derivative along the drawn tangent, times that."""
    parameters = list(case.parameters.values())
    before = parameters_to_vector(parameters).detach()
    gradient = parameters_to_vector(torch.autograd.grad(case.value(), parameters))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        tangent = parameters_to_vector([torch.randn_like(part) for part in parameters])
        torch.manual_seed(7)
        list(make(case)())
    expected = before - case.rate * (gradient @ tangent) * tangent
    return torch.allclose(parameters_to_vector(parameters), expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("make", [stock.jvp, stock.dual_numbers, stock.torchzero])
def test_a_step_goes_along_its_tangent(case, make):
    assert stepped_along_its_tangent(case(), make)


@pytest.mark.parametrize("make", [stock.jvp, stock.dual_numbers, stock.torchzero])
def test_a_step_of_a_network_with_attention_and_tied_weights_goes_along_its_tangent(make):
    torch.manual_seed(0)
    model = GPT(vocabulary=7, length=4, width=8, depth=1, heads=2).double()
    tokens = torch.arange(8).view(2, 4) % 7
    assert stepped_along_its_tangent(Case(model, token_loss, tokens, tokens, 0.1), make)


@pytest.mark.parametrize("make", [stock.jvp, stock.dual_numbers, stock.torchzero])
def test_frozen_parameters_stay(make):
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    model[0].requires_grad_(False)
    before = [part.clone() for part in model.parameters()]
    list(make(Case(model, nn.CrossEntropyLoss(), torch.rand(5, 3), torch.arange(5) % 2, 0.1))())
    assert [torch.equal(*pair) for pair in zip(model.parameters(), before, strict=True)] == [True, True, False, False]


def test_without_torchzero_its_absence_is_said(monkeypatch):
    monkeypatch.setattr(stock, "find_spec", lambda name: None)
    case = Case(nn.Sequential(nn.Linear(2, 2)), nn.CrossEntropyLoss(), torch.rand(2, 2), torch.arange(2), 0.1)
    with pytest.raises(TypeError, match=r"^torchzero is not installed: `pip install torchzero`$"):
        stock.torchzero(case)
