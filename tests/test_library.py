"""The library alone: `pip install .` brings torch and numpy, and more is not needed."""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

# Whatever is not named on the command line, and not part of Python, is as good as not installed.
ALONE = """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in allowed:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

allowed = {*sys.stdlib_module_names, *sys.argv[1:]}
sys.meta_path.insert(0, Absent())
"""

TRAINING = """
from importlib import import_module
from pkgutil import iter_modules

for folder in ("core", "machine"):
    for module in iter_modules(import_module(f"forwardgrad.{folder}").__path__):
        import_module(f"forwardgrad.{folder}.{module.name}")

import torch
from torch import nn
from forwardgrad import make_estimator, step_

torch.manual_seed(0)
inputs, targets = torch.randn(64, 4), torch.arange(64) % 2
inputs[:, 0] += 3 * targets
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
estimator = make_estimator("forward_gaussian", model, nn.CrossEntropyLoss(), seed=0)
losses = []
for _ in range(300):
    estimate = estimator(inputs, targets)
    losses.append(float(estimate.loss))
    step_(model, estimate, learning_rate=0.02)
print(sum(losses[-10:]) < 0.5 * sum(losses[:10]))
"""


def needed(*names):
    """What can be imported of these packages, and of all that they need."""
    found, waiting = set(), list(names)
    while waiting:
        if (name := canonicalize_name(waiting.pop())) in found:
            continue
        try:
            requirements = map(Requirement, distribution(name).requires or ())
        except PackageNotFoundError:
            continue
        found.add(name)
        waiting += [each.name for each in requirements if not each.marker or each.marker.evaluate({"extra": ""})]
    modules = packages_distributions().items()
    return sorted(module for module, owners in modules if found & {canonicalize_name(owner) for owner in owners})


def alone(code):
    """Run code in a Python that has the library and what it needs; return its output."""
    command = [sys.executable, "-c", ALONE + code, "forwardgrad", *needed("torch", "numpy")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.splitlines()[-1]


def test_what_the_pipeline_needs_is_absent():
    modules = {"torch", "numpy", "sympy"}
    assert modules <= set(needed("torch", "numpy"))
    assert alone("import pandas") == "ModuleNotFoundError: No module named 'pandas'"


def test_every_module_can_be_imported_and_a_network_trains():
    assert alone(TRAINING) == "True"


KIT = """
import tempfile
from forwardgrad.pipeline.cli import main

folder = tempfile.mkdtemp()
sys.argv = ["forwardgrad", "gpu"]
print(main(["gpu", "--device", "cpu", "--minutes", "0.0000001", "--output", folder, "--plan", {plan!r}]))
"""


def test_the_gpu_kit_needs_no_more(root):
    assert alone(KIT.format(plan=str(root / "config/gpu.json"))).splitlines()[-1] == "0"
