"""The GPU kit, on a CPU: what it measures, that it goes on, and that what it writes can be shown."""

import json
import os
import shutil

import numpy as np
import pytest
import torch

from forwardgrad.data import prepared
from forwardgrad.experiments.gpu import kit
from forwardgrad.experiments.gpu.plan import FOLDERS, NOTHING, PLAN, RECORD, found, jobs, load
from forwardgrad.experiments.speed import measure, tables
from forwardgrad.experiments.speed.plan import Measurement
from forwardgrad.experiments.speed.variants import variants
from forwardgrad.experiments.speed.workloads import named
from forwardgrad.experiments.training.analyses import time_to_loss
from forwardgrad.experiments.training.frames import read_experiment, write_frames
from forwardgrad.experiments.training.runs import Run
from forwardgrad.machine import graphs
from forwardgrad.pipeline.cli import main
from forwardgrad.pipeline.validation import problems

from ...synthetic import seal

# What `torch.func.jvp` imports on its first call says so.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")

SETTINGS = {"learning_rate": 1e-3, "batch_size": 8, "stop": {"steps": 24}}


@pytest.fixture
def plan():
    """One network with parts and gathering, trained by two methods at two seeds, and a smaller network."""
    methods = ["backprop", "forward_gaussian"]
    cell = {"datasets": ["mnist5k"], "models": ["lr"], "methods": methods, "seeds": 2, "evaluate_every": 2}
    paper = {"networks": ["lr"], "batch_sizes": [8], "methods": ["jvp", "forward_gaussian"], "parts": True}
    return {
        "run": ["gpu", "speed"],
        "timing": {"processes": 2, "seconds": 0.001},
        "speed": {
            "title": "Cost",
            "devices": ["cuda"],
            "comparisons": {"small": {"networks": ["mlp_width_1"], "methods": ["jvp"]}, "paper": paper},
        },
        "experiments": {"gpu": {"title": "GPU", "analyses": ["times"], "cells": ["one"]}},
        "cells": {"one": cell | {"settings": SETTINGS}},
        "methods": {name: {"estimator": name} for name in methods},
    }


@pytest.fixture
def data(tmp_path):
    """Forty random images in place of MNIST."""
    random, path = np.random.default_rng(0), tmp_path / "data.npz"
    images = random.integers(0, 256, (40, 1, 28, 28), dtype=np.uint8)
    splits = [(np.arange(24), np.arange(24, 32), np.arange(32, 40))] * 2
    origin = {"source": "random", "sha256": {}}
    prepared.write(path, images, np.arange(40) % 10, origin, splits)
    return path


@pytest.fixture
def here(monkeypatch):
    """Jobs are done in this process."""
    monkeypatch.setattr(kit.Workers, "do", lambda self, process, work, *arguments: kit.attempt(work, *arguments))


@pytest.fixture
def quick(monkeypatch):
    """A measurement takes no time, and has one row."""
    monkeypatch.setattr(kit, "bench", lambda networks, *arguments, **names: [{"model": networks[0]}])


@pytest.fixture
def go(plan, tmp_path):
    """A function that measures into one folder and returns the notes and the lines."""

    def go(data=None, minutes=10.0):
        lines = []
        return kit.measure_all(plan, tmp_path / "gpu", "cpu", minutes, data, lines.append), lines

    return go


def test_what_is_measured_is_a_configuration_of_the_workflow(root, schema):
    assert problems(load(root / PLAN), schema) == []


def test_the_papers_networks_come_first_then_training_then_the_rest(root):
    every = jobs(load(root / PLAN), "cuda")
    kinds = [type(job.work) for job in every]
    first, last = kinds.index(Run), len(kinds) - kinds[::-1].index(Run)
    assert [job.work.network for job in every[:first]] == [name for name in ("lr", "mlp", "cnn") for _ in range(4)]
    assert set(kinds[first:last]) == {Run}
    assert len(kinds[first:last]) == 2 * 3 * 3
    assert {job.work.device for job in every if isinstance(job.work, Measurement)} == {"cuda"}
    assert len({job.path for job in every}) == len(every)


def test_steps_and_runs_are_written_and_not_measured_again(here, quick, go, data, plan, tmp_path):
    notes, lines = go(data)
    assert notes == {}
    assert len(lines) == 2 * 2 + 4
    assert all((tmp_path / "gpu" / job.path).exists() for job in jobs(plan, "cpu"))
    record = json.loads((tmp_path / "gpu" / RECORD).read_text())
    assert (record["done"], record["jobs"], record["device"], record["notes"]) == (8, 8, "cpu", {})
    assert go(data) == ({}, [])


def test_without_data_training_is_left_out_and_the_record_says_so(here, quick, go, tmp_path):
    notes, lines = go()
    assert list(notes) == ["runs"]
    assert len(lines) == 4
    assert json.loads((tmp_path / "gpu" / RECORD).read_text())["notes"] == notes


def test_a_failure_is_noted_and_the_rest_goes_on(here, quick, go, plan, tmp_path, monkeypatch):
    quick = kit.bench

    def bench(networks, *arguments, **names):
        if networks == ["lr"]:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.\nmore")
        return quick(networks, *arguments, **names)

    monkeypatch.setattr(kit, "bench", bench)
    notes, _ = go()
    failed = [f"steps/cpu/lr/batch-8/threads-1/process-{process}.json" for process in range(2)]
    assert notes == {"runs": notes["runs"]} | dict.fromkeys(failed, "OutOfMemoryError: CUDA out of memory.")
    assert json.loads((tmp_path / "gpu" / RECORD).read_text())["done"] == 2


def test_when_the_time_is_up_the_rest_is_left_out(here, quick, go, data, plan):
    notes, lines = go(data, minutes=1e-9)
    assert lines == []
    assert notes == dict.fromkeys((job.path for job in jobs(plan, "cpu")), kit.NO_TIME)


def test_another_process_takes_the_place_of_one_that_died():
    workers = kit.Workers("cuda")
    try:
        assert workers.do(0, os._exit, 3) == "its process died"
        assert workers.do(0, int, "3") is None
        process = next(iter(workers.pools[0]._processes))
        assert workers.do(0, int, "three").startswith("ValueError: invalid literal")
        assert workers.do(0, int, "3") is None
        assert process not in workers.pools[0]._processes
    finally:
        workers.end()


def refuse(error):
    """A recorder that cannot record."""

    def captured(step, generator):
        raise error

    return captured


def test_what_a_cuda_graph_cannot_record_stays_as_it_is_and_says_so(monkeypatch):
    monkeypatch.setattr(graphs, "captured", refuse(RuntimeError("operation not permitted\nwhen capturing")))
    case = named("lr", 2, "cpu").case()
    steps, note = measure.ready(variants("jvp", case)[0], True, "cuda")
    assert list(steps) == ["/draw", "/forward", "/update"]
    assert note.endswith("a CUDA graph cannot record it: operation not permitted")
    for step in steps.values():
        step.run()
    monkeypatch.setattr(graphs, "captured", lambda step, generator: step)
    assert measure.ready(variants("jvp", case)[0], False, "cuda")[1] is None


def test_a_step_for_which_memory_is_short_is_a_row_without_time(monkeypatch):
    def ready(found, parts, device):
        if "grad_foreach" not in found and not ready.refused:
            ready.refused = True
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return whole(found, parts, device)

    whole, ready.refused = measure.ready, True
    monkeypatch.setattr(measure, "ready", ready)
    ready.refused = False
    rows = measure.measure_network(named("students_lr", 2, "cpu"), ["jvp"], 1, 0.001, 1)
    short = [row for row in rows if row["seconds"] is None]
    assert [(row["method"], row["note"][:13]) for row in short] == [("evaluation", "out of memory")]
    assert all(row["seconds"] > 0 for row in rows if row not in short)


def test_what_it_wrote_becomes_frames_figures_and_times(here, go, data, plan, tmp_path, store):
    go(data)
    assert found(tmp_path) == NOTHING
    (tmp_path / PLAN).parent.mkdir()
    (tmp_path / PLAN).write_text(json.dumps(plan))
    folder = tmp_path / FOLDERS[0]
    shutil.copytree(tmp_path / "gpu", folder)
    (folder / "steps/cpu").rename(folder / "steps/cuda")
    for path in folder.glob("steps/**/*.json"):  # as if it had been a GPU
        path.write_text(path.read_text().replace('"device": "cpu"', '"device": "cuda"'))
    for path in folder.glob("steps/**/*-record.json"):
        seal(path, json.loads(path.read_text()), path.name.replace("-record", ""))
    there = found(tmp_path)
    assert [len(there[what]) for what in ("rows", "runs")] == [4, 4]
    assert [path.rpartition("cuda-")[2] for path in there["figures"]] == [
        "cost.svg",
        "parts.svg",
        "size.svg",
        "batch.svg",
        "methods.svg",
    ]
    rows = [tmp_path / path for path in there["rows"]]
    frames, _ = tables.join(rows)
    assert set(frames[""]["device"]) == {"cuda"}
    assert (frames[""]["processes"] == 2).all()
    results = store({})
    (tmp_path / "stored/frames").mkdir(parents=True)
    joined, _ = read_experiment([tmp_path / path for path in there["runs"]], rows)
    write_frames(joined, results, "gpu")
    times = time_to_loss.times(results, "gpu")
    assert set(times["cost"]) == {"engine", "stock", "engine_gathered"}
    assert set(times["seed"]) == {0, 1}


def test_its_command_refuses_data_that_are_not_there(tmp_path, capsys):
    missing = tmp_path / "none.npz"
    assert main(["gpu", "--device", "cpu", "--data", str(missing), "--output", str(tmp_path)]) == 1
    assert str(missing) in capsys.readouterr().err


def test_its_command_refuses_a_device_that_is_not_there(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit) as stop:
        main(["gpu", "--output", str(tmp_path / "gpu")])
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith("forwardgrad gpu: argument --device: cuda: torch finds no CUDA device")
