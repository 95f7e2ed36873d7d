import json

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from forwardgrad.experiments.training.columns import COSTS, IDENTITY, METRICS, RUNS
from forwardgrad.experiments.training.frames import (
    load_frames,
    methods_of,
    read_experiment,
    read_run,
    select,
    write_frames,
)
from forwardgrad.results.folder import Results
from forwardgrad.results.reading import ResultError, produced_by

from ...synthetic import WRITTEN, seal


def test_a_run_becomes_tidy_rows_and_one_summary(results):
    folder = results.run("forward_gaussian", 3, (2.0, 1.0, 0.25), "threshold", threshold=0.3, every=10)
    metrics, row, _ = read_run(folder)
    assert list(metrics) == list(METRICS)
    assert metrics["step"].tolist() == [0, 10, 20]
    joined = results.frames().metrics
    assert list(joined) == [*IDENTITY, *METRICS]
    assert set(joined["seed"]) == {3}
    assert list(row) == list(RUNS)
    assert (row["status"], row["steps"], row["test_loss"], row["threshold"]) == ("threshold", 20, 0.25, 0.3)
    assert row["seconds"] == 0.02
    assert row["estimator"] == "forward_gaussian"


def seal_again(folder):
    """Give what stands in a run's folder the checksums of a job that wrote it like this."""
    path = folder / "run.json"
    if path.exists() and path.read_text() != "{":
        seal(path, json.loads(path.read_text()), *(name for name in WRITTEN if (folder / name).exists()))


def change(folder, name, old, new):
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))


FAULTS = {
    "is missing": lambda run: (run / "metrics.csv").unlink(),
    "cannot be read": lambda run: (run / "metrics.csv").write_text(""),
    "has no rows": lambda run: (run / "metrics.csv").write_text(",".join(METRICS) + "\n"),
    "lacks the column test_loss, test_accuracy": lambda run: [
        change(run, "metrics.csv", "test_loss", "a"),
        change(run, "metrics.csv", "test_accuracy", "b"),
    ],
    "steps do not increase": lambda run: change(run, "metrics.csv", "\n1,", "\n0,"),
    "steps are not whole numbers": lambda run: change(run, "metrics.csv", "\n1,", "\n1.5,"),
    "last status is 'running'": lambda run: change(run, "metrics.csv", "completed", "running"),
    "a row before the last": lambda run: change(run, "metrics.csv", "0,running", "0,diverged"),
    "a loss is missing": lambda run: change(run, "metrics.csv", "0.5,0.5,0.5,", "0.5,0.5,,"),
    "times.csv is missing": lambda run: (run / "times.csv").unlink(),
    "run.json is missing": lambda run: (run / "run.json").unlink(),
    "is not JSON": lambda run: (run / "run.json").write_text("{"),
    "lacks run, parameters, data": lambda run: (run / "run.json").write_text('{"status": "completed"}'),
    "says diverged, metrics.csv completed": lambda run: change(run, "run.json", '"completed"', '"diverged"'),
    "records students/penguins/students_lr/backprop/1": lambda run: change(run, "run.json", '"seed": 0', '"seed": 1'),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_file_is_one_line_with_its_name_and_remedy(results, fault):
    folder = results.run()
    FAULTS[fault](folder)
    seal_again(folder)
    with pytest.raises(ResultError) as caught:
        read_run(folder)
    message = str(caught.value)
    assert fault in message
    assert "\n" not in message
    assert message.startswith(str(folder))
    assert message.endswith(f"; to make it again, delete {folder}/metrics.csv and run the same command")


EDITED = {
    "metrics.csv": ("0.5,0.5,0.5,", "0.5,0.4,0.5,"),
    "times.csv": ("0.001", "0.002"),
    "run.json": ('"learning_rate": 0.2', '"learning_rate": 0.3'),
}


@pytest.mark.parametrize("name", EDITED)
def test_a_file_that_was_edited_is_refused(results, name):
    folder = results.run()
    change(folder, name, *EDITED[name])
    line = f"{folder}/{name} is not as its job wrote it, the checksum differs; "
    with pytest.raises(ResultError, match=f"^{line}to make it again, delete {folder}/metrics.csv and"):
        read_run(folder)


def test_a_broken_cost_file_names_itself_as_the_target(results):
    results.run()
    results.cost({"backprop": 1e-3})
    results.costs[0].write_text('[{"model": "lr"}]')
    with pytest.raises(ResultError, match=f"has a row without or beyond the keys.* delete {results.costs[0]} and"):
        results.frames()


def test_a_diverged_run_may_end_without_a_number(results):
    folder = results.run(losses=(1.0, float("nan")), status="diverged")
    _, row, _ = read_run(folder)
    assert pd.isna(row["test_loss"])


def test_frames_come_back_as_they_were_written(two_methods, tmp_path):
    frames = two_methods.frames()
    (tmp_path / "frames").mkdir()
    write_frames(frames, Results(tmp_path), "students")
    loaded = load_frames(Results(tmp_path), "students")
    for written, read in zip(frames, loaded, strict=True):
        assert_frame_equal(written, read, check_dtype=False)


def test_an_experiment_without_any_run_still_has_frames(tmp_path):
    frames, made = read_experiment([], [])
    (tmp_path / "frames").mkdir()
    write_frames(frames, Results(tmp_path), "students")
    assert [list(frame) for frame in load_frames(Results(tmp_path), "students")] == [
        [*IDENTITY, *METRICS],
        list(RUNS),
        list(COSTS),
    ]
    assert made == []


def test_selection_and_order_of_methods(results):
    results.run("forward_gaussian", model="students_mlp", threshold=0.2)
    results.run("backprop", model="students_mlp")
    results.run("faithful_backprop", estimator="backprop")
    frames = results.frames()
    assert methods_of(frames.runs) == {
        "forward_gaussian": "forward_gaussian",
        "backprop": "backprop",
        "faithful_backprop": "backprop",
    }
    assert list(methods_of(select(frames, model="students_mlp").runs)) == ["forward_gaussian", "backprop"]


def test_what_produced_the_runs_is_counted():
    one, other = {"commit": "a", "versions": {"torch": "1"}}, {"commit": "b", "versions": {"torch": "1"}}
    made = produced_by([one | {"seed": 0}, other, one | {"seed": 1}])
    assert [(entry["commit"], entry["runs"]) for entry in made] == [("a", 2), ("b", 1)]
    assert json.dumps(made)
