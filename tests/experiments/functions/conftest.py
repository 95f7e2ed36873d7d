import pytest
import yaml

from forwardgrad.experiments.functions.plan import Case, cases

METHODS = ("gradient_descent", "forward_gaussian", "forward_rademacher")


@pytest.fixture(scope="session")
def known(root):
    """The default's cases by (source, name)."""
    config = yaml.safe_load((root / "config/config.yaml").read_text())
    return {(case.source, case.name): case for case in cases(config)}


@pytest.fixture
def tiny():
    """A small case: few steps, three seeds."""
    return Case("paper", "beale", "beale", (0.0, 0.5), 0.01, 0.0, 40, METHODS, 3)
