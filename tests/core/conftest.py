import pytest
import torch


def pytest_configure(config):
    # Within torch: torch.func.jvp loads its rules by torch.jit.
    config.addinivalue_line("filterwarnings", "ignore:`torch.jit.script` is deprecated:DeprecationWarning")


@pytest.fixture(autouse=True)
def threads():
    """Runs and measurements set torch's threads: give them back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
