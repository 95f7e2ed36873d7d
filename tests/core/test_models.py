import pytest
import scipy.stats
import torch
import torch.nn.functional as F
from torch import nn

from forwardgrad import catalogue
from forwardgrad.core import models
from forwardgrad.core.estimator import make_estimator
from forwardgrad.core.gradients import ESTIMATORS
from forwardgrad.core.units import detached
from forwardgrad.experiments.training import score as metrics

from .. import cases

PARAMETERS = {
    "students_lr": 15,
    "students_mlp": 867,
    "students_cnn": 50_986,
    "students_cnn_softmax": 50_986,
    "lr": 7_850,
    "mlp": 1_863_690,
    "cnn": 3_333_962,
    "mlp_256": 203_530,
    "mlp_256_256": 269_322,
    "cnn_small": 9_098,
}


def test_the_catalogue_lists_the_models():
    assert list(catalogue.MODELS) == list(models.MODELS)
    assert set(PARAMETERS) <= set(models.MODELS)


@pytest.mark.parametrize("name", PARAMETERS)
def test_number_of_parameters(name):
    assert sum(parameter.numel() for parameter in models.build(name, 0).parameters()) == PARAMETERS[name]


def test_layers_of_the_papers_cnn():
    kinds = [type(layer) for layer in models.build("cnn", 0)]
    half = [nn.Conv2d, nn.ReLU, nn.Conv2d, nn.ReLU, nn.MaxPool2d]
    assert kinds == [*half, *half, nn.Flatten, nn.Linear, nn.ReLU, nn.Linear]


@pytest.mark.parametrize(("depth", "parameters"), [(1, 784 * 64 + 64 + 650), (3, 784 * 64 + 64 + 2 * 4160 + 650)])
def test_depth_is_the_number_of_hidden_layers(depth, parameters):
    assert sum(parameter.numel() for parameter in models.deep(depth, width=64).parameters()) == parameters


@pytest.mark.parametrize(
    ("name", "base", "axis", "number"),
    [
        ("mlp_depth_10", "mlp", "depth", 10),
        ("mlp_width_8", "mlp", "width", 8),
        ("cnn_width_128", "cnn", "width", 128),
        *(
            (name, name, None, None)
            for name in (*PARAMETERS, "cnn_depth_3", "mlp_width_0", "lr_width_3", "mlp_depth_3_x")
        ),
    ],
)
def test_networks_of_other_sizes_are_named_by_what_differs(name, base, axis, number):
    assert catalogue.network_parts(name) == (base, axis, number)
    if axis:
        assert (base, axis) in models.RESIZED


@pytest.mark.parametrize(
    ("name", "same"),
    [("mlp_depth_2", "mlp"), ("mlp_width_1024", "mlp"), ("mlp_width_256", "mlp_256_256"), ("cnn_width_64", "cnn")],
)
def test_at_a_models_own_size_a_network_is_that_model(name, same):
    first, other = (models.build(each, 3).state_dict() for each in (name, same))
    assert list(first) == list(other)
    assert all(torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("mlp_width_1", 785 + 2 + 20),
        ("mlp_depth_3", 1_863_690 + 1025 * 1024),
        ("cnn_width_1", 10 + 3 * 10 + 49 * 16 + 16 + 17 * 10),
        ("cnn_width_2", 2 * 10 + 3 * 2 * 19 + 98 * 32 + 32 + 33 * 10),
    ],
)
def test_everything_behind_the_images_has_the_width(name, parameters):
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in models.build(name, 0).parameters()) == parameters


def test_the_softmax_model_gives_probabilities():
    outputs = models.build("students_cnn_softmax", 0)(torch.rand(3, 1, 28, 28))
    assert torch.allclose(outputs.sum(1), torch.ones(3))


@pytest.mark.parametrize(("name", "law"), [("students_lr", ("norm",)), ("students_mlp", ("uniform", (-1, 2)))])
def test_students_initial_weights(name, law):
    drawn = [models.build(name, seed) for seed in range(20)]
    for part in ("weight", "bias"):
        values = torch.cat(
            [value.flatten() for model in drawn for key, value in detached(model).items() if part in key]
        )
        assert scipy.stats.kstest(values, *law).pvalue > 0.01


@pytest.mark.parametrize("name", ["students_cnn", "lr", "mlp_256"])
def test_other_weights_are_torchs_own(name):
    for layer in models.build(name, 0):
        if isinstance(layer, nn.Linear | nn.Conv2d):
            bound = layer.weight[0].numel() ** -0.5
            assert layer.weight.abs().max() <= bound
            assert layer.bias.abs().max() <= bound
            assert scipy.stats.kstest(layer.weight.detach().flatten(), "uniform", (-bound, 2 * bound)).pvalue > 0.01


@pytest.mark.parametrize("name", ["students_lr", "students_mlp", "students_cnn", "lr"])
def test_a_seed_decides_the_weights_and_nothing_else_changes(name):
    state = torch.get_rng_state()
    first, again, other = (cases.flat(detached(models.build(name, seed))) for seed in (5, 5, 6))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), state)


NARROW = {"mlp": "mlp_width_8", "cnn": "cnn_width_2"}  # millions of parameters have no other layers


@pytest.mark.parametrize("key", ESTIMATORS)
@pytest.mark.parametrize("name", models.MODELS)
def test_every_model_trains_with_every_estimator(name, key):
    model, shape = models.build(NARROW.get(name, name), 0), catalogue.MODELS[name].shape
    inputs, targets = torch.rand(2, *shape.inputs), torch.arange(2)
    estimate, parameters = make_estimator(key, model, nn.CrossEntropyLoss(), seed=0), detached(model)
    before = cases.flat(parameters).clone()
    for _ in range(2):
        step = estimate(inputs, targets)
        assert torch.allclose(step.loss, F.cross_entropy(model(inputs), targets), rtol=1e-3 if "spsa" in key else 1e-5)
        step.add_to_(-1e-6)
    assert not torch.equal(cases.flat(parameters), before)
    assert cases.flat(parameters).isfinite().all()


def test_a_score_is_the_naive_one():
    model = models.build("students_lr", 0)
    inputs, labels = torch.rand(2500, 4), torch.arange(2500) % 3  # more than one chunk
    with torch.no_grad():
        logits = model(inputs)
    wrong = sum(int(row.argmax()) != int(label) for row, label in zip(logits, labels, strict=True))
    score = metrics.score(model, inputs, labels)
    assert score.misclassified == wrong
    assert score.accuracy == pytest.approx(1 - wrong / 2500)
    assert score.loss == pytest.approx(F.cross_entropy(logits.double(), labels).item(), rel=1e-6)


def test_a_large_split_is_scored_on_its_first_ten_thousand():
    model, inputs = nn.Sequential(nn.Identity()), torch.tensor([[1.0, 0.0]]).expand(12_000, 2)
    labels = (torch.arange(12_000) >= 10_000).long()
    assert metrics.score(model, inputs, labels)[1:] == (1.0, 0)
