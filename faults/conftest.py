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
    return project


@pytest.fixture
def tmp_path(tmp_path):
    """A folder that goes with its test: a hundred of them would be too much."""
    yield tmp_path
    shutil.rmtree(tmp_path)


@pytest.fixture
def fresh(tmp_path):
    """A project in which nothing has been run."""
    return Project.fresh(tmp_path / "project")
