import pytest

from faults.around import obstacle
from faults.declared import FAULTS
from faults.runner import endure


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_nothing_is_lost_and_the_same_command_completes(fault, undisturbed, tmp_path):
    if fault.mounts and obstacle():
        pytest.skip(obstacle())
    endure(fault, undisturbed, tmp_path / "project")
