"""The direct engine notices whatever is changed of its network, and leaves to the general one what it cannot do."""

import pytest
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from forwardgrad.core.estimates import step_
from forwardgrad.core.estimator import make_estimator

from ... import cases

KEYS = ("backprop", "forward_gaussian", "forward_rank_one", "forward_blockwise", "activity", "spsa")


def vector(model):
    vector_to_parameters(parameters_to_vector(model.parameters()).detach() * 3, model.parameters())


def data(model):
    for parameter in model.parameters():
        parameter.data = parameter.data * 3


def in_place(model):
    model.load_state_dict({name: value * 3 for name, value in model.state_dict().items()})


def assign(model):
    model.load_state_dict({name: value * 3 for name, value in model.state_dict().items()}, assign=True)


def layout(model):
    model.to(memory_format=torch.channels_last)
    in_place(model)


def precision(model):
    model.float()
    model.double()
    in_place(model)


def weight(model):
    model[-1].weight = nn.Parameter(model[-1].weight.detach() * 9)


def no_bias(model):
    model[-1].bias = None


def head(model):
    model[-1] = nn.Linear(6, 3).double()


def append(model):
    model.append(nn.Softmax(1))


def insert(model):
    model.insert(1, nn.Sequential(nn.Tanh(), nn.Tanh()))


def slope(model):
    model[1] = nn.LeakyReLU(0.5)


def forward(model):
    model[1].forward = lambda inputs: inputs * 2


def kind(model):
    model[1].__class__ = nn.Sigmoid


CHANGES = [
    vector, data, in_place, assign, layout, precision, weight, no_bias, head, append, insert, slope, forward, kind,
]  # fmt: skip


def cnn():
    layers = nn.Unflatten(1, (2, 3, 1)), nn.ReLU(), nn.Conv2d(2, 3, (2, 1)), nn.Flatten(), nn.Linear(6, 3)
    return cases.problem(*layers, shape=(6,), batch=8, loss=nn.CrossEntropyLoss())


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("change", CHANGES)
def test_an_estimate_is_of_the_network_as_it_is(change, key):
    problem = cnn()
    estimator = make_estimator(key, problem.model, problem.loss, seed=0)
    estimator(*problem.batch)
    change(problem.model)
    for _ in range(2):
        found, expected = estimator(*problem.batch), problem.value()
        assert found.loss.item() == pytest.approx(expected.item(), rel=1e-5)
        dense, before = found.dense(), cases.flat(problem.parameters).clone()
        assert list(dense) == list(problem.parameters)
        if key == "backprop":
            assert torch.allclose(cases.flat(dense), cases.flat(problem.gradient()))
        elif key.startswith("forward"):
            along = sum(derivative.square() for derivative, _ in found.terms)
            assert torch.allclose(cases.flat(dense) @ cases.flat(problem.gradient()), along)
        step_(problem.model, found, 0.01)
        assert torch.allclose(cases.flat(problem.parameters), before - 0.01 * cases.flat(dense))


class Residual(nn.Sequential):
    """A subclass with a forward of its own."""

    def forward(self, inputs):
        return inputs + super().forward(inputs)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("outer", [False, True])
def test_the_forward_of_a_subclass_is_followed(key, outer):
    layers = [nn.Linear(4, 4), nn.Tanh()]
    problem = cases.problem(Residual(*layers), nn.Linear(4, 3), shape=(4,), loss=nn.CrossEntropyLoss())
    if outer:
        problem = cases.replace(problem, model=Residual(*layers, nn.Linear(4, 4)).double())
    assert problem.network.direct is None
    found = make_estimator(key, problem.model, problem.loss)(*problem.batch)
    assert found.loss.item() == pytest.approx(problem.value().item(), rel=1e-6)


HOOKS = {
    "layer": lambda model, hook: model[0].register_forward_hook(hook),
    "container": lambda model, hook: model[1].register_forward_hook(hook),
    "network": lambda model, hook: model.register_forward_hook(hook),
    "everywhere": lambda model, hook: register_module_forward_hook(hook),
    "in front": lambda model, hook: model[0].register_forward_pre_hook(hook),
    "in front, everywhere": lambda model, hook: register_module_forward_pre_hook(hook),
}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("where", HOOKS)
@pytest.mark.parametrize("late", [False, True])
def test_hooks_fire_and_what_they_change_counts(key, where, late):
    problem = cases.problem(nn.Linear(4, 4), nn.Sequential(nn.Tanh()), nn.Linear(4, 3), shape=(4,))
    make, fired = lambda: make_estimator(key, problem.model, problem.loss), []

    def hook(module, *values):
        if module is problem.loss:
            return None
        fired.append(module)
        return (values[0][0] * 2,) if where.startswith("in front") else values[-1] * 2

    estimator = make() if late else None
    plain = problem.value().item()
    handle = HOOKS[where](problem.model, hook)
    try:
        if not late:
            estimator = make()
        fired.clear()
        found = estimator(*problem.batch).loss.item()
        assert fired
        assert found == pytest.approx(problem.value().item(), rel=1e-5)
    finally:
        handle.remove()
    assert estimator(*problem.batch).loss.item() == pytest.approx(plain, rel=1e-5)
    assert found != pytest.approx(plain, rel=1e-4)


def test_the_direct_engine_is_back_when_a_hook_is_gone():
    problem = cases.tiny_mlp()
    network = problem.network
    made = network.plain
    network.refresh()
    assert network.plain is made
    handle = problem.model[0].register_forward_hook(lambda *_: None)
    network.refresh()
    assert network.plain is None
    units = network.units
    handle.remove()
    network.refresh()
    assert network.plain is not None
    assert network.units is units
