"""Small networks with a batch, and measurements made by hand: every method, at costs that are easy to tell."""

import json

import pytest
import torch
from torch import nn

from forwardgrad.core import models
from forwardgrad.experiments.speed.columns import BENCH
from forwardgrad.experiments.speed.steps import Case
from forwardgrad.experiments.speed.tables import pool, read_processes
from forwardgrad.results.quoted import read_quoted

from ...synthetic import seal

COSTS = {
    "evaluation": 1.0,
    "backprop": 3.0,
    "backprop_by_hand": 2.4,
    "jvp": 6.0,
    "forward_gaussian": 4.5,
    "forward_rank_one": 1.5,
}
FLOORS = {"evaluation": 0.4, "forward_rank_one": 0.6}
SHARES = {  # of the parts in a step
    "evaluation": {"forward": 1.0},
    "backprop": {"forward": 0.25, "backward": 0.5, "update": 0.25},
    "backprop_by_hand": {"forward": 0.5, "backward": 0.5},
}
FORWARD = {"draw": 0.25, "forward": 0.5, "update": 0.25}
ABSENT = "forward_projected_4"

BASES = ("evaluation", "backprop", "backprop_by_hand")
JITTER = (0.8, 1.0, 1.25)  # what a method costs in each process, beside what ratios are taken to


def parameters(model, depth):
    """Number of parameters of the paper's MLP of any depth, or of its CNN."""
    return 785 * 1024 + (depth - 1) * 1025 * 1024 + 10_250 if model == "mlp" else 3_333_962


def measured(model, depth, batch_size=64, device="cpu", peaks=False, process=0, threads=1):
    """Rows as `forwardgrad bench` writes them; the last method could not be measured."""
    common = dict.fromkeys(BENCH) | {"model": model, "depth": depth, "batch_size": batch_size, "device": device}
    common |= {"threads": threads, "clock": "cpu" if threads == 1 else "wall", "parameters": parameters(model, depth)}
    common |= {"switches_per_second": 2.0 * process, "steal": 0.1}
    rows = []
    for method, cost in COSTS.items():
        cost *= 1e-3 * (1 if method in BASES else JITTER[process])
        shares = {} if process else SHARES.get(method, FORWARD)  # one process measures the parts
        parts = {name: share * cost for name, share in shares.items()}
        row = common | {"method": method, "seconds": cost, "multiply_adds": 1e6 * FLOORS.get(method, 1.0)} | parts
        row["peak_bytes"] = int(COSTS[method] * 2**20) * (depth or 1) if peaks and not process else None
        rows.append(row | {"operations": 10})
    return [*rows, common | {"method": ABSENT, "multiply_adds": 4e6, "note": "it waits for the host: use the CPU"}]


def writer(into):
    """A function that writes the rows of one process, and what made them, and returns the file."""

    def write(rows, process=0, folder="batch-64"):
        path = into / folder / f"process-{process}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(rows))
        made = {"versions": {"torch": "2.13.0"}, "host": {}, "device": "cpu", "threads": 1, "commit": ""}
        seal(path.with_name(f"process-{process}-record.json"), made, path.name)
        return path

    return write


@pytest.fixture
def write(tmp_path):
    return writer(tmp_path)


@pytest.fixture(scope="package")
def written(tmp_path_factory):
    """The files of two models at two batch sizes, and of the MLP at three depths, each in three processes."""
    networks = [("mlp", 2, 64), ("cnn", None, 64), ("mlp", 2, 16), ("cnn", None, 16), ("mlp", 10, 64), ("mlp", 50, 64)]
    write = writer(tmp_path_factory.mktemp("speed"))
    return [
        write(measured(*network, peaks=network[0] == "mlp", process=process), process, "-".join(map(str, network)))
        for network in networks
        for process in range(len(JITTER))
    ]


@pytest.fixture(scope="package")
def processes(written):
    return read_processes(written)


@pytest.fixture(scope="package")
def frame(processes):
    return pool(processes)


@pytest.fixture
def quoted(root):
    return read_quoted(root / "report/quoted.csv")


NETWORKS = {
    "mlp": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 3)), (8,)),
    "deep": (lambda: nn.Sequential(*models.layers(4, 5, 6, 5, 4, 5, 3)), (4,)),
    "one layer": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(8, 3)), (8,)),
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
def case(request):
    """A function that makes the same case anew: a network, and a batch."""
    make, shape = NETWORKS[request.param]

    def build():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = make().double()
        generator = torch.Generator().manual_seed(1)
        inputs = torch.randn(5, *shape, generator=generator, dtype=torch.float64)
        return Case(model, nn.CrossEntropyLoss(), inputs, torch.randint(3, (5,), generator=generator), 0.1)

    return build
