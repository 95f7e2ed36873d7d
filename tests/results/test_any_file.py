"""Whatever happened to a file that a job or a person wrote: it is read as before, or one line names it."""

import json
import shutil

import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from forwardgrad.arguments import RefusalError
from forwardgrad.data.record import read_record as read_data_record
from forwardgrad.experiments.estimators import columns as of_estimators
from forwardgrad.experiments.estimators.tables import join as join_estimates
from forwardgrad.experiments.functions import columns as of_functions
from forwardgrad.experiments.functions.tables import joined
from forwardgrad.experiments.speed.columns import BENCH
from forwardgrad.experiments.speed.tables import join as join_steps
from forwardgrad.results.folder import Results
from forwardgrad.results.quoted import QUOTED, read_quoted
from forwardgrad.results.reading import ResultError, read_csv, read_record
from forwardgrad.yaml_file import read_mapping

from ..cases import steady
from ..damage import damage, damages
from ..synthetic import seal


def table(path, columns, rows=2):
    """Write a table of numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame([dict.fromkeys(columns, index + 1) for index in range(rows)]).to_csv(path, index=False)


def write_estimates(folder):
    table(folder / "lr.csv", of_estimators.SAMPLED)
    table(folder / "lr-cloud.csv", of_estimators.CLOUD)
    seal(folder / "lr-record.json", {"model": "lr", "parameters": 7850}, "lr.csv", "lr-cloud.csv")


def read_estimates(folder):
    return join_estimates([folder / "lr.csv"])[:2]


PARTS = {"a.csv": "", "a-runs.csv": "-runs", "a-contraction.csv": "-contraction", "process-0.csv": "-costs"}


def columns_of(suffix):
    return of_functions.STEPS if suffix == "-costs" else of_functions.FRAMES[suffix]


def write_descents(folder):
    for name, suffix in PARTS.items():
        table(folder / name, columns_of(suffix))
        seal(folder / f"{name.removesuffix('.csv')}-record.json", {"descents": 1}, name)


def read_descents(folder):
    for name in PARTS:
        read_record(folder / f"{name.removesuffix('.csv')}-record.json", ["descents"])
    return [joined([folder / name], columns_of(suffix)) for name, suffix in PARTS.items()]


def write_steps(folder):
    row = dict.fromkeys(BENCH) | {"model": "lr", "method": "backprop", "seconds": 1e-3, "batch_size": 1, "clock": "cpu"}
    (folder / "process-0.json").write_text(json.dumps([row | {"threads": 1, "multiply_adds": 1.0}]))
    seal(folder / "process-0-record.json", {"versions": {}}, "process-0.json")


def read_steps(folder):
    return list(join_steps([folder / "process-0.json"])[0].values())


def write_made(folder):
    Results(folder).write_frames("tiny", {"": pd.DataFrame({"a": [1.5, 2.0]})}, [{"commit": "abc"}])


def read_made(folder):
    return [Results(folder).frame("tiny"), pd.DataFrame(Results(folder).provenance("tiny"))]


def write_data_record(folder):
    (folder / "penguins.json").write_text(json.dumps({"dataset": "penguins", "available": True}))


def write_quoted(folder):
    table(folder / "quoted.csv", QUOTED)


def write_configuration(folder):
    (folder / "config.yaml").write_text("run: [tiny]\ncells: {}\n")


# What writes files into a folder, and what reads them; whether a file that was edited is noticed.
FILES = {
    "estimates": (write_estimates, read_estimates, True),
    "descents": (write_descents, read_descents, True),
    "steps": (write_steps, read_steps, True),
    "frames": (write_made, read_made, False),  # what made them has no checksum
    "data": (write_data_record, lambda folder: [read_data_record(folder / "penguins.json")], False),
    "quoted": (write_quoted, lambda folder: [read_quoted(folder / "quoted.csv")], False),
    "configuration": (write_configuration, lambda folder: [read_mapping(folder / "config.yaml")], False),
}


def assert_equal(one, other):
    """Compare frames, or anything else."""
    if isinstance(one, pd.DataFrame):
        assert_frame_equal(one, other)
    else:
        assert one == other


@pytest.mark.parametrize(("write", "read", "noticed"), FILES.values(), ids=FILES)
@steady(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(0, 100), how=damages)
def test_a_damaged_file_is_named_in_one_line_or_has_not_changed(tmp_path, write, read, noticed, number, how):
    folder = tmp_path / "results"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write(folder)
    before = read(folder)
    files = sorted(path for path in folder.rglob("*.*") if path.is_file())
    path = files[number % len(files)]
    damage(path, files, *how)
    try:
        after = read(folder)
    except (RefusalError, FileNotFoundError) as error:
        line = str(error)
        assert line.isprintable()
        assert str(path.parent) in line
    else:
        for one, other in zip(before, after, strict=True) if noticed else ():
            assert_equal(one, other)


@pytest.mark.parametrize(
    ("folder", "remedy"),
    [
        ("results/reference/paper", "take it from the repository again"),
        ("results/frames", "to make it again, delete {} and run the same command"),
    ],
)
def test_what_is_published_comes_from_the_repository_again(tmp_path, folder, remedy):
    path = tmp_path / folder / "a.csv"
    with pytest.raises(ResultError) as error:
        read_csv(path)
    assert str(error.value) == f"{path} is missing; {remedy.format(path)}"
