"""Networks that are trained as one train as each would alone."""

import pytest
import torch
import torch.nn.functional as F

from forwardgrad.core.models import build
from forwardgrad.data.prepared import Examples
from forwardgrad.experiments.audit.ensemble import Ensemble, steps_to
from forwardgrad.seeds import initialisation_seed

ALONE = 2  # the network that is trained alone, too


@pytest.fixture
def ensemble(splits):
    return Ensemble("students_mlp", 4, splits)


@pytest.fixture
def network():
    return build("students_mlp", initialisation_seed("penguins", "students_mlp", ALONE))


def loss_of(network, part):
    return F.cross_entropy(network(part.inputs), part.labels)


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize("batches", ["whole", "single"])
def test_each_network_trains_as_it_would_alone(ensemble, network, splits, optimizer, batches):
    for _ in ensemble.descend(getattr(ensemble, batches)(2), lambda parameters: optimizer(parameters, lr=0.01)):
        pass
    train, chosen = splits[ALONE].train, optimizer(network.parameters(), lr=0.01)
    single = [Examples(train.inputs[[i]], train.labels[[i]]) for i in range(len(train))]
    for batch in 2 * ([train] if batches == "whole" else single):
        chosen.zero_grad()
        loss_of(network, batch).backward()
        chosen.step()
    torch.testing.assert_close(ensemble.losses(ensemble.train)[ALONE], loss_of(network, train))
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(ensemble.parameters[name][ALONE], parameter, rtol=1e-4, atol=1e-5)


def test_splits_are_taken_in_turn(ensemble, splits):
    assert torch.equal(ensemble.test.inputs[3], splits[0].test.inputs)
    assert torch.equal(ensemble.train.labels[1], splits[1].train.labels)


def test_steps_are_those_of_a_plain_loop(ensemble, network, splits):
    """The network that is also trained alone stops when it does there; who never stops has the most."""
    counted = steps_to(ensemble, 0.8, [ensemble.train, ensemble.test], rate=0.05, most=30)
    train, expected = splits[ALONE].train, []
    for step in range(30):
        losses = (loss_of(network, train).item(), loss_of(network, splits[ALONE].test).item())
        expected.append([step if loss <= 0.8 else 30 for loss in losses])
        network.zero_grad()
        loss_of(network, train).backward()
        torch.optim.SGD(network.parameters(), 0.05).step()
    assert counted[:, ALONE].tolist() == torch.tensor(expected).min(0).values.tolist()
    assert steps_to(Ensemble("students_mlp", 4, splits), 0.0, [ensemble.train], 0.05, 3).tolist() == [[3.0] * 4]
