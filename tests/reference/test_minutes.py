"""Minutes of experiments, from what Snakemake keeps of jobs."""

import json

import pytest

from forwardgrad.reference.minutes import experiment_of, job_seconds, minutes


def kept(log, start, end):
    return json.dumps({"log": [log], "starttime": start, "endtime": end})


def test_every_job_counts_once_however_many_files_it_made(tmp_path):
    log = "results/logs/runs/mnist/mnist5k/lr/backprop/seed-0.log"
    files = {"one": kept(log, 10.0, 12.0), "two": kept(log, 10.0, 12.0), "three": kept(log.replace("0", "1"), 0.0, 1.5)}
    files["four"] = kept("results/logs/tables/mnist/methods.log", 3.0, 4.0)
    files["five"] = json.dumps({"log": ["results/logs/report.log"], "starttime": 1.0, "endtime": None})  # has not ended
    files["six"] = kept("results/logs/claims/lr_coincide.log", 0.0, 7.0)
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert job_seconds(tmp_path) == {"claims": 7.0, "mnist": 4.5}
    assert job_seconds(tmp_path / "absent") == {}


@pytest.mark.parametrize(
    ("log", "name"),
    [
        ("runs/students/penguins/students_lr/backprop/seed-0.log", "students"),
        ("frames/tuning.log", "tuning"),
        ("steps/cpu/mlp_width_8/batch-64/threads-1/process-0.log", "speed"),
        ("steps/cpu/resnet18/batch-16/threads-1/process-0.log", "networks"),
        ("functions/paper/beale.log", "functions"),
        ("report.log", "report"),
    ],
)
def test_a_job_belongs_to_the_experiment_that_its_log_names(log, name):
    assert experiment_of(f"results/logs/{log}") == name


def test_minutes_are_those_of_all_cores_rounded_up():
    record = {"experiments": {"speed": [{"host": {"cores": 2}}]}}
    assert minutes(record | {"job_seconds": {"a": 121.0, "b": 120.0, "c": 0.1}}) == {
        "a": "2", "b": "1", "c": "1", "all": "3",
    }  # fmt: skip
    assert minutes(record) == {}
