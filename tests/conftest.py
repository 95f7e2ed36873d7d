import os
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

# Tests share the cores: without this, before torch is imported, every worker and what it starts would use all of them.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def root():
    """The repository."""
    return ROOT


@pytest.fixture
def schema():
    return yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())


@pytest.fixture
def load():
    """A function that returns a configuration of the repository by name, merged as Snakemake merges it."""

    def load(name):
        config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
        update_config(config, yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()))
        return config | {"tuned": yaml.safe_load((ROOT / "config/tuned.yaml").read_text())}

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
def config():
    """The smallest configuration: one data set, model, method and seed."""
    return {
        "run": ["one"],
        "experiments": {"one": {"title": "One", "cells": ["cell"]}},
        "cells": {
            "cell": {
                "title": "Cell",
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
