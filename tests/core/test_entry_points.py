"""What `import forwardgrad` offers, and what the examples in docstrings print."""

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

import forwardgrad
import forwardgrad.core
from forwardgrad.core import estimates, estimator, gradients, optimizer, rates
from forwardgrad.experiments.speed import bench

MODULES = [module.name for module in pkgutil.iter_modules(forwardgrad.core.__path__, "forwardgrad.core.")]
MODULES += [bench.__name__]
FUNCTIONS = [name for name in forwardgrad.__all__ if name.islower()]


def test_the_package_offers_what_others_define():
    home = {
        "ESTIMATORS": gradients,
        "ForwardOptimizer": optimizer,
        "bench_network": bench,
        "directional_derivative": estimator,
        "make_estimator": estimator,
        "stable_rate": rates,
        "step_": estimates,
        "write_gradient_": estimates,
    }
    assert forwardgrad.__all__ == list(home)
    assert all(getattr(forwardgrad, name) is getattr(module, name) for name, module in home.items())
    assert set(forwardgrad.__all__) <= set(dir(forwardgrad))
    with pytest.raises(AttributeError, match="module 'forwardgrad' has no attribute 'forwards'"):
        _ = forwardgrad.forwards


def test_torch_is_imported_only_when_it_is_needed():
    told = "print('torch' in sys.modules)"
    code = f"import sys, forwardgrad.catalogue; {told}; forwardgrad.step_; {told}"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "True"]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_entry_point_has_an_example(name):
    (test,) = doctest.DocTestFinder(recurse=False).find(getattr(forwardgrad, name))
    assert test.examples
