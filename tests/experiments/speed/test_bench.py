"""The benchmark itself: that it measures what it says, never how long that takes."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from forwardgrad import catalogue
from forwardgrad.core import draws
from forwardgrad.core.models import build
from forwardgrad.experiments.speed import bench as loop
from forwardgrad.experiments.speed import measure as bench
from forwardgrad.experiments.speed.columns import BENCH
from forwardgrad.machine.timing import cost, cost_ratio, interleave, median_interval
from forwardgrad.pipeline.cli import main

# What `torch.func.jvp` imports on its first call says so.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")

EAGER = [method for method in bench.METHODS if method != "backprop_compiled"]
HEAVY = ("pandas", "matplotlib", "sklearn", "snakemake", "jsonschema", "scipy", "torchvision")


@pytest.fixture
def rows():
    """Two methods and what ratios are taken to, on a small network."""
    return loop.bench(
        ["students_mlp"], [4], methods=["jvp", "forward_rank_one_layer"], seconds=0.01, report=lambda _: None
    )


def small(method, device="cpu"):
    """The steps of a method on a small CNN, or an MLP."""
    with torch.device(device):
        model = build("students_cnn", 0)
        inputs, targets = torch.rand(4, 1, 28, 28), torch.zeros(4, dtype=torch.int64)
    return model, bench.steps_of(method, model, inputs, targets, torch.Generator().manual_seed(0))


def test_the_catalogue_knows_what_can_be_measured():
    assert set(catalogue.MEASURED) == set(bench.METHODS)
    assert len(set(bench.METHODS)) == len(bench.METHODS)


def test_rows_have_the_documented_keys_and_are_consistent(rows):
    assert [row["method"] for row in rows] == [
        "evaluation",
        "backprop",
        "backprop_by_hand",
        "jvp",
        "forward_rank_one_layer",
    ]
    for row in rows:
        assert list(row) == list(BENCH)
        assert (row["model"], row["depth"], row["batch_size"], row["device"]) == ("students_mlp", 2, 4, "cpu")
        assert row["low"] <= row["ratio_to_backprop"] <= row["high"]
        assert row["note"] is None
    seconds = {row["method"]: row["seconds"] for row in rows}
    for row in rows:
        assert row["ratio_to_evaluation"] == pytest.approx(row["seconds"] / seconds["evaluation"])
        assert row["ratio_to_backprop"] == pytest.approx(row["seconds"] / seconds["backprop"])
        assert row["ratio_to_backprop_by_hand"] == pytest.approx(row["seconds"] / seconds["backprop_by_hand"])


def test_two_hidden_layers_are_not_measured_twice(monkeypatch):
    monkeypatch.setattr(loop, "measure_network", lambda name, depth, *_: [{"model": name, "depth": depth}])
    monkeypatch.setattr(loop, "describe", str)
    cases = loop.bench(["lr", "mlp"], depths=[2, 3], report=lambda _: None)
    assert [(row["model"], row["depth"]) for row in cases] == [("lr", None), ("mlp", None), ("mlp", 3)]


def test_a_compiler_that_fails_is_a_note_and_not_a_crash(monkeypatch):
    def fail(*_):
        def step():
            raise RuntimeError("C++ compile error\nlong output")

        return step

    monkeypatch.setitem(bench.baselines.BASELINES, "backprop_compiled", fail)
    monkeypatch.setattr(bench.shutil, "which", lambda _: "/usr/bin/c++")
    lines = []
    found = loop.bench(["students_lr"], [4], methods=["backprop_compiled"], seconds=0.01, report=lines.append)
    (row,) = [row for row in found if row["method"] == "backprop_compiled"]
    assert (row["seconds"], row["note"]) == (None, "torch.compile fails: C++ compile error")
    assert any("not measured: torch.compile fails" in line for line in lines)


def test_a_missing_compiler_is_a_note(monkeypatch):
    monkeypatch.setattr(bench.shutil, "which", lambda _: None)
    model = build("students_lr", 0)
    steps, reason = bench.prepared("backprop_compiled", model, torch.rand(2, 4), torch.tensor([0, 1]))
    assert steps == {}
    assert reason.endswith("install g++")


def test_other_failures_are_not_hidden():
    model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh())
    steps, _ = bench.prepared("backprop_by_hand", model, torch.rand(2, 4), torch.tensor([0, 1]))
    with pytest.raises(TypeError, match="no hand-written backprop for Tanh"):
        steps["backprop_by_hand"]()


class Watch(TorchDispatchMode):
    """Keeps the names of the operations that are carried out, and the devices of their tensors."""

    def __init__(self):
        super().__init__()
        self.operations, self.devices = [], set()

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        result = function(*arguments, **(keywords or {}))
        self.operations.append(str(function))
        leaves = torch.utils._pytree.tree_leaves((arguments, keywords, result))
        self.devices |= {leaf.device.type for leaf in leaves if isinstance(leaf, torch.Tensor) and leaf.dim()}
        return result


@pytest.mark.parametrize(
    "method", [key for key in EAGER if key != "backprop"]
)  # the library's fused SGD refuses `meta`
def test_a_step_stays_on_its_device_and_never_asks_it_for_a_value(method):
    _, steps = small(method, "meta")
    for step in steps.values():
        with Watch() as seen:
            step()
            step()
        assert seen.devices == {"meta"}
        assert not any("_local_scalar_dense" in operation for operation in seen.operations)


@pytest.mark.parametrize("method", EAGER)
def test_with_blocks_of_one_step_every_step_does_the_same(method, monkeypatch):
    monkeypatch.setattr(draws, "BLOCK_STEPS", 1)
    _, steps = small(method)
    for step in steps.values():
        step()
        with Watch() as first:
            step()
        with Watch() as second:
            step()
        assert first.operations == second.operations


def test_a_block_of_one_step_draws_anew_in_place(monkeypatch):
    monkeypatch.setattr(draws, "BLOCK_STEPS", 1)
    block = draws.TangentStream(
        {"0": torch.nn.Linear(40, 3)}, draws.dense, draws.rademacher_, torch.Generator().manual_seed(0)
    )
    first = next(block)["0"].weight
    before = first.clone()
    second = next(block)["0"].weight
    assert second.data_ptr() == first.data_ptr()
    assert not torch.equal(second, before)


# The command.


def command(*arguments, json="rows.json"):
    return main(["bench", *arguments, "--json", str(json)])


MODELS, METHODS = ", ".join(catalogue.BENCHMARKED), ", ".join(catalogue.MEASURED)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--models", "lrr"], f"argument --models: 'lrr': allowed is one of {MODELS}"),
        (["--models", "students_cnn_softmax"], "argument --models: 'students_cnn_softmax': allowed is one of"),
        (
            ["--models", "lr", "--methods", "jvp,bp"],
            f"argument --methods: 'bp': allowed is one of {METHODS}",
        ),
        (["--models", "lr", "--batch-size", "64,0"], "argument --batch-size: '0': allowed is a whole number above 0"),
        (["--depths", "x"], "argument --depths: 'x': allowed is a whole number above 0"),
        (["--models", "lr", "--threads", "1.5"], "argument --threads: '1.5': allowed is a whole number above 0"),
        (["--models", "lr", "--rounds", "0"], "argument --rounds: '0': allowed is a whole number above 0"),
        (["--models", "lr", "--seconds", "0"], "argument --seconds: '0': allowed is a number of seconds above 0"),
        (["--models", "lr", "--device", "tpu"], "argument --device: invalid choice: 'tpu' (choose from 'cpu', 'cuda')"),
        ([], "give --models, --depths or both"),
    ],
)
def test_a_wrong_argument_is_one_line_before_any_work(arguments, line, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(loop, "bench", None)
    with pytest.raises(SystemExit) as end:
        command(*arguments, json=tmp_path / "rows.json")
    said = capsys.readouterr().err
    assert end.value.code == 2
    assert said.startswith(f"forwardgrad bench: {line}")
    assert said.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_cuda_where_there_is_none_is_one_line(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit) as end:
        command("--models", "lr", "--device", "cuda", json=tmp_path / "rows.json")
    assert end.value.code == 2
    assert capsys.readouterr().err == (
        "forwardgrad bench: argument --device: cuda: torch finds no CUDA device on this machine, use --device cpu\n"
    )


def test_a_folder_that_cannot_be_made_is_one_line(capsys, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as end:
        command("--models", "lr", json=tmp_path / "file/rows.json")
    assert end.value.code == 2
    assert "its folder cannot be made" in capsys.readouterr().err


def test_the_command_writes_rows_and_what_made_them(capsys, tmp_path):
    arguments = ["--models", "students_lr", "--batch-size", "2,4", "--methods", "forward_rank_one", "--threads", "1"]
    arguments += ["--seconds", "0.01", "--rounds", "3"]
    record = tmp_path / "new/record.json"
    assert command(*arguments, "--record", str(record), json=tmp_path / "rows.json") == 0
    found = json.loads((tmp_path / "rows.json").read_text())
    assert [row["batch_size"] for row in found] == [2] * 4 + [4] * 4
    assert all(set(row) == set(BENCH) for row in found)
    made = json.loads(record.read_text())
    assert (made["device"], made["threads"], made["versions"]["torch"]) == ("cpu", 1, torch.__version__)
    assert capsys.readouterr().out.count("\n") == 8
    assert not list(tmp_path.rglob("*.partial"))


def test_the_benchmark_needs_torch_and_numpy_alone():
    blocked = f"import sys; sys.modules.update(dict.fromkeys({HEAVY}))"
    modules = "from forwardgrad.experiments.speed import bench, measure, peaks; from forwardgrad.pipeline import cli"
    code = f"{blocked}; {modules}; print(measure.METHODS[0])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "evaluation\n", done.stderr


# The arithmetic of samples.


def test_rounds_take_one_sample_of_every_step():
    calls = {"one": 0, "two": 0}

    def count(name):
        def step():
            calls[name] += 1

        return step

    samples = interleave({name: count(name) for name in calls}, 0.001, minimum=12)
    assert {len(values) for values in samples.values()} == {12}
    assert min(calls.values()) > 12


def test_a_ratio_is_that_of_medians_and_its_interval_holds_the_pairs():
    base = np.array([1.0, 2.0, 4.0, 8.0, 16.0])  # a machine that gets slower and slower
    middle, low, high = cost_ratio([base / 2], base)
    assert (middle, low, high) == (0.5, 0.5, 0.5)


def test_the_cost_of_a_drawn_layer_is_the_mean_over_the_layers():
    parts = [np.array([1.0, 1.0, 9.0]), np.array([3.0, 3.0, 3.0])]
    assert cost(parts) == 2
    assert median_interval(parts[1]) == (3, 3)
