import csv

import numpy as np
import pytest
import torch
import yaml

from forwardgrad.data.prepare import generator
from forwardgrad.data.prepared import Dataset, Examples, write
from forwardgrad.data.sets import penguins
from forwardgrad.experiments.audit.plan import SPLITS

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def splits():
    """Three splits of 30 and 9 points, made by hand; three classes, which lie apart."""

    def part(size, source):
        labels = torch.arange(size) % 3
        return Examples(0.6 * torch.eye(3, 4)[labels] + 0.4 * torch.rand(size, 4, generator=source), labels)

    def split(seed):
        source = torch.Generator().manual_seed(seed)
        return Dataset(part(30, source), None, part(9, source), {})

    return [split(seed) for seed in range(3)]


@pytest.fixture(scope="session")
def defects(request):
    """The file that describes the defects."""
    return request.config.rootpath / "report/audit.yaml"


@pytest.fixture(scope="session")
def repositories(defects):
    return yaml.safe_load(defects.read_text())


@pytest.fixture(scope="session")
def birds(tmp_path_factory):
    """The penguins, prepared for as many splits as the audit takes."""
    rows = np.array(list(csv.reader(penguins.packaged()[0].decode().splitlines()))[1:], float)
    inputs, labels = rows[:, 1:].astype(np.float32), rows[:, 0].astype(np.int64)
    splits = [penguins.split(labels, generator("penguins", seed)) for seed in range(SPLITS)]
    path = tmp_path_factory.mktemp("birds") / "penguins.npz"
    write(path, inputs, labels, {}, splits)
    return path
