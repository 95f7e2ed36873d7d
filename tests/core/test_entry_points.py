"""What `import forwardgrad` offers, and what the examples in docstrings print."""

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

import forwardgrad
import forwardgrad.core
from forwardgrad.core import estimates, gradients

MODULES = [module.name for module in pkgutil.iter_modules(forwardgrad.core.__path__, "forwardgrad.core.")]
FUNCTIONS = [name for name in forwardgrad.__all__ if name.islower()]


def test_the_package_offers_what_the_core_defines():
    assert forwardgrad.__all__ == ["ESTIMATORS", "make_estimator", "step_", "write_gradient_"]
    assert forwardgrad.make_estimator is gradients.make_estimator and forwardgrad.ESTIMATORS is gradients.ESTIMATORS
    assert forwardgrad.step_ is estimates.step_ and forwardgrad.write_gradient_ is estimates.write_gradient_
    assert set(forwardgrad.__all__) <= set(dir(forwardgrad))
    with pytest.raises(AttributeError, match="module 'forwardgrad' has no attribute 'forwards'"):
        _ = forwardgrad.forwards


@pytest.mark.parametrize("module", ["forwardgrad", "forwardgrad.catalogue"])
def test_torch_is_imported_only_when_it_is_needed(module):
    code = f"import sys, {module}; print('torch' in sys.modules); forwardgrad.step_; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "True"]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_entry_point_has_an_example(name):
    (test,) = doctest.DocTestFinder(recurse=False).find(getattr(forwardgrad, name))
    assert test.examples
