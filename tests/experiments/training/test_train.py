import csv
import itertools
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from forwardgrad.core.estimator import make_estimator as training_make_estimator
from forwardgrad.core.models import build
from forwardgrad.core.units import detached
from forwardgrad.data.prepared import Dataset, Examples, read
from forwardgrad.experiments.training import train as training
from forwardgrad.experiments.training.columns import METRICS, TIMES
from forwardgrad.experiments.training.runs import Method, Run, Stop
from forwardgrad.experiments.training.score import score
from forwardgrad.seeds import initialisation_seed

from ... import cases

PROVENANCE = {"source": "made by hand", "sha256": {"x": "00"}}


def run(estimator="backprop", steps=6, evaluate_every=2, method="m", probes=0, **settings):
    stop = settings.pop("stop", Stop(steps))
    rate = settings.pop("learning_rate", 0.1)
    method_settings = Method(estimator, rate, stop, **settings)
    return Run("e", "penguins", "students_lr", method, 0, method_settings, evaluate_every, probes=probes)


def examples(count, seed):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.rand(count, 4, generator=generator)
    return Examples(inputs, inputs[:, :3].argmax(1))


@pytest.fixture
def data():
    return Dataset(examples(25, 0), examples(7, 1), examples(10, 2), PROVENANCE)


@pytest.fixture
def prepared(tmp_path):
    """A prepared set of 30 examples."""
    every, path = examples(30, 3), tmp_path / "set.npz"
    parts = {"train-0": range(18), "validation-0": range(18, 23), "test-0": range(23, 30)}
    np.savez(
        path,
        inputs=every.inputs.numpy(),
        labels=every.labels.numpy(),
        provenance=np.array(json.dumps(PROVENANCE)),
        **{name: np.array(indices) for name, indices in parts.items()},
    )
    return path


@pytest.mark.parametrize("size", [1, 4, 10])
def test_an_epoch_is_a_permutation_in_batches(size):
    inputs, labels = torch.arange(10.0)[:, None] * 2, torch.arange(10)
    stream, orders = training.batches(inputs, labels, size, seed=0), []
    for _ in range(3):
        order, sizes = [], []
        for batch, classes in itertools.islice(stream, math.ceil(10 / size) if size < 10 else 1):
            assert torch.equal(batch[:, 0], 2.0 * classes)
            order += classes.tolist()
            sizes.append(len(classes))
        assert sorted(order) == list(range(10))
        assert sizes == [size] * (10 // size) + [10 % size] * (10 % size > 0)
        orders.append(order)
    assert size == 10 or orders[0] != orders[1] != orders[2]


@pytest.mark.parametrize("size", [None, 10, 64])
def test_a_full_batch_is_the_data_themselves(size):
    inputs, labels = torch.rand(10, 2), torch.arange(10)
    for batch in itertools.islice(training.batches(inputs, labels, size, seed=0), 3):
        assert batch[0] is inputs
        assert batch[1] is labels


def test_the_seed_decides_the_order():
    def order(seed):
        stream = training.batches(torch.zeros(50, 1), torch.arange(50), 7, seed)
        return [classes.tolist() for _, classes in itertools.islice(stream, 8)]

    assert order(0) == order(0) != order(1)


def by_hand(data, settings, steps, optimizer=None):
    """The same training, with plain autograd."""
    model = build("students_lr", initialisation_seed("penguins", "students_lr", 0))
    if optimizer:
        optimizer = optimizer(model.parameters(), lr=settings.learning_rate)
    for step in range(steps):
        rate = settings.learning_rate * math.exp(-settings.decay * step)
        loss = nn.functional.cross_entropy(model(data.train.inputs), data.train.labels)
        gradient = torch.autograd.grad(loss, list(model.parameters()))
        for parameter, part in zip(model.parameters(), gradient, strict=True):
            parameter.grad = part
            if not optimizer:
                parameter.data -= rate * part
        if optimizer:
            optimizer.param_groups[0]["lr"] = rate
            optimizer.step()
    return cases.flat(detached(model))


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize(("name", "optimizer"), [("sgd", None), ("adam", torch.optim.Adam)])
def test_updates_by_hand(data, decay, name, optimizer):
    this = run(decay=decay, optimizer=name)
    model = build("students_lr", initialisation_seed("penguins", "students_lr", 0))
    update = training.updates(model, this, training.batches(data.train.inputs, data.train.labels, None, 0))
    for _ in range(5):
        next(update)
    assert torch.allclose(cases.flat(detached(model)), by_hand(data, this.settings, 5, optimizer), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("scale", [0.5, 1.5])
def test_initial_weights_are_scaled_all_alike(data, scale):
    plain, scaled = (training.train(run(initial_scale=factor), data)[0][0]["weight_norm"] for factor in (1, scale))
    assert scaled == pytest.approx(scale * plain, rel=1e-6)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_norm_is_kept_at_its_initial_value(data, optimizer):
    free, kept = (
        [
            row["weight_norm"]
            for row in training.train(run("noisy_backprop", keep_norm=keep, optimizer=optimizer), data)[0]
        ]
        for keep in (False, True)
    )
    assert kept == pytest.approx([free[0]] * 4, rel=1e-6)
    assert free[-1] != pytest.approx(free[0], rel=1e-3)


def test_keeping_the_norm_scales_what_a_step_made(data):
    models = [build("students_lr", initialisation_seed("penguins", "students_lr", 0)) for _ in range(2)]
    start = cases.flat(detached(models[0])).norm()
    for model, keep in zip(models, (False, True), strict=True):
        next(
            training.updates(
                model, run(keep_norm=keep), training.batches(data.train.inputs, data.train.labels, None, 0)
            )
        )
    free, kept = (cases.flat(detached(model)) for model in models)
    assert torch.allclose(kept, free * start / free.norm(), rtol=1e-6, atol=1e-8)


def test_a_forward_run_takes_the_same_batches_from_the_same_weights(data, monkeypatch):
    make, seen = training_make_estimator, {}

    def recorded(key, model, loss, seed):
        estimate, batches = make(key, model, loss, seed), seen.setdefault(key, [cases.flat(detached(model)).clone()])

        def record(inputs, targets):
            batches.extend([inputs.clone(), targets.clone()])
            return estimate(inputs, targets)

        return record

    monkeypatch.setattr(training, "make_estimator", recorded)
    keys = ("backprop", "forward_gaussian")
    first, second = (training.train(run(key, batch_size=4, method=key), data)[0][0] for key in keys)
    assert first == second
    assert len(seen["backprop"]) == 1 + 2 * 6
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(*seen.values(), strict=True))


def test_methods_draw_tangents_of_their_own(data):
    first, again, other = (training.train(run("forward_gaussian", method=name), data)[0] for name in ("a", "a", "b"))
    assert first == again
    assert first[0] == other[0]
    assert first[-1]["train_loss"] != other[-1]["train_loss"]


@pytest.mark.parametrize(
    ("this", "status", "step"),
    [
        (run(steps=5, evaluate_every=2), "completed", 5),
        (run(steps=0), "completed", 0),
        (run(stop=Stop(500, loss=0.9)), "threshold", None),
        (run(stop=Stop(500, loss=0.9, split="test"), estimator="forward_blockwise"), "threshold", None),
        (run(stop=Stop(500, loss=99.0)), "threshold", 0),
        (run(steps=50, learning_rate=1e6), "diverged", None),
        (run(steps=50, learning_rate=1e20, evaluate_every=10), "diverged", 10),
    ],
)
def test_how_runs_end(data, this, status, step):
    rows, _ = training.train(this, data)
    stop = this.settings.stop
    assert rows[-1]["status"] == status
    assert {row["status"] for row in rows[:-1]} <= {"running"}
    assert step in (None, rows[-1]["step"])
    assert [row["step"] for row in rows[:-1]] == list(range(0, rows[-1]["step"], this.evaluate_every))
    losses = [row[f"{stop.split}_loss"] for row in rows]
    if status == "threshold":
        assert losses[-1] <= stop.loss
        assert all(loss > stop.loss for loss in losses[:-1])
    if status == "diverged":
        assert not losses[-1] <= training.DIVERGED
        assert all(loss <= training.DIVERGED for loss in losses[:-1])


def test_rows_hold_what_a_naive_evaluation_gives(data):
    row = training.train(run(steps=0), data)[0][0]
    assert set(row) == set(METRICS)
    model = build("students_lr", initialisation_seed("penguins", "students_lr", 0))
    for split, part in data.splits.items():
        expected = score(model, part.inputs, part.labels)
        assert (row[f"{split}_loss"], row[f"{split}_accuracy"]) == (expected.loss, expected.accuracy)
    assert row["test_misclassified"] == expected.misclassified
    without = training.evaluate(model, replace(data, validation=None))
    assert (without["validation_loss"], without["validation_accuracy"]) == ("", "")
    assert without["train_loss"] == row["train_loss"]


def test_evaluation_does_not_disturb_training(data):
    often, seldom = (training.train(run("forward_rank_one", evaluate_every=every), data)[0][-1] for every in (1, 6))
    assert often == seldom


def test_the_weight_norm_is_that_of_all_parameters_together(data):
    model = build("students_lr", initialisation_seed("penguins", "students_lr", 0))
    expected = torch.cat([parameter.detach().flatten() for parameter in model.parameters()]).norm()
    assert training.train(run(steps=0), data)[0][0]["weight_norm"] == pytest.approx(expected.item())


def test_cosines_with_the_gradient_are_measured_where_asked_for_and_change_nothing(data):
    for estimator in ("forward_gaussian", "forward_rank_one"):
        plain, probed = (training.train(run(estimator, probes=probes), data)[0] for probes in (0, 4))
        assert [row["cosine"] for row in plain] == [""] * len(plain)
        assert [row | {"cosine": ""} for row in probed] == plain
        assert all(0 < row["cosine"] < 1 for row in probed)
    assert [row["cosine"] for row in training.train(run(probes=1), data)[0]] == pytest.approx([1.0] * 4)


def test_the_mean_cosine_is_what_the_theory_says(data):
    """In n dimensions E|cos| = Gamma(n/2) / (sqrt(pi) Gamma((n+1)/2)) for a Gaussian tangent; n = 15 here."""
    row = training.train(run("forward_gaussian", steps=0, probes=4000), data)[0][0]
    expected = math.gamma(7.5) / (math.sqrt(math.pi) * math.gamma(8))
    assert row["cosine"] == pytest.approx(expected, rel=0.05)


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    "this",
    [
        run("forward_rank_one_layer", batch_size=4),
        run("forward_blockwise_standardised", optimizer="adam", decay=0.1),
        run(normalisation=(0.5, 0.5)),
    ],
)
def test_a_run_written_twice_is_the_same_to_the_byte(prepared, tmp_path, this):
    for name in ("first", "second"):
        training.train_run(this, prepared, tmp_path / name)
    first, second = ((tmp_path / name / "metrics.csv").read_bytes() for name in ("first", "second"))
    assert first == second
    assert {path.name for path in (tmp_path / "first").iterdir()} == {"metrics.csv", "times.csv", "run.json"}


def test_the_folder_of_a_run(prepared, tmp_path):
    this = run("forward_gaussian", normalisation=(0.5, 0.5))
    training.train_run(this, prepared, tmp_path / "deep/down")
    folder = tmp_path / "deep/down"
    metrics, times = table(folder / "metrics.csv"), table(folder / "times.csv")
    assert list(metrics[0]) == list(METRICS)
    assert list(times[0]) == list(TIMES)
    assert [row["step"] for row in metrics] == [row["step"] for row in times] == ["0", "2", "4", "6"]
    seconds = [float(row["seconds"]) for row in times]
    assert seconds[0] == 0
    assert seconds == sorted(seconds)
    expected, _ = training.train(this, read(prepared, 0, (0.5, 0.5)))
    assert float(metrics[-1]["train_loss"]) == pytest.approx(expected[-1]["train_loss"], rel=1e-8)
    record = json.loads((folder / "run.json").read_text())
    assert Run.from_json(json.dumps(record["run"])) == this
    assert (record["status"], record["steps"]) == ("completed", 6)
    assert (record["estimator"], record["parameters"]) == ("forward_gaussian", 15)
    assert record["data"] == {"source": "made by hand", "sha256": {"x": "00"}}
    assert {"python", "numpy"} < set(record["versions"])
    assert record["versions"]["torch"] == torch.__version__
    assert (record["device"], record["threads"]) == ("cpu", 1)
    assert {"commit", "host"} < set(record)
