"""Whatever happened to the files of a job: the frames are the same as before, or one line names the file."""

import shutil

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from forwardgrad.experiments.training.frames import read_experiment
from forwardgrad.results.reading import ResultError

from ...cases import steady
from ...damage import damage, damages
from ...synthetic import Results


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Results as jobs wrote them, and their frames."""
    results = Results(tmp_path_factory.mktemp("sound") / "results")
    results.run("backprop")
    results.run("forward_gaussian", losses=(1.0, 0.7))
    results.cost({"backprop": 1e-3, "forward_gaussian": 2e-3})
    return results, results.frames()


def read(results, folder):
    """Return the frames of results that were moved to `folder`, and the line by which they are refused."""
    runs, costs = (
        [folder / path.relative_to(results.folder) for path in paths] for paths in (results.runs, results.costs)
    )
    try:
        return read_experiment(runs, costs)[0], None
    except ResultError as error:
        return None, str(error)


@steady(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(0, 100), how=damages)
def test_a_damaged_file_is_named_in_one_line_or_has_not_changed(sound, tmp_path, number, how):
    (results, before), folder = sound, tmp_path / "results"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(results.folder, folder)
    files = sorted(path for path in folder.rglob("*.*") if path.is_file())
    path = files[number % len(files)]
    damage(path, files, *how)
    after, line = read(results, folder)
    if line is None:
        for one, other in zip(before, after, strict=True):
            assert_frame_equal(one, other)
    else:
        assert line.isprintable()
        assert line.startswith(str(path.parent))
