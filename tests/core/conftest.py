import pytest
import torch


@pytest.fixture(autouse=True)
def weights():
    """Layers that a test makes have the same weights in every run."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)  # torch.manual_seed writes down the stack, for GPUs that may come
        yield
