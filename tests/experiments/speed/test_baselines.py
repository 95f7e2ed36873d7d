import csv
import itertools
import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from forwardgrad.core import models
from forwardgrad.core.estimates import detached
from forwardgrad.core.gradients import ESTIMATORS
from forwardgrad.data.prepared import Dataset, Examples
from forwardgrad.experiments.speed import baselines, peaks
from forwardgrad.experiments.speed import bench as loop
from forwardgrad.experiments.speed import measure as bench
from forwardgrad.experiments.speed.bench import describe
from forwardgrad.experiments.training import cost as speed
from forwardgrad.experiments.training.columns import COSTS
from forwardgrad.experiments.training.runs import Method, Run, Stop

from ... import cases

LOSS = nn.CrossEntropyLoss()
KEYS = (
    "model method batch_size depth threads device seconds ratio_to_evaluation ratio_to_backprop low high "
    "ratio_to_backprop_by_hand flop_floor peak_bytes note"
)
NETWORKS = {
    "mlp": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3)), (8,)),
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


@pytest.fixture(params=NETWORKS)
def network(request):
    """A function that makes the same network anew, and a batch."""
    make, shape = NETWORKS[request.param]

    def build():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return make().double()

    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(5, *shape, generator=generator, dtype=torch.float64)
    return build, inputs, torch.randint(3, (5,), generator=generator)


def by_hand(model, inputs, targets, steps, rate=0.1):
    """Parameters after steps of plain gradient descent."""
    for _ in range(steps):
        gradient = torch.autograd.grad(LOSS(model(inputs), targets), list(model.parameters()))
        for parameter, part in zip(model.parameters(), gradient, strict=True):
            parameter.data -= rate * part
    return cases.flat(detached(model))


BACKPROP = {**baselines.LIBRARY, "by_hand": baselines.by_hand}


@pytest.mark.parametrize("name", BACKPROP)
def test_every_backprop_takes_the_same_steps(network, name):
    build, inputs, targets = network
    model = build()
    step = BACKPROP[name](model, LOSS, inputs, targets, 0.1)
    for _ in range(3):
        step()
    assert torch.allclose(cases.flat(detached(model)), by_hand(build(), inputs, targets, 3), rtol=1e-10, atol=1e-12)


@pytest.mark.skipif(not any(map(shutil.which, ("c++", "g++", "clang++"))), reason="there is no C++ compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # within torch
def test_compiled_backprop_takes_the_same_step():
    build, (inputs, targets) = lambda: models.build("students_lr", 0), (torch.rand(4, 4), torch.arange(4) % 3)
    model = build()
    baselines.compiled(model, LOSS, inputs, targets, 0.1)()
    assert torch.allclose(cases.flat(detached(model)), by_hand(build(), inputs, targets, 1), rtol=1e-5)


@pytest.mark.parametrize("make", [baselines.jvp, baselines.dual_numbers])
def test_the_frameworks_forward_mode_steps_along_its_tangent(network, make):
    build, inputs, targets = network
    model = build()
    problem = cases.Problem(model, LOSS, inputs, targets)
    before, gradient = cases.flat(problem.parameters).clone(), cases.flat(problem.gradient())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        tangent = cases.flat({name: torch.randn_like(value) for name, value in problem.parameters.items()})
        torch.manual_seed(7)
        make(model, LOSS, inputs, targets, 0.1)()
    expected = before - 0.1 * (gradient @ tangent) * tangent
    assert torch.allclose(cases.flat(problem.parameters), expected, rtol=1e-9, atol=1e-10)


def test_evaluation_is_the_loss(network):
    build, inputs, targets = network
    value = baselines.evaluation(build(), LOSS, inputs, targets)()
    assert torch.allclose(value, LOSS(build()(inputs), targets))
    assert not value.requires_grad


def test_backprop_by_hand_refuses_what_it_has_not_written():
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
    with pytest.raises(TypeError, match=r"no hand-written backprop for Tanh\(\)"):
        baselines.by_hand(model, LOSS, torch.rand(2, 2), torch.arange(2), 0.1)()


def test_the_benchmark_lists_every_estimator_and_baseline():
    assert bench.METHODS[:6] == ("evaluation", "backprop", "backprop_compiled", "backprop_by_hand", "jvp", "forward_ad")
    assert set(bench.METHODS[6:]) == set(ESTIMATORS) - {"backprop"}


def test_a_measurement_has_a_complete_row_per_method(monkeypatch):
    monkeypatch.setattr(bench.shutil, "which", lambda command: None)
    rows = bench.measure_network("students_mlp", None, 8, bench.METHODS, threads=1, device="cpu", seconds=0)
    assert [row["method"] for row in rows] == list(bench.METHODS)
    for row in rows:
        assert " ".join(row) == KEYS
        assert (row["model"], row["batch_size"], row["depth"]) == ("students_mlp", 8, 2)
        assert (row["threads"], row["device"], row["peak_bytes"]) == (1, "cpu", None)
        assert 0 < row["flop_floor"] <= (16 if row["method"].endswith("_16") else 6)
        measured = [row[key] for key in ("seconds", "ratio_to_evaluation", "ratio_to_backprop", "low", "high")]
        if row["method"] == "backprop_compiled":
            assert row["note"] == "torch.compile needs a C++ compiler, and this machine has none: install g++"
            assert measured == [None] * 5
            assert f"not measured: {row['note']}" in describe(row)
        else:
            assert row["note"] is None
            assert min(measured) > 0
            assert row["low"] <= row["ratio_to_backprop"] <= row["high"]
            assert row["ratio_to_backprop_by_hand"] > 0
            assert f"{row['ratio_to_backprop']:.3f} [" in describe(row)
    by_method = {row["method"]: row for row in rows}
    assert by_method["evaluation"]["ratio_to_evaluation"] == 1
    assert by_method["backprop"]["ratio_to_backprop"] == 1
    assert by_method["backprop_by_hand"]["ratio_to_backprop_by_hand"] == 1
    json.dumps(rows)


def test_the_benchmark_goes_through_models_depths_and_batch_sizes(monkeypatch):
    asked, told = [], []

    def measure(name, depth, batch_size, methods, threads, device, seconds, rounds):
        asked.append((name, depth, batch_size, tuple(methods)))
        return [{"model": name}]

    monkeypatch.setattr(loop, "measure_network", measure)
    monkeypatch.setattr(loop, "describe", lambda row: row["model"])
    rows = loop.bench(["lr"], [1, 64], [10], ["forward_rank_one"], report=told.append)
    methods = ("evaluation", "backprop", "backprop_by_hand", "forward_rank_one")
    assert asked == [(name, depth, size, methods) for name, depth in (("lr", None), ("mlp", 10)) for size in (1, 64)]
    assert told == ["lr", "lr", "mlp", "mlp"]
    assert len(rows) == 4


def test_depth_counts_hidden_layers():
    assert bench.depth_of(models.deep(3, 8), "mlp") == 3
    assert bench.depth_of(models.build("lr", 0), "lr") == 0
    assert bench.depth_of(models.build("students_cnn", 0), "students_cnn") is None


def test_one_drawn_layer_costs_the_mean_over_layers():
    model, (inputs, targets) = bench.model_of("students_mlp", None, "cpu"), bench.data_of("students_mlp", 4, "cpu")
    steps = bench.steps_of("forward_rank_one_layer", model, inputs, targets, torch.Generator())
    assert list(steps) == [f"forward_rank_one_layer/{layer}" for layer in range(3)]
    before = detached(models.build("students_mlp", 0))
    for number, step in enumerate(steps.values()):
        step()
        moved = {name for name, value in detached(model).items() if not torch.equal(value, before[name])}
        assert {name.split(".")[0] for name in moved} == {str(2 * layer) for layer in range(number + 1)}


def test_the_fastest_backprop_counts():
    samples = {"backprop/slow": np.full(3, 2.0), "backprop/fast": np.full(3, 1.0), "backprop_by_hand": np.full(3, 0.1)}
    assert [part.tolist() for part in bench.parts_of("backprop", samples)] == [[1.0] * 3]


def test_what_a_cuda_graph_cannot_record_is_a_note():
    steps, note = bench.prepared("forward_projected_4", None, SimpleNamespace(is_cuda=True), None)
    assert steps == {}
    assert note.endswith("which a CUDA graph cannot wait for: use the CPU")


def test_peak_memory_of_backprop_holds_the_gradient():
    gradient = 4 * 203_530  # bytes of the gradient of a 784-256-10 network
    peak = peaks.peak_of("mlp_256", None, "backprop", 64, 1, "cpu")
    assert gradient / 2 < peak < 50 * gradient


def test_the_cost_of_a_cell_has_one_complete_row_per_method(tmp_path, monkeypatch):
    inputs, labels = np.random.default_rng(0).random((12, 4), dtype=np.float32), np.arange(12) % 3
    provenance = dict.fromkeys(("source", "licence", "licence_url", "citation", "definition"), "") | {"sha256": {}}
    parts = {"train-0": np.arange(8), "validation-0": np.arange(0), "test-0": np.arange(8, 12)}
    shared = {"provenance": np.array(json.dumps(provenance))}
    np.savez(tmp_path / "set.npz", inputs=inputs, labels=labels, **shared, **parts)
    keys, sizes = ("backprop", "forward_rank_one"), (None, 4)
    runs = [
        Run("e", "penguins", "students_lr", f"my_{key}", 0, Method(key, 0.1, Stop(9), batch_size=size), 3)
        for key, size in zip(keys, sizes, strict=True)
    ]
    slower = replace(runs[1], method="my_slower", settings=replace(runs[1].settings, learning_rate=0.01, decay=1e-4))
    runs.append(slower)
    monkeypatch.setattr(speed, "WHOLE_SECONDS", 600)  # however slow the machine is
    speed.measure_cell(runs, tmp_path / "set.npz", tmp_path / "down/costs.csv", seconds=0)
    with (tmp_path / "down/costs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [list(row) for row in rows] == [list(COSTS)] * 3
    # Another rate is no other step: measured once.
    assert rows[1] | {"method": "my_slower"} == rows[2]
    for row, run, size in zip(rows, runs, (8, 4, 4), strict=True):
        assert (row["method"], row["estimator"], int(row["batch_size"])) == (run.method, run.settings.estimator, size)
        assert 0 < float(row["low"]) <= float(row["seconds_per_step"]) <= float(row["high"])
        assert 0 < float(row["in_memory_low"]) <= float(row["seconds_in_memory"]) <= float(row["in_memory_high"])
        assert (row["threads"], row["repetitions"], row["whole_steps"]) == ("2", "5", "9")
        assert float(row["whole_seconds"]) > 0


def test_a_batch_in_memory_is_the_same_one_in_every_step():
    inputs, labels = torch.rand(12, 4), torch.arange(12) % 3
    data = Dataset(Examples(inputs, labels), None, Examples(inputs, labels), None)
    run = Run("e", "penguins", "students_lr", "backprop", 0, Method("backprop", 0.1, Stop(9), batch_size=4), 3)
    (first, _), (second, _) = itertools.islice(speed.in_memory(run, data), 2)
    assert torch.equal(first, inputs[:4])
    assert second is first
    gathered = [batch.clone() for batch, _ in itertools.islice(speed.loaded(run, data), 3)]
    assert sorted(torch.cat(gathered).tolist()) == sorted(inputs.tolist())
    whole = replace(run, settings=replace(run.settings, batch_size=None))
    assert torch.equal(next(speed.in_memory(whole, data))[0], inputs)
