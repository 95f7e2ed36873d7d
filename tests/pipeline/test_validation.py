import copy
import math
import re
import shutil
from collections import namedtuple

import jsonschema
import numpy as np
import pytest
import yaml

from forwardgrad.arguments import RefusalError
from forwardgrad.catalogue import SPLITS
from forwardgrad.experiments.training.products import ANALYSES
from forwardgrad.experiments.training.runs import untuned
from forwardgrad.pipeline.validation import check_archive, obstacles, problems

WRONG = """
run: [student]
colour: red
timing: {processes: 0, minutes: 2}
data_dir: 3
experiments:
  Students: {title: x, cells: [a, b], against: backprp, analyses: [speed], part: cover, paper_settings: 3}
cells:
  a:
    datasets: [penguin]
    models: []
    methods: [backprp, backprp]
    seeds: 0
    evaluate_every: x
    sedes: 4
    first_seed: -1
    rates: [1.0e-3]
    tuning: maybe
    settings:
      learning_rate: -1
      batch_size: half
      normalisation: [1]
      initial_scale: 0
      keep_norm: 1
      momentum: 3
      stop: {steps: 0, loss: "1e-3", split: all, when: 2}
  c: {datasets: [penguins], models: [x]}
methods:
  backprop: {estimator: bakprop, optimizer: adamw, decay: 1e-4, clip: 3}
  forward: {}
"""

LINES = """\
colour = 'red': unknown key; choose one of ANY
cells.a.sedes = 4: unknown key; did you mean seeds?
cells.a.evaluate_every = 'x': allowed is an integer at least 1 and at most 1000000000 or a number above 0 and below 1
cells.a.first_seed = -1: allowed is an integer at least 0 and at most 1000
cells.a.methods = ['backprp', 'backprp']: allowed is each entry once
cells.a.models = []: allowed is a list of at least 1
cells.a.rates = [0.001]: allowed is a list or a mapping of at least 2
cells.a.seeds = 0: allowed is an integer at least 1 and at most 1000
cells.a.settings.momentum = 3: unknown key; choose one of \
optimizer, learning_rate, decay, batch_size, normalisation, initial_scale, keep_norm, stop
cells.a.settings.batch_size = 'half': allowed is full or an integer at least 1 and at most 1000000000
cells.a.settings.initial_scale = 0: allowed is a number above 0
cells.a.settings.keep_norm = 1: allowed is true or false
cells.a.settings.learning_rate = -1: allowed is a number above 0 or tuned
cells.a.settings.normalisation = [1]: allowed is null or a list of 2: a number, a number above 0
cells.a.settings.stop.when = 2: unknown key; choose one of steps, loss, split
cells.a.settings.stop.loss = '1e-3': allowed is a number or null; YAML takes this for text, write 1.0e-03
cells.a.settings.stop.split = 'all': allowed is train or validation or test
cells.a.settings.stop.steps = 0: allowed is an integer at least 1 and at most 1000000000
cells.a.tuning = 'maybe': allowed is true or false
cells.c: methods is missing (names of methods)
cells.c: seeds is missing (number of seeds; they are 0, 1, 2, ...)
cells.c: evaluate_every is missing (steps between evaluations, or their share of a run's)
data_dir = 3: allowed is a string or null
experiments.Students: allowed is a name of up to 40 lowercase letters, digits and underscores, a letter first
experiments.Students.paper_settings = 3: allowed is true or false
experiments.Students.part = 'cover': allowed is results or cost or frontier
methods.backprop.clip = 3: unknown key; choose one of \
optimizer, learning_rate, decay, batch_size, normalisation, initial_scale, keep_norm, stop, estimator
methods.backprop.decay = '1e-4': allowed is a number at least 0; YAML takes this for text, write 1.0e-04
methods.backprop.optimizer = 'adamw': allowed is sgd or adam
methods.forward: estimator is missing (key of the gradient estimator)
timing.minutes = 2: unknown key; choose one of processes, seconds
timing: seconds is missing (seconds of processor time for one network in one process; \
at least three rounds of its methods are made)
timing.processes = 0: allowed is an integer at least 1 and at most 100
"""

# The form is right, but nothing has these names.
UNKNOWN = """
run: [student]
timing: {processes: 3, seconds: 1}
experiments:
  students: {title: x, cells: [a, b], against: backprp, analyses: [speed]}
  speed: {title: x, cells: [a]}
cells:
  a: {datasets: [penguin], models: [x], methods: [backprp], seeds: 1, evaluate_every: 1}
methods:
  backprop: {estimator: bakprop}
"""

UNKNOWN_LINES = """\
run[0] = 'student': unknown experiment; did you mean students?
experiments.speed: allowed is another name, this one is that of a kind of experiment
experiments.students.cells[1] = 'b': unknown cell; choose one of a
experiments.students.analyses[0] = 'speed': unknown analysis; choose one of ANY
experiments.students.against = 'backprp': unknown method; did you mean backprop?
cells.a.datasets[0] = 'penguin': unknown data set; did you mean penguins?
cells.a.methods[0] = 'backprp': unknown method; did you mean backprop?
methods.backprop.estimator = 'bakprop': unknown estimator; did you mean backprop?
"""


def test_presets_are_sound(preset, schema):
    assert problems(preset, schema) == []
    assert [line for experiment in preset["experiments"] for line in untuned(preset, experiment)] == []


def test_everything_wrong_with_the_form_is_reported_at_once(schema):
    lines = LINES.replace("ANY", ", ".join(schema["properties"]))
    assert problems(yaml.safe_load(WRONG), schema) == lines.splitlines()


def test_once_the_form_is_right_every_unknown_name_is_reported(schema):
    found = problems(yaml.safe_load(UNKNOWN), schema)
    unknown_model, *rest = [line for line in found if line.startswith("cells.a.models")]
    assert unknown_model.startswith("cells.a.models[0] = 'x': unknown model; choose one of ")
    assert rest == []
    lines = UNKNOWN_LINES.replace("ANY", ", ".join(ANALYSES))
    assert [line for line in found if line != unknown_model] == lines.splitlines()


@pytest.mark.parametrize("wrong", [{}, {"run": None, "experiments": 1, "cells": [], "methods": "x"}])
def test_nonsense_is_refused_without_a_traceback(wrong, schema):
    assert len(problems(wrong, schema)) == 5


def test_a_cell_without_any_combination_that_fits_gives_the_reason(config, schema):
    config["cells"]["cell"]["models"] = ["lr"]
    assert problems(config, schema) == [
        "cells.cell: no model fits a data set: "
        "lr takes 1 x 28 x 28 inputs and 10 classes, penguins has 4 inputs and 3 classes"
    ]


def test_one_combination_that_fits_is_enough(config, schema):
    config["cells"]["cell"]["models"] = ["lr", "students_lr"]
    assert problems(config, schema) == []


def test_a_method_needs_a_rate_and_an_end(config, schema):
    del config["cells"]["cell"]["settings"]
    assert problems(config, schema) == [
        "cells.cell: backprop has no learning_rate: give it in cells.cell.settings or methods.backprop",
        "cells.cell: backprop has no stop.steps: give it in cells.cell.settings or methods.backprop",
    ]
    config["methods"]["backprop"] |= {"learning_rate": 1, "stop": {"steps": 1}}
    assert problems(config, schema) == []


def test_a_grid_gives_the_rates(config, schema):
    del config["cells"]["cell"]["settings"]["learning_rate"]
    config["cells"]["cell"]["rates"] = [0.1, 0.2]
    assert problems(config, schema) == []


def test_a_rate_in_the_wrong_form_is_told_how_to_write_it(config, schema):
    config["cells"]["cell"]["settings"]["learning_rate"] = "1e-3"
    assert problems(config, schema) == [
        "cells.cell.settings.learning_rate = '1e-3': allowed is a number above 0 or tuned; "
        "YAML takes this for text, write 1.0e-03"
    ]


def test_a_rate_that_nothing_has_chosen_is_named(config, schema):
    config["cells"]["cell"]["settings"]["learning_rate"] = "tuned"
    assert problems(config, schema) == []
    assert untuned(config, "one") == [
        "config/tuned.yaml: penguins.students_lr.backprop is missing, one trains with it: run `snakemake tuned`"
    ]
    config["tuned"] = {"penguins": {"students_lr": {"backprop": 0.1}}}
    assert untuned(config, "one") == []
    config["tuned"]["penguins"]["students_lr"]["backprop"] = "high"
    assert problems(config, schema) == ["tuned.penguins.students_lr.backprop = 'high': allowed is a number above 0"]


def test_two_cells_of_an_experiment_may_not_define_the_same_run(config, schema):
    config["cells"]["again"] = copy.deepcopy(config["cells"]["cell"])
    config["experiments"]["other"] = {"title": "Other", "cells": ["again"]}
    assert problems(config, schema) == []
    config["experiments"]["one"]["cells"].append("again")
    assert problems(config, schema) == [
        "experiments.one: cells cell and again both define penguins x students_lr x backprop: "
        "one of them needs a method of another name"
    ]


def test_the_schema_is_one_and_describes_every_key(schema):
    jsonschema.Draft202012Validator.check_schema(schema)

    def undescribed(node, path):
        for key, child in node.get("properties", {}).items():
            yield from undescribed(child, f"{path}.{key}") if "description" in child else [f"{path}.{key}"]

    nodes = {"": schema, "settings": schema["$defs"]["settings"]}
    nodes |= {key: schema["properties"][key]["additionalProperties"] for key in ("experiments", "cells", "methods")}
    nodes |= {key: schema["properties"][key] for key in ("timing", "speed", "estimators")}
    nodes["comparisons"] = schema["properties"]["speed"]["properties"]["comparisons"]["additionalProperties"]
    assert [key for path, node in nodes.items() for key in undescribed(node, path)] == []
    settings = schema["$defs"]["settings"]["properties"]
    assert settings["optimizer"]["enum"] == ["sgd", "adam"]
    assert tuple(settings["stop"]["properties"]["split"]["enum"]) == SPLITS


def test_every_key_is_explained_in_the_readme(root, schema):
    text = (root / "config/README.md").read_text()
    keys = {*schema["properties"], *schema["$defs"]["settings"]["properties"], "steps", "loss", "split", "estimator"}
    keys |= schema["properties"]["cells"]["additionalProperties"]["properties"].keys()
    keys |= schema["properties"]["functions"]["properties"].keys()
    keys |= schema["$defs"]["cases"]["additionalProperties"]["properties"].keys()
    sections = ("timing", "speed", "estimators")
    keys |= {key for section in sections for key in schema["properties"][section]["properties"]}
    keys |= schema["properties"]["speed"]["properties"]["comparisons"]["additionalProperties"]["properties"].keys()
    assert {key for key in keys if f"`{key}`" not in text} == set()


def test_results_need_a_folder_that_can_be_written_to(tmp_path):
    assert list(obstacles(tmp_path / "results" / "runs", tmp_path)) == []
    (tmp_path / "results").write_text("a file")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    lines = [
        f"{tmp_path / name} cannot be written to: make it a folder that can, results go there"
        for name in ("results", "link")
    ]
    assert list(obstacles(tmp_path / "results", tmp_path / "link")) == lines


def test_results_need_room(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: namedtuple("Usage", "free")(3 * 2**20))
    assert list(obstacles(tmp_path)) == [f"{tmp_path} has 3 MB free, results need up to 200: make room"]
    assert list(obstacles(tmp_path, megabytes=3)) == []


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        ("seeds", 3.0, " = 3.0: allowed is an integer at least 1 and at most 1000; write 3"),
        ("seeds", True, " = True: allowed is an integer at least 1 and at most 1000"),
        ("rates", [math.nan, 0.1], "[0] = nan: allowed is a number above 0, and finite"),
        ("rates", [0.1, math.inf], "[1] = inf: allowed is a number above 0, and finite"),
        ("models", "lr", " = 'lr': allowed is a list of at least 1"),
        ("settings", "fast", " = 'fast': allowed is a mapping"),
    ],
)
def test_a_wrong_value_is_one_line(config, schema, place, value, line):
    config["cells"]["cell"][place] = value
    assert problems(config, schema) == [f"cells.cell.{place}{line}"]


@pytest.mark.parametrize("name", ["a" * 41, "aa" + "b" * 20, "a\n", 1, None, "A", "a-b", "{a}", "../a", ""])
def test_a_name_becomes_part_of_a_path(config, schema, name):
    config["experiments"][name] = config["experiments"]["one"]
    (line,) = problems(config, schema)
    assert line.startswith("experiments.")
    assert "allowed is a name of up to 40 lowercase letters" in line


@pytest.mark.parametrize("how", ["gone", "whole", "cut", "altered", "folder"])
def test_prepared_data_that_are_broken_are_named(tmp_path, how):
    path = tmp_path / "penguins.npz"
    if how != "gone":
        np.savez(path, inputs=np.zeros((50, 4)))
    content = path.read_bytes() if how != "gone" else b""
    if how == "cut":
        path.write_bytes(content[:200])
    if how == "altered":
        path.write_bytes(content[:300] + b"\x01" + content[301:])
    if how == "folder":
        path.unlink()
        path.mkdir()
    if how in ("gone", "whole"):
        check_archive(path)
    else:
        line = rf"^{re.escape(str(path))} is broken \(.+\); to make it again, delete {re.escape(str(path))} and run "
        with pytest.raises(RefusalError, match=line):
            check_archive(path)
