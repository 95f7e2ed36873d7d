"""Every baseline takes the step that it stands for."""

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from forwardgrad.core import models
from forwardgrad.core.units import detached
from forwardgrad.experiments.speed import baselines
from forwardgrad.experiments.speed.steps import Case

from ... import cases

LOSS = nn.CrossEntropyLoss()
NETWORKS = {
    "mlp": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3)), (8,)),
    "deep": (lambda: nn.Sequential(*models.layers(4, 5, 6, 5, 4, 5, 3)), (4,)),
    "one layer": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(8, 3)), (8,)),
    "cnn": (lambda: models.build("cnn_small", 0), (1, 28, 28)),
    "strided": (
        lambda: nn.Sequential(
            nn.MaxPool2d(3, 2, padding=1, ceil_mode=True),
            nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2),
            nn.ReLU(),
            nn.MaxPool2d(2, 1, padding=1),
            nn.Flatten(),
            nn.Linear(100, 3),
        ),
        (2, 12, 12),
    ),
}
BACKPROP = baselines.LIBRARY | {key: baselines.BASELINES[key] for key in ("backprop_by_hand", "backprop_checkpoint")}


@pytest.fixture(params=NETWORKS)
def case(request):
    """A function that makes the same case anew: a network, and a batch."""
    make, shape = NETWORKS[request.param]

    def build():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = make().double()
        generator = torch.Generator().manual_seed(1)
        inputs = torch.randn(5, *shape, generator=generator, dtype=torch.float64)
        return Case(model, LOSS, inputs, torch.randint(3, (5,), generator=generator), 0.1)

    return build


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


@pytest.mark.parametrize("make", [baselines.jvp, baselines.dual_numbers])
def test_the_frameworks_forward_mode_steps_along_its_tangent(case, make):
    own = case()
    problem = cases.Problem(own.model, LOSS, own.inputs, own.targets)
    before, gradient = cases.flat(problem.parameters).clone(), cases.flat(problem.gradient())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        tangent = cases.flat({name: torch.randn_like(value) for name, value in problem.parameters.items()})
        torch.manual_seed(7)
        list(make(own)())
    expected = before - 0.1 * (gradient @ tangent) * tangent
    assert torch.allclose(cases.flat(problem.parameters), expected, rtol=1e-9, atol=1e-10)


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


@pytest.mark.parametrize(("depth", "sizes"), [(0, []), (1, [1]), (2, [1, 1]), (5, [2, 2, 1]), (10, [3, 3, 3, 1])])
def test_checkpoints_lie_about_the_root_of_the_depth_apart(depth, sizes):
    modules = list(models.deep(depth, 8))
    groups, last = baselines.groups_of(modules)
    assert [sum(isinstance(module, nn.Linear) for module in group) for group in groups] == sizes
    assert [module for group in [*groups, last] for module in group] == modules
    assert sum(isinstance(module, nn.Linear) for module in last) == 1
    assert all(isinstance(group[0], nn.Linear) for group in [*groups[1:], last] if depth)
