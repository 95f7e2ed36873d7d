import shutil

import pytest

from faults.project import Project


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """A run that nothing disturbs, in a folder whose name has all that a shell takes for something else."""
    folder = tmp_path_factory.mktemp("undisturbed") / 'my user\'s "größe" $HOME & (x) {y}'
    project = Project.fresh(folder)
    outcome = project.run()
    assert outcome.status == 0, outcome
    yield project
    shutil.rmtree(folder)
