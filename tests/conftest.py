import os
from pathlib import Path

# Tests share the cores: without this, before torch is imported, every worker and what it starts would use all of them.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import matplotlib.pyplot as plt
import pytest
import torch
import yaml
from snakemake.utils import update_config

from forwardgrad.experiments.training.analyses import time_to_loss as times
from forwardgrad.pipeline.validation import load_schema
from forwardgrad.plotting.style import style

from .synthetic import Results, make_two_methods

ROOT = Path(__file__).parent.parent


def pytest_collection_modifyitems(items):
    """Begin with the file that takes longest, so that no worker is left with it when the others are done."""
    items.sort(key=lambda item: item.path.parent.name != "workflow")


@pytest.fixture(scope="session")
def root():
    """The repository."""
    return ROOT


@pytest.fixture(scope="session", autouse=True)
def look():
    """Figures are drawn as `forwardgrad figure` draws them."""
    with style():
        yield


@pytest.fixture(scope="session")
def schema():
    return load_schema(ROOT / "workflow/schemas")


@pytest.fixture(scope="session")
def load():
    """A function that returns a configuration of the repository by name, merged as Snakemake merges it."""

    def load(name):
        config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
        update_config(config, yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()))
        written = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "config").glob("tuned*.yaml"))]
        return config | {"tuned": {dataset: rates for part in written for dataset, rates in part.items()}}

    return load


@pytest.fixture(params=["config", "smoke", "paper"])
def preset(request, load):
    return load(request.param)


@pytest.fixture
def store(tmp_path):
    """A function that writes frames, by their paths below a folder of results, and returns where they lie."""
    from forwardgrad.results.folder import Results

    def store(frames):
        for name, frame in frames.items():
            path = tmp_path / "stored" / f"{name}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            frame.to_csv(path, index=False)
        return Results(tmp_path / "stored", ROOT / "report/quoted.csv")

    return store


@pytest.fixture
def store_frames(store):
    """A function that writes the frames of the experiment `students` and returns where they lie."""
    names = ("", "-runs", "-costs")
    return lambda frames: store({f"frames/students{name}": frame for name, frame in zip(names, frames, strict=True)})


@pytest.fixture
def config():
    """The smallest configuration: one data set, model, method and seed."""
    return {
        "run": ["one"],
        "timing": {"processes": 3, "seconds": 1},
        "experiments": {"one": {"title": "One", "cells": ["cell"]}},
        "cells": {
            "cell": {
                "datasets": ["penguins"],
                "models": ["students_lr"],
                "methods": ["backprop"],
                "seeds": 1,
                "evaluate_every": 1,
                "settings": {"learning_rate": 0.1, "stop": {"steps": 2}},
            }
        },
        "methods": {"backprop": {"estimator": "backprop"}},
    }


@pytest.fixture
def results(tmp_path):
    """A folder of results, empty; `run` and `cost` add to it."""
    return Results(tmp_path / "results")


@pytest.fixture
def two_methods(results):
    """Five seeds of backpropagation, and of a forward gradient of which one run diverges."""
    return make_two_methods(results)


@pytest.fixture
def few(monkeypatch):
    """Let runs with one evaluation tell when a loss is reached: those made by hand here have few."""
    monkeypatch.setattr(times, "EVALUATIONS", 1)


@pytest.fixture(autouse=True)
def threads():
    """Runs and measurements set torch's threads: give them back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def closed():
    """No figure outlives its test."""
    yield
    plt.close("all")
