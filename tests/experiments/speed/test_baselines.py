"""Every baseline takes the step that it stands for."""

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from forwardgrad.core.units import detached
from forwardgrad.experiments.speed import baselines
from forwardgrad.experiments.speed.steps import Case

from ... import cases

LOSS = nn.CrossEntropyLoss()
BACKPROP = baselines.LIBRARY | {key: baselines.BASELINES[key] for key in ("backprop_by_hand", "backprop_checkpoint")}


def descended(case, steps):
    """Parameters after steps of plain gradient descent."""
    for _ in range(steps):
        gradient = torch.autograd.grad(LOSS(case.model(case.inputs), case.targets), list(case.model.parameters()))
        for parameter, part in zip(case.model.parameters(), gradient, strict=True):
            parameter.data -= case.rate * part
    return cases.flat(detached(case.model))


@pytest.mark.parametrize("name", BACKPROP)
def test_every_backprop_takes_the_same_steps(case, name):
    own = case()
    step = BACKPROP[name](own)
    for _ in range(3):
        list(step())
    assert torch.allclose(cases.flat(detached(own.model)), descended(case(), 3), rtol=1e-10, atol=1e-12)


class Watch(TorchDispatchMode):
    """Keeps the results of every operation, by its name."""

    def __init__(self):
        super().__init__()
        self.results = []

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        result = function(*arguments, **(keywords or {}))
        self.results.append((str(function), result))
        return result


def test_evaluation_is_the_loss_without_a_graph(case):
    own = case()
    step = baselines.evaluation(own)
    with Watch() as seen:
        list(step())
    value = seen.results[-1][1][0]  # of `nll_loss_forward`
    assert torch.allclose(value, LOSS(own.model(own.inputs), own.targets))
    assert not value.requires_grad
    assert torch.equal(cases.flat(detached(own.model)), cases.flat(detached(case().model)))


def test_gathering_takes_as_many_random_examples_and_does_nothing_else(case, monkeypatch):
    monkeypatch.setattr(baselines, "EXAMPLES", 22)  # four batches of five
    own = case()
    step = baselines.gathering(own)
    orders = []
    for _ in range(5):
        with Watch() as seen:
            list(step())
        assert [name for name, _ in seen.results] == ["aten.index_select.out", "aten.index_select.default"]
        (_, inputs), (_, targets) = seen.results
        assert (inputs.shape, targets.shape) == (own.inputs.shape, own.targets.shape)
        orders.append(inputs.data_ptr())
    assert len(set(orders)) == 1, "into the same memory"


def test_backprop_by_hand_refuses_what_it_has_not_written():
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    with pytest.raises(TypeError, match=r"no hand-written backprop for Tanh\(\)"):
        baselines.by_hand(Case(model, LOSS, torch.rand(2, 2), torch.arange(2), 0.1))
