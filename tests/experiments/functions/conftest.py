import pytest
import torch
import yaml

from forwardgrad.experiments.functions.plan import Case, cases


def pytest_configure(config):
    # Within torch: forward mode loads its rules by torch.jit.
    config.addinivalue_line("filterwarnings", "ignore:`torch.jit.script` is deprecated:DeprecationWarning")


METHODS = ("gradient_descent", "forward_gaussian", "forward_rademacher")


@pytest.fixture(autouse=True)
def threads():
    """Runs and measurements set torch's threads: give them back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def known(root):
    """The default's cases by (source, name)."""
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    return {(case.source, case.name): case for case in cases(config)}


@pytest.fixture
def tiny():
    """A small case: few steps, three seeds."""
    return Case("paper", "beale", "beale", (0.0, 0.5), 0.01, 0.0, 40, METHODS, 3)
