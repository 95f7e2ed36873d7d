"""Estimators that go layer by layer: exact where they should be, unbiased by counting all signs, refused by name."""

import itertools

import pytest
import torch
from torch import nn

from forwardgrad import make_estimator
from forwardgrad.core.layerwise import orthogonal, sampled, weights

LOSS = nn.CrossEntropyLoss()
KEYS = ("activity_orthogonal_16", "forward_sampled", "local_losses")


def seeded(*layers):
    """The layers in float64, with weights of a seed of their own."""
    model = nn.Sequential(*layers).double()
    generator = torch.Generator().manual_seed(0)
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.5, generator=generator)
    return model


def batch(model, shape, size=3):
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(size, *shape, generator=generator, dtype=torch.float64)
    return inputs, torch.arange(size) % model(inputs).shape[1]


def mlp():
    return seeded(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 3)), (4,)


def cnn():
    first = nn.Conv2d(1, 2, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(2, 3, 3, padding=1), nn.ReLU()
    return seeded(*first, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 3)), (1, 8, 8)


def deep():
    layers = nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 3)
    return seeded(*layers), (4,)


NETWORKS = {"mlp": mlp, "cnn": cnn, "deep": deep}


@pytest.fixture(params=NETWORKS)
def network(request):
    return NETWORKS[request.param]()


def gradient(model, inputs, targets, loss=LOSS):
    names = [name for name, _ in model.named_parameters()]
    return dict(zip(names, torch.autograd.grad(loss(model(inputs), targets), list(model.parameters())), strict=True))


def close(found, expected, **tolerances):
    assert list(found) == list(expected)
    for name, part in expected.items():
        torch.testing.assert_close(found[name], part, **{"rtol": 1e-9, "atol": 1e-12} | tolerances)


def same_signs(monkeypatch, draw):
    """Replace the signs of every estimator of this folder."""
    for module in (orthogonal, sampled, weights):
        monkeypatch.setattr(module, "signs", draw)


def counting(bits):
    """A draw whose signs are the binary digits of a number: all of a call from `bits`, an iterator of signs."""
    return lambda shape, like, generator: (
        torch.tensor([next(bits) for _ in range(torch.Size(shape).numel())]).to(like).view(shape)
    )


@pytest.mark.parametrize("loss", [LOSS, nn.MSELoss(), nn.CrossEntropyLoss(label_smoothing=0.1)])
def test_as_many_tangents_as_units_give_the_gradient(loss):
    for make in (mlp, deep):
        model, shape = make()
        inputs, targets = batch(model, shape)
        if isinstance(loss, nn.MSELoss):
            targets = torch.ones_like(model(inputs))
        estimate = make_estimator("activity_orthogonal_16", model, loss, 0, tangents=6)(inputs, targets)
        close(estimate.dense(), gradient(model, inputs, targets, loss))
        torch.testing.assert_close(estimate.loss, loss(model(inputs), targets))
        torch.testing.assert_close(estimate.outputs, model(inputs))


def test_a_layer_behind_the_last_weights_belongs_to_the_loss():
    model = seeded(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3), nn.Softmax(1))
    inputs, targets = batch(model, (4,))
    estimate = make_estimator("activity_orthogonal_16", model, LOSS, 0)(inputs, targets)
    close(estimate.dense(), gradient(model, inputs, targets))


def test_ignored_targets_add_nothing():
    model, shape = mlp()
    inputs, _ = batch(model, shape)
    targets = torch.tensor([1, -100, 2])
    estimate = make_estimator("activity_orthogonal_16", model, LOSS, 0)(inputs, targets)
    close(estimate.dense(), gradient(model, inputs, targets))


@pytest.mark.parametrize("count", [1, 2])
def test_orthogonal_tangents_are_unbiased_and_have_n_over_k_of_the_second_moment(monkeypatch, count):
    """All signs of the one hidden layer of one example; by the formula E||da||^2 = n / K ||dloss/da||^2."""
    model = seeded(nn.Linear(2, 4), nn.Identity(), nn.Linear(4, 3))
    inputs, targets = batch(model, (2,), size=1)
    exact = gradient(model, inputs, targets)
    total, square = {name: torch.zeros_like(part) for name, part in exact.items()}, 0.0
    for signs in itertools.product((-1.0, 1.0), repeat=4):
        same_signs(monkeypatch, counting(iter(signs)))
        found = make_estimator("activity_orthogonal_16", model, LOSS, 0, tangents=count)(inputs, targets).dense()
        for name, part in found.items():
            total[name] += part / 16
        square += found["0.bias"].square().sum() / 16
    close(total, exact)
    torch.testing.assert_close(square, 4 / count * exact["0.bias"].square().sum())


def test_units_that_are_off_take_no_part(monkeypatch):
    """Two of four units are off: of the two others, in one block, E||da||^2 = 2 ||dloss/da||^2."""
    model = seeded(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 3))
    inputs, targets = batch(model, (2,), size=1)
    model[0].bias.data = torch.tensor([-100.0, 100.0, -100.0, 100.0], dtype=torch.float64)
    exact, square = gradient(model, inputs, targets)["0.bias"], 0.0
    for signs in itertools.product((-1.0, 1.0), repeat=4):
        same_signs(monkeypatch, counting(iter(signs)))
        found = make_estimator("activity_orthogonal_16", model, LOSS, 0, tangents=1)(inputs, targets).dense()["0.bias"]
        assert found[[0, 2]].count_nonzero() == 0
        square += found.square().sum() / 16
    torch.testing.assert_close(square, 2 * exact.square().sum())


def test_the_last_hidden_layer_is_exact_when_sampled(network):
    model, shape = network
    inputs, targets = batch(model, shape)
    found, exact = (
        make_estimator("forward_sampled", model, LOSS, 0)(inputs, targets).dense(),
        gradient(model, inputs, targets),
    )
    last = list(exact)[-4:]
    close({name: found[name] for name in last}, {name: exact[name] for name in last})


def each_once(order):
    """A draw of examples that takes every one once, in a given order."""
    return lambda slopes, count, generator: (torch.tensor(order[:count]), slopes.new_ones(count))


def averaged(model, inputs, targets, settings):
    """The mean of estimates that `settings` prepares one by one."""
    found = []
    for _ in settings:
        found.append(make_estimator("forward_sampled", model, LOSS, 0, shares=3, rows=1)(inputs, targets).dense())
    return {name: sum(each[name] for each in found) / len(found) for name in found[0]}


def test_shares_are_unbiased_over_all_orders_of_the_examples(monkeypatch):
    """Three blocks of two units, each with its basis tangents in one of three examples."""
    model, shape = mlp()
    inputs, targets = batch(model, shape)

    def orders():
        for order in itertools.permutations(range(3)):
            monkeypatch.setattr(sampled, "draw_examples", each_once(order))
            yield order

    close(averaged(model, inputs, targets, orders()), gradient(model, inputs, targets))


def test_tangents_of_a_convolution_are_unbiased_over_all_signs(monkeypatch):
    """Three signs, of two weights and a bias, in one example."""
    convolution = nn.Conv2d(1, 1, (1, 2)), nn.ReLU(), nn.Conv2d(1, 2, 2), nn.Tanh(), nn.Flatten()
    model = seeded(*convolution, nn.Linear(4, 3))
    inputs, targets = batch(model, (1, 3, 3), size=1)
    monkeypatch.setattr(sampled, "draw_examples", each_once([0]))

    def all_signs():
        for signs in itertools.product((-1.0, 1.0), repeat=3):
            same_signs(monkeypatch, counting(iter(signs)))
            yield signs

    close(averaged(model, inputs, targets, all_signs()), gradient(model, inputs, targets))


def test_drawn_examples_are_weighted_to_a_mean_without_bias():
    slopes = torch.tensor([[3.0, 0.0], [0.0, 0.01], [0.5, 0.5]], dtype=torch.float64)
    generator, total = torch.Generator().manual_seed(0), torch.zeros(3, dtype=torch.float64)
    draws = 5_000
    for _ in range(draws):
        rows, given = sampled.draw_examples(slopes, 2, generator)
        total.index_add_(0, rows, given)
    # The rarest example is drawn with a chance of about 2 x 0.1 / 3 and weight 15: 5,000 draws err by 0.05.
    torch.testing.assert_close(total / draws, torch.ones(3, dtype=torch.float64), rtol=0, atol=0.2)


@pytest.mark.parametrize("key", ["forward_sampled", "activity_orthogonal_4"])
def test_the_mean_of_many_estimates_is_the_gradient(network, key):
    model, shape = network
    inputs, targets = batch(model, shape)
    exact = torch.cat([part.flatten() for part in gradient(model, inputs, targets).values()])
    estimator, count = make_estimator(key, model, LOSS, 1), 300
    found = torch.stack(
        [torch.cat([part.flatten() for part in estimator(inputs, targets).dense().values()]) for _ in range(count)]
    )
    error = (found.mean(0) - exact).square().sum()
    expected = found.var(0).sum() / count
    assert error < 6 * expected + 1e-20  # few directions hold most of the variance


def test_local_losses_of_one_hidden_layer_are_the_networks():
    model = seeded(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
    inputs, targets = batch(model, (4,))
    estimate = make_estimator("local_losses", model, LOSS, 0)(inputs, targets)
    close(estimate.dense(), gradient(model, inputs, targets))


def test_local_losses_by_hand():
    """Two steps: the gradient of each layer is that of its own head's loss, and the head descends it."""
    model, shape = mlp()
    inputs, targets = batch(model, shape)
    estimator = make_estimator("local_losses", model, LOSS, 0, head_rate=0.5)
    estimator(inputs, targets)
    weight, bias = (part.clone().requires_grad_() for part in estimator.method.heads["0"])
    found = estimator(inputs, targets).dense()
    loss = LOSS(torch.relu(model[0](inputs)) @ weight.t() + bias, targets)
    own = torch.autograd.grad(loss, [model[0].weight, model[0].bias, weight, bias])
    torch.testing.assert_close(found["0.weight"], own[0])
    torch.testing.assert_close(found["0.bias"], own[1])
    torch.testing.assert_close(estimator.method.heads["0"][0], weight.detach() - 0.5 * own[2])
    torch.testing.assert_close(estimator.method.heads["0"][1], bias.detach() - 0.5 * own[3])
    last = gradient(model, inputs, targets)
    torch.testing.assert_close(found["2.weight"], last["2.weight"])


@pytest.mark.parametrize("key", KEYS)
def test_a_state_goes_on_bit_by_bit(key):
    model, shape = mlp()
    inputs, targets = batch(model, shape)
    first, second = (make_estimator(key, model, LOSS, seed) for seed in (0, 1))
    first(inputs, targets)
    second.load_state_dict(first.state_dict())
    close(second(inputs, targets).dense(), first(inputs, targets).dense(), rtol=0, atol=0)


@pytest.mark.parametrize("key", KEYS)
def test_frozen_parameters_are_left_out(key):
    model, shape = mlp()
    model[0].weight.requires_grad_(False)
    assert list(make_estimator(key, model, LOSS, 0)(*batch(model, shape)).dense()) == [
        name for name, _ in model.named_parameters() if name != "0.weight"
    ]


REFUSED = {
    "GELU": (lambda: seeded(nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 3)), (4,), "layer 1 \\(GELU"),
    "groups": (
        lambda: seeded(nn.Conv2d(2, 2, 3, padding=1, groups=2), nn.Flatten(), nn.Linear(32, 3)),
        (2, 4, 4),
        "layer 0 ",
    ),
    "padding": (
        lambda: seeded(nn.Conv2d(2, 2, 3, padding="same"), nn.Flatten(), nn.Linear(32, 3)),
        (2, 4, 4),
        "layer 0 ",
    ),
    "norm": (lambda: seeded(nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 3)), (4,), "takes an nn.Sequential of"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("key", KEYS)
def test_what_has_no_rule_is_refused_by_name(key, case):
    make, shape, words = REFUSED[case]
    model = make()
    inputs, targets = batch(model, shape)
    with pytest.raises(TypeError, match=words):
        make_estimator(key, model, LOSS, 0)(inputs, targets)
